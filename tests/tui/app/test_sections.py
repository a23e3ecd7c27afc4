"""Which pane shows which section; one that has none of its own is shown all the same."""

import pytest

import engine.sections
from tests.engine.sections.means import Means, MeansConfig
from tests.tui.pilot import live, text, until
from tui.app import sections
from tui.app.keys.action_list import Actions, merged
from tui.app.sections.general import GeneralPane


@pytest.fixture
def a_fourth(monkeypatch):
    monkeypatch.setattr(sections, "_PANES", dict(sections._PANES))
    engine.sections.register(Means())
    yield
    engine.sections.unregister("means")


@pytest.fixture
def general(monkeypatch):
    """Let Visualize have no pane of its own."""
    panes = {name: pane for name, pane in sections._PANES.items() if name != "visualize"}
    monkeypatch.setattr(sections, "_PANES", panes)


def test_a_section_from_outside_has_a_key_a_title_and_a_pane(a_fourth, tmp_path):
    async def story(app, pilot):
        assert "4 Means" in text(app, "#titles")
        assert "5 Runs" in text(app, "#titles")
        await pilot.press("4")
        pane = app.main.pane
        assert isinstance(pane, GeneralPane)
        await until(pilot, lambda: "r starts a run" in text(app, "#about-it"), 5)
        await pilot.press("r")
        [task] = app.conductor.tasks
        await until(pilot, lambda: task.state == "finished")
        await until(pilot, lambda: "accuracy 0." in text(app, "#about-it"), 5)
        await until(pilot, lambda: str(pane.chart.border_title) == "Moved", 5)
        assert len(pane.chart.plot.lines) == 10
        await until(pilot, lambda: len(text(app, "#any-grid")) > 100, 5)
        await pilot.press("left")
        assert pane.cursor is not None
        assert pane.chart.plot.cursor == pane.cursor
        await pilot.press("escape", "5")
        await until(pilot, lambda: app.main.runs.table.row_count == 1, 5)
        await pilot.press("enter")
        await until(pilot, lambda: app.main.current == "means", 5)

    live(tmp_path, story, size=(160, 50))


def test_the_general_pane_shows_curves_images_and_results(general, finished):
    async def story(app, pilot):
        await pilot.press("3")
        pane = app.main.pane
        assert isinstance(pane, GeneralPane)
        await until(pilot, lambda: pane.shown is not None)
        await until(pilot, lambda: "seed 0" in text(app, "#about-it"), 5)
        await until(pilot, lambda: pane.chart.plot.lines, 5)
        await until(pilot, lambda: len(text(app, "#any-grid")) > 100, 5)
        await pilot.press("left")
        assert pane.cursor is not None
        assert pane.chart.plot.cursor == pane.cursor
        await pilot.press("escape", "enter", "x")
        assert len(app.screen_stack) == 1

    live(finished, story, size=(160, 50))


def test_a_section_may_bring_its_own_pane(monkeypatch, a_fourth):
    class MeansPane(GeneralPane):
        section = "means"
        kind = MeansConfig

    sections.register(MeansPane)
    assert sections.pane_of("means") is MeansPane
    assert "section.means" in Actions().by_id


def test_merged_keeps_every_order():
    assert merged(["abd", "acd"]) == list("acbd")
    assert merged(["ab", "ab"]) == list("ab")
    assert merged([]) == []
