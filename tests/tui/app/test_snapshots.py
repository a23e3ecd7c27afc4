"""What the app looks like, over sections, sizes and states; `make snapshots` draws them anew."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.widgets import Input

from engine.config import RunConfig
from engine.data.digits import ten_digits
from engine.errors import EngineError
from engine.runs.events import Started
from engine.sections.train.config import TrainConfig
from tests.conftest import a_few
from tests.tui import example_runs as examples
from tests.tui.pilot import until
from tui.app.app import MnistTui
from tui.app.machine import Load
from tui.app.main_screen import TEXT_INTERVAL
from tui.live.conductor import Conductor


class FixedMachine:
    """A load that never changes."""

    def read(self):
        return Load(cpu=1.5, memory=512 * 2**20)


class Script:
    """A laboratory whose one run tells some events and then waits."""

    def __init__(self, events):
        self.events = events

    def survey(self, config):
        return (
            SimpleNamespace(describe=lambda: examples.DATASET, examples=lambda most: ten_digits()),
            SimpleNamespace(describe=lambda: examples.ENVIRONMENT),
        )

    def missing_training(self, config):
        return None

    def images_of(self, run):
        raise EngineError("the script has no images")

    def session(self, config, *, listen, control, command, companions, begun):
        self.config = config.resolve(**examples.FOUND)
        self.listen, self.control = listen, control
        return self

    def run(self):
        for number, event in enumerate(self.events):
            self.listen(event.at(1e9 + number / 10))
        while self.control.stop_reason is None:
            time.sleep(0.01)
        raise EngineError("the script ends here")


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory, digits):
    folder = tmp_path_factory.mktemp("snapshots") / "examples"
    examples.write_examples(folder, digits)
    return folder


@pytest.fixture(autouse=True)
def beside_the_runs(monkeypatch, artifacts):
    """Let no path of this machine get into a picture."""
    monkeypatch.chdir(artifacts.parent)


def app_on(artifacts, script=None):
    config = RunConfig(dataset="digits", artifacts=artifacts.name)
    app = MnistTui(config, conductor=Conductor(script or Script([])), machine=FixedMachine())
    return app


async def settle(pilot):
    """Wait until files are read and every picture is drawn."""
    pilot.app._read_load()

    def all_read():
        return not any(w.is_running for w in pilot.app.workers if w.name != "engine")

    await until(pilot, all_read)
    await pilot.pause(2 * TEXT_INTERVAL)
    await draw(pilot)


async def draw(pilot):
    """Draw what the timer would draw within half a second."""
    app = pilot.app
    app.main._tick()
    app.main.panes[app.main.current].refresh_text()
    app.main.panes[app.main.current].refresh_pictures()
    for box in app.screen.query(Input):
        box.cursor_blink = False
    await pilot.pause()


def pressing(*keys):
    async def play(pilot):
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.05)
        await draw(pilot)

    return play


LOOKS = {  # size and keys
    "train": ((120, 40), ()),
    "train small": ((80, 24), ("j", "h", "H")),
    "train smallest": ((60, 18), ()),
    "sample": ((80, 24), ("enter", "l")),
    "adversarial": ((120, 40), ("2", "j")),
    "adversarial large": ((200, 60), ("2", "h")),
    "noise": ((80, 24), ("2", "enter")),
    "map": ((80, 24), ("2", "m")),
    "visualize": ((120, 40), ("3", "j", "x")),
    "neuron": ((120, 40), ("3", "k", "enter")),
    "runs": ((120, 40), ("4", "slash", "t", "r", "a", "i", "n")),
    "edit": ((80, 24), ("2", "e")),
    "network": ((80, 24), ("3", "n")),
    "help": ((120, 40), ("question_mark",)),
}


@pytest.mark.parametrize("look", a_few(LOOKS, 2, 3))
def test_finished_runs(snap_compare, artifacts, look):
    size, keys = LOOKS[look]
    assert snap_compare(app_on(artifacts), terminal_size=size, run_before=pressing(*keys))


def test_nothing_yet(snap_compare):
    assert snap_compare(app_on(Path("nothing")), terminal_size=(80, 24), run_before=pressing())


@pytest.mark.parametrize(
    "keys", a_few([(), ("space",), ("q",)], 1), ids=["running", "paused", "leaving"]
)
def test_a_run_that_goes_on(snap_compare, digits, keys):
    config = TrainConfig(model="baseline").resolve(**examples.FOUND)
    started = Started(step=0, run="20260102-030405-000-train-baseline", section="train",
                      title="baseline", steps=400, config=config.to_json(),
                      dataset=examples.DATASET, environment=examples.ENVIRONMENT)  # fmt: skip
    script = Script([started, *examples.train_events(digits, last=250)])

    async def play(pilot):
        await settle(pilot)
        await pilot.press("a")
        await until(pilot, lambda: pilot.app.conductor.tasks[0].step == 250)
        await pressing(*keys)(pilot)

    app = app_on(Path("nothing"), script)
    assert snap_compare(app, terminal_size=(120, 40), run_before=play)


def test_a_run_that_diverged(snap_compare, tmp_path, digits, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    examples.diverged(tmp_path, digits, 3)
    assert snap_compare(
        app_on(tmp_path), terminal_size=(120, 40), run_before=pressing("4", "enter")
    )
