"""The line drops under a command: it ends with 129, what it drove is kept and goes on equal."""

import os
import signal
import subprocess
import sys
import termios
import time

import pytest

from engine.runs.store import list_runs
from tests.conftest import a_few
from tests.processes import COMMAND, call, comparable, progress_of, start, wait_for
from tests.terminal.terminal import Terminal

TRAIN = ["run", "train", "--model", "baseline", "--dataset", "digits", "--epochs", "120"]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """What the same training leaves when nothing happens to it."""
    folder = tmp_path_factory.mktemp("whole")
    assert call(*TRAIN, "--artifacts", folder, "--quiet")[0] == 0
    return comparable(list_runs(folder)[0])


def begun(artifacts):
    """Wait until a run has taken some steps, and return it."""
    wait_for(lambda: list_runs(artifacts))
    [run] = list_runs(artifacts)
    before = progress_of(run)
    wait_for(lambda: progress_of(run) > before)
    return run


def hang_up(*arguments, artifacts):
    """Run a command on a terminal that goes away; return its exit code."""
    terminal = Terminal(*arguments, "--artifacts", str(artifacts))
    terminal.read(lambda t: "img/s" in t.text, 60)
    terminal.hang_up()
    return terminal.exit_code()


@pytest.mark.parametrize("json", a_few([False, True], 0, 1))
@pytest.mark.extended
def test_a_run_and_its_resume_are_kept_with_129(artifacts, uninterrupted, json):
    if json:
        terminal = Terminal(*TRAIN, "--json", "--artifacts", str(artifacts), watch=False)
        terminal.read(lambda t: b'"progress"' in t.output, 60)
        terminal.hang_up()
        assert terminal.exit_code() == 129
    else:
        assert hang_up(*TRAIN, artifacts=artifacts) == 129
    [run] = list_runs(artifacts)
    assert run.read_status() == "stopped"
    assert hang_up("resume", run.id, artifacts=artifacts) == 129
    assert run.read_status() == "stopped"
    code, _, err = call("resume", run.id, "--artifacts", artifacts, "--quiet")
    assert (code, err) == (0, "")
    assert comparable(run) == uninterrupted
    reasons = [event.reason for event in run.events() if event.kind == "stopped"]
    assert set(reasons) <= {"SIGHUP"}


@pytest.mark.parametrize("json", a_few([False, True], 1))
def test_a_terminal_that_is_gone_without_a_signal_is_a_line_that_drops(
    artifacts, json, monkeypatch
):
    """A shell that was told not to pass the signal on: only writing tells."""
    monkeypatch.setenv("TERM", "xterm")
    main, other = os.openpty()
    termios.tcsetwinsize(other, (30, 120))
    arguments = [*TRAIN, "--artifacts", str(artifacts), *(["--json"] if json else [])]
    process = subprocess.Popen([*COMMAND, *arguments], stdin=other, stdout=other, stderr=other,
                               start_new_session=True)  # fmt: skip
    os.close(other)
    while (b'"progress"' if json else b"img/s") not in os.read(main, 1 << 16):
        pass
    os.close(main)
    assert process.wait(60) == 129
    [run] = list_runs(artifacts)
    assert run.read_status() == "stopped"


def test_a_second_hang_up_does_not_hurt(artifacts):
    process = start(*TRAIN, "--artifacts", artifacts)
    run = begun(artifacts)
    for _ in range(20):
        process.send_signal(signal.SIGHUP)
        time.sleep(0.01)
    process.communicate(timeout=60)
    assert process.returncode in (129, -signal.SIGHUP)  # the latter once all is kept
    assert run.read_status() == "stopped"


@pytest.mark.extended
def test_who_follows_a_run_leaves_it_with_129(artifacts):
    code, out, err = call("run", "train", "--model", "baseline", "--dataset", "digits", "--epochs",
                          10_000, "--artifacts", artifacts, "--detach")  # fmt: skip
    assert code == 0, err
    arguments = ["attach", out.strip(), "--artifacts", str(artifacts), "--json"]
    terminal = Terminal(*arguments, watch=False)
    terminal.read(lambda t: b'"progress"' in t.output, 60)
    terminal.hang_up()
    assert terminal.exit_code() == 129
    follower = start(*arguments)
    follower.stdout.readline()
    follower.send_signal(signal.SIGTERM)
    assert "interrupted" in follower.communicate(timeout=60)[1]
    assert follower.returncode == 143
    [run] = list_runs(artifacts)
    assert run.read_status() == "running"


def test_what_was_told_to_ignore_a_hang_up_goes_on(artifacts):
    program = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execvp"
    arguments = [*COMMAND, *TRAIN, "--artifacts", str(artifacts), "--quiet"]
    process = subprocess.Popen([sys.executable, "-c", f"{program}(sys.argv[1], sys.argv[1:])",
                                *arguments], stdout=subprocess.DEVNULL)  # fmt: skip
    run = begun(artifacts)
    process.send_signal(signal.SIGHUP)
    before = progress_of(run)
    wait_for(lambda: progress_of(run) > before + 10)
    process.terminate()
    assert process.wait(60) == 143
