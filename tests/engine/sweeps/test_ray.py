"""Sweeps on real Ray clusters of this machine: nodes and drivers killed, zombies, and the bits."""

import os
import signal
import threading
import time

import psutil
import pytest

from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.lock import holder_of
from engine.sweeps.driver import SweepDriver
from engine.sweeps.executors.local import LocalExecutor, Slot
from engine.sweeps.executors.ray.executor import RayExecutor
from engine.sweeps.plan import plan
from engine.sweeps.spec import Spec
from engine.sweeps.sweep import create_sweep, find_sweep
from tests.conftest import a_few
from tests.processes import call, comparable, progress_of, start, wait_for

pytestmark = pytest.mark.xdist_group("ray")  # a cluster is more than a core's work

pytest.importorskip("ray", reason="the extra ray is not installed")

SMALL = {"object_store_memory": 80 << 20, "include_dashboard": False}
HASTY = {  # how soon a node that does not answer is taken for dead
    "health_check_initial_delay_ms": 500,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 4,
}


@pytest.fixture
def cluster():
    """A head with one CPU; nodes are added by tests."""
    from ray.cluster_utils import Cluster

    made = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "_system_config": HASTY} | SMALL
    )
    yield made
    made.shutdown()


@pytest.fixture
def executor_of(cluster):
    made = []

    def make(sweep, **options):
        made.append(RayExecutor(sweep.path, address=cluster.address, **options))
        return made[-1]

    yield make
    for executor in made:
        executor.close()


@pytest.fixture
def sweep_of(tmp_path):
    def make(folder, seeds, epochs=2, **options):
        options |= {"dataset": "digits", "model": "linear", "epochs": epochs, "precision": "fp32",
                    "threads": 1, "artifacts": str(tmp_path / folder)}  # fmt: skip
        spec = Spec(section="train", name="s", options=options, seeds=tuple(range(seeds)))
        planned = plan(spec, Laboratory(warn=lambda line: None))
        return create_sweep(planned, executor="ray", threads=1)

    return make


@pytest.fixture
def as_local(sweep_of):
    """Check that the runs of a sweep are what the local executor makes of them, bit for bit."""

    def check(sweep, **options):
        local = sweep_of("local", len(sweep.plan.runs), **options)
        executor = LocalExecutor([Slot(1)] * 2)
        try:
            assert drive(local, executor).complete
        finally:
            executor.close()
        for ours, theirs in zip(sweep.plan.runs, local.plan.runs, strict=True):
            assert comparable(sweep.run(ours)) == comparable(local.run(theirs))
            assert sweep.run(ours).find_damage() == ""

    return check


def drive(sweep, executor, listen=lambda event: None):
    return SweepDriver(sweep, executor, control=Control(), listen=listen).drive()


def processes_of(node):
    """Return a node's raylet and its workers, those first."""
    [raylet] = node.all_processes["raylet"]
    parent = psutil.Process(raylet.process.pid)
    return [*parent.children(recursive=True), parent]


def kill_at_work(node):
    """Kill a node's processes while a run is active there, which its worker's title says."""
    *workers, raylet = processes_of(node)

    def is_at_work():
        return any("-train-" in " ".join(worker.cmdline()) for worker in workers)

    wait_for(is_at_work)
    for process in (raylet, *workers):
        process.kill()


@pytest.mark.long
def test_two_nodes_leave_what_the_local_executor_leaves(
    cluster, executor_of, sweep_of, as_local, capfd
):
    cluster.add_node(num_cpus=1, **SMALL)
    sweep = sweep_of("ray", 4)
    executor = executor_of(sweep)
    assert executor.slots == 2
    assert drive(sweep, executor).complete
    assert len(os.listdir(sweep.path)) == len({"sweep.json", "events.jsonl", ".lock", ".token"})
    executor.close()
    assert not (sweep.path / ".token").exists()
    as_local(sweep)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("away", [False, True], ids=["shared", "away"])
@pytest.mark.parametrize("after", a_few((10, 1, 5, 20, 25), few=0, more=1))
def test_a_node_is_lost_in_the_middle(cluster, executor_of, sweep_of, as_local, capfd, away, after):
    node = cluster.add_node(num_cpus=1, **SMALL)
    sweep = sweep_of("ray", 30)
    executor = executor_of(sweep, away=away)
    ended = []

    def listen(event):
        ended.append(event.event == "ended")
        if sum(ended) == after and event.event == "ended":
            threading.Thread(target=kill_at_work, args=(node,)).start()

    assert drive(sweep, executor, listen).complete
    assert any(event.event == "retried" for event in sweep.events())
    wait_for(lambda: executor.slots == 1)
    as_local(sweep)
    assert capfd.readouterr() == ("", "")


@pytest.mark.long
def test_a_node_that_comes_later_is_used(cluster, executor_of, sweep_of):
    sweep = sweep_of("ray", 20)
    executor = executor_of(sweep)
    assert executor.slots == 1
    active, most = set(), []

    def listen(event):
        (active.add if event.event == "begun" else active.discard)(event.run)
        most.append(len(active))
        if event.event == "ended" and len(most) == 2:
            cluster.add_node(num_cpus=1, **SMALL)

    assert drive(sweep, executor, listen).complete
    assert max(most) == 2


@pytest.mark.long
def test_the_keeper_is_lost_and_another_takes_its_place(cluster, executor_of, sweep_of, as_local):
    sweep = sweep_of("ray", 2, epochs=100)
    executor = executor_of(sweep, away=True)

    def kill_keeper():
        run = sweep.run(sweep.plan.runs[0])
        wait_for(lambda: (run.path / "checkpoint.pt").exists())
        os.kill(holder_of(run.path).pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_keeper)
    killer.start()
    assert drive(sweep, executor).complete
    killer.join()
    [retried] = [event for event in sweep.events() if event.event == "retried"]
    assert "keeps the sweep's files" in retried.message
    as_local(sweep, epochs=100)


@pytest.mark.long
def test_a_node_that_was_cut_off_writes_nothing_when_it_is_back(
    cluster, executor_of, sweep_of, as_local
):
    import ray

    node = cluster.add_node(num_cpus=1, **SMALL)
    sweep = sweep_of("ray", 2, epochs=300)
    executor = executor_of(sweep, away=True)
    frozen = []

    def cut_off():
        for planned in sweep.plan.runs:
            run = sweep.run(planned)
            wait_for(lambda run=run: (run.path / "checkpoint.pt").exists())
        frozen.extend(processes_of(node))
        for process in reversed(frozen):
            process.suspend()

    def listen(event):
        if event.event == "begun" and event.attempt == 2:
            threading.Thread(target=come_back).start()

    def come_back():
        planned = next(run for run in sweep.plan.runs if run.run_id in retried())
        run = sweep.run(planned)
        wait_for(lambda: b'"resumed"' in run.journal.read_bytes())
        for process in frozen[:-1]:  # the raylet would kill them at once
            process.resume()
        wait_for(lambda: ray.get(executor._keeper.refusals.remote()) > 0, 20)
        frozen[-1].resume()

    def retried():
        return {event.run for event in sweep.events() if event.event == "retried"}

    threading.Thread(target=cut_off).start()
    assert drive(sweep, executor, listen).complete
    assert ray.get(executor._keeper.refusals.remote()) > 0
    as_local(sweep, epochs=300)


@pytest.mark.parametrize("joined", a_few((True, False), few=0, more=1), ids=["cluster", "own"])
def test_a_driver_is_killed_and_the_sweep_resumed(request, tmp_path, as_local, joined):
    address = ["--address", request.getfixturevalue("cluster").address] if joined else []
    artifacts = tmp_path / "ray"
    words = ["--artifacts", artifacts, "--quiet"]
    driver = start(
        "sweep", "run", "train", "--executor", "ray", *address, "--dataset", "digits", "--model",
        "linear", "--epochs", "60", "--precision", "fp32", "--seeds", "0..3", "--name", "s", *words,
    )  # fmt: skip
    wait_for(lambda: artifacts.exists() and list(artifacts.glob("*/sweep.json")))
    sweep = find_sweep(artifacts, "s")
    runs = [sweep.run(planned) for planned in sweep.plan.runs]
    wait_for(lambda: any(run.path.exists() and progress_of(run) > 50 for run in runs))
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    code, _, err = call("sweep", "resume", "s", *words)
    assert (code, err) == (0, "")
    assert all(run.read_status() == "finished" for run in runs)
    assert any(event.kind == "resumed" for run in runs for event in run.events())
    as_local(sweep, epochs=60)


@pytest.mark.long
def test_a_stop_keeps_what_is_done(tmp_path):
    artifacts = tmp_path / "ray"
    words = ["--artifacts", artifacts, "--json"]
    driver = start(
        "sweep", "run", "train", "--executor", "ray", "--dataset", "digits", "--model", "linear",
        "--epochs", "3000", "--seeds", "0..3", "--name", "s", *words,
    )  # fmt: skip
    wait_for(lambda: artifacts.exists() and list(artifacts.glob("*-train-*/checkpoint.pt")))
    since = time.monotonic()
    driver.send_signal(signal.SIGINT)
    out, err = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert time.monotonic() - since < 20
    assert "resumes" in err or "continues" in err
    assert len(err.splitlines()) == 1
    assert all(line.startswith('{"sweep"') for line in out.splitlines())
