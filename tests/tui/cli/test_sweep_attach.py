"""``mnist-tui attach SWEEP`` off a terminal: lines until the sweep ends, and exit codes."""

import json
import threading
import time

import pytest

from engine.runs.lock import RunLock
from engine.sweeps.schema import SweepEvent
from tests.engine.sweeps.made import make_run, planned_sweep
from tui.cli.main import invoke
from tui.cli.sweep import attach as sweep_attach


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sweep_attach, "TAKE_OVER", 0.0)
    monkeypatch.setattr(sweep_attach, "LOOK", 0.01)
    return planned_sweep(tmp_path / "artifacts")


def ended(sweep, place, status="finished", message=""):
    run = sweep.plan.runs[place].run_id
    sweep.append(SweepEvent(event="ended", time=1e9, run=run, status=status, message=message))


def test_it_follows_until_the_sweep_ends(sweep, digits, capsys):
    make_run(sweep, digits, 0)
    ended(sweep, 0)  # before anybody looks: no line is printed of it
    make_run(sweep, digits, 1)

    def drive():
        with RunLock(sweep.path):
            driven.set()
            time.sleep(0.3)
            ended(sweep, 1)
            for place in (2, 3):
                make_run(sweep, digits, place)
                ended(sweep, place)

    driven = threading.Event()
    driver = threading.Thread(target=drive)
    driver.start()
    driven.wait()
    assert invoke(["attach", "small"]) == 0
    driver.join()
    out, err = capsys.readouterr()
    assert err.count("train linear, learning rate") == 3
    assert "2/4  train linear, learning rate 0.1, seed 0" in err
    assert "4/4  train linear, learning rate 0.1, seed 1" in err
    assert "accuracy by setting" in out


def test_one_that_has_stopped_says_how_to_resume_it_and_one_that_failed_exits_1(
    sweep, digits, capsys
):
    make_run(sweep, digits, 0)
    ended(sweep, 0)
    assert invoke(["attach", sweep.id]) == 0
    assert f"{sweep.id} is stopped; `mnist-tui sweep resume" in capsys.readouterr().err
    for place in (1, 2, 3):
        make_run(sweep, digits, place, status="failed")
        ended(sweep, place, "failed", "the cat sat on it")
    assert invoke(["attach", sweep.id]) == 1
    assert "3 of 4 runs failed; `mnist-tui sweep resume" in capsys.readouterr().err


def test_json_is_the_journal_from_its_beginning(sweep, digits, capsys):
    make_run(sweep, digits, 0)
    ended(sweep, 0)
    assert invoke(["attach", "small", "--json"]) == 0
    out, _ = capsys.readouterr()
    assert [json.loads(line)["event"] for line in out.splitlines()] == ["planned", "begun", "ended"]


def test_a_sweep_that_was_planned_just_now_is_waited_for(sweep, monkeypatch):
    monkeypatch.setattr(sweep_attach, "TAKE_OVER", 30.0)
    events = list(sweep.events())
    assert sweep_attach._is_about_to_begin(sweep, events)
    begun = SweepEvent(event="begun", time=1e9, run=sweep.plan.runs[0].run_id)
    assert not sweep_attach._is_about_to_begin(sweep, [*events, begun])
    monkeypatch.setattr(sweep_attach, "TAKE_OVER", 0.0)
    assert not sweep_attach._is_about_to_begin(sweep, events)
