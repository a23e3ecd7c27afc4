"""Sweeps as real processes: killed at random moments, on a full disk, with runs that fail."""

import os
import random
import signal
import time

import psutil
import pytest

from engine.runs.store import list_runs
from engine.sweeps.states import states_of
from engine.sweeps.sweep import find_sweep
from tests.conftest import a_few
from tests.processes import call, comparable, start, wait_for
from tests.terminal.test_full_disk import fill, small_disk  # noqa: F401  # a fixture

SWEEP = ["sweep", "run", "train", "--dataset", "digits", "--model", "baseline", "--epochs", "15",
         "--set", "learning_rate=0.01,0.03", "--seeds", "0..1", "--threads", "1", "--jobs", "2",
         "--name", "s", "--quiet"]  # fmt: skip
SECONDS = 8.0  # about what that takes; a kill may well come too late


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The runs of a sweep that nothing disturbed, as they are compared, by setting and seed."""
    folder = tmp_path_factory.mktemp("whole")
    code, _, err = call(*SWEEP, "--artifacts", folder)
    assert code == 0, err
    return results(folder)


def results(folder):
    """Return what is compared of a sweep's runs, by setting and seed."""
    sweep = find_sweep(folder, "s")
    return {
        (repr(sorted(planned.setting.items())), planned.seed): comparable(sweep.run(planned))
        for planned in sweep.plan.runs
    }


def begun(process, folder):
    """Return the ids of a driver's worker processes once a run is being driven."""
    wait_for(lambda: process.poll() is not None or list_runs(folder), 60)
    children = psutil.Process(process.pid).children(recursive=True)
    return [child.pid for child in children if child.is_running()]


def resume_to_its_end(folder):
    """Resume a sweep; what has finished stays as it is."""
    before = {
        run.id: run.journal.read_bytes()
        for run in list_runs(folder)
        if run.read_status() == "finished"
    }
    code, _, err = call("sweep", "resume", "s", "--artifacts", folder, "--quiet")
    assert code == 0 or "nothing to resume" in err, err
    for run_id, journal in before.items():
        assert (folder / run_id / "events.jsonl").read_bytes() == journal


@pytest.mark.parametrize("seed", a_few(range(30), 0, 1))
def test_a_sweep_whose_driver_is_killed_at_random_moments(seed, whole, tmp_path):
    source = random.Random(seed)
    process = start(*SWEEP, "--artifacts", tmp_path)
    wait_for(lambda: process.poll() is not None or list(tmp_path.glob("*-sweep-s/sweep.json")))
    for _ in range(2):
        time.sleep(source.uniform(0, SECONDS))
        process.kill()
        process.communicate()
        process = start("sweep", "resume", "s", "--artifacts", tmp_path, "--quiet")
    process.communicate(timeout=300)
    resume_to_its_end(tmp_path)
    assert results(tmp_path) == whole


@pytest.mark.parametrize("seed", a_few(range(30), 0, 1))
def test_a_sweep_whose_workers_are_killed_at_random_moments(seed, whole, tmp_path):
    source = random.Random(1000 + seed)
    process = start(*SWEEP, "--artifacts", tmp_path)
    workers = begun(process, tmp_path)
    for _ in range(3):
        time.sleep(source.uniform(0, SECONDS / 4))
        with pytest.MonkeyPatch.context():
            for pid in source.sample(workers, min(1, len(workers))):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
    _, err = process.communicate(timeout=300)
    assert process.returncode in (0, 1), err
    resume_to_its_end(tmp_path)
    assert results(tmp_path) == whole


@pytest.mark.extended
def test_a_run_that_always_fails_is_told_and_the_others_are_done(tmp_path):
    words = ["sweep", "run", "train", "--dataset", "digits", "--model", "linear", "--epochs", "2",
             "--set", "learning_rate=0.01,90", "--set", "l2=0,50"]  # fmt: skip
    code, out, err = call(*words, "--artifacts", tmp_path)
    states = states_of(find_sweep(tmp_path, "train"))
    failed = [state for state in states if state.status == "failed"]
    assert failed
    assert {state.status for state in states} == {"finished", "failed"}
    for state in failed:
        assert state.message in err
    assert code == 1
    assert f"{len(failed)} run" in err.splitlines()[-1]
    assert "learning rate 0.01" in out


@pytest.mark.long
def test_a_full_disk_stops_a_sweep_which_can_go_on_when_there_is_room(small_disk, whole):  # noqa: F811
    folder = small_disk / "artifacts"
    process = start(*SWEEP, "--artifacts", folder)
    wait_for(lambda: list_runs(folder))
    filler = fill(small_disk)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Traceback" not in err
    os.unlink(filler)
    resume_to_its_end(folder)
    assert results(folder) == whole


@pytest.mark.extended
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_all_runs_and_keeps_them(number, code, tmp_path):
    process = start(*SWEEP[:-1], "--epochs", "500", "--artifacts", tmp_path)
    wait_for(lambda: len(list_runs(tmp_path)) == 2)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "4 runs left; `mnist-tui sweep resume" in err
    states = states_of(find_sweep(tmp_path, "s"))
    assert [state.status for state in states] == ["stopped", "stopped", "waiting", "waiting"]
