"""Folders of runs that the app is looked at with."""

import pytest

from tests.tui import example_runs as examples
from tui.cli.main import invoke


@pytest.fixture(autouse=True)
def own_preferences(monkeypatch, tmp_path_factory):
    """Keep the preferences of whoever runs the tests out of them, and theirs safe."""
    path = tmp_path_factory.mktemp("config") / "config.toml"
    monkeypatch.setattr("tui.app.app.preferences_path", lambda: path)
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An artifacts folder with a two-conv-fc that has hardly been trained."""
    folder = tmp_path_factory.mktemp("trained")
    options = ["--dataset", "digits", "--epochs", "2", "--artifacts", str(folder), "--quiet"]
    assert invoke(["run", "train", "--model", "two-conv-fc", *options]) == 0
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory, digits):
    """An artifacts folder with the example runs."""
    folder = tmp_path_factory.mktemp("finished")
    examples.write_examples(folder, digits)
    return folder


@pytest.fixture
def in_kitty(monkeypatch):
    """The surroundings of a terminal that shows images."""
    for name in ("NO_COLOR", "STY", "TMUX", "MNIST_TUI_ASCII"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.setattr("tui.ascii.is_utf8", lambda: True)
