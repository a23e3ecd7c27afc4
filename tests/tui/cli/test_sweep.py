"""``mnist-tui sweep``: what it takes, what it says, and its exit codes."""

import json
import re

import pytest

from engine.runs.lock import RunLock
from engine.sweeps.executors.executor import Outcome
from engine.sweeps.executors.local import Slot
from engine.sweeps.sweep import find_sweep
from tests.engine.sweeps.scripted import Scripted
from tui.cli.main import invoke
from tui.cli.report import _counting
from tui.cli.sweep import drive as sweep_drive


@pytest.fixture
def sweep(tmp_path, monkeypatch, capsys):
    """Return what a command prints and its exit code; runs are not begun."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = invoke(["sweep", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def scripted(monkeypatch):
    """Have the runs of a sweep end as a test says."""

    def use(**outcomes):
        made = Scripted(**outcomes)
        monkeypatch.setattr(sweep_drive, "executor_of", lambda *a, **k: made)
        return made

    return use


TWELVE = ("run", "train", "--dataset", "digits", "--set", "learning_rate=0.01,0.03",
          "--set", "model=baseline,linear", "--seeds", "0..2")  # fmt: skip


def test_a_plan_is_shown_and_nothing_is_written(sweep, tmp_path):
    code, out, _ = sweep(*TWELVE, "--dry-run")
    assert code == 0
    assert out.count("-train-") == 12
    assert re.search(r"12 runs, about \d+ s with \d+ jobs? of \d+ threads? \(a rough guess\)", out)
    assert list(tmp_path.iterdir()) == []
    code, out, _ = sweep(*TWELVE, "--dry-run", "--json")
    plan = json.loads(out)
    assert len(plan["runs"]) == 12
    assert plan["axes"]["learning_rate"] == [0.01, 0.03]
    assert plan["runs"][0]["config"]["learning_rate"] == 0.01


def test_repeated_options_are_axes_too(sweep):
    words = ("run", "train", "--dataset", "digits", "--dry-run", "--json")
    _, out, _ = sweep(*words, "--model", "baseline", "--model", "linear", "--epochs", "3")
    plan = json.loads(out)
    assert plan["axes"] == {"model": ["baseline", "linear"]}
    assert {run["config"]["epochs"] for run in plan["runs"]} == {3}


def test_a_file_and_what_the_command_line_changes(sweep, tmp_path):
    (tmp_path / "rates.toml").write_text(
        'section = "train"\n[options]\ndataset = "digits"\nepochs = 3\n'
        "[grid]\nlearning_rate = [0.1, 0.2]\n"
    )
    words = ("run", "rates.toml", "--dry-run", "--json")
    plan = json.loads(sweep(*words)[1])
    assert plan["sweep"].endswith("-sweep-rates")
    assert len(plan["runs"]) == 2
    fixed = json.loads(sweep(*words, "--learning-rate", "0.5", "--epochs", "7")[1])
    assert [run["config"]["learning_rate"] for run in fixed["runs"]] == [0.5]
    assert fixed["runs"][0]["config"]["epochs"] == 7
    more = ("--set", "learning-rate=0.3", "--seeds", "0..4", "--threads", "2", "--name", "mine")
    plan = json.loads(sweep(*words, *more)[1])
    assert plan["sweep"].endswith("-sweep-mine")
    assert [run["config"]["learning_rate"] for run in plan["runs"]] == [0.3] * 5
    assert plan["runs"][0]["config"]["threads"] == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("train", "--set", "lr=3"), 2, "no option 'lr'"),
        (("train", "--set", "epochs"), 2, "must be like"),
        (("train", "--set", "epochs=a"), 2, "whole number"),
        (("train", "--set", "epochs=0"), 2, "at least 1"),
        (("train", "--set", "model=nix"), 2, "--model must be one of"),
        (("train", "--set", "epochs=1", "--set", "epochs=2"), 2, "twice"),
        (("train", "--set", "seed=1,2"), 2, "--seeds"),
        (("train", "--seeds", "3..1"), 2, "upwards"),
        (("train", "--name", "a/b"), 2, "letters, digits"),
        (("train", "--print"), 2, "slurm"),
        (("train", "--address", "auto"), 2, "ray"),
        (("train", "--jobs", "0"), 2, "--jobs"),
        (("all", "--set", "model=linear"), 2, "no option"),
        (("paint",), 2, "paint"),
        (("nowhere.toml",), 1, "There is no nowhere.toml"),
        (("adversarial", "--dataset", "digits", "--run", "nix"), 1, "No run 'nix'"),
        (("adversarial", "--set", "label=12"), 2, "between 0 and 9"),
    ],
)
def test_bad_input_is_one_line_and_plans_nothing(sweep, tmp_path, words, code, said):
    found, out, err = sweep("run", *words)
    assert (found, out) == (code, "")
    assert said in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_from_its_beginning_to_its_removal(sweep, tmp_path):
    """With real workers, on the embedded digits."""
    words = ("run", "train", "--dataset", "digits", "--model", "linear", "--epochs", "1",
             "--seeds", "0..1", "--name", "first")  # fmt: skip
    code, out, err = sweep(*words)
    assert code == 0
    assert "2/2  train linear, seed" in err
    assert re.search(r"train: accuracy by setting\n.*\n.*\ntrain +2 ", out)
    code, out, _ = sweep("list", "--json")
    [row] = json.loads(out)
    assert (row["status"], row["finished"], row["runs"]) == ("finished", 2, 2)
    assert "first" in sweep("list")[1]
    code, out, _ = sweep("status", "first", "--json")
    state = json.loads(out)
    assert state["counts"] == {"planned": 2, "finished": 2}
    assert {"run", "section", "setting", "seed", "status", "attempt", "message", "measured",
            "seconds"} == set(state["runs"][0])  # fmt: skip
    assert "finished" in sweep("status", "first")[1]
    code, _, err = sweep("resume", "first")
    assert (code, "nothing to resume" in err) == (1, True)
    code, _, err = sweep("stop", "first")
    assert (code, "is finished; nothing drives it" in err) == (1, True)
    assert sweep("rm", "first")[0] == 2  # off a terminal it wants --yes
    code, out, _ = sweep("rm", "first", "--yes")
    assert code == 0
    assert list((tmp_path / "artifacts").iterdir()) == []


def test_runs_that_fail_are_told_and_the_exit_code_is_1(sweep, scripted):
    scripted(train=[Outcome("failed", "the cat sat on it"), Outcome("stopped")])
    code, _, err = sweep(*TWELVE[:-2], "--seeds", "0")
    assert code == 1
    assert "failed: the cat sat on it" in err
    assert re.search(r"1 run failed, 1 run stopped; `mnist-tui sweep resume .*` tries again", err)


def test_json_is_the_journal_and_nothing_else(sweep, scripted):
    scripted(train=[Outcome("failed", "no")] * 4)
    code, out, err = sweep(*TWELVE[:-2], "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events].count("ended") == 4
    assert code == 1
    assert err.count("\n") == 1


def test_a_sweep_that_is_active_is_left_alone(sweep, scripted, monkeypatch, tmp_path):
    scripted(train=[Outcome("stopped")] * 4)
    sweep(*TWELVE[:-2], "--name", "active")
    made = []
    monkeypatch.setattr(sweep_drive, "executor_of", lambda *given: made.append(given))
    found = find_sweep(tmp_path / "artifacts", "active")
    with RunLock(found.path, "Sweep"):
        found.ask_to_stop()
        code, _, err = sweep("resume", "active")
    assert (code, made) == (1, [])
    assert "is being driven by another process" in err
    assert found.stop_asked()  # of the other process


def test_a_damaged_sweep_is_listed_and_can_be_removed(sweep, scripted, tmp_path):
    scripted(train=[Outcome("stopped")] * 4)
    sweep(*TWELVE[:-2], "--name", "d")
    found = find_sweep(tmp_path / "artifacts", "d")
    (found.path / "sweep.json").write_text("{")
    assert json.loads(sweep("list", "--json")[1])[0]["status"] == "damaged"
    for words in (("status", "d"), ("resume", "d"), ("status", "d", "--json")):
        code, out, err = sweep(*words)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "sweep.json is damaged" in err
    code, out, err = sweep("rm", "d", "--yes")
    assert code == 0
    assert "Its runs are kept." in err
    assert not found.path.exists()


def test_what_a_killed_driver_left_is_completed(sweep, scripted, tmp_path):
    """It was killed between its last run and its end."""
    words = ("run", "train", "--dataset", "digits", "--model", "linear", "--epochs", "1",
             "--name", "k", "--jobs", "1")  # fmt: skip
    assert sweep(*words)[0] == 0
    found = find_sweep(tmp_path / "artifacts", "k")
    found.end(finished=False)
    code, out, _ = sweep("resume", "k")
    assert (code, "train: accuracy by setting" in out) == (0, True)
    assert find_sweep(tmp_path / "artifacts", "k").plan.finished_at is not None
    assert sweep("resume", "k")[0] == 1


def test_the_time_that_it_takes_is_said_first(sweep, scripted):
    scripted(train=[Outcome("stopped")] * 4)
    _, _, err = sweep(*TWELVE[:-2])
    assert re.search(r"^mnist-tui: sweep .*: 4 runs, about \d+ s$", err.splitlines()[0])


def test_no_sweeps(sweep):
    assert sweep("list") == (0, "", "mnist-tui: no sweeps in artifacts\n")
    code, _, err = sweep("status", "x")
    assert (code, err.count("\n")) == (1, 1)


def test_the_report_of_a_sweep_by_its_id_its_name_and_at_its_end(sweep, scripted, capsys, tmp_path):
    scripted(train=[Outcome("failed", "no"), *[Outcome("finished")] * 9])
    code, _, err = sweep(*TWELVE[:-2], "--report")
    assert code == 1  # for the run that failed
    [path] = (tmp_path / "artifacts").glob("*-sweep-train/report.html")
    assert f"report: {path}" in err
    path.unlink()
    for name in (path.parent.name, "train"):
        assert invoke(["report", name]) == 0
        assert capsys.readouterr().out == f"artifacts/{path.parent.name}/report.html\n"
        assert "<h1>Sweep train</h1>" in path.read_text()
    assert invoke(["report", "train", "--output", "mine.html"]) == 0
    assert (tmp_path / "mine.html").is_file()
    capsys.readouterr()
    assert invoke(["report", "nix"]) == 1
    assert "No run 'nix'" in capsys.readouterr().err


def test_the_report_is_asked_for_in_the_background_too(sweep, monkeypatch):
    begun = []
    monkeypatch.setattr(sweep_drive, "start_process", lambda words, **streams: begun.append(words))
    assert sweep(*TWELVE[:-2], "--report", "--detach", "--quiet")[0] == 0
    assert sweep(*TWELVE[:-2], "--detach", "--quiet")[0] == 0
    assert ["--report" in words for words in begun] == [True, False]


def test_a_sweep_of_the_whole_report_has_one_written_unasked(sweep, scripted, tmp_path):
    scripted()
    assert sweep("run", "all", "--dataset", "digits", "--quiet")[0] == 0
    assert list((tmp_path / "artifacts").glob("*-sweep-all/report.html"))
    scripted()
    assert sweep(*TWELVE[:-2], "--quiet")[0] == 0
    assert not list((tmp_path / "artifacts").glob("*-sweep-train/report.html"))


def test_a_sweep_on_ray_may_go_on_with_another_cluster(sweep, monkeypatch, tmp_path):
    seen, made = [], Scripted(train=[Outcome("failed", "no")] * 12)
    monkeypatch.setattr(
        "engine.sweeps.executors.ray.cluster.slots_of",
        lambda address, threads, jobs: [Slot(threads)] * 2,
    )
    monkeypatch.setattr(
        sweep_drive, "executor_of", lambda *a: seen.append((a[0].plan, a[4])) or made
    )
    assert sweep(*TWELVE, "--executor", "ray", "--address", "head:6379")[0] == 1
    code, _, err = sweep("resume", "train", "--address", "other:6379")
    assert (code, err.splitlines()[0]) == (0, "mnist-tui: joining Ray at other:6379")
    assert [(plan.executor, plan.address, plan.threads) for plan, _ in seen] == [
        ("ray", "head:6379", 1)
    ] * 2
    assert [address for _, address in seen] == ["head:6379", "other:6379"]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    code, _, err = sweep("resume", "train")
    assert (code, len(seen), err.count("\n")) == (1, 2, 1)
    assert "not planned by you here, and names a Ray cluster; --address head:6379 joins" in err
    assert sweep(*TWELVE, "--name", "local")[0] == 0
    code, _, err = sweep("resume", "local", "--address", "other:6379")
    assert (code, "for sweeps on Ray" in err) == (2, True)


def test_a_long_check_of_claims_says_how_far_it_is(monkeypatch):
    lines = []
    heard = _counting(lines.append)
    heard(None)
    assert not lines  # it has only begun
    monkeypatch.setattr("tui.cli.report.TELL_INTERVAL", -1.0)
    heard(None)
    assert lines == ["2 claims checked so far"]
