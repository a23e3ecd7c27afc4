"""The line drops, or someone leaves: what runs goes on in a process of its own, and is equal."""

import os
import signal
import time

import pytest

from engine.runs.queue import read_queue
from engine.runs.store import list_runs
from tests.processes import call, comparable, progress_of, wait_for
from tests.terminal.terminal import Terminal

EPOCHS = 80  # of the digits, 10 steps each: some seconds


@pytest.fixture
def home(tmp_path):
    """Environment of a user whose trainings take some seconds by default."""
    folder = tmp_path / "config" / "mnist-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f"[defaults]\nepochs = {EPOCHS}\n")
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_STATE_HOME": str(tmp_path / "state")}


def opened(artifacts, **environment):
    terminal = Terminal("--dataset", "digits", "--artifacts", str(artifacts), **environment)
    terminal.read(lambda t: "Models" in t.text and "quit" in t.text)
    return terminal


def training(artifacts, key="r", **environment):
    terminal = opened(artifacts, **environment)
    terminal.press(key)
    terminal.read(lambda t: "img/s" in t.text, 60)
    return terminal


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """What the same training leaves when nothing happens to it."""
    folder = tmp_path_factory.mktemp("whole")
    code, _, err = call("run", "train", "--model", "baseline", "--dataset", "digits", "--epochs",
                        EPOCHS, "--artifacts", folder)  # fmt: skip
    assert code == 0, err
    return comparable(list_runs(folder)[0])


def assert_it_went_on_and_ended_equal(artifacts, uninterrupted):
    [run] = list_runs(artifacts)
    wait_for(lambda: run.read_status() == "finished", 120)
    assert any(event.kind == "resumed" for event in run.events())
    assert comparable(run) == uninterrupted


@pytest.mark.extended
def test_d_leaves_and_the_run_ends_as_if_nothing_had_happened(artifacts, home, uninterrupted):
    terminal = training(artifacts, **home)
    terminal.press("d")
    assert terminal.exit_code() == 0
    [run] = list_runs(artifacts)
    assert f"mnist-tui attach {run.id}".encode() in terminal.output
    assert_it_went_on_and_ended_equal(artifacts, uninterrupted)


@pytest.mark.extended
def test_a_line_that_drops_hands_the_run_over(artifacts, home, uninterrupted):
    terminal = training(artifacts, **home)
    terminal.hang_up()
    assert terminal.exit_code() == 129
    assert_it_went_on_and_ended_equal(artifacts, uninterrupted)


@pytest.mark.long
def test_a_line_that_stalls_and_then_drops_hands_it_over_too(artifacts, home, uninterrupted):
    """The app's loop hangs on a terminal that nobody reads when the signal comes."""
    terminal = training(artifacts, **home)
    [run] = list_runs(artifacts)
    before = progress_of(run)
    time.sleep(2)  # nobody reads; what the app wrote fills the line
    wait_for(lambda: progress_of(run) > before + 50)
    terminal.hang_up()
    assert terminal.exit_code() == 129
    assert_it_went_on_and_ended_equal(artifacts, uninterrupted)


@pytest.mark.extended
def test_what_was_queued_is_started_by_the_process_that_took_over(artifacts, home):
    terminal = training(artifacts, key="a", **home)
    terminal.press("q")
    terminal.read(lambda t: "Keep it running in the background" in t.text)
    terminal.press("\r")
    assert terminal.exit_code() == 0
    assert b" continues in the background, then 2 more; `mnist-tui attach " in terminal.output
    [first] = list_runs(artifacts)
    assert [config.model for request in read_queue(first) for config in request.configs] == [
        "two-conv", "two-conv-fc"
    ]  # fmt: skip
    wait_for(lambda: len(list_runs(artifacts)) > 1, 120)
    second = list_runs(artifacts)[0]
    assert second.read_config().model == "two-conv"
    assert first.read_status() == "finished"
    wait_for(lambda: read_queue(second))
    assert [request.runs for request in read_queue(second)] == [[first.id, second.id]]
    assert not read_queue(first)


@pytest.mark.extended
def test_reopened_the_app_shows_it_with_its_whole_curve_and_can_stop_it(artifacts, home):
    terminal = training(artifacts, **home)
    terminal.press("d")
    assert terminal.exit_code() == 0
    [run] = list_runs(artifacts)
    wait_for(lambda: run.read_status() == "running")
    terminal = opened(artifacts, **home)
    terminal.read(lambda t: "img/s" in t.text, 20)
    terminal.press(" ")
    terminal.read(lambda t: "Another process drives this run" in t.text)
    terminal.press("s")
    terminal.read(lambda t: "■ baseline" in t.text)
    wait_for(lambda: run.read_status() == "stopped")
    terminal.press("q")
    assert terminal.exit_code() == 0


@pytest.mark.extended
def test_attach_opens_the_app_on_a_run_and_leaving_does_not_end_it(artifacts, home):
    code, out, err = call("run", "train", "--model", "two-conv", "--dataset", "digits", "--epochs",
                          10_000, "--artifacts", artifacts, "--detach")  # fmt: skip
    assert code == 0, err
    name = out.strip()
    terminal = Terminal("attach", name, "--artifacts", str(artifacts), **home)
    terminal.read(lambda t: "◐ two-conv" in t.text and "img/s" in t.text, 60)
    terminal.press("q")
    assert terminal.exit_code() == 0
    [run] = list_runs(artifacts)
    assert run.read_status() == "running"
    step = progress_of(run)
    wait_for(lambda: progress_of(run) > step)


@pytest.mark.extended
def test_a_run_is_handed_over_before_it_has_begun(artifacts, home):
    """At once after the first frame, while torch is being imported."""
    terminal = opened(artifacts, **home)
    terminal.press("rd")
    assert terminal.exit_code() == 0
    assert b"continues in the background" in terminal.output
    [run] = list_runs(artifacts)
    wait_for(lambda: run.read_status() == "running")
    wait_for(lambda: progress_of(run) > 10)


def test_sigterm_ends_a_run_where_a_dropped_line_hands_it_over(artifacts, home):
    terminal = training(artifacts, **home)
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.exit_code() == 143
    [run] = list_runs(artifacts)
    assert run.read_status() == "stopped"
    [stopped] = [event for event in run.events() if event.kind == "stopped"]
    assert stopped.reason == "SIGTERM"
