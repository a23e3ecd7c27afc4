"""A download that fails, as each face says it."""

import socket

import pytest

from engine.data import dataset as data
from tests.tui.pilot import live, text, until
from tui.cli.main import invoke

WORDS = "no network (name or service not known)"


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    """No MNIST anywhere, and no name is known."""

    def refuse(*address, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data, "cache_root", lambda: tmp_path / "cache")
    monkeypatch.setattr(socket, "create_connection", refuse)
    for scheme in ("http", "https"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_proxy".upper(), raising=False)


@pytest.mark.parametrize(
    "command", [["data", "fetch", "mnist"], ["run", "train", "--dataset", "mnist"]]
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
