"""A neuron of the chosen map: the image that excites it most, and its strongest test images."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.data.classes import numbered
from engine.errors import MnistTuiError
from engine.files.text import visible
from engine.networks.layout import LOGITS, Layer, Neuron, neurons_of
from engine.pad.networks import Trained
from tui.app.faults import words_of
from tui.app.guard import GuardedDialog
from tui.app.keys.dialogs import DIALOGS
from tui.app.screens.pad.arrangement import crisp
from tui.app.screens.pad.work import Looked
from tui.drawing.pixels import Ink, draw_framed
from tui.drawing.thumbnails import beside, fitting_size, thumbnails

LARGE, SMALL = 56, 20  # pixels a side of its image
WORDS = 34  # cells beside the image
EXEMPLAR = 14  # pixels a side at least
Seek = Callable[[Neuron, Callable[[Looked | Exception], None]], None]


class NeuronLook(GuardedDialog, ModalScreen[None]):
    """Left and right take the neighbours in the layer."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["closeup"]]

    def __init__(
        self,
        trained: Trained,
        layer: Layer,
        index: int,
        shades: Ink,
        test: np.ndarray | None,
        seek: Seek,
    ) -> None:
        """``test`` are the test images uint8 [N, H, W], if they are here.

        ``seek`` begins to look for what a neuron wants; it tells so in another thread.
        """
        super().__init__()
        self.trained, self.shades, self.test = trained, shades, test
        self.neurons = neurons_of(layer)
        self.index, self.seek = min(index, len(self.neurons) - 1), seek
        self.found: Looked | None = None
        self.problem = ""

    @property
    def neuron(self) -> Neuron:
        """The neuron that is shown."""
        return self.neurons[self.index]

    def compose(self) -> ComposeResult:
        """Lay out one panel."""
        with VerticalScroll(classes="dialog close", can_focus=False) as panel:
            keys = self.app.keys
            others = keys.names("closeup.left", "closeup.right")
            panel.border_subtitle = Text(f"{others} others  {keys.name('closeup.close')} closes")
            yield Static(id="closeup")

    def on_mount(self) -> None:
        """Begin to look for it."""
        self._begin()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self.draw)

    def action_move(self, by: int) -> None:
        """Take the neighbour."""
        self.index = (self.index + by) % len(self.neurons)
        self._begin()

    def action_turn(self, by: int) -> None:
        """Scroll."""
        self.query_one(VerticalScroll).scroll_relative(y=2 * by, animate=False)

    def action_scroll(self, by: int) -> None:
        """Scroll by half of what is shown."""
        panel = self.query_one(VerticalScroll)
        panel.scroll_relative(y=by * max(1, panel.size.height // 2), animate=False)

    def _begin(self) -> None:
        self.found, self.problem = None, ""
        self.draw()
        neuron = self.neuron

        def tell(told: Looked | Exception) -> None:
            self.call_later(self._take, neuron, told)

        self.seek(neuron, tell)

    def _take(self, neuron: Neuron, told: Looked | Exception) -> None:
        if neuron != self.neuron:  # it is another by now, that has its own success or error
            return
        if isinstance(told, Exception):
            self.problem = str(told) if isinstance(told, MnistTuiError) else words_of(told)
        else:
            self.found, self.problem = told, ""
        self.draw()

    def draw(self) -> None:
        """Write title and picture."""
        if not self.query("#closeup"):
            return
        panel = self.query_one(VerticalScroll)
        place = "" if self.neuron.position is None else " at {}, {}".format(*self.neuron.position)
        name = str(self.index)
        if self.neuron.layer == LOGITS:
            name = numbered(self.trained.classes, self.index)
        panel.border_title = Text(
            f"{visible(self.trained.name)}: {visible(self.neuron.layer)} {name}{place}"
        )
        gutter = panel.gutter
        room = Size(self.app.size.width - gutter.width, self.app.size.height - gutter.height)
        self.query_one("#closeup", Static).update(self._picture(room))

    def _picture(self, room: Size) -> Text:
        if self.problem:
            return Text(visible(self.problem), "$text-muted")
        look = self.found.look if self.found else None
        if look is not None and look.dead:
            return Text("This neuron is dead: it is zero on every test image.", "$text-muted")
        most = min(room.height, LARGE, room.width - WORDS)  # half of the lines
        size = crisp(max(most, SMALL), self.trained.side)
        image = look.image if look is not None and look.image is not None else None
        shown = image if image is not None else np.zeros((self.trained.side, self.trained.side))
        field = self.neuron.receptive_field(self.trained.side)
        top = beside(draw_framed(shown, field, self.shades, size), self._words())
        if look is None or look.strongest is None or self.test is None:
            return top
        left = room.height - top.plain.count("\n") - 3
        small = max(EXEMPLAR, fitting_size(len(look.strongest), room.width, left))
        pictures = [
            (draw_framed(self.test[place] / 255, field, self.shades, small), Text())
            for place in look.strongest
        ]
        words = ("\n\nthe nine test images that excite it most\n", "$text-muted")
        return Text.assemble(top, words, thumbnails(pictures, small, room.width))

    def _words(self) -> Text:
        """Return where the image comes from, or what is being done."""
        rows, columns = self.neuron.receptive_field(self.trained.side)
        said = Text(no_wrap=True)
        said.append("what it looks for\n", "bold")
        said.append(f"receptive field {rows.stop - rows.start}x{columns.stop - columns.start}\n")
        found = self.found.look if self.found else None
        if found is None:
            said.append("looking for it …", "italic $text-muted")
        elif found.source:
            said.append("drawn by ", "$text-muted").append(_short(found.source))
        elif found.image is None:
            said.append("asking the test images …", "italic $text-muted")
        else:
            said.append("drawn now, by gradient ascent", "$text-muted")
        return said


def _short(run: str) -> str:
    """Return a run's id, cut to what fits beside the image."""
    words = visible(run)
    return words if len(words) <= WORDS - 9 else f"…{words[10 - WORDS :]}"
