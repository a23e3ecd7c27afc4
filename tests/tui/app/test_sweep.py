"""The app's view of a sweep."""

import json
import shutil
import threading

import pytest

from engine.runs.lock import RunLock
from engine.sweeps.schema import SweepEvent
from engine.sweeps.sweep import Sweep
from tests.conftest import a_few
from tests.engine.sweeps.made import make_run, planned_sweep
from tests.tui.pilot import live, text, until
from tui.app import screens
from tui.app.faults import planted
from tui.app.palette import SweepCommands


@pytest.fixture(scope="module")
def made(tmp_path_factory, digits):
    """A sweep of four runs, of which three have finished."""
    folder = tmp_path_factory.mktemp("sweep") / "artifacts"
    sweep = planned_sweep(folder)
    for place in range(3):
        make_run(sweep, digits, place, 0.9 + place / 100)
    return sweep


@pytest.fixture
def sweep(made, tmp_path):
    shutil.copytree(made.artifacts, tmp_path / "artifacts")
    return Sweep(tmp_path / "artifacts" / made.id)


async def shown(app, pilot):
    """Wait for the screen of a sweep, and until it has looked."""
    await until(pilot, lambda: isinstance(app.screen, screens.SweepView))
    view = app.screen
    await until(pilot, lambda: view.seen is not None and view.found.told)
    return view


def test_a_sweep_has_one_row_and_opens_with_all_that_came_of_it(sweep):
    async def story(app, pilot):
        await pilot.press("4")
        table = app.main.runs.table
        assert [item.sweep for item in table.items] == [sweep.id]
        assert "3 runs" in str(table.get_row_at(0))
        await pilot.press("enter")
        view = await shown(app, pilot)
        await until(pilot, lambda: "3/4" in text(app, "#sweep-head"))
        assert "1 waiting" in text(app, "#sweep-head")
        rows = text(app, "#sweep-rows")
        assert rows.count("●") == 3
        assert "waiting" in rows
        ranked = text(app, "#sweep-ranked")
        assert ranked.index("0.01 ") < ranked.index("0.1 ")
        assert "◆" in text(app, "#sweep-heat")
        chart = view.query_one("#sweep-curves")
        assert [line.name for line in chart.plot.lines] == ["0.01", "0.1"]
        await pilot.press("m")
        await until(pilot, lambda: "loss" in str(chart.border_title))
        before = text(app, "#sweep-heat")
        await pilot.press("r")
        assert text(app, "#sweep-heat") != before
        await pilot.press("end", "enter")  # which has not begun
        assert app.screen is view
        await pilot.press("home", "enter")
        await until(pilot, lambda: app.screen is app.main and app.main.current == "train")
        shown_run = app.main.pane.chosen
        assert shown_run.id == sweep.plan.runs[0].run_id

    live(sweep.artifacts, story)


@pytest.mark.extended
def test_single_runs_are_found_and_lead_to_their_sweep(sweep):
    async def story(app, pilot):
        await pilot.press("4", "u", "u", "u", "u")
        table = app.main.runs.table
        assert table.run is not None
        assert table.items[0].name == sweep.id
        await pilot.press("w")
        await shown(app, pilot)
        await pilot.press("escape", "u", "slash", *"state:finished", "enter")
        assert len(table.items) == 3

    live(sweep.artifacts, story)


@pytest.mark.extended
@pytest.mark.parametrize("size", a_few([(60, 18), (80, 24), (120, 30), (240, 70)], 0, 2))
def test_every_panel_at_every_size(sweep, size):
    async def story(app, pilot):
        await pilot.press("4", "enter")
        view = await shown(app, pilot)
        for _ in range(5):
            await pilot.press("right", "r", "c", "n", "f", "J", "down", "pagedown", "home")
            await pilot.pause()
            assert view.query_one("#sweep-right").display or view.rows.display
        assert app.faults.count == 0

    live(sweep.artifacts, story, size=size)


def test_it_follows_what_happens_and_stops_and_resumes_it(sweep, digits, monkeypatch):
    begun = []

    class Process:
        def poll(self):
            return None

    monkeypatch.setattr(
        "tui.app.screens.sweep.control.start_process",
        lambda words, **streams: begun.append(words) or Process(),
    )

    async def story(app, pilot):
        await pilot.press("4", "enter")
        view = await shown(app, pilot)
        await pilot.press("s")  # nothing drives it
        assert app.screen is view
        await pilot.press("g")
        assert begun == [["sweep", "resume", sweep.id, "--artifacts", str(sweep.artifacts),
                          "--quiet"]]  # fmt: skip
        path = make_run(sweep, digits, 3, 0.5, "running")
        (path / "result.json").unlink()
        with RunLock(sweep.path), RunLock(path):
            await until(pilot, lambda: "1 running" in text(app, "#sweep-head"))
            await pilot.press("end", "s", "r")
            assert (path / ".stop").exists()
            assert not sweep.stop_asked()
            await pilot.press("s", "enter")
            assert sweep.stop_asked()
        await until(pilot, lambda: "1 interrupted" in text(app, "#sweep-head"))

    live(sweep.artifacts, story, size=(140, 40))


def test_what_slurm_holds_is_stopped_by_a_command(sweep, monkeypatch):
    plan = json.loads((sweep.path / "sweep.json").read_text())
    (sweep.path / "sweep.json").write_text(json.dumps(plan | {"executor": "slurm"}))
    sweep.append(SweepEvent(event="submitted", time=1e9, message="12"))
    begun, said = [], []

    class Failed:
        def poll(self):
            return 1

    monkeypatch.setattr(
        "tui.app.screens.sweep.control.start_process",
        lambda words, **streams: begun.append(words) or Failed(),
    )

    async def story(app, pilot):
        notify = app.notify
        app.notify = lambda words, **options: (said.append(words), notify(words, **options))
        await pilot.press("4", "enter")
        await shown(app, pilot)
        await until(pilot, lambda: "submitted" in text(app, "#sweep-head"))
        await pilot.press("g", "s", "enter")
        assert [words[:2] for words in begun] == [["sweep", "stop"]]
        await until(pilot, lambda: "could not be stopped" in said[-1])

    live(sweep.artifacts, story)


def test_no_file_of_a_sweep_is_read_where_the_screen_waits(sweep, monkeypatch):
    """Neither by its keys nor by looking: locks of thousands of runs may lie on a slow server."""
    readers = []

    def note(path):
        readers.append(threading.current_thread())
        return False

    async def story(app, pilot):
        await pilot.press("4", "enter")
        await shown(app, pilot)
        monkeypatch.setattr("engine.sweeps.states.is_driven", note)
        await pilot.press("s", "g", "r", "m", "n")
        await until(pilot, lambda: len(readers) > 2)
        assert threading.main_thread() not in readers

    class Process:
        def poll(self):
            return None

    monkeypatch.setattr(
        "tui.app.screens.sweep.control.start_process", lambda words, **streams: Process()
    )
    live(sweep.artifacts, story)


def test_the_palette_finds_sweeps(sweep):
    async def story(app, pilot):
        sweeps = SweepCommands(app.screen)
        await sweeps.startup()
        assert [hit.text async for hit in sweeps.search("sweep small")] == [f"Sweep {sweep.id}"]
        assert not [hit async for hit in sweeps.search("sweep nix")]
        [hit] = [hit async for hit in sweeps.search(sweep.id[:15])]
        hit.command()
        await shown(app, pilot)

    live(sweep.artifacts, story)


def test_an_error_of_ours_is_said_in_a_line_and_what_was_seen_stays(sweep):
    async def story(app, pilot):
        await pilot.press("4", "enter")
        view = await shown(app, pilot)
        with planted("SweepView.look*2"):
            await until(pilot, lambda: "PlantedFault" in text(app, "#sweep-head"))
            assert view.seen is not None
            assert text(app, "#sweep-rows").count("●") == 3
            assert app.faults.count
        await until(pilot, lambda: "3/4" in text(app, "#sweep-head"))

    live(sweep.artifacts, story)


def test_a_damaged_plan_is_said_in_a_line(sweep):
    (sweep.path / "sweep.json").write_text("{")

    async def story(app, pilot):
        await pilot.press("4", "enter")
        await until(pilot, lambda: "sweep.json" in text(app, "#sweep-head"))
        await pilot.press("s", "g", "f", "r", "c", "m", "n", "down", "end", "enter", "right")
        assert app.faults.count == 0
        await pilot.press("escape")
        assert app.screen is app.main

    live(sweep.artifacts, story)
