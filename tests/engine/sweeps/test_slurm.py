"""Sweeps under SLURM, with a stand-in for its commands that runs a task when a test says so."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from engine.errors import EngineError, UsageError
from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.sweeps import states
from engine.sweeps.executors.executor import Outcome
from engine.sweeps.executors.slurm import site, work
from engine.sweeps.executors.slurm.script import array, check_options, ranges, script, stages
from engine.sweeps.executors.slurm.site import array_limit, queued, requeue, submit
from engine.sweeps.executors.slurm.work import ArrayTask, End, has_ended
from engine.sweeps.plan import plan
from engine.sweeps.schema import PlannedRun, SweepEvent
from engine.sweeps.spec import ALL, Spec
from engine.sweeps.states import states_of, status_of, with_needs
from engine.sweeps.sweep import create_sweep
from tests.engine.sweeps import slurm_commands
from tests.engine.sweeps.made import make_run
from tests.engine.sweeps.test_local import bits
from tests.networks import MARKING
from tests.processes import progress_of, wait_for

ROOT = str(Path(__file__).parents[3])


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """The stand-in's spool; its commands come first in the PATH."""
    spool, folder = tmp_path / "spool", tmp_path / "bin"
    spool.mkdir()
    folder.mkdir()
    source = Path(slurm_commands.__file__).read_text()
    for name in ("sbatch", "scontrol", "squeue", "scancel"):
        (folder / name).write_text(f"#!{sys.executable} -S\n{source}")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN_SPOOL", str(spool))
    return spool


@pytest.fixture
def sweep_of(tmp_path):
    def make(section="train", seeds=(0, 1), folder="a", sbatch=None, jobs=None, **options):
        options = {"dataset": "digits", "artifacts": str(tmp_path / folder), **options}
        spec = Spec(section=section, name="s", options=options, seeds=seeds)
        planned = plan(spec, Laboratory(warn=lambda line: None))
        return create_sweep(
            planned, executor="slurm", threads=1, sbatch=sbatch, jobs=jobs, figures=False
        )

    return make


def runs_that_need(*needs):
    return [
        PlannedRun(run_id=f"r{place}", section="train", config={}, dataset="0" * 64, seed=0,
                   needs=[f"r{need}" for need in each])
        for place, each in enumerate(needs)
    ]  # fmt: skip


def test_arrays_are_short_and_within_the_limit():
    assert ranges([5, 0, 1, 2, 8, 7]) == "0-2,5,7-8"
    assert array(range(30), 1001, jobs=4) == "0-29%4"
    assert array(range(30), 8, jobs=None) == "0-7"


def test_runs_come_after_those_that_they_need():
    runs = runs_that_need((), (0,), (0, "gone"), (2,), ())
    assert stages(runs, range(5), 100) == [[0, 4], [1, 2], [3]]
    assert stages(runs, [1, 3], 100) == [[1, 3]]  # what they need has finished
    assert stages(runs, range(5), 4) == [[0, 1, 2, 3, 4]]  # a task waits for what it needs


def test_the_script_says_how_its_tasks_are_stopped_and_begun(sweep_of):
    sweep, options = sweep_of(seeds=(0, 1, 2), device="cuda"), "--time=60 --partition=short"
    work = ["mnist-tui", "sweep", "work"]
    lines = script(sweep, work, range(3), 1001, jobs=3, sbatch=options).splitlines()
    assert lines[0] == "#!/bin/bash"
    directives = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")]
    for line in ("--array=0-2%3", "--signal=B:TERM@90", "--requeue", "--cpus-per-task=1",
                 "--gres=gpu:1", "--open-mode=append"):  # fmt: skip
        assert line in directives
    assert directives[-1] == "--time=60 --partition=short"
    assert lines[-1].startswith(f"exec mnist-tui sweep work {sweep.id} --artifacts ")
    assert lines[-1].endswith('--index "$SLURM_ARRAY_TASK_ID"')
    assert "--every 2" in script(sweep, ["x"], range(3), 2)
    subprocess.run(["bash", "-n"], input="\n".join(lines), text=True, check=True)


def test_a_place_that_is_no_line_is_refused(sweep_of, tmp_path, monkeypatch):
    assert '"' in script(sweep_of(folder="a b"), ["x"], [0], 9)
    with pytest.raises(EngineError, match="cannot be written in a batch script"):
        script(sweep_of(folder="a\n#SBATCH --uid=0"), ["x"], [0], 9)
    sweep = sweep_of(folder="b")
    sweep.path = sweep.path.rename(sweep.path.with_name("x-sweep-y\nid"))
    with pytest.raises(EngineError, match="cannot be written in a batch script"):
        script(sweep, ["x"], [0], 9)
    with pytest.raises(EngineError):
        check_options("--time=5\nrm -rf /")
    with pytest.raises(UsageError, match="takes options of sbatch"):
        check_options("short")


def test_what_slurm_is_asked(slurm, monkeypatch):
    assert array_limit() == 5
    assert submit("#!/bin/bash", "0-3", after="99") == "100"
    assert json.loads((slurm / "100.json").read_text())[1:] == [
        "--array=0-3", "--dependency=afterany:99",
    ]  # fmt: skip
    assert queued(["99", "100"]) == ["100"]
    assert requeue("100_1")
    assert (slurm / "100_1.requeued").exists()
    (slurm / "cancelled").touch()
    assert not requeue("100_2")  # what was cancelled stays so
    monkeypatch.setenv("PATH", "/nowhere")
    assert array_limit() == 1001
    with pytest.raises(EngineError, match="There is no sbatch here"):
        submit("", "0")


@pytest.fixture
def executed(monkeypatch):
    """Runs end as a list says; their files say so too."""
    outcomes, tasks = [], []

    def execute(task, laboratory, control, *, threads):
        tasks.append(task)
        outcome = outcomes.pop(0)
        control.stop_reason = control.stop_reason or outcome.message or None
        return outcome

    monkeypatch.setattr(work, "execute", execute)
    return outcomes, tasks


def test_a_task_tells_of_its_run_and_comes_back_after_a_stop(sweep_of, executed):
    sweep, (outcomes, tasks), said = sweep_of(), executed, []
    outcomes += [Outcome("stopped", "SIGTERM"), Outcome("failed", "the cat"), Outcome("finished")]
    assert ArrayTask(sweep, Control(), said.append).do(range(0, 1)) is End.AGAIN
    assert ArrayTask(sweep, Control(), said.append).do(range(0, 1)) is End.FAILED
    assert ArrayTask(sweep, Control(), said.append).do(range(1, 2)) is End.DONE
    assert [task.attempt for task in tasks] == [1, 2, 1]
    told = [(event.event, event.attempt, event.status) for event in sweep.events()][1:]
    assert told[:4] == [("begun", 1, ""), ("ended", 1, "stopped"), ("begun", 2, ""),
                        ("ended", 2, "failed")]  # fmt: skip
    assert "stopped by SIGTERM at step 0" in said[0]


def test_a_run_that_takes_no_step_in_its_time_does_not_come_back_for_ever(sweep_of, executed):
    sweep, (outcomes, _), said = sweep_of(), executed, []
    outcomes += [Outcome("stopped", "SIGTERM")] * 3
    ends = [ArrayTask(sweep, Control(), said.append).do(range(0, 1)) for _ in range(3)]
    assert ends == [End.AGAIN, End.AGAIN, End.STOPPED]
    assert "takes no step in its time" in said[-1]


def test_a_sweep_that_is_to_stop_begins_nothing(sweep_of, executed):
    sweep = sweep_of()
    sweep.ask_to_stop()
    assert ArrayTask(sweep, Control(), print).do(range(0, 2)) is End.STOPPED
    assert executed[1] == []


def test_a_run_waits_for_what_it_needs_and_gives_its_place_to_others(
    sweep_of, executed, monkeypatch
):
    monkeypatch.setattr(work, "WAIT", 0.0)
    sweep, said = sweep_of(section=ALL, seeds=(0,)), []
    place = next(n for n, run in enumerate(sweep.plan.runs) if run.needs)
    assert ArrayTask(sweep, Control(), said.append).do(range(place, place + 1)) is End.AGAIN
    assert "waits for" in said[0]
    for need in sweep.plan.runs[place].needs:
        sweep.append(SweepEvent(event="ended", time=0, run=need, status="failed", message="no"))
    assert ArrayTask(sweep, Control(), said.append).do(range(place, place + 1)) is End.FAILED
    assert "cannot begin: needs" in said[1]
    assert executed[1] == []


def test_a_task_reads_no_runs_but_its_own_and_those_that_it_needs(sweep_of, executed, monkeypatch):
    sweep, (outcomes, _), read = sweep_of(section=ALL, seeds=(0, 1)), executed, []

    def state(sweep, run, *others):
        read.append(run.id)
        return real(sweep, run, *others)

    real = states._state
    monkeypatch.setattr(states, "_state", state)
    runs = sweep.plan.runs
    assert with_needs(sweep, runs[0]) == [runs[0]]
    assert {run.seed for run in with_needs(sweep, runs[-1])} == {1}
    for place, run in enumerate(runs[:2]):
        outcomes.append(Outcome("finished"))
        ArrayTask(sweep, Control(), print).do(range(place, place + 1))
        assert set(read) <= {run.run_id, runs[place + 1].run_id}  # and one that goes on
        read.clear()


def test_a_sweep_has_ended_where_no_run_is_left_that_could_finish(sweep_of, digits):
    sweep = sweep_of(section=ALL, seeds=(0,))

    def tell(run, status):
        sweep.append(SweepEvent(event="ended", time=0, run=run.run_id, status=status))

    first, *others = sweep.plan.runs
    independent = [run for run in others if first.run_id not in run.needs]
    tell(first, "failed")
    for run in independent:
        assert not has_ended(sweep)
        tell(run, "finished")
    assert len(independent) < len(others)  # the others are blocked
    assert has_ended(sweep)
    sweep.append(SweepEvent(event="begun", time=0, run=first.run_id))
    assert not has_ended(sweep)
    make_run(sweep, digits, 0)  # it has finished, and was killed before it said so
    for run in others:
        tell(run, "finished")
    assert has_ended(sweep)


def start_task(spool, job, index):
    """Run a task as SLURM would: the script, which becomes the run's own process."""
    environment = os.environ | {
        "SLURM_ARRAY_JOB_ID": job, "SLURM_ARRAY_TASK_ID": str(index), "PYTHONPATH": ROOT,
    }  # fmt: skip
    return subprocess.Popen(["bash", spool / f"{job}.sh"], env=environment, stderr=subprocess.PIPE)


SMALL = ("sweep", "run", "train", "--dataset", "digits", "--epochs", "1", "--name", "s",
         "--executor", "slurm")  # fmt: skip


def test_tasks_take_the_code_that_this_user_trusts_and_no_other(
    slurm, tmp_path, monkeypatch, capsys
):
    from engine.networks.ledger import ledger_path
    from engine.sweeps.sweep import find_sweep
    from tui.cli.main import invoke

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("engine.networks.ledger._vouched", set())
    (tmp_path / "net.py").write_text(MARKING)
    monkeypatch.setenv("MARK", str(tmp_path / "planned"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "theirs"))
    assert invoke([*SMALL, "--model", "net.py:Net", "--print"]) == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "ours"))
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))
    capsys.readouterr()
    assert invoke(["sweep", "resume", "s"]) == 1
    assert "has not been run on this machine before; read" in capsys.readouterr().err
    assert not list(slurm.iterdir())
    assert invoke(["sweep", "resume", "s", "--trust"]) == 0
    sha256 = find_sweep(Path("artifacts"), "s").plan.runs[0].code
    assert f"sweep work --code {sha256} " in (slurm / "100.sh").read_text()
    ledger_path().unlink()  # as on a node of its own
    assert invoke(["sweep", "work", "s", "--index", "0"]) == 1
    assert not (tmp_path / "mark").exists()
    assert invoke(["sweep", "work", "s", "--index", "0", "--code", str(sha256)]) == 0
    assert (tmp_path / "mark").exists()
    assert not ledger_path().exists()


def test_options_of_a_sweep_from_elsewhere_are_submitted_where_they_are_given_again(
    slurm, tmp_path, monkeypatch, capsys
):
    from tui.cli.main import invoke

    def options(job):
        lines = (slurm / f"{job}.sh").read_text().splitlines()
        return [line for line in lines if line.startswith("#SBATCH")][-1]

    monkeypatch.chdir(tmp_path)
    assert invoke([*SMALL, "--sbatch=--output=/etc/x", "--print"]) == 0
    assert invoke(["sweep", "resume", "s"]) == 0
    assert options(100) == "#SBATCH --output=/etc/x"  # as this user planned it
    (slurm / "100.sh").unlink()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    capsys.readouterr()
    assert invoke(["sweep", "resume", "s"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "not planned by you here" in line
    assert "--sbatch=--output=/etc/x takes them" in line
    assert invoke(["sweep", "resume", "s", "--sbatch="]) == 0
    assert "/etc/x" not in (slurm / "101.sh").read_text()
    (slurm / "101.sh").unlink()
    assert invoke(["sweep", "resume", "s", "--sbatch=--time=5"]) == 0
    assert options(102) == "#SBATCH --time=5"


def test_an_arrays_limit_is_kept_and_may_be_changed(slurm, tmp_path, monkeypatch, capsys):
    from tui.cli.main import invoke

    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin" / "scontrol").unlink()
    assert invoke([*SMALL, "--seeds", "0..3", "--array-limit", "3", "--print"]) == 0
    for more, expected in ([], "0-2"), (["--array-limit", "2", "--jobs", "1"], "0-1%1"):
        assert invoke(["sweep", "resume", "s", *more]) == 0
        [job] = slurm.glob("*.sh")
        assert f"#SBATCH --array={expected}\n" in job.read_text()
        job.unlink()


def test_a_sweep_without_tasks_in_the_queue_is_no_longer_submitted(slurm, sweep_of, monkeypatch):
    now = [1e9]
    monkeypatch.setattr(site, "_queue", site._Queue())
    monkeypatch.setattr(site, "time", SimpleNamespace(time=lambda: now[0]))
    sweep = sweep_of()
    assert status_of(sweep, states_of(sweep)) == "stopped"
    job = submit("#!/bin/bash", "0-1")
    sweep.append(SweepEvent(event="submitted", time=now[0], message=job))
    now[0] += 1
    assert status_of(sweep, states_of(sweep)) == "submitted"
    (slurm / f"{job}.sh").unlink()  # by scancel
    now[0] += site.SELDOM - 1
    assert status_of(sweep, states_of(sweep)) == "submitted"  # not asked every time
    now[0] += 1
    assert status_of(sweep, states_of(sweep)) == "stopped"
    sweep.append(SweepEvent(event="submitted", time=now[0], message=submit("", "0-1")))
    now[0] += 1
    assert status_of(sweep, states_of(sweep)) == "submitted"
    monkeypatch.setenv("PATH", "/nowhere")
    now[0] += site.SELDOM
    assert status_of(sweep, states_of(sweep)) == "submitted"  # as far as anyone knows


def test_the_last_task_writes_the_report_also_where_runs_failed(
    slurm, tmp_path, monkeypatch, capsys
):
    from engine.sweeps.sweep import find_sweep
    from tui.cli.main import invoke

    def ends(index):
        return invoke(["sweep", "work", "s", "--index", str(index), "--report"])

    monkeypatch.chdir(tmp_path)
    words = [*SMALL, "--model", "linear", "--threads", "1", "--seeds", "0..2"]
    assert invoke([*words, "--report", "--print"]) == 0
    assert " sweep work --report " in capsys.readouterr().out
    sweep = find_sweep(Path("artifacts"), "s")
    report = sweep.path / "report.html"
    assert ends(2) == 0
    sweep.run(sweep.plan.runs[1]).path.mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(work, "execute", lambda *a, **k: Outcome("failed", "no"))
        assert ends(1) == 1
    assert not report.exists()
    assert ends(0) == 0
    assert report.exists()


def test_a_script_that_is_submitted_again_is_not_stopped_as_the_job_before_it_was(
    slurm, sweep_of, executed, monkeypatch
):
    from tui.cli.sweep.slurm import do_task

    sweep, (outcomes, tasks) = sweep_of(), executed
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "0")
    for job in "7", "7", "8":
        sweep.ask_to_stop()
        monkeypatch.setenv("SLURM_ARRAY_JOB_ID", job)
        outcomes.append(Outcome("finished"))
        with suppress(typer.Exit):
            do_task(sweep, 0, None, report=False)
    assert [task.attempt for task in tasks] == [1, 2]  # by the first task of each job


def test_a_journal_names_no_options_as_jobs(sweep_of):
    sweep = sweep_of()
    sweep.append(SweepEvent(event="submitted", time=0, message="--user=me 17"))
    assert sweep.jobs() == ["17"]


@pytest.mark.extended
def test_a_task_that_was_stopped_and_came_back_leaves_the_bits_of_a_local_run(
    slurm, tmp_path, monkeypatch, capsys
):
    from engine.sweeps.sweep import find_sweep
    from tui.cli.main import invoke

    monkeypatch.chdir(tmp_path)
    words = ("sweep", "run", "train", "--dataset", "digits", "--model", "linear", "--epochs", "60",
             "--seeds", "0..1", "--threads", "1", "--precision", "fp32")  # fmt: skip
    assert invoke([*words, "--name", "here", "--quiet"]) == 0
    assert invoke([*words, "--name", "there", "--executor", "slurm"]) == 0
    assert "2 runs submitted as job 100" in capsys.readouterr().err
    here, there = (find_sweep(Path("artifacts"), name) for name in ("here", "there"))
    assert status_of(there, states_of(there)) == "submitted"
    assert invoke(["sweep", "resume", "there"]) == 1
    assert "is already in SLURM's queue (job 100)" in capsys.readouterr().err
    task, run = start_task(slurm, "100", 0), there.run(there.plan.runs[0])
    wait_for(lambda: run.journal.exists() and progress_of(run) > 0)
    task.send_signal(signal.SIGTERM)
    said = task.communicate(timeout=60)[1]
    assert task.returncode == 143
    assert b"back in the queue" in said
    assert (slurm / "100_0.requeued").exists()
    assert run.read_status() == "stopped"
    for index in range(2):
        assert start_task(slurm, "100", index).wait(120) == 0
    assert status_of(there, states_of(there)) == "finished"
    assert there.read().finished_at is not None
    assert [state.attempt for state in states_of(there)] == [2, 1]
    for ours, theirs in zip(here.plan.runs, there.plan.runs, strict=True):
        assert bits(here.run(ours)) == bits(there.run(theirs))
