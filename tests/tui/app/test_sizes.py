"""The app at the smallest size that it takes, and after its terminal got another size."""

import asyncio
import re

import numpy as np
import pytest
from textual.containers import VerticalScroll

from engine.config import RunConfig
from engine.networks.architectures import CLASSES
from tests.conftest import a_few
from tests.tui.pilot import until
from tests.tui.pixels import cells_of, seen_of
from tui.app.app import MnistTui
from tui.app.main_screen import SMALLEST
from tui.app.screens.edit import Edit
from tui.app.screens.success import SuccessMap
from tui.app.widgets.chart import Chart
from tui.drawing.chart import DOTTED, draw
from tui.drawing.plot import Line, Plot

SIZES = (SMALLEST, (60, 24), (80, 24), (100, 30), (130, 40), (200, 60))
LARGER = [(100, 30), (109, 30), (110, 30), (120, 40), (159, 44), (160, 45), (160, 50), (175, 50),
          (200, 60), (240, 70)]  # fmt: skip
SECTIONS = {"1": "train", "2": "adversarial", "3": "visualize"}


@pytest.fixture(scope="module")
def opened(finished):
    """Return what runs a story in an app on the example runs, which draws nothing by its timer."""

    def play(story, size=SMALLEST):
        async def run():
            app = MnistTui(RunConfig(dataset="digits", artifacts=str(finished)), plain=True)
            app.machine = None
            app._read_load = lambda: None
            app.main._where = str  # of what is shown, or of the next run: as the timer finds it
            async with app.run_test(size=size) as pilot:
                await until(pilot, lambda: app.focused is not None)
                panes = app.main.experiments.values()
                await until(pilot, lambda: all(pane.newest() is not None for pane in panes))
                await until(pilot, lambda: app.main.experiments["train"].shown is not None)
                opening = [worker for worker in app.workers if worker.name != "engine"]
                await until(pilot, lambda: not any(worker.is_running for worker in opening))
                await until(pilot, lambda: app.main.current not in app.main.stale)
                await pilot.pause(0.5)
                app.conductor.collect = list
                app.main.stale.clear()
                await story(app, pilot)

        asyncio.run(run())

    return play


def lines_of(app):
    """Return the lines that stand on the screen."""
    rows = cells_of(app.screen._compositor.render_strips())
    return ["".join(cell[0] for cell in row) for row in rows]


async def go_to(app, pilot, *keys):
    await pilot.press(*keys)
    await until(pilot, lambda: app.main.current == SECTIONS.get(keys[0], app.main.current))
    await pilot.pause(0.1)


@pytest.mark.extended
@pytest.mark.parametrize("size", a_few(SIZES, 0, 2))
def test_every_chart_of_a_finished_run_shows_its_curve(opened, size):
    async def story(app, pilot):
        for key, section in SECTIONS.items():
            await go_to(app, pilot, key)
            for chart in app.main.panes[section].query(Chart):
                if chart.size:  # some stand in a column that a narrow terminal leaves out
                    drawn = chart.render()
                    curve = "".join(
                        drawn.plain[start:end]
                        for start, end, style in drawn.spans
                        if style != DOTTED
                    )
                    assert len(re.findall("[⠁-⣿]", curve)) >= min(chart.size), (chart.id, drawn)
                    assert "nothing" not in drawn.plain

    opened(story, size)


@pytest.mark.long
def test_charts_keep_the_numbers_at_their_axes(opened):
    """From 100x30 up, whatever the numbers."""

    async def story(app, pilot):
        for key, section in SECTIONS.items():
            await go_to(app, pilot, key)
            for size in LARGER:
                await pilot.resize_terminal(*size)
                await pilot.pause(0.1)
                for chart in app.main.panes[section].query(Chart):
                    line = Line(np.arange(400), np.linspace(1.11e-5, 1.17e-5, 400), "red")
                    drawn = draw(Plot([line]), *chart.size).plain
                    assert "·10⁻⁵┤" in drawn, (section, size, chart.id, chart.size)

    opened(story, (100, 30))


@pytest.mark.extended
def test_there_is_more_to_see_on_a_large_terminal(opened):
    """Charts are wide, and what is looked at closely is large."""

    async def story(app, pilot):
        for size in [(160, 45), (200, 60)]:
            await pilot.resize_terminal(*size)
            await go_to(app, pilot, "2")
            charts = [chart.size for chart in app.main.panes["adversarial"].query(Chart)]
            assert all(chart.width > 2.5 * chart.height for chart in charts), charts
        for key in SECTIONS:
            await go_to(app, pilot, key, "enter")
            closeup = app.screen.query_one("#closeup")
            await until(pilot, lambda closeup=closeup: closeup.size.width > 100, 5)
            assert closeup.size.height > 30
            await pilot.press("escape")

    opened(story, (160, 45))


@pytest.mark.extended
def test_at_the_smallest_size_every_panel_fits_or_scrolls_with_keys(opened):
    async def story(app, pilot):
        for key, section in SECTIONS.items():
            await go_to(app, pilot, key)
            panels = [
                panel for panel in app.main.panes[section].query(VerticalScroll) if panel.size
            ]
            for panel in panels:
                widest = max(child.virtual_region.right for child in panel.children)
                assert widest <= panel.scrollable_content_region.width
            for _ in range(40):
                await pilot.press("J")
            await pilot.pause()
            assert all(panel.scroll_y == panel.max_scroll_y for panel in panels)
            for _ in range(40):
                await pilot.press("K")
            await pilot.pause()
            assert all(panel.scroll_y == 0 for panel in panels)

    opened(story)


@pytest.mark.extended
def test_the_map_has_its_ten_columns_and_its_total_at_every_size(opened):
    async def story(app, pilot):
        await go_to(app, pilot, "2", "m")
        assert isinstance(app.screen, SuccessMap)
        targets = app.screen.shown.history.finished.results["targets"]
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)
            seen = seen_of(app.screen.query_one(VerticalScroll), app)
            lines = ["".join(cell[0] for cell in row) for row in seen]
            [head] = [n for n, line in enumerate(lines) if re.search(r"0 +1 +2 .* 9 +all", line)]
            assert lines[head].split() == [*"0123456789", "all"]
            rows = [line for line in lines[head + 1 :] if re.match(r" *\d", line)]
            for target, line in zip(targets, rows[:CLASSES], strict=True):
                cells = line.split()
                assert cells[0] == str(target["label"])
                assert len(cells) == 1 + CLASSES + 1
                assert cells[-1] == f"{target['success']['rate'] * 100:.1f}"

    opened(story)


@pytest.mark.extended
def test_the_form_shows_its_error_at_every_size(opened):
    async def story(app, pilot):
        await go_to(app, pilot, "1", "e")
        assert isinstance(app.screen, Edit)
        app.screen.query_one("#field-epochs").value = "many"
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)
            shown = " ".join(lines_of(app))
            for words in ("epochs", "--epochs must be a whole number, not 'many'.", "ctrl+r",
                          "ctrl+s", "ctrl+y"):  # fmt: skip
                assert words in shown

    opened(story)


@pytest.mark.extended
def test_infused_images_are_captioned_by_their_true_digit_and_the_answer(opened):
    async def story(app, pilot):
        await go_to(app, pilot, "2")
        pane = app.main.experiments["adversarial"]
        for name in ("sources", "test_sources"):
            pane.shown.history.previews[name].last.values["before"] = [5] * 10
        answers = pane.shown.history.previews["noise"].last.values["after"][0]
        pane.refresh_pictures()
        for width, legend in (
            (80, "true > answer"),
            (130, "true digit > answer"),
            (200, "true digit > answer with the noise"),
        ):
            await pilot.resize_terminal(width, 40)
            await pilot.pause(0.2)
            shown = "\n".join(lines_of(app))
            assert f" {legend} " in shown
            for digit in range(1, CLASSES):
                assert f"{digit} > {answers[digit]}" in shown

    opened(story, (80, 40))


VIEWS = {
    "train": ("1",), "adversarial": ("2", "j"), "visualize": ("3",), "sample": ("1", "enter"),
    "noise": ("2", "enter"), "map": ("2", "m"), "neuron": ("3", "enter"), "help": ("?",),
    "compare": ("4", "down", "down", "space", "space", "c"), "form": ("1", "e"),
}  # fmt: skip


@pytest.mark.extended
@pytest.mark.parametrize("view", a_few(VIEWS, 0, 1))
def test_a_resize_leaves_nothing_stale(opened, view):
    async def at_size(size, before=None):
        async def story(app, pilot):
            await go_to(app, pilot, *VIEWS[view])
            await pilot.pause(0.3)
            if before is not None:
                await pilot.resize_terminal(*size)
                await until(pilot, lambda: app.screen.size == size)
                await pilot.pause(0.3)
            shown.append(lines_of(app))

        return story

    for before, size in (((130, 40), (200, 60)), ((200, 60), (80, 24)), ((80, 24), (60, 18))):
        shown = []
        opened(asyncio.run(at_size(size)), size)
        opened(asyncio.run(at_size(size, before)), before)
        fresh, resized = shown
        assert resized == fresh


@pytest.mark.extended
@pytest.mark.parametrize("width", a_few([60, 131, 80, 112, 113, 119, 120, 130, 200], 0, 1))
def test_help_has_two_columns_only_where_both_fit(opened, width):
    async def story(app, pilot):
        await pilot.press("question_mark")
        await pilot.pause(0.1)
        panel = app.screen.query_one(VerticalScroll)
        assert panel.query_one("Static").virtual_region.right <= panel.size.width
        lines = lines_of(app)
        two = any(" Runs " in line and "Looking" in line for line in lines)
        assert two == (width >= 116)
        seen = "\n".join(lines)
        for _ in range(60):
            await pilot.press("down")
        await pilot.pause()
        assert panel.scroll_y == panel.max_scroll_y
        seen += "\n".join(lines_of(app))
        assert "Models" in seen
        assert "Looking" in seen
        assert "Filter the runs by words" in seen

    opened(story, (width, 24))


@pytest.mark.parametrize("view", a_few(["sample", "form", "compare", "help"], 1, 1))
def test_a_dialog_gives_way_to_the_words_that_the_terminal_is_too_small(opened, view):
    async def story(app, pilot):
        await go_to(app, pilot, *VIEWS[view])
        await pilot.pause(0.3)
        dialog, focused, before = app.screen, app.screen.focused, lines_of(app)
        assert dialog is not app.main
        for small in ((40, 10), (59, 30), (100, 17)):
            await pilot.resize_terminal(*small)
            await pilot.pause(0.3)
            shown = " ".join(" ".join(lines_of(app)).split())
            assert shown == f"mnist-tui needs 60x18 cells; this is {small[0]}x{small[1]}."
        await pilot.resize_terminal(80, 24)
        await pilot.pause(0.5)
        assert app.screen is dialog
        assert dialog.focused is focused
        assert lines_of(app) == before

    opened(story, (80, 24))


def test_a_dialog_opened_while_the_terminal_is_too_small_is_hidden_too(opened):
    async def story(app, pilot):
        await pilot.press("question_mark")
        await pilot.pause(0.3)
        assert [line.strip() for line in lines_of(app) if line.strip()] == [
            "mnist-tui needs 60x18 cells; this is 50x15."
        ]

    async def small(app, pilot):
        await pilot.resize_terminal(50, 15)
        await pilot.pause(0.2)
        await story(app, pilot)

    opened(small)
