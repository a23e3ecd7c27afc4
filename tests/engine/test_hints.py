"""The commands that messages suggest."""

import os

import pytest

from engine.errors import EngineError
from engine.hints import hint
from engine.runs.lock import RunLock
from engine.runs.store import find_run


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MNIST_TUI_ARTIFACTS", raising=False)


def test_the_folder_is_named_only_where_the_command_would_look_elsewhere(tmp_path, monkeypatch):
    assert hint("artifacts", "runs") == "`mnist-tui runs`"
    assert hint(tmp_path / "artifacts", "resume", "1") == "`mnist-tui resume 1`"
    assert hint("a b", "resume", "1") == f"`mnist-tui resume 1 --artifacts '{tmp_path}/a b'`"
    monkeypatch.setenv("MNIST_TUI_ARTIFACTS", str(tmp_path / "other"))
    assert hint(tmp_path / "other", "runs") == "`mnist-tui runs`"
    assert hint("artifacts", "runs") == f"`mnist-tui runs --artifacts {tmp_path}/artifacts`"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MNIST_TUI_ARTIFACTS", "~/other")
    assert hint(tmp_path / "other", "runs") == "`mnist-tui runs`"


def test_a_current_folder_that_was_removed_is_no_error(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert hint(tmp_path / "runs", "runs") == f"`mnist-tui runs --artifacts {tmp_path}/runs`"
    os.chdir(tmp_path)


def test_messages_of_the_engine_name_the_folder(tmp_path):
    folder = tmp_path / "runs"
    with pytest.raises(EngineError, match=f"`mnist-tui runs --artifacts {folder}`"):
        find_run(folder, "none")
    (folder / "1").mkdir(parents=True)
    stops = f"`mnist-tui stop 1 --artifacts {folder}`"
    with RunLock(folder / "1"), pytest.raises(EngineError, match=stops):
        RunLock(folder / "1")
