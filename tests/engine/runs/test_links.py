"""Nothing is written out of a run's directory, and nothing in it hangs who writes there."""

import os
import shutil
import signal
from contextlib import contextmanager, suppress

import pytest

from engine.errors import EngineError
from engine.figures import draw_figures
from engine.report import write_report
from engine.report.choose import choose
from engine.runs.control import Control
from engine.runs.events import Progress
from engine.runs.journal import Journal
from engine.runs.lock import RunLock, is_driven
from engine.runs.queue import QueueKeeper, Request
from engine.runs.run import Run
from engine.runs.session import Session
from engine.runs.store import remove_run
from tests.conftest import a_few, train_config

NAMES = [
    "run.json", "events.jsonl", "result.json", "weights.pt", "checkpoint.pt", ".lock", ".stop",
    ".reserve", ".queue", "report.html", "figures", "figures/loss.png",
]  # fmt: skip


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, few, cpu):
    """A run that was stopped on its way."""
    control = Control()

    def listen(event):
        if isinstance(event, Progress):
            control.stop("a test")

    config = train_config(epochs=2, artifacts=str(tmp_path_factory.mktemp("artifacts")))
    return Session(config, few, cpu, listen=listen, control=control).run()


@pytest.fixture
def run(stopped, tmp_path):
    """A copy of it, to be spoilt."""
    shutil.copytree(stopped.path, tmp_path / "artifacts" / stopped.id)
    return Run(tmp_path / "artifacts" / stopped.id)


@pytest.fixture
def outside(tmp_path):
    """A folder that a run has no business in."""
    folder = tmp_path / "outside"
    (folder / "folder").mkdir(parents=True)
    (folder / "thesis.txt").write_text("years of work")
    return folder


def content(folder):
    """Everything in a folder, with the times of its changes."""
    return {
        path: (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in [folder, *folder.rglob("*")]
    }


@contextmanager
def at_once():
    """Fail a test that hangs."""

    def late(*arguments):
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def everything(run, few, cpu, name):
    """Do with a run all that writes in its directory; what takes long only where ``name`` is."""
    session = Session(
        train_config(epochs=2, artifacts=str(run.path.parent)), few, cpu,
        listen=lambda event: None, resumed=run,
        begun=lambda run: QueueKeeper().keep(run, [Request("x", [train_config()])]),
    )  # fmt: skip

    def report():
        write_report(choose(run.path.parent, [run.id]), few, cpu, run.path / "report.html", "x")

    steps = [run.ask_to_stop, session.run, QueueKeeper(run).done]
    with pytest.MonkeyPatch.context() as patch:
        if name == "report.html":
            steps.append(report)
        elif not name.startswith("figures"):
            patch.setattr("engine.figures.draw_figures", lambda run: iter(()))
        for step in steps:
            with suppress(EngineError):
                step()


@pytest.mark.parametrize("name", a_few(NAMES, 8, 2))
@pytest.mark.parametrize("target", ["thesis.txt", "new.txt", "moved.txt"])
def test_a_link_leads_nothing_out_of_the_run(run, outside, few, cpu, name, target):
    path = run.path / name
    path.parent.mkdir(exist_ok=True)
    if path.is_file():
        path.rename(outside / "moved.txt")  # what it held, so that it is read for what it was
    path.symlink_to(outside / ("folder" if name == "figures" else target))
    before = content(outside)
    with at_once():
        everything(run, few, cpu, name)
        with suppress(EngineError):
            remove_run(run)
    assert content(outside) == before


@pytest.mark.parametrize("name", a_few(NAMES, 3))
def test_a_pipe_in_a_file_s_place_hangs_nobody(run, few, cpu, name):
    path = run.path / name
    path.parent.mkdir(exist_ok=True)
    if path.is_file():
        path.unlink()
    os.mkfifo(path)
    with at_once():
        assert not is_driven(run.path)
        everything(run, few, cpu, name)


def test_what_is_refused_is_said_in_one_line(run, outside, few, cpu):
    journal = run.path / "events.jsonl"
    journal.rename(outside / "journal")
    journal.symlink_to(outside / "journal")
    with pytest.raises(EngineError, match=r"events\.jsonl is damaged \(it is a link\)"):
        Journal(run.path)
    journal.unlink()
    os.mkfifo(journal)
    with pytest.raises(EngineError, match=r"events\.jsonl is damaged \(it is not a regular file\)"):
        Journal(run.path)


def test_figures_that_lead_elsewhere_are_refused_in_one_line(copied, outside):
    run = copied["train"]
    shutil.rmtree(run.path / "figures")
    (run.path / "figures").symlink_to(outside)
    with pytest.raises(EngineError, match=r"figures is a link; nothing is written through it"):
        list(draw_figures(run))
    assert sorted(path.name for path in outside.iterdir()) == ["folder", "thesis.txt"]


def test_a_run_that_is_a_link_is_read_and_never_written(run, outside, tmp_path, few, cpu):
    elsewhere = outside / run.id
    run.path.rename(elsewhere)
    run.path.symlink_to(elsewhere)
    before = content(outside)
    assert run.read_status() == "stopped"
    assert len(list(run.events())) > 1
    session = Session(run.read_config(), few, cpu, listen=lambda event: None, resumed=run)
    writing = (
        session.run,
        run.ask_to_stop,
        lambda: RunLock(run.path),
        lambda: QueueKeeper().keep(run, [Request("x", [train_config()])]),
        QueueKeeper(run).done,
        lambda: remove_run(run),
        lambda: run.update(status="finished"),
    )
    for write in writing:
        with pytest.raises(EngineError, match=r"is a link"):
            write()
    assert content(outside) == before
    with pytest.raises(EngineError) as told:
        session.run()
    assert f"--artifacts {outside}" in str(told.value)


def test_figures_of_a_run_that_is_a_link_are_not_drawn(copied, outside):
    run = copied["train"]
    run.path.rename(outside / run.id)
    run.path.symlink_to(outside / run.id)
    shutil.rmtree(outside / run.id / "figures")
    with pytest.raises(EngineError, match=r"is a link; nothing is written through it"):
        list(draw_figures(run))
    assert not (outside / run.id / "figures").exists()
