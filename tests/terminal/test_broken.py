"""What ends the app without being asked to costs no run, and the terminal comes back."""

import json
import os
import pty
import signal
import termios
import time
import tty
from contextlib import suppress

import pytest

from engine.runs.store import list_runs
from tests.conftest import a_few
from tests.processes import wait_for
from tests.terminal.terminal import Terminal
from tui.app.open import restoring

LEAVE_SCREEN, SHOW_CURSOR = b"\x1b[?1049l", b"\x1b[?25h"


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "config" / "mnist-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[defaults]\nepochs = 10000\n")
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state"),
            "MNIST_TUI_THREADS": "1"}  # fmt: skip


def training(artifacts, **environment):
    terminal = Terminal("--dataset", "digits", "--artifacts", str(artifacts), **environment)
    terminal.read(lambda t: "Models" in t.text and "quit" in t.text)
    terminal.press("r")
    terminal.read(lambda t: "img/s" in t.text, 60)
    return terminal


@pytest.mark.extended
def test_a_screen_that_always_fails_hands_its_run_over_and_says_so(artifacts, home):
    fault = {"MNIST_TUI_TEST_FAULT": "MainScreen._tick"}
    terminal = Terminal("--dataset", "digits", "--artifacts", str(artifacts), **home, **fault)
    terminal.read(lambda t: "Models" in t.text and "quit" in t.text)
    terminal.press("r")
    assert terminal.exit_code(120) == 1
    said = terminal.output.rpartition(LEAVE_SCREEN)[2].decode()
    assert "The app could not continue (PlantedFault" in said
    last = said.strip().splitlines()[-1]
    [run] = list_runs(artifacts)
    assert last.startswith(f"{run.id} continues in the background")
    assert run.read_status() == "running"
    assert SHOW_CURSOR in terminal.output


def test_a_hand_over_that_fails_is_said_and_the_run_is_kept(artifacts, home, tmp_path):
    terminal = training(artifacts, **home)
    log = tmp_path / "state" / "mnist-tui" / "log"
    [run] = list_runs(artifacts)
    (run.path / ".queue").write_text("this is no queue")  # which the other process refuses
    terminal.press("d")
    code = terminal.exit_code(120)
    said = terminal.output.rpartition(LEAVE_SCREEN)[2].decode()
    assert "could not be handed over" in said, said
    assert f"mnist-tui resume {run.id}" in said
    assert code == 1
    assert run.read_status() == "stopped"
    assert f"{run.path / '.queue'} is damaged" in (log / "detached.log").read_text()


@pytest.mark.extended
def test_leaving_waits_until_the_other_process_has_the_run(artifacts, home):
    terminal = training(artifacts, **home)
    terminal.press(" ")
    terminal.read(lambda t: "paused" in t.text)
    terminal.press("d")
    assert terminal.exit_code(120) == 0
    [run] = list_runs(artifacts)
    assert run.read_status() == "running"  # at once, not some seconds later
    assert b"it was paused: now it runs" in terminal.output


@pytest.mark.extended
def test_a_process_that_ends_for_a_hanging_screen_leaves_the_terminal_as_it_was(artifacts, home):
    terminal = training(artifacts, **home)
    os.kill(terminal.pid, signal.SIGTERM)
    time.sleep(0.2)
    assert terminal.exit_code() == 143
    assert terminal.output.endswith(LEAVE_SCREEN) or LEAVE_SCREEN in terminal.output[-2000:]
    assert json.loads((next(artifacts.iterdir()) / "run.json").read_text())["status"] == "stopped"


def test_quit_and_the_answer_in_one_go_leave(artifacts, home):
    terminal = training(artifacts, **home)
    terminal.press("qs")
    assert terminal.exit_code() == 0
    [run] = list_runs(artifacts)
    assert run.read_status() == "stopped"


def test_ctrl_z_suspends_and_fg_resumes(artifacts, home):
    terminal = training(artifacts, **home)

    def state():
        with open(f"/proc/{terminal.pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0]

    terminal.press("\x1a")
    terminal.read(lambda t: state() == "T")  # it stops when all that it drew has been read
    os.kill(terminal.pid, signal.SIGCONT)
    wait_for(lambda: state() != "T", 10)
    before = len(terminal.output)
    terminal.read(lambda t: b"img/s" in t.output[before:])
    terminal.read_for(1)  # until the terminal is raw again: before, keys would be others
    terminal.press("qs")
    assert terminal.exit_code() == 0


@pytest.mark.extended
@pytest.mark.parametrize(
    ("number", "code"), a_few([("SIGHUP", 129), ("SIGTERM", 143)], 0, 1, several=True)
)
def test_a_signal_while_leaving_costs_nothing(artifacts, home, number, code):
    terminal = training(artifacts, **home)
    terminal.press("d")
    terminal.read(lambda t: LEAVE_SCREEN in t.output)
    os.kill(terminal.pid, getattr(signal, number))
    assert terminal.exit_code(120) == code
    [run] = list_runs(artifacts)
    assert run.read_status() == "running"  # in the other process
    assert b"continues in the background" in terminal.output


@pytest.mark.extended
def test_a_second_ctrl_c_ends_the_wait_for_what_is_saved(artifacts, home):
    terminal = training(artifacts, **home)
    [run] = list_runs(artifacts)
    os.kill(terminal.pid, signal.SIGINT)
    assert terminal.exit_code() == 130
    assert run.read_status() in ("stopped", "interrupted")


@pytest.mark.alone
def test_a_terminal_is_restored_without_waiting_for_it():
    master, slave = pty.openpty()
    with open(slave, "rb", buffering=0) as keys, open(os.dup(slave), "wb", buffering=0) as screen:
        before = termios.tcgetattr(slave)
        restore = restoring(keys, screen, lambda: "(images are freed)")
        tty.setraw(slave)
        restore()
        assert termios.tcgetattr(slave) == before
        written = os.read(master, 1000)
        assert written.startswith(b"\x1b\\(images are freed)")  # whatever was cut off
        assert LEAVE_SCREEN in written
        assert SHOW_CURSOR in written
        os.set_blocking(slave, False)
        with suppress(BlockingIOError):
            while True:
                os.write(slave, bytes(4096))  # nobody reads: the line is stalled
        begin = time.monotonic()
        restore()
        assert time.monotonic() - begin < 1
    os.close(master)
