"""Every key of every action, in every section and dialog, at every size: nothing breaks.

Keys and dialogs are those of the registry, so what is added to it is pressed here too.
"""

import asyncio
import shutil
from contextlib import asynccontextmanager

import pytest

from engine.runs.lock import RunLock
from engine.runs.store import list_runs
from tests.engine.sweeps.made import planned_sweep
from tests.tui.player import KEYS, assert_sound, playing, press
from tui.app.keys.action_list import Actions
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.keymap import parted
from tui.app.sections.replay import FORWARD

BY_ID, EVERYWHERE = Actions().by_id, Actions().sections
SIZES = [(40, 10), (60, 18), (80, 24), (120, 40), (200, 60), (240, 70)]
# Two states at one size in `make test`, each size and each state once with the extended tests, all
# of them with the long ones.
SHORT = {"nothing": [(60, 18)], "finished": [], "replayed": [], "live": [(80, 24)]}
EXTENDED = {"nothing": [], "finished": [], "replayed": [], "live": []}
DIALOGS_EXTENDED = [(120, 40)]
SECTION = {"train": "1", "adversarial": "2", "visualize": "3", "runs": "4"}
STOP = parted(BY_ID["run.stop"].keys)
OVER_ANOTHER = ("networks", "keep", "stopping")  # dialogs over the pad, or a sweep's screen
# What opens each dialog: from which section, by which keys.
OPENED = {
    "help": [("train", "question_mark")],
    "closeup": [("train", "enter"), ("adversarial", "enter"), ("visualize", "enter")],
    "matrix": [("adversarial", "m")],  # Train shows a live run, which has none
    "gallery": [("adversarial", "v")],
    "compare": [("runs", "c")],
    "files": [("runs", "down o"), ("train", "o")],
    "sweep": [("runs", "home w")],
    "stopping": [("runs", "home w s")],
    "edit": [("train", "e"), ("adversarial", "e"), ("visualize", "e")],
    "network": [("adversarial", "n"), ("visualize", "n")],
    "dataset": [("train", "i"), ("adversarial", "i")],
    "pad": [("train", "t"), ("runs", "t")],
    "networks": [("train", "t n")],
    "keep": [("train", "t space w")],
    "leave": [("train", "q")],
    "palette": [("train", "ctrl+p")],  # Textual's own
}  # fmt: skip


def mark(size, short, extended):
    """Return the marks of a size."""
    if size in short:
        return ()
    return pytest.mark.extended if size in extended else pytest.mark.long


async def press_in_turn(app, *keys):
    """Press keys; on the pad, once it knows which networks there are."""
    for key in keys:
        await press(app, key)
        for _ in range(500):
            if getattr(app.screen, "listed", True):
                break
            await asyncio.sleep(0.02)


def close_dialogs(app):
    while len(app.screen_stack) > 1:
        app.pop_screen()


async def live_run(app):
    """Return the run that is on and is not being stopped, begun if there is none."""
    for _ in range(3000):
        own = app.conductor.own
        if own is None:
            app.conductor.start(app.main.experiments["train"].configs_of_choice()[0], "a command")
        elif own.step > 0 and own.control.stop_reason is None:
            return own
        await asyncio.sleep(0.02)
    raise AssertionError("no run begins")


async def replay(pane):
    """Let a finished run be replayed when the key is pressed."""
    while pane.conductor.shelf.loading:
        await asyncio.sleep(0.02)
    if pane.shown is None or pane.shown.state != "finished":
        opened = pane.conductor.shelf.tasks
        pane.show_task(next(task for task in opened if task.section == pane.section))
    if not pane.player.playing:
        pane.player.play(FORWARD)
    assert pane.player.playing


@asynccontextmanager
async def driven(sweep):
    """While this lasts, it seems that a process drives a sweep."""
    with RunLock(sweep.path):
        yield


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Screenshots go to the current folder."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.extended
@pytest.mark.parametrize(("state", "size"), [
    pytest.param(state, size, id=f"{state}-{size[0]}x{size[1]}",
                 marks=mark(size, SHORT[state], EXTENDED[state]))
    for state in SHORT for size in SIZES
])  # fmt: skip
def test_every_key_twice_in_every_section(state, size, finished, tmp_path, monkeypatch):
    artifacts = tmp_path / "none" if state == "nothing" else finished

    async def play():
        async with playing(artifacts, size) as (app, _):
            monkeypatch.setattr(app, "_leave", [].append)
            for section in EVERYWHERE:
                for key in KEYS:
                    run = await live_run(app) if state == "live" else None
                    if app.main.current != section:
                        app.main.show(section)
                    if state == "replayed" and section in app.main.experiments:
                        await replay(app.main.experiments[section])
                    for time in ("once", "twice"):
                        await press(app, key)
                        assert_sound(app, section, key, time)
                        if run is not None and key not in STOP:
                            assert app.conductor.own is run, (section, key, time)
                            assert run.control.stop_reason is None, (section, key, time)
                    close_dialogs(app)

    asyncio.run(play())


def test_every_dialog_of_the_registry_is_opened():
    assert set(OPENED) == {*DIALOGS, "palette"}


@pytest.mark.parametrize("size", [
    pytest.param(size, id=f"{size[0]}x{size[1]}",
                 marks=mark(size, (), DIALOGS_EXTENDED))
    for size in SIZES
])  # fmt: skip
def test_every_key_in_every_dialog(size, finished, tmp_path, monkeypatch):
    artifacts = tmp_path / "artifacts"
    shutil.copytree(finished, artifacts)
    sweep = planned_sweep(artifacts)

    async def play():
        async with playing(artifacts, size) as (app, _), driven(sweep):
            monkeypatch.setattr(app, "_leave", [].append)
            run = await live_run(app)
            trainings = [r.id for r in list_runs(artifacts) if r.read_info()["section"] == "train"]
            app.main.panes["runs"]._marked.update(trainings[-2:])  # to be compared
            for dialog, ways in OPENED.items():
                for section, opener in ways:
                    opened, depth = False, 2 + (dialog in OVER_ANOTHER)
                    for key in KEYS:
                        if len(app.screen_stack) < depth:
                            close_dialogs(app)
                            await press(app, SECTION[section])
                            await press_in_turn(app, *opener.split())
                            opened |= len(app.screen_stack) == depth
                        await press(app, key)
                        assert_sound(app, section, opener, key)
                        lost = app.conductor.own is not run or run.control.stop_reason
                        if lost and dialog != "palette":  # which finds "stop" too
                            assert key in STOP, (section, opener, key)
                        if lost:
                            run = await live_run(app)
                        while len(app.screen_stack) > depth:
                            app.pop_screen()
                    close_dialogs(app)
                    assert opened or size < (60, 18), (section, opener)

    asyncio.run(play())
