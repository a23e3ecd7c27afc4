"""Every way to read a run, on runs that were damaged at random: one clear line, or it works.

Each seed is a damage of its own. Nothing may hang, take memory beyond measure, end in anything but
a MnistTuiError, hide the runs that are sound, or change what is not the run's own.
"""

import io
import json
import os
import random
import resource
import shutil
import signal
import time
import traceback
from contextlib import contextmanager, suppress

import msgspec
import pytest
from rich.console import Console

from engine.analysis import export as exports
from engine.analysis.compare import compare
from engine.analysis.judgement import judged_json
from engine.analysis.verify import verify
from engine.errors import MnistTuiError
from engine.figures import draw_figures
from engine.laboratory import Laboratory
from engine.networks.architectures import ARCHITECTURES
from engine.report import write_report
from engine.report.choose import choose
from engine.runs.control import Control
from engine.runs.events import Progress
from engine.runs.follow import Follower
from engine.runs.index import summaries
from engine.runs.lock import is_driven
from engine.runs.queue import QueueKeeper, Request, read_queue
from engine.runs.run import Run
from engine.runs.session import Session
from engine.runs.store import find_run, list_runs
from engine.runs.summary import summarize
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig
from engine.trainings import find_trained, newest_trained
from tests.fuzz.damage import HUGE, damage
from tui.app.screens.files import files_of
from tui.app.screens.network import trained_runs
from tui.app.sections.adversarial.infused import Infused
from tui.app.sections.train.pane import labels_and_answers
from tui.cli.progress import Meter
from tui.cli.tables import print_run, print_runs
from tui.comparison import print_comparison
from tui.live.mailbox import Mailbox
from tui.live.shelf import Shelf

SHORT, LONG = 30, 2000
CHUNK = 100  # damages in one test of the long form
SECONDS = 10.0  # of the processor, for one operation
PATIENCE = 60.0  # seconds by the clock: who waits for a pipe takes none of the processor
MEMORY = 400 * 1024  # KiB, by which the process may grow
FOUND = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 1}


class Hung(BaseException):
    """An operation took too long."""


class StopAt:
    """Stops a run at a step."""

    def __init__(self, step):
        self.step, self.control = step, Control()

    def __call__(self, event):
        if isinstance(event, Progress) and event.step >= self.step:
            self.control.stop("user")


@pytest.fixture(scope="module")
def sound(tmp_path_factory, digits, cpu):
    """A folder with a finished and a stopped run of each section, and a twin to compare with."""
    folder = tmp_path_factory.mktemp("sound")
    artifacts = str(folder)

    def run(config, stop=10**9, **options):
        listen = StopAt(stop)
        session = Session(config, digits, cpu, listen=listen, control=listen.control,
                          command="mnist-tui run", **options)  # fmt: skip
        return session.run()

    def training(model, **options):
        options = {"epochs": 2, "artifacts": artifacts} | options
        return TrainConfig(model=model, **options).resolve(**FOUND)

    other = run(training("baseline"))
    network = run(training("two-conv"), companions=(other.id,))
    run(training("baseline", seed=1))
    looking = {"run": network.id, "model": "two-conv", "other_runs": {"baseline": other.id}}
    for steps, stop in ((6, 10**9), (6, 3)):
        short = {"steps": steps, "artifacts": artifacts}
        noises = AdversarialConfig(labels=(1, 7), **short).resolve(**FOUND, **looking)
        images = VisualizeConfig(layers=("logits",), **short).resolve(**FOUND, **looking)
        run(noises, stop)
        run(images, stop)
    stopped = run(training("baseline"), 12)
    QueueKeeper().keep(stopped, [Request("mnist-tui run", [training("two-conv")], [stopped.id])])
    return folder


@pytest.fixture
def outside(tmp_path):
    """What nothing in a run may lead to."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "file").write_bytes(b"years of work")
    os.mkfifo(folder / "pipe")
    with (folder / "huge").open("wb") as file:
        file.truncate(HUGE)
    return folder


@pytest.fixture
def small_figures(monkeypatch):
    """Draw figures with few pixels: what is read matters here."""
    monkeypatch.setattr("engine.figures.style.DPI", 20)


def print_to_nobody():
    return Console(file=io.StringIO(), width=100, markup=False)


def list_them(run, artifacts, laboratory, tmp_path):
    found = summaries(artifacts)
    assert found == [summarize(run) for run in list_runs(artifacts)]
    json.dumps([msgspec.to_builtins(one) for one in found])
    print_runs(found, print_to_nobody())
    for one in found:
        assert one.status != "damaged" or one.run == run.id


def show(run, artifacts, laboratory, tmp_path):
    print_run(find_run(artifacts, run.id), print_to_nobody())


def show_files(run, artifacts, laboratory, tmp_path):
    files_of(run)


def export(run, artifacts, laboratory, tmp_path):
    list(exports.export_csv(run))


def export_arrays(run, artifacts, laboratory, tmp_path):
    for to in ("npz", "safetensors"):
        exports.export(run, to, tmp_path / f"run.{to}", force=True)


def hold_against_others(run, artifacts, laboratory, tmp_path):
    section = run.read_info()["section"]
    twins = [other for other in list_runs(artifacts)
             if other.id != run.id and other.read_info()["section"] == section]  # fmt: skip
    comparison = compare([run, *twins])
    list(comparison.rows())
    json.dumps(judged_json(comparison), allow_nan=False)
    print_comparison(comparison, print_to_nobody())


def follow(run, artifacts, laboratory, tmp_path):
    follower, meter = Follower(run), Meter()
    events = [*follower.read(), *follower.read()]
    for event in events:
        meter(event)
    if events:
        meter.summary()
    _ = follower.ended, run.read_status(), run.was_handed_over()


def ask_to_stop(run, artifacts, laboratory, tmp_path):
    follower = Follower(find_run(artifacts, run.id))
    follower.read()
    assert follower.ended or follower.driven or run.read_status()
    run.stop_asked()


def look_for_networks(run, artifacts, laboratory, tmp_path):
    trained_runs(str(artifacts))
    for model in ARCHITECTURES:
        newest_trained(artifacts, "0" * 64, model)
    is_driven(run.path)
    find_trained(artifacts, run.id)


def open_on_the_shelf(run, artifacts, laboratory, tmp_path):
    shelf = Shelf(Mailbox())
    shelf.open_newest(str(artifacts))
    shelf.look_for_driven(str(artifacts))
    shelf.follow()
    for task in shelf.tasks:
        look_at(task)
    look_at(shelf.open(run))


def look_at(task):
    history = task.history
    if "samples" in history.previews:
        for preview in history.previews["samples"].latest(None, 1000):
            labels_and_answers(preview)
    infused = Infused.at(task, None)
    if infused is not None:
        for row in range(len(infused.noises)):
            infused.sum(row, 3)
            assert len(infused.after.values["after"][row]) == 10
            assert len(infused.before.values["before"]) == 10
    for curve in history.curves.values():
        assert len(curve.steps) == len(curve.values)


def check_again(run, artifacts, laboratory, tmp_path):
    data, device = laboratory.survey_of(run)
    list(verify(run, data, device))


def draw(run, artifacts, laboratory, tmp_path):
    list(draw_figures(run))


def report(run, artifacts, laboratory, tmp_path):
    chosen = choose(artifacts, [run.id])
    data, device = laboratory.survey_of(run)
    write_report(chosen, data, device, tmp_path / "report.html", "again")


def resume(run, artifacts, laboratory, tmp_path):
    read_queue(run)
    laboratory.resume(run, listen=Meter(), control=Control()).run()


QUICK = [list_them, show, show_files, export, export_arrays, hold_against_others, follow,
         ask_to_stop, look_for_networks, open_on_the_shelf]  # fmt: skip
SLOW = [check_again, draw, report]


@contextmanager
def not_for_long():
    def ring(*_):
        raise Hung

    timers = {signal.ITIMER_REAL: (signal.SIGALRM, PATIENCE),
              signal.ITIMER_PROF: (signal.SIGPROF, SECONDS)}  # fmt: skip
    before = {number: signal.signal(number, ring) for number, _ in timers.values()}
    for timer, (_, seconds) in timers.items():
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def state_of(folder, but=None):
    """Return what lies in a folder: kinds, sizes and times, but for one run's directory."""
    found = {}
    for path in folder.rglob("*"):
        if but is None or (path != but and but not in path.parents):
            told = path.lstat()
            found[path] = told.st_mode, told.st_size, told.st_mtime_ns
    return found


def damaged_runs(seeds, sound, tmp_path, outside, slow):
    """Damage a run by each seed, read it in every way, and return what went wrong in words."""
    artifacts = tmp_path / "artifacts"
    shutil.copytree(sound, artifacts)
    names = sorted(path.name for path in sound.iterdir())
    laboratory = Laboratory(warn=lambda words: None)
    wrong = []
    for seed in seeds:
        rng = random.Random(seed)
        run = Run(artifacts / rng.choice(names))
        words = damage(run.path, rng, outside)
        stopped = json.loads((sound / run.id / "run.json").read_bytes())["status"] == "stopped"
        operations = [*QUICK, *([resume] if stopped else rng.sample(SLOW, slow))]
        before = state_of(outside), state_of(artifacts, run.path)
        told = f"seed {seed}, {run.id}, {words}"
        for operation in operations:
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            begun = time.monotonic()
            try:
                with not_for_long():
                    operation(run, artifacts, laboratory, tmp_path)
            except MnistTuiError as error:
                if "\n" in str(error) or not str(error):
                    wrong.append(f"{told}: {operation.__name__}: not one line: {error!r}")
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                where = "".join(traceback.format_exception(error)[-3:])
                took = time.monotonic() - begun
                wrong.append(f"{told}: {operation.__name__} after {took:.1f} s: {where}")
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
            if grown > MEMORY:
                wrong.append(f"{told}: {operation.__name__} took {grown // 1024} MiB")
        if (state_of(outside), state_of(artifacts, run.path)) != before:
            wrong.append(f"{told}: something else was changed")
            shutil.rmtree(artifacts)
            shutil.copytree(sound, artifacts)
        with suppress(FileNotFoundError):
            shutil.rmtree(run.path)
        shutil.copytree(sound / run.id, run.path)
    return wrong


@pytest.mark.extended
@pytest.mark.usefixtures("small_figures")
def test_damaged_runs_are_told_in_one_line(sound, tmp_path, outside):
    wrong = damaged_runs(range(SHORT), sound, tmp_path, outside, slow=1)
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.long
@pytest.mark.usefixtures("small_figures")
@pytest.mark.parametrize("first", range(SHORT, SHORT + LONG, CHUNK))
def test_many_damaged_runs_are_told_in_one_line(sound, tmp_path, outside, first):
    wrong = damaged_runs(range(first, first + CHUNK), sound, tmp_path, outside, slow=1)
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.extended
def test_sound_runs_are_read_in_every_way(sound, tmp_path, small_figures):
    """Else nothing would be found out by damage."""
    artifacts = tmp_path / "artifacts"
    shutil.copytree(sound, artifacts)
    laboratory = Laboratory(warn=lambda words: None)
    for run in list_runs(artifacts):
        info = run.read_info()
        assert run.find_damage() == ""
        for operation in [list_them, show, show_files, export, hold_against_others, follow]:
            operation(run, artifacts, laboratory, tmp_path)
        open_on_the_shelf(run, artifacts, laboratory, tmp_path)
        slow = [*SLOW, export_arrays] if info["status"] == "finished" else [resume]
        for operation in slow:
            operation(run, artifacts, laboratory, tmp_path)
