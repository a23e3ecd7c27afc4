import pytest

from engine.files.writer import write_atomically


def test_content_may_come_in_parts(tmp_path):
    write_atomically(tmp_path / "file", (part for part in (b"ab", b"", b"c")))
    assert (tmp_path / "file").read_bytes() == b"abc"


def test_parts_that_end_early_leave_what_was_there(tmp_path):
    def parts():
        yield b"new"
        raise KeyError

    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(KeyError):
        write_atomically(tmp_path / "file", parts())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"
