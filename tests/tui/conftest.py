"""Folders of runs that the app is looked at with, and how its pilot waits."""

import asyncio
import time

import pytest
from textual._wait import SLEEP_GRANULARITY, SLEEP_IDLE

from tests.tui import example_runs as examples
from tui.cli.main import invoke


@pytest.fixture(autouse=True)
def idle_by_the_screen_s_own_thread(monkeypatch):
    """Have a pilot wait for the screen's thread alone.

    Textual's own wait is for the whole process, and a training is never idle: each key would take
    two seconds.
    """

    async def wait_for_idle(min_sleep=SLEEP_GRANULARITY, max_sleep=1):
        begin = time.monotonic()
        while True:
            busy = time.thread_time()
            await asyncio.sleep(SLEEP_GRANULARITY)
            busy = time.thread_time() - busy
            elapsed = time.monotonic() - begin
            if elapsed >= max_sleep or (elapsed > min_sleep and busy < SLEEP_IDLE):
                return

    monkeypatch.setattr("textual.app.wait_for_idle", wait_for_idle)
    monkeypatch.setattr("textual.pilot.wait_for_idle", wait_for_idle)


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
