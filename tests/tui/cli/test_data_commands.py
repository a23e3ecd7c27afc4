"""A download that fails, as each face says it."""

import socket

import pytest

from engine.data import idx
from tests.tui.pilot import live, text, until
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
