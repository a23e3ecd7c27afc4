"""Colours: legible in every theme, told apart by the colour-blind and in sixteen colours."""

import asyncio
import itertools
import math

import numpy as np
import pytest
from rich.color import ColorSystem
from textual.color import Color, rgb_to_lab
from textual.scrollbar import ScrollBar
from textual.theme import BUILTIN_THEMES, Theme

from engine.config import RunConfig
from engine.networks import colours as networks
from tests.conftest import a_few
from tests.tui.pilot import live, until
from tests.tui.views import VIEWS, open_view
from tui.app import colours
from tui.app.app import MnistTui
from tui.app.colours import BANDS, EDGE, LINE, SERIES, TEXT, contrast, ink_on
from tui.app.widgets.bar import bar
from tui.ascii import stand_in
from tui.drawing.labels import BEST
from tui.drawing.pixels import UPPER_HALF, draw_signed
from tui.words import MARKS

THEMES = {name: theme for name, theme in BUILTIN_THEMES.items() if not theme.ansi}
SOME_THEMES = ("textual-dark", "textual-light", "nord", "solarized-light")
STATES = ("good", "bad", "waiting", "marked")
SHAPES = {*"▂▃▄▅▆▇█━", *MARKS.values(), BEST}  # sparks, bars and marks
# How the colour-blind see linear RGB (Machado, Oliveira and Fernandes 2009).
EYES = {
    "usual": np.eye(3),
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def variables_of(theme):
    generated = theme.to_color_system().generate()
    return generated | colours.variables(theme, generated)


def seen(colour, eyes):
    linear = np.array([colours._linear(part) for part in colour.normalized])
    through = np.clip(np.array(EYES[eyes]) @ linear, 0, 1)
    back = np.where(through <= 0.0031308, 12.92 * through, 1.055 * through ** (1 / 2.4) - 0.055)
    return rgb_to_lab(Color(*(round(255 * part) for part in back)))


def least_distance(names, variables, eyes):
    """Return the least distance of two of the colours (CIE 1976)."""
    points = [seen(Color.parse(variables[name]), eyes) for name in names]
    return min(
        math.dist((a.L, a.a, a.b), (b.L, b.a, b.b)) for a, b in itertools.combinations(points, 2)
    )


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("theme", THEMES)
def test_series_and_states_are_told_apart(theme, eyes):
    variables = variables_of(THEMES[theme])
    series = [name[1:] for name in SERIES]
    assert least_distance(series, variables, eyes) > 15
    assert least_distance(STATES, variables, eyes) > (25 if eyes == "usual" else 5)


@pytest.mark.parametrize("theme", THEMES)
def test_no_network_of_the_report_looks_like_an_error(theme):
    variables = variables_of(THEMES[theme])
    for number in (1, 2, 3):
        assert least_distance([f"series-{number}", "bad"], variables, "usual") > 40


def test_every_network_has_a_colour():
    assert len(SERIES) == len(BANDS) == networks.SERIES
    assert len(set(SERIES)) == networks.SERIES


def test_a_theme_of_ones_own_is_legible_too():
    grey = Theme("grey", primary="#777777", background="#606060", surface="#707070", dark=True)
    variables = variables_of(grey)
    for name in ("foreground", "text-muted", "good", "bad", "series-1", "series-9"):
        for background in ("background", "surface"):
            ink, paper = Color.parse(variables[name]), Color.parse(variables[background])
            assert contrast(ink, paper) >= TEXT


def test_black_or_white_is_legible_on_any_colour():
    for channels in itertools.product(range(0, 256, 15), repeat=3):
        paper = Color(*channels)
        assert contrast(Color.parse(ink_on(paper)), paper) >= TEXT


def least_of(character, disabled, edge, scrollbar):
    """Return the contrast that a cell needs, 0 for a picture's."""
    if character in (" ", UPPER_HALF):
        return 0
    dots = "\u2800" <= character <= "\u28ff"
    if scrollbar or (dots and edge):  # the grid of charts, behind what is read
        return EDGE
    if dots or character in SHAPES or disabled:
        return LINE
    return EDGE if "\u2500" <= character <= "\u259f" else TEXT


def covered(app, wanted):
    """Return which cells [Y, X] some widgets of the open screen lie on."""
    cells = np.zeros((app.size.height, app.size.width), bool)
    for widget, (region, clip) in app.screen._compositor.visible_widgets.items():
        if wanted(widget):
            here = region.intersection(clip)
            cells[here.y : here.bottom, here.x : here.right] = True
    return cells


def illegible(app):
    """Return what cannot be read on the screen, but for what lies dimmed behind a dialog."""
    shown = covered(app, lambda widget: widget is not app.screen or widget is app.main)
    scrollbars = covered(app, lambda widget: isinstance(widget, ScrollBar))
    disabled, edge = (Color.parse(app.theme_variables[name]) for name in ("text-disabled", "edge"))
    found = []
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            ink, paper = (
                Color.from_rich_color(colour)
                for colour in (segment.style.color, segment.style.bgcolor)
            )
            assert not segment.style.dim
            here = contrast(ink, paper)
            for character in segment.text:
                least = least_of(character, ink == disabled, ink == edge, scrollbars[y, x])
                if shown[y, x] and here < least:
                    found.append((round(here, 2), character, segment.text, ink.hex, paper.hex))
                x += 1
    return found


@pytest.mark.parametrize("themes", a_few([SOME_THEMES, tuple(THEMES)], 1, 0), ids=["some", "all"])
@pytest.mark.parametrize("view", a_few(VIEWS, 0, 4))
def test_every_text_is_legible_in_every_theme(view, themes, finished):
    async def play():
        app = MnistTui(RunConfig(dataset="digits", artifacts=str(finished)))
        async with app.run_test(size=(120, 40)) as pilot:
            panes = app.main.experiments.values()
            await until(pilot, lambda: all(pane.newest() is not None for pane in panes))
            await open_view(app, pilot, view)
            for theme in themes:
                app.theme = theme
                await pilot.pause()
                app.main.pane.redraw()
                await pilot.pause()
                assert not illegible(app), (view, theme)

    asyncio.run(play())


@pytest.mark.long
@pytest.mark.parametrize("theme", a_few(sorted(BUILTIN_THEMES.keys() - THEMES.keys()), 0, 1))
def test_an_ansi_theme_draws_every_view(finished, theme):
    async def story(app, pilot):
        app.theme = theme
        for view in sorted({*VIEWS} - {"fault"}):
            await open_view(app, pilot, view)
        assert app.faults.count == 0

    live(finished, story, plain=False)


@pytest.mark.extended
def test_a_table_follows_the_theme(finished):
    async def story(app, pilot):
        await pilot.press("4", "space")
        for theme in ("textual-light", "nord"):
            app.theme = theme
            marked = Color.parse(app.get_css_variables()["marked"]).rich_color

            def follows(marked=marked):
                strips = app.screen._compositor.render_strips()
                return any(s.style.color == marked for strip in strips for s in strip)

            await until(pilot, follows, 5)

    live(finished, story, plain=False)


def stands_for(style, system):
    """Return what a terminal of few colours makes of a cell."""
    return style.color.downgrade(system), style.bgcolor.downgrade(system)


@pytest.mark.parametrize("system", [ColorSystem.STANDARD, ColorSystem.EIGHT_BIT])
@pytest.mark.parametrize("strength", [0.4, 0.7, 1.0])
def test_noise_keeps_its_signs_in_few_colours(system, strength):
    image = np.repeat([[-strength, 0.0, strength]], 2, axis=0)
    cells = [stands_for(span.style, system) for span in draw_signed(image, 1.0).spans]
    assert len(set(cells)) == 3


def test_a_bar_is_told_from_what_is_left_of_it_without_colours():
    full, left = set(bar(1, 8, "$good").plain), set(bar(0, 8, "$good").plain)
    assert not full & left
    assert not set(map(stand_in, full)) & set(map(stand_in, left))
