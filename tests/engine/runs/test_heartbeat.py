"""Runs that several machines share: stand-ins take the places of the other ones."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from engine.errors import EngineError
from engine.runs import holder
from engine.runs.events import Checkpoint, Failed, Progress
from engine.runs.folder import file_system, folder_words
from engine.runs.holder import FRESH, Holder
from engine.runs.journal import Journal
from engine.runs.lock import HeldElsewhere, RunLock, holder_of, is_driven
from engine.runs.run import Run
from engine.runs.session import Control, Session
from tests.conftest import train_config
from tests.processes import wait_for

THERE = Holder(host="node7", boot="another", pid=4711, attempt=2, count=9)


def sign(run, found=THERE, ago=0.0):
    """Let another machine have driven a run, and have said so some seconds ago."""
    (run / ".lock").write_bytes(found.line())
    os.utime(run / ".lock", times=(time.time() - ago,) * 2)


def test_what_another_machine_renewed_within_a_minute_is_not_taken(tmp_path):
    sign(tmp_path, ago=20)
    assert is_driven(tmp_path)
    with pytest.raises(HeldElsewhere, match=r"by node7 \(process 4711\), .* 2\d s ago") as told:
        RunLock(tmp_path)
    assert 35 < told.value.seconds < 41
    assert "try again in 4" in str(told.value)
    assert "\n" not in str(told.value)
    assert os.listdir(tmp_path) == [".lock"]
    assert holder_of(tmp_path) == THERE
    sign(tmp_path, ago=FRESH + 5)
    assert not is_driven(tmp_path)
    with RunLock(tmp_path):
        assert is_driven(tmp_path)


def test_a_container_with_the_same_name_is_another_machine(tmp_path):
    sign(tmp_path, Holder(host=holder.identity()[0], boot="another", pid=1))
    with pytest.raises(HeldElsewhere):
        RunLock(tmp_path)
    sign(tmp_path, Holder(host=holder.identity()[0], boot=holder.identity()[1], pid=1))
    RunLock(tmp_path).release()


@pytest.mark.parametrize(("server", "driven"), [(980, True), (900, False)])
def test_the_clock_of_the_file_server_counts(tmp_path, monkeypatch, server, driven):
    monkeypatch.setattr(holder, "_clocks", {})
    monkeypatch.setattr(holder, "written_now", lambda run: time.time() - server)
    sign(tmp_path, ago=1000)
    assert is_driven(tmp_path) == driven
    if driven:
        with pytest.raises(HeldElsewhere):
            RunLock(tmp_path)
    else:
        RunLock(tmp_path).release()


def test_where_nothing_can_be_written_this_clock_has_to_do(tmp_path, monkeypatch):
    def refuse(run):
        raise PermissionError

    monkeypatch.setattr(holder, "_clocks", {})
    monkeypatch.setattr(holder, "written_now", refuse)
    sign(tmp_path, ago=5)
    assert is_driven(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"4711\n", b"", b"{", b"[1]", b'{"attempt": -1}', b'{"host": 3}', b"\xff" * 600, b"9" * 500],
)
def test_a_lock_file_of_an_older_version_or_a_damaged_one_says_nothing(tmp_path, content):
    (tmp_path / ".lock").write_bytes(content)
    assert not is_driven(tmp_path)
    assert holder_of(tmp_path).pid == (4711 if content.startswith(b"4711") else 0)
    with RunLock(tmp_path):
        assert holder_of(tmp_path).pid == os.getpid()


def test_an_older_attempt_never_takes_over_from_a_newer_one(tmp_path):
    RunLock(tmp_path, attempt=3).release()
    with pytest.raises(EngineError, match=r"Attempt 3 at run .* has begun; attempt 2 gives way"):
        RunLock(tmp_path, attempt=2)
    RunLock(tmp_path).release()  # by hand, whatever the sweep's count
    assert holder_of(tmp_path) == Holder(attempt=3, count=2)
    with RunLock(tmp_path, attempt=3):
        assert holder_of(tmp_path).attempt == 3


def test_who_lost_a_run_writes_nothing_more(tmp_path, monkeypatch):
    monkeypatch.setattr(holder, "BEAT", 0.01)
    run = Run(tmp_path)
    with RunLock(tmp_path), Journal(tmp_path) as journal:
        journal.append(Checkpoint(step=1))
        run.write("weights.pt", b"ours")
        sign(tmp_path, ago=30)
        before = contents(tmp_path)
        for write in (
            lambda: journal.append(Checkpoint(step=2)),
            lambda: run.write("weights.pt", b"zombie"),
            lambda: run.write("figures/loss.png", b"zombie"),
            lambda: run.write_json("run.json", {}),
            lambda: run.remove("weights.pt"),
            lambda: run.cut_journal(0),
            lambda: run.clear_partial(),
        ):
            with pytest.raises(EngineError, match=r"taken over by node7 .*, attempt 2; .* nothing"):
                write()
        time.sleep(0.05)
    assert contents(tmp_path) == before
    assert holder.silence(tmp_path, (tmp_path / ".lock").stat().st_mtime) > 20  # not renewed by us
    run.write("weights.pt", b"another's")  # which this process does not drive


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_not_replaced_where_the_run_was_lost_while_it_was_written(tmp_path, monkeypatch):
    run, sync = Run(tmp_path), os.fsync
    with RunLock(tmp_path):
        run.write("weights.pt", b"ours")

        def slow(file):
            sign(tmp_path)
            sync(file)

        monkeypatch.setattr(os, "fsync", slow)
        with pytest.raises(EngineError, match="taken over"):
            run.write("weights.pt", b"zombie")
    assert contents(tmp_path).keys() == {".lock", "weights.pt"}
    assert (tmp_path / "weights.pt").read_bytes() == b"ours"


def test_a_training_that_lost_its_run_stops_and_leaves_it_as_it_is(tmp_path, few, cpu):
    heard, left = [], {}

    def listen(event):
        heard.append(event)
        if isinstance(event, Progress) and not left:
            run = tmp_path / heard[0].run
            sign(run)
            left.update(contents(run))

    config = train_config(artifacts=str(tmp_path), epochs=3)
    with pytest.raises(EngineError, match="taken over by node7"):
        Session(config, few, cpu, listen=listen).run()
    assert isinstance(heard[-1], Failed)
    assert contents(tmp_path / heard[0].run) == left


def test_a_paused_run_gives_signs_of_life(tmp_path, few, cpu, monkeypatch):
    monkeypatch.setattr(holder, "BEAT", 0.02)
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    control, heard, renewed = Control(), [], []

    def go_on(lock):
        os.utime(lock, times=(1, 1))
        renewed.append(wait_for(lambda: time.time() - lock.stat().st_mtime < 5))
        control.paused = False

    def listen(event):
        heard.append(event)
        if isinstance(event, Progress) and not renewed:
            control.paused = True  # at an epoch's end
            lock = tmp_path / heard[0].run / ".lock"
            threading.Thread(target=go_on, args=(lock,)).start()

    config = train_config(artifacts=str(tmp_path), epochs=2)
    run = Session(config, few, cpu, listen=listen, control=control).run()
    assert renewed
    assert not holder_of(run.path).host  # let go


# Another machine, on whose file system locks do not reach ours.
ZOMBIE = """
import fcntl, sys
from pathlib import Path
from engine.errors import EngineError
from engine.runs import holder
from engine.runs.events import Checkpoint
from engine.runs.journal import Journal
from engine.runs.lock import RunLock

fcntl.flock = lambda file, how: None
holder.identity = lambda: ("node8", "zombie")
run = Path(sys.argv[1])
with RunLock(run, attempt=1), Journal(run) as journal:
    journal.append(Checkpoint(step=1))
    print("drives", flush=True)
    sys.stdin.readline()
    try:
        journal.append(Checkpoint(step=2))
    except EngineError as error:
        print(error, flush=True)
try:
    RunLock(run, attempt=1)
except EngineError as error:
    print(error, flush=True)
sys.stdin.readline()
try:
    RunLock(run, attempt=1)
except EngineError as error:
    print(error, flush=True)
"""


def test_a_machine_that_comes_back_from_a_partition_cannot_write(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", ZOMBIE, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as zombie:  # fmt: skip
        assert zombie.stdout.readline() == "drives\n"
        with pytest.raises(HeldElsewhere, match="node8"):
            RunLock(tmp_path, attempt=2)
        os.utime(tmp_path / ".lock", times=(time.time() - FRESH - 1,) * 2)  # cut off for a minute
        with RunLock(tmp_path, attempt=2), Journal(tmp_path) as journal:
            journal.append(Checkpoint(step=5))
            before = contents(tmp_path)
            zombie.stdin.write("\n")
            zombie.stdin.flush()
            assert "taken over by" in (told := zombie.stdout.readline())
            assert "attempt 2" in told
            assert "being driven by" in zombie.stdout.readline()
            assert contents(tmp_path) == before
            journal.append(Checkpoint(step=6))
        zombie.stdin.write("\n")
        zombie.stdin.flush()
        assert "Attempt 2 at run" in zombie.stdout.readline()


def test_after_a_kill_this_machine_goes_on_at_once(tmp_path):
    program = (
        "import sys; from pathlib import Path; from engine.runs.lock import RunLock\n"
        "RunLock(Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert holder_of(tmp_path).pid == process.pid
    assert not is_driven(tmp_path)
    RunLock(tmp_path).release()


def test_a_folder_is_tested_for_what_runs_need(tmp_path, monkeypatch):
    assert "locks hold between processes" in folder_words(tmp_path)
    assert folder_words(tmp_path).endswith("file timestamps are right")
    assert file_system(tmp_path) not in ("", "unknown")
    assert os.listdir(tmp_path) == []
    monkeypatch.setattr("engine.runs.folder.file_system", lambda folder: "nfs4")
    monkeypatch.setattr("engine.runs.folder.written_now", lambda folder: time.time() - 40)
    monkeypatch.setattr("fcntl.flock", lambda file, how: None)
    words = folder_words(tmp_path)
    assert words.startswith("nfs4; locks do not hold between processes")
    assert "a heartbeat every 10 s" in words
    assert "its clock is 40 s behind ours" in words
