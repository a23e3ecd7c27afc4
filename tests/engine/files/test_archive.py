import io
import zipfile

import numpy as np
import pytest

from engine.files.archive import read_arrays
from engine.files.reader import DamagedFile
from engine.files.writer import npz_bytes

ARRAYS = {
    "label": np.arange(6, dtype=np.uint8),
    "probabilities": np.asfortranarray(np.linspace(0, 1, 6).reshape(2, 3).astype(np.float16)),
    "sha256": np.array("0" * 64),
}


def test_what_the_writer_wrote_comes_back(tmp_path):
    (tmp_path / "a.npz").write_bytes(npz_bytes(ARRAYS))
    found = read_arrays(tmp_path / "a.npz", 10_000)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


def archive(entries, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return buffer.getvalue()


def saved(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


SOUND = saved(np.zeros(1000, np.uint8))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK nothing of the kind", "not a zip file"),
        (archive({"a.npy": SOUND}, zipfile.ZIP_DEFLATED), "compressed"),
        (archive({"../a.npy": SOUND}), "not an array"),
        (archive({"a.npy": b"nothing"}), "magic"),
        (archive({"a.npy": SOUND[:-1]}), "another size than it says"),
        (archive({"a.npy": saved(np.array([print]))}), "objects"),
        (archive({f"a{n}.npy": SOUND for n in range(9)}), "where it can hold"),
        (archive({"a.npy": SOUND}).replace(bytes(500), bytes(499) + b"\1"), "CRC"),
    ],
    ids=["no-archive", "compressed", "name", "no-array", "size", "objects", "large", "changed"],
)
def test_anything_else_is_damage_and_nothing_is_unpickled(tmp_path, content, words):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DamagedFile, match=words):
        read_arrays(tmp_path / "a.npz", 8_000)
