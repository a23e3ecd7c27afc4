"""A section that another package adds has a command, rows and tables without a line of ours."""

import json

import pytest

from engine import sections
from engine.runs.store import list_runs
from tests.engine.sections.means import Means
from tui.cli.main import invoke


@pytest.fixture(autouse=True)
def means():
    """The section, known for as long as a test takes."""
    sections.register(Means())
    yield
    sections.unregister("means")


def test_its_command_is_made_from_its_config(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert invoke(["run", "--help"]) == 0
    assert "means        Fit the mean image of each class." in capsys.readouterr().out
    assert invoke(["run", "means", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--images <int>" in out
    assert "--all" not in out  # there is nothing to choose
    assert invoke(["run", "means", "--images", "0"]) == 2
    assert "--images must be at least 1" in capsys.readouterr().err


def test_its_runs_are_listed_shown_and_compared(tmp_path, capsys):
    folder = ["--artifacts", str(tmp_path)]
    for seed in ("1", "2"):
        run = ["run", "means", "--dataset", "digits", "--seed", seed, "--quiet"]
        assert invoke([*run, *folder]) == 0
    out = capsys.readouterr().out
    assert "Results of means on digits" in out
    assert "nearest mean: " in out
    newest, oldest = list_runs(tmp_path)
    assert newest.read_info()["config"]["images"] == 20
    assert invoke(["runs", *folder]) == 0
    assert "nearest mean: " in capsys.readouterr().out
    assert invoke(["runs", "show", newest.id, *folder, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["result"]["accuracy"] > 0.8
    assert invoke(["runs", "show", newest.id, *folder]) == 0
    assert "nearest mean: " in capsys.readouterr().out
    assert invoke(["compare", newest.id, oldest.id, *folder]) == 0
    assert "accuracy" in capsys.readouterr().out
