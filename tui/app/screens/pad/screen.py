"""The pad: what its keys and its mouse do."""

from inspect import isawaitable
from typing import ClassVar

import numpy as np
from rich.text import Text
from textual import on
from textual.binding import BindingType

from engine.data.dataset import Split
from engine.data.drawings import Drawings, keep_drawing, place_for
from engine.errors import MnistTuiError
from engine.files.text import visible
from engine.pad.networks import Trained
from tui.app.dialogs import DIALOGS
from tui.app.guard import GuardedDialog
from tui.app.pad_actions import PAD_ACTIONS, PAD_BY_ID, SPARE, PadAction
from tui.app.screens.help import Help
from tui.app.screens.pad.canvas import CanvasView
from tui.app.screens.pad.choose import ChooseNetworks, KeepAs
from tui.app.screens.pad.maps import MapsView
from tui.app.screens.pad.neuron import NeuronLook
from tui.app.screens.pad.reasons import Reasons
from tui.app.screens.pad.slider import Slider
from tui.app.widgets.keybar import dialog_line

STEP = 1 / 28  # of the canvas, that a key moves the pen
ABOUT = (
    "Draw with the mouse, the right button erases; or move the pen with the arrows, and space puts "
    "it down. The networks answer as you draw. Noise of a run can be laid over the drawing, at any "
    "strength; below are the maps of a layer."
)


class Pad(GuardedDialog, Reasons):
    """A canvas, and what trained networks say of it."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["pad"]]
    ACTIONS = PAD_ACTIONS
    ALLOW_SELECT = False

    # Keys.

    async def action_do(self, ids: str) -> None:
        """Do an action by its id."""
        await self.perform(PAD_BY_ID[ids.split()[0]])

    async def perform(self, action: PadAction) -> None:
        """Do an action, or say why it cannot be done now."""
        if self.app.screen is not self:
            return
        if (why := action.reason(self)) is not None:
            self.notify(why)
            return
        done = action.do(self)
        if isawaitable(done):
            await done
        self.show_keys()

    def show_keys(self) -> None:
        """Write the line of keys."""
        refused = {a.id for a in PAD_ACTIONS if a.reason(self) is not None}
        width = self.app.size.width
        self.key_bar.show(dialog_line(PAD_ACTIONS, refused, self.app.keys, width, SPARE))

    async def help(self) -> None:
        """Show all keys."""
        reasons = {a.id: why for a in PAD_ACTIONS if (why := a.reason(self)) is not None}
        await self.app.push_screen(
            Help(self.app.keys, reasons, "", ("The pad", ABOUT), PAD_ACTIONS)
        )

    def leave(self) -> None:
        """Close the pad."""
        self.dismiss(None)

    # Drawing.

    def on_canvas_view_touched(self, message: CanvasView.Touched) -> None:
        """Draw a line from where the mouse was."""
        canvas, erase = self.desk.canvas, message.erases or self.rubber
        if message.begins:
            canvas.begin()
            self._last = message.place
        canvas.line(self._last, message.place, erase=erase)
        self._last = message.place
        self.pen, self.pen_down = None, False
        self.desk.drew()
        self.changed()

    _last = (0.5, 0.5)

    def move_pen(self, x: int, y: int) -> None:
        """Move the pen, which draws where it is down."""
        before = self.pen or self._last
        after = tuple(
            min(max(p + by * STEP, 0.0), 1.0) for p, by in zip(before, (x, y), strict=True)
        )
        self.pen = self._last = (after[0], after[1])
        if self.pen_down:
            self.desk.canvas.line(before, self.pen, erase=self.rubber)
            self.desk.drew()
            self.changed()
        else:
            self.draw_canvas()

    def toggle_pen(self) -> None:
        """Put the pen down, which makes a dot, or lift it."""
        self.pen = self.pen or self._last
        self.pen_down = not self.pen_down
        if self.pen_down:
            self.desk.canvas.begin()
            self.desk.canvas.line(self.pen, self.pen, erase=self.rubber)
            self.desk.drew()
        self.changed()

    def toggle_rubber(self) -> None:
        """Erase instead of drawing, or draw again."""
        self.rubber = not self.rubber
        self.draw_titles()

    def clear(self) -> None:
        """Clear the canvas."""
        self.desk.canvas.clear()
        self.desk.drew()
        self.pen_down = False
        self.changed()

    def undo(self) -> None:
        """Take back the last stroke."""
        self.desk.canvas.undo()
        self.desk.drew()
        self.pen_down = False
        self.changed()

    def toggle_centring(self) -> None:
        """Centre the drawing, or leave it where it is."""
        self.desk.centring = not self.desk.centring
        self.changed()

    async def keep(self) -> None:
        """Ask what the drawing is, and keep it."""
        desk = self.desk
        of = Drawings(
            Split(np.empty((0, desk.side, desk.side), np.uint8), np.empty(0, np.uint8)),
            tuple(desk.classes), self._dataset_name(), desk.sha256,
        )  # fmt: skip
        path = place_for(of.dataset)
        image = np.rint(desk.seen() * 255).astype(np.uint8)
        said = [answer.predicted for answer in self.answers if answer is not None]
        guess = desk.label if desk.label is not None else next(iter(said), None) or 0

        def keep(label: int | None) -> None:
            if label is None:
                return
            try:
                count = keep_drawing(path, image, label, of)
            except (MnistTuiError, OSError) as error:
                self.notify(f"The drawing cannot be kept: {error}", severity="error")
                return
            command = f"mnist-tui try --file {path}"
            self.notify(f"Kept: {count:,} in {visible(str(path))}; `{visible(command)}` asks about "
                        "all of them.")  # fmt: skip

        await self.app.push_screen(KeepAs(of.classes, guess, path), keep)

    def _dataset_name(self) -> str:
        if self.desk.here:
            return self.desk.here[0].data
        return str(self.desk.dataset.get("name", ""))

    # Test images.

    def start_from(self, by: int) -> None:
        """Put the next test image on the canvas."""
        if not self.desk.start_from(by):
            self.notify("There is no such test image.")
            return
        self.pen_down = False
        self.changed()

    def toggle_wrong(self) -> None:
        """Only images that the first network gets wrong, or all; and the first of them."""
        starts = self.desk.starts
        assert starts is not None
        self.desk.starts = starts.only_wrong(not starts.wrong_only)
        name = visible(self.desk.shown[0].name) if self.desk.shown else "the network"
        count = len(self.desk.starts.places)
        what = f"that {name} gets wrong" if not starts.wrong_only else "all"
        self.notify(f"Test images: {what} ({count:,}).")
        if count:
            self.start_from(1)

    def next_class(self) -> None:
        """Only images of the next class, or of all; and the first of them."""
        starts, names = self.desk.starts, self.desk.classes
        assert starts is not None
        label = 0 if starts.label is None else starts.label + 1
        self.desk.starts = starts.of_class(label if label < len(names) else None)
        count = len(self.desk.starts.places)
        what = f"of {names[label]}" if label < len(names) else "of all classes"
        self.notify(f"Test images {what} ({count:,}).")
        if count:
            self.start_from(1)

    # Networks.

    async def choose_networks(self) -> None:
        """Choose which networks answer."""

        def chosen(networks: list[Trained] | None) -> None:
            if networks:
                self.desk.shown = networks
                self.answers, self.maps = [], None
                self.draw_all()
                self.ask()

        await self.app.push_screen(ChooseNetworks(self.desk.here, self.desk.shown), chosen)

    def next_dataset(self) -> None:
        """Go to the networks of another dataset."""
        datasets = self.desk.datasets
        hashes = [one["sha256"] for one in datasets]
        at = hashes.index(self.desk.sha256) if self.desk.sha256 in hashes else -1
        self.desk.set_dataset(datasets[(at + 1) % len(datasets)])
        self.answers, self.maps, self.curve = [], None, None
        self._wanted = True
        self.open_images()
        self.arrange_anew()
        self.ask()

    def train(self) -> None:
        """Train what is chosen in Train, as its key does there."""
        pane = self.app.main.experiments["train"]
        self.app.main.start(pane.configs_of_choice())
        self.notify("Training; the network answers here once it has finished.")

    def nobody(self) -> Text:
        """Return why no network answers, and the key that changes it."""
        if not self.listed:
            return Text("Looking for networks …", "italic $text-muted")
        if self.problem:
            return Text(self.problem, "$bad")
        key = self.app.keys.name("pad.train")
        if self.desk.here:
            return Text("The networks of this dataset have code that was not run here before: "
                        "`mnist-tui try --trust` runs it.")  # fmt: skip
        return Text.assemble(
            "No network has been trained yet, so nobody can answer.\n\npress ", (key, "bold $key"),
            " to train one: it takes a minute or less, and you can draw meanwhile.",
        )  # fmt: skip

    # Noise.

    def next_noise(self, by: int) -> None:
        """Lay another noise over the drawing."""
        self.desk.next_noise(by)
        self._noise_changed()

    def change_strength(self, by: float) -> None:
        """Make the noise stronger or weaker."""
        self.desk.set_strength(self.desk.strength + by)
        self._noise_changed()

    def flip_noise(self) -> None:
        """Noise at its own strength, or none."""
        self.desk.set_strength(0.0 if self.desk.strength else 1.0)
        self._noise_changed()

    def on_slider_slid(self, message: Slider.Slid) -> None:
        """Take over what the mouse chose."""
        if self.desk.noise is not None:
            self.desk.set_strength(message.strength)
            self._noise_changed()

    def _noise_changed(self) -> None:
        if self.desk.strength:
            self.count()
        self.draw_noise()
        self._pending.add("seen")
        self.ask()

    def no_noise(self, width: int) -> Text:
        """Return why there is no noise."""
        words = (self.why_no_noise() or "").split()
        lines, line = [], ""
        for word in words:
            if line and len(line) + 1 + len(word) > width:
                lines.append(line)
                line = ""
            line += f" {word}" if line else word
        return Text("\n".join([*lines, line]), "$text-muted", no_wrap=True)

    # Inside.

    def toggle_inside(self) -> None:
        """Show the maps, or hide them."""
        self.show_inside = not self.sizes.maps
        self.arrange_anew()

    def next_layer(self, by: int) -> None:
        """Show another layer."""
        self.desk.next_layer(by)
        self._look_elsewhere()

    def next_inside(self) -> None:
        """Look into the next network."""
        self.desk.inside = (self.desk.inside + 1) % max(len(self.desk.shown), 1)
        self._look_elsewhere()

    def _look_elsewhere(self) -> None:
        self.maps, self.chosen_map = None, 0
        self.draw_inside()
        self.ask()

    def choose_map(self, by: int) -> None:
        """Choose another map."""
        if self.maps is not None:
            self.chosen_map = (self.chosen_map + by) % len(self.maps)
            self.draw_inside()

    @on(MapsView.Clicked)
    async def _clicked(self, message: MapsView.Clicked) -> None:
        if self.maps is not None and message.number < len(self.maps):
            self.chosen_map = message.number
            self.draw_inside()
            if message.times == 2:
                await self.perform(PAD_BY_ID["pad.open"])

    async def open_map(self) -> None:
        """Show what the neuron of the chosen map looks for."""
        trained, layer = self.desk.looked_into, self.desk.layer
        assert trained is not None
        assert layer is not None
        if self.busy_beside(trained):
            self.notify("Its code is not asked for long while something runs; try again later.")
            return
        test = self.desk.data.test.images if self.desk.data is not None else None
        await self.app.push_screen(
            NeuronLook(trained, layer, self.chosen_map, self.look.shades, test, self.seek)
        )
