import io
import os
import socket
import threading
import zipfile

import numpy as np
import pytest
import torch

from engine.errors import EngineError
from engine.files.reader import (
    LINE_LIMIT,
    MB,
    DamagedFile,
    from_json,
    open_regular,
    read_array,
    read_bytes,
    read_json,
    read_lines,
    read_state,
)
from engine.runs.run import run_beside

SPECIAL = ("link", "link to a device", "broken link", "pipe", "socket", "directory")


@pytest.fixture
def special(tmp_path, request):
    """A thing of some kind that is not a regular file."""
    path, target = tmp_path / "thing", tmp_path / "target"
    target.write_bytes(b"{}")
    match request.param:
        case "link":
            path.symlink_to(target)
        case "link to a device":
            path.symlink_to(os.devnull)
        case "broken link":
            path.symlink_to(tmp_path / "nowhere")
        case "pipe":
            os.mkfifo(path)
        case "socket":
            here = os.getcwd()
            os.chdir(tmp_path)  # the whole path may be longer than a socket's can be
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind("thing")
            os.chdir(here)
        case "directory":
            path.mkdir()
    return path


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_CREAT])
@pytest.mark.parametrize("special", SPECIAL, indirect=True)
def test_nothing_but_regular_files_is_opened_and_nothing_waits(special, flags):
    found = []

    def open_it():
        try:
            os.close(open_regular(special, flags))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=open_it, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(found[0], DamagedFile)
    assert str(special) in str(found[0])


@pytest.mark.parametrize("special", SPECIAL, indirect=True)
def test_every_way_to_read_refuses_them(special):
    for read in (
        lambda: read_bytes(special, 10),
        lambda: read_json(special),
        lambda: read_array(special, (1,)),
        lambda: read_state(special, 1000),
    ):
        with pytest.raises(DamagedFile, match="is damaged"):
            read()


def test_a_regular_file_is_opened_as_asked_and_one_that_is_absent_is_no_damage(tmp_path):
    path = tmp_path / "file"
    with pytest.raises(FileNotFoundError):
        read_bytes(path, 10)
    with os.fdopen(open_regular(path, os.O_WRONLY | os.O_CREAT), "wb") as file:
        file.write(b"words")
    assert read_bytes(path, 5) == b"words"
    file = open_regular(path)
    assert not os.get_inheritable(file)
    os.close(file)
    with pytest.raises(ValueError, match="O_TRUNC"):
        open_regular(path, os.O_WRONLY | os.O_TRUNC)
    assert path.read_bytes() == b"words"
    with pytest.raises(EngineError, match="cannot be read"):
        read_bytes(tmp_path / ("x" * 300), 5)


def test_what_lies_in_a_folder_that_is_a_link_can_be_read(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_bytes(b"x")
    (tmp_path / "here").symlink_to(tmp_path / "there")
    assert read_bytes(tmp_path / "here" / "file", 5) == b"x"


def test_a_file_larger_than_its_kind_is_not_read(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    for read in (read_json, lambda path: read_array(path, (1,)), lambda path: read_state(path, 9)):
        with pytest.raises(DamagedFile, match="1,099,511,627,776 bytes"):
            read(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "truncated"),
        (b"[]", "not a JSON object"),
        (b'{"a": NaN}', "invalid"),
        (b'{"a": -Infinity}', "invalid"),
        (b'{"a": 1e999}', "out of range"),
        (b'{"a": ' + b"9" * 5000 + b"}", "out of range"),
        (b'{"a": "\xff"}', "UTF-8|utf-8"),
        ('{"a": "ä"}'.encode("utf-16"), "invalid"),
        # Beyond what every Python's C code recurses to: 1,000 calls before 3.12, then 10,000.
        pytest.param(b"[" * 100_000, "too deep", id="endless"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "too deep"),
        (b'{"a": 1} 2', "invalid|trailing"),
    ],
)
def test_json_is_strict(tmp_path, content, why):
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match=f"(?i){why}"):
        read_json(path)


def test_sound_json_is_read_as_it_stands(tmp_path):
    path = tmp_path / "run.json"
    path.write_text('{"a": [1, 1.0, -0.0, null, true, "\\u00e4", {"x": 123456789012345678901}]}')
    values = read_json(path)
    assert repr(values) == ("{'a': [1, 1.0, -0.0, None, True, 'ä', {'x': 123456789012345678901}]}")
    assert from_json("0.1") == 0.1


def test_lines_have_a_length(tmp_path):
    assert list(read_lines(io.BytesIO(b"a\nb\nc"), "x")) == [b"a\n", b"b\n", b"c"]
    with pytest.raises(DamagedFile, match="a line of more than"):
        list(read_lines(io.BytesIO(bytes(LINE_LIMIT + 2)), "x"))


def save(path, array):
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=True)


def test_arrays_are_those_expected(tmp_path):
    path = tmp_path / "noise.npy"
    array = np.random.default_rng(0).random((2, 1, 3, 3)).astype(np.float32)
    for stored in (array, np.asfortranarray(array)):
        save(path, stored)
        assert np.array_equal(read_array(path, array.shape), array)
        assert read_array(path, array.shape).flags.c_contiguous


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 2), np.float32),
        np.zeros((2, 3)),
        np.zeros((2, 3), ">f4"),
        np.full((2, 3), None),
        np.zeros((2, 3), [("a", "f4")]),
        np.full((2, 3), np.nan, np.float32),
    ],
)
def test_other_arrays_are_damaged(tmp_path, array):
    path = tmp_path / "noise.npy"
    save(path, array)
    with pytest.raises(DamagedFile, match=r"noise\.npy is damaged"):
        read_array(path, (2, 3))


def test_an_array_whose_header_lies_takes_no_memory(tmp_path):
    path = tmp_path / "noise.npy"
    save(path, np.zeros((2, 3), np.float32))
    sound = path.read_bytes()
    for content in (
        sound.replace(b"(2, 3)", b"(9" + b"9" * 15 + b",)"),
        sound.replace(b"(2, 3)", b"(2, 'a')"),
        sound.replace(b"(2, 3)", b"((((((("),
        sound[:-1],
        sound + b"x",
        sound[:40],
        b"",
        b"\x93NUMPY\2\0\xff\xff\xff\xff" + bytes(100),
        b"\x93NUMPY\1\0\xff\xff" + b"(" * 10_000,
    ):
        path.write_bytes(content)
        with pytest.raises(DamagedFile):
            read_array(path, (2, 3))


@pytest.fixture
def state(tmp_path):
    """A state that torch saved."""
    path = tmp_path / "weights.pt"
    torch.save({"a": torch.arange(1000.0), "step": 3, "more": [torch.zeros(3), None, "x"]}, path)
    return path


def rewritten(path, change=lambda name, content: content, **options):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(name, content))


def test_a_sound_state_is_handed_on_to_torch(state):
    for _ in range(2):
        loaded = torch.load(read_state(state, 100_000), weights_only=True)
        assert loaded["step"] == 3
        assert torch.equal(loaded["a"], torch.arange(1000.0))
        rewritten(state)


def test_a_state_is_whole_and_names_nothing_but_tensors(state):
    sound = state.read_bytes()
    with pytest.raises(DamagedFile, match="where it can hold 4,000"):
        read_state(state, 4000)
    place = sound.index(torch.arange(1000.0).numpy().tobytes()[:400]) + 100
    state.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
    with pytest.raises(DamagedFile, match="data/0"):
        read_state(state, 100_000)
    for content in (b"", b"x" * 100, sound[:200], sound[:-10]):
        state.write_bytes(content)
        with pytest.raises(DamagedFile, match="; begin anew"):
            read_state(state, 100_000, "begin anew")

    state.write_bytes(sound)
    rewritten(state, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(DamagedFile, match="compressed"):
        read_state(state, 100_000)

    def bytes_of_memory(name, content):
        bomb = b"\x80\x02cbuiltins\nbytearray\nJ\x00\x00\x00\x7f\x85R."
        return bomb if name.endswith("data.pkl") else content

    state.write_bytes(sound)
    rewritten(state, bytes_of_memory)
    with pytest.raises(DamagedFile, match="names builtins bytearray"):
        read_state(state, 100_000)


def test_a_state_of_many_tensors_of_every_kind_is_read(tmp_path):
    kinds = (torch.float32, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
    state = {f"buffer{kind}": torch.ones(2, dtype=kind) for kind in (*kinds, torch.bool)}
    state |= {f"layers.{number}.weight": torch.ones(1) for number in range(3600)}
    path = tmp_path / "weights.pt"
    torch.save(state, path)
    values = sum(value.nbytes for value in state.values())
    found = torch.load(read_state(path, values + MB), weights_only=True)
    assert all(torch.equal(value, found[name]) for name, value in state.items())


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "checkpoint.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"")
        archive.writestr("archive/data/0", bytes(50_000_000))
    with pytest.raises(DamagedFile, match="unpacks to more"):
        read_state(path, 1_000_000)


def test_runs_beside_are_named_by_their_ids_alone(tmp_path):
    assert run_beside(tmp_path, "20260131-x") == tmp_path / "20260131-x"
    for name in ("", ".", "..", "../x", "a/b", "/etc", "a\\b", "a\0", "x" * 256, None, 3, ["x"]):
        with pytest.raises(EngineError, match="is not the id of a run"):
            run_beside(tmp_path, name)
