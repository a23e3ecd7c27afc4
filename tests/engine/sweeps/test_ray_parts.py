"""What the Ray executor is made of, without Ray: keeper, mirror, tasks, nodes."""

import dataclasses
import io
import os
import socket
import sys
import threading
from types import SimpleNamespace

import msgspec
import pytest

from engine.errors import EngineError, Untrusted
from engine.laboratory import Laboratory
from engine.networks import ledger
from engine.networks.code import Code, load
from engine.runs.control import Control
from engine.runs.lock import is_driven
from engine.runs.run import Run
from engine.runs.store import create_planned
from engine.sweeps.executors.executor import Task
from engine.sweeps.executors.local import DRIVER_GONE
from engine.sweeps.executors.ray import cluster, executor, probe, work
from engine.sweeps.executors.ray.cluster import Share, calls_of, remark_on, share_of
from engine.sweeps.executors.ray.keeper import Changes, Keeper, NotTaken, Superseded
from engine.sweeps.executors.ray.mirror import Mirror
from engine.sweeps.executors.ray.work import KeeperGone, Parcel, perform, sees_folder
from engine.sweeps.executors.shipping import needed, trusted_code
from engine.sweeps.executors.worker import execute
from engine.sweeps.plan import plan
from engine.sweeps.spec import Spec
from engine.sweeps.sweep import create_sweep
from tests.processes import comparable, wait_for


@pytest.fixture(autouse=True)
def as_before(tmp_path, monkeypatch):
    """A task changes the process that it is in: where it is, and what code it may run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ledger, "_vouched", set())
    monkeypatch.setattr(work, "LOOK", 0.01)
    monkeypatch.setattr(work, "SEND", 0.02)


def planned(folder, section="train", seeds=(0,), **options):
    options = {"dataset": "digits", "precision": "fp32", "artifacts": str(folder)} | options
    spec = Spec(section=section, name="s", options=options, seeds=seeds)
    return create_sweep(plan(spec, Laboratory(warn=lambda line: None)))


def small(folder, **options):
    return planned(folder, **{"model": "linear", "epochs": 2} | options)


def parcel_of(sweep, attempt=1, place=-1, token="nowhere"):
    task = Task(sweep.path, sweep.plan.runs[place], attempt)
    trusted = frozenset(filter(None, [task.planned.code]))
    alone = msgspec.structs.replace(sweep.plan, runs=[task.planned])
    return Parcel(task, alone, token, os.getcwd(), 1, None, trusted)


def caller(keeper):
    return lambda method, *arguments: getattr(keeper, method)(*arguments)


def alone(folder, **options):
    """Return the run of the same sweep as one process leaves it."""
    sweep = small(folder, **options)
    [run] = sweep.plan.runs
    execute(Task(sweep.path, run), Laboratory(warn=lambda line: None), Control(), threads=1)
    return sweep.run(run)


# A whole task.


@pytest.mark.parametrize("shared", [True, False])
def test_a_task_leaves_what_one_process_leaves(tmp_path, shared):
    sweep = small(tmp_path / "a")
    if shared:
        (sweep.path / work.TOKEN_FILE).write_text("nowhere")
    else:  # what a keeper leaves that is killed before it writes run.json
        run = create_planned(sweep.artifacts, sweep.plan.runs[0].run_id)
        run.journal.write_bytes(b"a line\n")
    keeper = Keeper(sweep.path)
    report = perform(parcel_of(sweep), caller(keeper))
    assert (report.outcome.status, report.outcome.message) == ("finished", "")
    run = sweep.run(sweep.plan.runs[0])
    whole = alone(tmp_path / "b")
    assert comparable(run) == comparable(whole)
    assert run.find_damage() == ""
    assert sorted(os.listdir(run.path)) == sorted(os.listdir(whole.path))
    assert not is_driven(run.path)


def test_an_attempt_goes_on_from_what_was_sent(tmp_path):
    sweep = small(tmp_path / "a", epochs=40)
    keeper = Keeper(sweep.path)
    run = sweep.run(sweep.plan.runs[0])

    def until_it_dies(method, *arguments):
        if method == "write" and (run.path / "checkpoint.pt").exists():
            raise KeeperGone
        return caller(keeper)(method, *arguments)

    assert perform(parcel_of(sweep), until_it_dies).outcome.message == DRIVER_GONE
    keeper.lost(run.id, 1)
    assert run.read_status() == "interrupted"
    run.ask_to_stop()  # which was meant for the attempt that died
    keeper = Keeper(sweep.path)
    assert perform(parcel_of(sweep, 2), caller(keeper)).outcome.status == "finished"
    [resumed] = [event for event in run.events() if event.kind == "resumed"]
    assert resumed.step > 0
    assert comparable(run) == comparable(alone(tmp_path / "b", epochs=40))


def test_a_new_keeper_has_the_run_tried_again_and_knows_what_is_active(tmp_path):
    sweep = small(tmp_path / "a", epochs=2000)
    keepers, run = [Keeper(sweep.path)], sweep.run(sweep.plan.runs[0])
    active = []

    def restarted(method, *arguments):
        if method == "write" and (run.path / "checkpoint.pt").exists() and len(keepers) == 1:
            keepers[0].lost(run.id, 1)  # the system lets its locks go
            keepers.append(Keeper(sweep.path))
            assert caller(keepers[1])("stopping", *arguments[:2]) is None
            active.extend(keepers[1].stop("SIGINT"))
        return caller(keepers[-1])(method, *arguments)

    report = perform(parcel_of(sweep), restarted)
    assert report.gone  # the driver takes it for lost, and tries again
    assert active == [(run.id, 1)]


def test_a_stop_is_told_until_a_keeper_has_heard_it_and_to_its_successors(monkeypatch):
    class RayError(Exception):
        pass

    answers, told, cancelled, now = [RayError(), {("a", 1)}, set()], [], [], [100.0]

    def get(ref, timeout):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    ray = SimpleNamespace(
        exceptions=SimpleNamespace(RayError=RayError), get=get, cancel=cancelled.append
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr(executor, "time", SimpleNamespace(monotonic=lambda: now[0]))
    ours = object.__new__(executor.RayExecutor)
    ours._stopping, ours._tell_again = False, 0.0
    ours._keeper = SimpleNamespace(stop=SimpleNamespace(remote=told.append))
    ours._given = {(name, 1): SimpleNamespace(ref=name) for name in "ab"}
    ours.stop("SIGINT")
    assert (len(told), cancelled) == (1, [])
    ours.stop("SIGINT")
    ours.stop("SIGINT")
    assert (len(told), cancelled) == (2, ["b"])
    now[0] += executor.ANEW
    ours.stop("SIGINT")  # a new keeper does not know who is active
    assert (len(told), cancelled) == (3, ["b"])


def test_an_older_attempt_is_stopped_and_writes_nothing_more(tmp_path):
    sweep = small(tmp_path / "a", epochs=2000)
    keeper, run = Keeper(sweep.path), sweep.run(sweep.plan.runs[0])
    before = {}

    def overtaken(method, *arguments):
        if method == "write" and (run.path / "checkpoint.pt").exists() and not before:
            keeper.expect(run.id, 2)
            before.update({path.name: path.read_bytes() for path in run.path.iterdir()})
        return caller(keeper)(method, *arguments)

    assert perform(parcel_of(sweep), overtaken).outcome.message == work.OVERTAKEN
    assert keeper.refusals() >= 1
    assert before == {path.name: path.read_bytes() for path in run.path.iterdir()}


def test_a_stop_reaches_the_task_by_the_keeper_or_by_the_run_s_own_file(tmp_path):
    sweep = small(tmp_path / "a", epochs=2000)
    keeper, run = Keeper(sweep.path), sweep.run(sweep.plan.runs[0])
    stops = threading.Thread(
        target=lambda: wait_for(run.journal.exists) and Run(run.path).ask_to_stop()
    )
    stops.start()
    assert perform(parcel_of(sweep), caller(keeper)).outcome.status == "stopped"
    stops.join()
    assert run.read_status() == "stopped"
    assert [event.reason for event in run.events() if event.kind == "stopped"] == [
        "another process"
    ]
    assert keeper.stop("SIGINT") == set()
    report = perform(parcel_of(sweep, 2), caller(keeper))
    assert (report.outcome.status, report.outcome.message) == ("stopped", "SIGINT")


def test_networks_and_code_travel_with_a_run(tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Sequential):\n"
        "    def __init__(self, classes, height, width):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(height * width, classes))\n"
    )
    sweep = small(tmp_path / "a", model="net.py:Net", seeds=(0,))
    keeper = Keeper(sweep.path)
    unknown = dataclasses.replace(parcel_of(sweep), trusted=frozenset())
    refused = perform(unknown, caller(keeper)).outcome
    assert refused.status == "failed"
    assert "--trust" in refused.message
    assert perform(parcel_of(sweep), caller(keeper)).outcome.status == "finished"
    trained = sweep.plan.runs[0]
    with_code = Keeper(sweep.path).look(trained.run_id)
    looks = planned(tmp_path / "a", "visualize", run=trained.run_id, steps=2, layers=("logits",))
    parcel = dataclasses.replace(parcel_of(looks), trusted=frozenset({trained.code}))
    report = perform(parcel, caller(Keeper(looks.path)))
    assert (report.outcome.status, report.outcome.message) == ("finished", "")
    assert needed(parcel.task.planned) == [trained.run_id]
    ledger.vouch([])
    assert trusted_code(looks, looks.plan.runs) == []  # nobody has let it run here
    ledger.vouch([str(trained.code)])
    assert trusted_code(looks, looks.plan.runs) == [trained.code]
    options = {"dataset": "digits", "artifacts": str(tmp_path / "b"), "layers": ("logits",)}
    spec = Spec(section="visualize", name="s", options=options, networks=("net.py:Net",))
    both = create_sweep(plan(spec, Laboratory(warn=lambda line: None)))
    assert trusted_code(both, both.plan.runs[-1:]) == [trained.code]  # of what it needs, too
    assert {"run.json", "weights.pt", "model.py", "events.jsonl"} <= with_code.keys()


def test_a_dataset_that_is_not_on_the_node_is_refused_in_a_line(tmp_path, digits, monkeypatch):
    from engine.files.writer import npz_bytes

    parts = {"train": digits.train, "test": digits.test}
    arrays = {f"x_{n}": part.images[:200] for n, part in parts.items()}
    arrays |= {f"y_{n}": part.labels[:200] for n, part in parts.items()}
    (tmp_path / "own.npz").write_bytes(npz_bytes(arrays))
    sweep = small(tmp_path / "a", dataset=str(tmp_path / "own.npz"))
    (tmp_path / "own.npz").unlink()
    opened, data = [], Laboratory.data
    monkeypatch.setattr(
        Laboratory, "data", lambda self, config: opened.append(config.offline) or data(self, config)
    )
    keeper = Keeper(sweep.path)
    outcome = perform(parcel_of(sweep), caller(keeper)).outcome
    assert outcome.status == "failed"
    assert not is_driven(sweep.run(sweep.plan.runs[0]).path)
    assert opened == [True]  # nothing is downloaded
    assert "own.npz" in outcome.message
    assert "\n" not in outcome.message
    assert outcome.message.startswith("On ")


def test_what_the_keeper_cannot_write_fails_the_run_in_a_line(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    sweep = small(tmp_path / "a")
    keeper = Keeper(sweep.path)
    monkeypatch.setattr("engine.sweeps.executors.ray.keeper._write_journal", full)
    outcome = perform(parcel_of(sweep), caller(keeper)).outcome
    assert outcome.status == "failed"
    assert "No space left on device" in outcome.message


# Keeper and mirror.


def test_a_keeper_refuses_older_attempts_and_names_that_lead_elsewhere(tmp_path):
    sweep = small(tmp_path / "a")
    keeper, run_id = Keeper(sweep.path), sweep.plan.runs[0].run_id
    keeper.expect(run_id, 3)
    with pytest.raises(Superseded):
        keeper.begin(run_id, 2, "")
    for call in (keeper.take, keeper.stopping, keeper.end):
        with pytest.raises(Superseded):
            call(run_id, 2)
    with pytest.raises(Superseded):
        keeper.write(run_id, 2, Changes(b"x"))
    assert keeper.refusals() == 5
    with pytest.raises(NotTaken):  # but from a keeper that has died
        keeper.write(run_id, 3, Changes(b"x"))
    run = create_planned(sweep.artifacts, run_id)
    run.write("checkpoint.pt", b"of a keeper that was killed before it wrote run.json")
    assert keeper.take(run_id, 3) == {}
    assert os.listdir(run.path) == [".lock"]
    for name in ("../x", "/tmp/x", ".lock", "figures/../../x", ""):
        with pytest.raises(EngineError):
            keeper.write(run_id, 3, Changes(files=[(name, b"x")]))
    assert not (tmp_path / "x").exists()


def test_a_copy_of_a_run_is_never_ahead_of_what_it_rests_on(tmp_path):
    run = Run(tmp_path / "run")
    run.path.mkdir()
    mirror = Mirror(run.path)
    run.write("run.json", b"running")
    run.journal.write_bytes(b"one\n")
    run.write("checkpoint.pt", b"at one")
    changes = mirror.changes()
    assert (changes.place, changes.tail) == (0, b"one\n")
    assert [name for name, _ in changes.files] == ["checkpoint.pt", "run.json"]
    assert not mirror.changes()
    with run.journal.open("ab") as journal:
        journal.write(b"two\n")
    run.write("figures/loss.png", b"a figure")
    run.write("weights.pt", b"weights")
    run.write("result.json", b"a result")
    run.write("run.json", b"finished")
    run.remove("checkpoint.pt")
    run.keep_reserve()
    changes = mirror.changes()
    assert (changes.place, changes.tail) == (4, b"two\n")
    assert [name for name, _ in changes.files] == [
        "weights.pt", "figures/loss.png", "result.json", "run.json"
    ]  # fmt: skip
    assert changes.removed == ["checkpoint.pt"]


@pytest.mark.parametrize("cut", [b"", b"2a\n", b"2a\n3a\n4a\n5a\n"])
def test_a_journal_that_was_cut_meanwhile_is_cut_in_the_copy(tmp_path, monkeypatch, cut):
    class Watched(io.FileIO):
        def truncate(self):
            cuts.append(self.tell())
            return super().truncate()

    cuts = []
    sweep = small(tmp_path / "a")
    keeper, run_id = Keeper(sweep.path), sweep.plan.runs[0].run_id
    keeper.take(run_id, 1)
    run = Run(tmp_path / "run")
    run.path.mkdir()
    mirror = Mirror(run.path)
    run.journal.write_bytes(b"1\n2\n3\n")
    keeper.write(run_id, 1, mirror.changes())
    run.journal.write_bytes(b"1\n" + cut)  # at a checkpoint, and then written on
    changes = mirror.changes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", Watched)
        keeper.write(run_id, 1, changes)
    assert min(cuts) >= len(b"1\n")  # what a checkpoint builds on is there at any moment
    assert (sweep.artifacts / run_id / "events.jsonl").read_bytes() == b"1\n" + cut
    with run.journal.open("ab") as journal:
        journal.write(b"6\n")
    keeper.write(run_id, 1, mirror.changes())
    assert (sweep.artifacts / run_id / "events.jsonl").read_bytes() == b"1\n" + cut + b"6\n"


# Nodes.


def test_a_node_says_whether_it_sees_the_folder_and_what_is_other_there(tmp_path):
    sweep = small(tmp_path / "a")
    assert not sees_folder(parcel_of(sweep, token="abc"))
    (sweep.path / work.TOKEN_FILE).write_text("abc")
    assert sees_folder(parcel_of(sweep, token="abc"))
    assert not sees_folder(parcel_of(sweep, token="abd"))
    here = probe.probe(str(sweep.path / work.TOKEN_FILE), "abc")
    assert here["sees"]
    assert remark_on(here, here) == ""
    other = here | {"host": "n2", "torch": "2.9.0"}
    assert remark_on(other, here) == (
        f"Node n2 has torch 2.9.0 where this machine has {here['torch']}: "
        "numbers may differ in the last digits."
    )
    assert "has no mnist-tui" in remark_on(here | {"mnist-tui": None}, here)
    assert "has mnist-tui 0.1;" in remark_on(here | {"mnist-tui": "0.1"}, here)


def test_what_keeps_ray_from_being_used_is_a_line(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    monkeypatch.setattr(cluster, "find_spec", lambda name: SimpleNamespace(origin="there"))
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(is_initialized=lambda: False))
    with pytest.raises(EngineError, match=rf"No Ray cluster answers at 127.0.0.1:{closed} \("):
        cluster.connect(f"127.0.0.1:{closed}")
    with pytest.raises(EngineError, match="begin the sweep on one: --address HOST:6379"):
        cluster.connect("ray://head:10001")
    monkeypatch.setattr(cluster, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"not installed: pip install .mnist-tui\[ray\]"):
        cluster.connect(None)


def test_a_cluster_has_room_for_whole_runs_only():
    assert Share(2).fits({"CPU": 5.0}) == 2
    assert Share(1).fits({"memory": 1e9}) == 0
    nodes = [{"CPU": 8.0, "GPU": 2.0}, {"CPU": 4.0}]
    assert share_of(1, None, nodes) == Share(1, 0.5)
    assert [share_of(1, None, nodes).fits(node) for node in nodes] == [4, 0]
    assert share_of(1, 6, nodes) == Share(1, 1 / 3)
    assert share_of(1, 6, nodes).fits(nodes[0]) == 6
    assert share_of(4, None, [{"CPU": 8.0}]) == Share(4)
    assert calls_of(Share(1, 0.5), nodes) == 1  # a process stays with its GPU
    assert calls_of(Share(1, 0.5), [{"GPU": 1.0}]) == calls_of(Share(1), nodes) == 0


def test_what_one_is_vouched_for_counts_in_this_process_alone(tmp_path):
    code = Code("Net", b"from torch import nn\nNet = nn.Flatten\n", "net.py")
    ledger.vouch([code.sha256])
    assert ledger.is_trusted(code.sha256)
    assert not ledger.ledger_path().exists() or code.sha256 not in ledger.ledger_path().read_text()
    ledger.vouch([])
    with pytest.raises(Untrusted):
        load(code, classes=10, height=28, width=28)
