import numpy as np
import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual._compositor import ChopsUpdate
from textual.events import Click
from textual.geometry import Size
from textual.strip import Strip
from textual.widgets import OptionList, Static

from tests.tui.pilot import live, until
from tui.app.keys.keymap import Keymap
from tui.app.sections import experiments
from tui.app.widgets.bar import bar
from tui.app.widgets.keybar import key_line
from tui.drawing.pixels import ASCII, BLOCKS, draw_framed, draw_grey, draw_signed, shrink
from tui.drawing.thumbnails import fitting_size, thumbnails


def rows(text):
    return text.plain.split("\n")


def test_a_28x28_image_is_28x14_cells_with_two_pixels_each():
    image = np.zeros((28, 28))
    image[0, 0], image[1, 0] = 1.0, 0.5
    text = draw_grey(image)
    assert [len(row) for row in rows(text)] == [28] * 14
    style = text.get_style_at_offset(__import__("rich.console", fromlist=["Console"]).Console(), 0)
    assert style.color.triplet.rgb == "rgb(255,255,255)"
    assert style.bgcolor.triplet.rgb == "rgb(128,128,128)"


def test_a_bar_is_full_by_its_share_and_empty_where_there_is_none():
    lengths = [bar(share, 8, "red").plain.count("━") for share in (0, 0.5, 1, np.nan)]
    assert lengths == [0, 4, 8, 0]


@pytest.mark.parametrize("own", [{}, {"run.pause": "ctrl+shift+f5", "app.help": "ctrl+f12"}])
@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_the_key_bar_leaves_out_whole_keys_but_never_help_and_quit(width, own):
    keys = Keymap(own)
    for section in keys.actions.sections:
        line = key_line(section, (), keys, width).plain
        assert len(line.rstrip()) <= width
        whole = [f"{keys.shown(a.id)} {a.word}" for a in keys.actions.of_section(section)]
        rest = line
        for words in whole:
            rest = rest.replace(words, "", 1)
        actions = [a for a in keys.actions.of_section(section) if a.footer]
        left_out = any(f"{keys.shown(a.id)} {a.word}" not in line for a in actions)
        more = f"{keys.shown('app.help')} more"  # in place of help
        assert rest.strip() == (more if left_out else "")
        assert left_out or f"{keys.shown('app.help')} help" in line
        assert f"{keys.shown('app.quit')} quit" in line
    if width >= 60 and not own:
        assert all("s stop" in key_line(s, (), keys, width).plain for s in keys.actions.sections)
        assert all("space pause" in key_line(s, (), keys, width).plain for s in experiments())
    refused = ("run.pause", "run.stop", "app.detach")
    assert "? more" not in key_line("train", refused, Keymap({}), 90).plain  # that cannot be done


@pytest.mark.parametrize("shades", [ASCII, BLOCKS])
def test_shaded_images_have_no_colour(shades):
    for text in (draw_grey(np.eye(10), shades), draw_signed(np.eye(10), 1, shades)):
        assert text.plain.isascii() or shades is BLOCKS
        assert not text.spans
    assert rows(draw_grey(np.ones((2, 3)), shades)) == [shades.grey[-1] * 3]


def test_signed_images_tell_more_from_less_and_survive_nan():
    for shades in (ASCII, BLOCKS):
        text = draw_signed(np.array([[1.0, -1.0, 0.0, np.nan]] * 2), 1.0, shades)
        assert text.plain[2:] == "  "
        assert len(set(text.plain)) == 3
    assert draw_signed(np.zeros((2, 2)), 0.0).plain == "▀▀"


def test_shrinking_averages_areas():
    image = np.arange(16.0).reshape(4, 4)
    assert shrink(image, 2, 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert np.allclose(shrink(np.ones((28, 28)), 10, 10), 1)
    assert shrink(image, 99, 99).shape == (4, 4)


def test_thumbnails_fill_the_width():
    one = (draw_grey(np.ones((4, 4)), ASCII), draw_grey(np.ones((2, 1)), ASCII))
    drawn = rows(thumbnails([one] * 3, 4, 10))  # small ones stand close
    assert drawn == ["@@@@ @@@@", "@@@@ @@@@", "@    @", "@@@@", "@@@@", "@"]
    large = (draw_grey(np.ones((2, 14)), ASCII), Text("x"))
    assert rows(thumbnails([large] * 2, 14, 30)) == ["@" * 14 + "  " + "@" * 14, f"x{'':15}x", ""]
    assert fitting_size(16, 120, 64) == 28
    assert fitting_size(16, 120, 60) == 26
    assert fitting_size(16, 10, 5) == 8


def test_a_frame_stands_around_its_field():
    drawn = rows(draw_framed(np.zeros((8, 8)), (slice(2, 6), slice(3, 5)), ASCII))
    shades = np.array([list(line) for line in drawn])
    assert (shades[1:3, 2] != " ").all()
    assert (shades[1:3, 3:5] == " ").all()
    assert (shades[:, :2] == " ").all()


@pytest.mark.parametrize("move", ["page_up", "page_down"])
def test_a_list_that_is_not_laid_out_turns_no_pages(tmp_path, move):
    """Below the smallest size, in a select that opens, in the palette before it shows anything."""

    async def story(app, pilot):
        options = OptionList("one", "two")
        options.display = False
        await app.screen.mount(options)
        for highlighted in (None, 0):
            options.highlighted = highlighted
            getattr(options, f"action_{move}")()
        assert options.highlighted == 0

    live(tmp_path, story)


def test_a_click_on_an_option_that_is_gone_chooses_nothing(tmp_path):
    """The palette's list is replaced as one types, and a click may have been meant for the last."""

    async def story(app, pilot):
        options = OptionList("one", "two")
        await app.screen.mount(options)
        options.focus()
        where = {"x": 1, "y": 1, "screen_x": 1, "screen_y": 1, "delta_x": 0, "delta_y": 0}
        keys = {"button": 1, "shift": False, "meta": False, "ctrl": False}
        for option, highlighted in ((1, 1), (7, 1)):
            style = Style.from_meta({"option": option})
            options.post_message(Click(widget=options, **where, **keys, style=style))
            await pilot.pause()
            assert options.highlighted == highlighted

    live(tmp_path, story)


def test_a_text_that_changes_twice_around_a_layout_is_shown_whole(tmp_path):
    async def story(app, pilot):
        words = Static("")
        await app.screen.mount(words)
        await pilot.pause()
        words.update("\n".join("ab"))
        app.screen._refresh_layout(Size(100, 30))  # the terminal is resized before it is idle
        words.update("\n".join("abcd"))
        await until(pilot, lambda: not words._layout_required)
        await pilot.pause(0.1)
        assert words.size.height == 4

    live(tmp_path, story)


def test_a_title_that_changes_repaints_its_line_and_the_same_again_nothing(tmp_path, monkeypatch):
    async def story(app, pilot):
        panel = app.main.query_one("#models")  # nobody else changes its titles
        panel.border_title = panel.border_subtitle = "none"
        sent = []
        with monkeypatch.context() as patch:
            patch.setattr(panel, "refresh", lambda *regions: sent.extend(regions))
            for words in ("one", "one", Text("one", "$bad"), Text("one", "$bad"), "two", ""):
                panel.border_title = panel.border_subtitle = words
        lines = {region.y + panel.content_offset.y for region in sent}
        assert lines == {0, panel.outer_size.height - 1}
        assert {region.height for region in sent} == {1}
        assert len(sent) == 2 * 4
        assert panel.border_title == ""

    live(tmp_path, story)


def test_a_title_is_seen_as_soon_as_it_changes(tmp_path):
    async def story(app, pilot):
        panel = app.main.query_one("#models")  # nobody else changes its titles
        for words in ("first words", "others"):
            panel.border_title, panel.border_subtitle = words, Text(f"{words} below", "bold")
            await pilot.pause(0.1)
            strips = app.screen._compositor.render_strips()
            lines = ["".join(segment.text for segment in strip) for strip in strips]
            assert any(f" {words} " in line for line in lines)
            assert any(f" {words} below " in line for line in lines)

    live(tmp_path, story)


def test_of_a_line_only_what_changed_is_sent():
    """From the left end of what changed on, too, and a wide character is never halved."""
    console = Console(color_system=None, force_terminal=True, width=40)
    strip = Strip([Segment("0123456789"), Segment("漢字"), Segment("abcdef")])
    update = ChopsUpdate([{5: strip}], [(0, 9, 12)], [[25]])
    assert update.render_segments(console) == "\x1b[1;10H456"
    update = ChopsUpdate([{5: strip}, {0: None}], [(0, 0, 7), (0, 16, 22)], [[25], [40]])
    assert update.render_segments(console) == "\x1b[1;6H01\n\x1b[1;17H 字abc"
