"""A download that fails, as each face says it."""

import json
import socket

import numpy as np
import pytest

from engine.data import idx
from engine.data.known import FILES
from tests.engine.data.serving import serving
from tests.tui.pilot import live, text, until
from tui.cli.completion import one_of_or_file
from tui.cli.main import invoke

WORDS = "no network (name or service not known)"


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    """No MNIST anywhere, and no name is known."""

    def refuse(*address, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(idx, "cache_root", lambda: tmp_path / "cache")
    monkeypatch.setattr(socket, "create_connection", refuse)
    for scheme in ("http", "https"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_proxy".upper(), raising=False)


@pytest.mark.parametrize(
    "command",
    [
        ["data", "fetch", "mnist"],
        ["data", "fetch", "kmnist"],
        ["run", "train", "--dataset", "mnist"],
        ["run", "train", "--dataset", "fashion-mnist"],
    ],
)
def test_commands_say_in_words_why_a_download_failed(no_network, capsys, command):
    assert invoke(command) == 1
    out, err = capsys.readouterr()
    assert WORDS in err
    assert len(err.splitlines()) == 1
    assert "Errno" not in err
    assert out == ""


def test_the_app_says_the_same(no_network, tmp_path):
    said = []

    async def story(app, pilot):
        await pilot.press("r")
        await until(pilot, lambda: any(not task.active for task in app.conductor.tasks))
        await pilot.pause(0.2)
        said.extend([app.conductor.tasks[0].message, text(app, "#progress")])

    live(tmp_path / "artifacts", story, size=(200, 50), dataset="mnist")
    assert all(WORDS in line and "Errno" not in line for line in said)


def test_a_list_says_once_that_a_dataset_is_nowhere(no_network, tmp_path, capsys):
    assert invoke(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["mnist", "fashion-mnist", "kmnist", "digits"]
    assert lines[2] == (
        f"kmnist         {tmp_path}/cache/KMNIST/raw, data/KMNIST/raw: not found "
        "(`mnist-tui data fetch kmnist` downloads it)"
    )
    assert "/usr/share/datasets/fashion-mnist" in lines[1]


def test_a_list_shows_fashion_mnist_where_it_is(fashion_root, capsys):
    assert invoke(["data", "list", "--data-root", str(fashion_root)]) == 0
    out = capsys.readouterr().out
    counts = "55,000 train + 5,000 validation + 10,000 test"
    assert f"fashion-mnist  {fashion_root}/FashionMNIST/raw: verified, {counts}" in out


def test_sixteen_images_and_the_counts_are_shown(fashion_root, capsys):
    assert invoke(["data", "show", "fashion-mnist", "--data-root", str(fashion_root)]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0].startswith("Fashion-MNIST: 28x28 pixels, 10 classes, ")
    captions = [line for line in lines if "9 ankle boot" in line or "0 T-shirt/top" in line]
    assert sum(line.count("T-shirt/top") for line in captions) == 3  # of sixteen, and the table
    assert any(line.split() == ["9", "ankle", "boot", "5,478", "522", "1,000"] for line in lines)
    assert lines[-1].split() == ["all", "55,000", "5,000", "10,000"]
    assert "\x1b" not in out
    assert max(map(len, lines)) <= 80 or str(fashion_root) in max(lines, key=len)


def test_digits_are_shown_in_ascii_where_the_terminal_needs_it(capsys, monkeypatch):
    monkeypatch.setenv("MNIST_TUI_ASCII", "1")
    assert invoke(["data", "show", "digits"]) == 0
    out = capsys.readouterr().out
    assert out.isascii()
    assert out.startswith("embedded digits: 28x28 pixels, 10 classes, inside the package\n")
    assert "@@" in out


def test_a_file_of_one_s_own_is_shown_as_json_too(tmp_path, capsys):
    labels = np.arange(240) % 3
    images = np.zeros((240, 12, 12), np.uint8)
    path = tmp_path / "mine.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images[:30], y_test=labels[:30],
             class_names=["a", "b", "[red]c"])  # fmt: skip
    assert invoke(["data", "show", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["title"], told["origin"]) == ("mine", "mine", str(path))
    assert (told["classes"], told["image"]) == (["a", "b", "[red]c"], [12, 12])
    assert told["counts"] == {
        "train": [74, 73, 73], "validation": [6, 7, 7], "test": [10, 10, 10]
    }  # fmt: skip
    assert invoke(["data", "show", str(path)]) == 0
    assert "2 [red]c" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("cifar", 2, "NAME must be one of mnist, digits, fashion-mnist, kmnist or a file that"),
        ("auto", 2, "not 'auto'"),
        ("none.npz", 1, "No dataset none.npz; put it there, or give its folder with --data-root."),
        ("kmnist", 1, "No KMNIST on this machine; `mnist-tui data fetch kmnist` downloads it."),
    ],
)
def test_what_cannot_be_shown_is_one_clear_line(no_network, capsys, name, code, words):
    assert invoke(["data", "show", name]) == code
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert words in err


def test_names_and_files_are_completed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mine.npz", "[x].npz", "\x1b.npz", "other.npy"):
        (tmp_path / name).touch()
    completed = one_of_or_file(("mnist", "digits"), ".npz")
    assert sorted(completed("")) == ["[x].npz", "digits", "mine.npz", "mnist"]
    assert completed("[")[-1] == "[x].npz"


def test_what_was_fetched_is_told(mnist_root, tmp_path, capsys, monkeypatch):
    import torchvision.datasets

    with serving(mnist_root / "MNIST" / "raw") as server:
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [server.url("good")])
        assert invoke(["data", "fetch", "mnist", "--data-root", str(tmp_path)]) == 0
    assert capsys.readouterr().out == (
        f"mnist in {tmp_path}/MNIST/raw: verified, 55,000 train + 5,000 validation + 10,000 test\n"
    )


def test_a_dataset_without_checksums_is_listed_as_unverified(tmp_path, capsys):
    raw = tmp_path / "KMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, size in FILES.items():
        count = 10_000 if name.startswith("t10k") else 60_000
        shape = [0x803, count, 28, 28] if "images" in name else [0x801, count]
        labels = b"" if "images" in name else (np.arange(count, dtype=np.uint8) % 10).tobytes()
        with (raw / name).open("wb") as file:
            file.write(np.array(shape, ">u4").tobytes() + labels)
            file.truncate(size)  # black images take no room on the disk
    assert invoke(["data", "list", "--json", "--data-root", str(tmp_path)]) == 0
    states = {each["name"]: each["state"] for each in json.loads(capsys.readouterr().out)}
    assert states == {"mnist": "absent", "fashion-mnist": "absent", "kmnist": "unverified",
                      "digits": "verified"}  # fmt: skip
