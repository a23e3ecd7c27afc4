"""The app in a terminal that shows images: what it sends is a picture again, and leaves nothing."""

import os
import re
import shlex
import shutil
import signal
import sys
from collections import Counter

import pytest

from tests.conftest import a_few
from tests.terminal.terminal import Terminal
from tests.tui import example_runs as examples
from tests.tui.kitty_terminal import PLACEHOLDER, KittyTerminal
from tui.live.task import MARGINS

SIZE = (120, 40)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, digits):
    folder = tmp_path_factory.mktemp("finished")
    examples.write_examples(folder, digits)
    return folder


class Shown:
    """The app in a terminal that shows images, perhaps in tmux."""

    def __init__(self, artifacts, config, *options, tmux=False, **environment):
        environment |= {"XDG_CONFIG_HOME": str(config), "TMUX": "/tmp/x,1,0" if tmux else ""}
        self.app = Terminal(*options, "--dataset", "digits", "--artifacts", str(artifacts),
                            size=SIZE, watch=False, **environment)  # fmt: skip
        self.screen = KittyTerminal(*SIZE, tmux=tmux)
        self._fed = 0

    def feed(self, *, all_=False):
        """Draw what came, but what may be cut in two."""
        data = self.app.output[self._fed :]
        whole = data if all_ else data[: max(data.rfind(b"\x1b[0m"), 0)]
        self.screen.feed(whole.decode())
        self._fed += len(whole)
        return self.screen

    def read(self, condition):
        self.app.read(lambda app: condition(self.feed()))

    def leave(self):
        self.app.press("q")
        assert self.app.exit_code() == 0
        self.feed(all_=True)


@pytest.mark.extended
@pytest.mark.parametrize("tmux", a_few([False, True], 1))
def test_the_samples_are_seen_pixel_by_pixel_and_nothing_is_left(finished, tmp_path, digits, tmux):
    shown = Shown(finished, tmp_path, "--images", "kitty", tmux=tmux)
    shown.read(lambda screen: len(screen.whole_images()) == 16)
    shown.app.read_for(0.5)  # for the cells of the last lines
    screen, images = shown.feed(), digits.validation.images[:16]
    edge = MARGINS.get("digits", 0)
    side = 28 - 2 * edge
    for image, (place, id) in zip(images, screen.whole_images().items(), strict=True):
        _, columns, rows = screen.images[id]
        dots = side, 2 * side  # of a cell: each pixel has as many
        seen = screen.picture(*place, rows, columns, dots)[..., 0]
        inner = image[edge : 28 - edge, edge : 28 - edge]
        assert (seen == inner.repeat(columns, 0).repeat(columns, 1)).all()
    shown.app.press("2")
    shown.read(lambda screen: 0 < len(screen.whole_images()) <= 10)
    shown.leave()
    assert not screen.images


@pytest.mark.long
def test_what_the_settings_say_is_taken_and_the_command_line_wins(finished, tmp_path):
    settings = tmp_path / "mnist-tui" / "config.toml"
    settings.parent.mkdir()
    settings.write_text('images = "kitty"\n')
    shown = Shown(finished, tmp_path)
    shown.read(lambda screen: len(screen.whole_images()) == 16)
    shown.leave()
    for options, environment in (
        (("--images", "cells"), {}), ((), {"NO_COLOR": "1"}), ((), {"MNIST_TUI_IMAGES": "auto"}),
        ((), {"LC_ALL": "C"}),
    ):  # fmt: skip
        shown = Shown(finished, tmp_path, *options, **environment)
        shown.app.read(lambda app: b"16/16" in app.output)
        shown.leave()
        assert b"\x1b_G" not in shown.app.output
        assert "\U0010eeee".encode() not in shown.app.output


@pytest.mark.extended
def test_a_suspended_app_frees_its_images_and_shows_them_again(finished, tmp_path):
    shown = Shown(finished, tmp_path, "--images", "kitty")
    shown.read(lambda screen: len(screen.whole_images()) == 16)
    os.kill(shown.app.pid, signal.SIGTSTP)
    shown.app.read_for(1)
    assert not shown.feed(all_=True).images
    os.kill(shown.app.pid, signal.SIGCONT)
    shown.read(lambda screen: len(screen.whole_images()) == 16)
    shown.leave()
    assert not shown.screen.images


@pytest.mark.extended
@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
@pytest.mark.parametrize("passthrough", ["on", "off"])
def test_a_real_tmux_passes_all_of_it_on_where_it_may(finished, tmp_path, passthrough):
    settings = tmp_path / "tmux.conf"
    settings.write_text(f"set -g allow-passthrough {passthrough}\n")
    command = [sys.executable, "-m", "tui.cli", "--images", "kitty", "--dataset", "digits",
               "--artifacts", str(finished)]  # fmt: skip
    tmux = ["tmux", "-S", str(tmp_path / "socket"), "-f", str(settings), "new", shlex.join(command)]
    app = Terminal(program=("-c", f"import os; os.execvp('tmux', {tmux})"), size=(120, 41),
                   XDG_CONFIG_HOME=str(tmp_path), TMUX="", LC_ALL="C.UTF-8")  # fmt: skip
    if passthrough == "off":
        app.read(lambda app: "Images stay in characters: tmux" in app.text)
        assert b"\x1b_G" not in app.output
    else:
        app.read(lambda app: len(shown_in(app)) == 16 and set(shown_in(app).values()) == {72})
    app.press("q")
    assert app.exit_code() == 0
    held = set()
    for sequence in re.findall(rb"\x1b_G([^\x1b]*)\x1b\\", app.output):
        if b"i=" in sequence:
            change = held.remove if sequence.startswith(b"a=d") else held.add
            change(re.search(rb"i=(\d+)", sequence)[1])
    assert not held


def shown_in(app):
    """Return how many placeholders there are of each image, by its colour."""
    cells = (cell for line in app.screen.buffer.values() for cell in line.values())
    whole = [cell for cell in cells if cell.data[0] == PLACEHOLDER and len(cell.data) == 3]
    return Counter(cell.fg for cell in whole)
