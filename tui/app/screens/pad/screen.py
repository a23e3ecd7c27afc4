"""The pad: what its keys and its mouse do."""

from inspect import isawaitable
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import BindingType

from engine.files.text import listed, visible
from engine.pad.networks import Trained
from tui.app.guard import GuardedDialog
from tui.app.keys.dialogs import DIALOGS
from tui.app.keys.pad_actions import PAD_ACTIONS, PAD_BY_ID, SPARE, PadAction
from tui.app.screens.help import Help
from tui.app.screens.pad.choose import ChooseNetworks
from tui.app.screens.pad.drawing import Drawing
from tui.app.screens.pad.maps import MapsView
from tui.app.screens.pad.neuron import NeuronLook
from tui.app.screens.pad.slider import Slider
from tui.app.sections.shared_actions import run_choice
from tui.app.widgets.keybar import dialog_line
from tui.words import wrapped

ABOUT = (
    "Draw with the mouse, the right button erases; or move the pen with the arrows, and space puts "
    "it down. The networks answer as you draw. Noise of a run can be laid over the drawing, at any "
    "strength; below are the maps of a layer."
)


class Pad(GuardedDialog, Drawing):
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

    # Networks.

    async def choose_networks(self) -> None:
        """Choose which networks answer."""

        def chosen(networks: list[Trained] | None) -> None:
            if networks:
                self.desk.shown = networks
                self.networks_changed()

        await self.app.push_screen(ChooseNetworks(self.desk.here, self.desk.shown), chosen)

    def next_dataset(self) -> None:
        """Go to the networks of another dataset."""
        datasets = self.desk.datasets
        hashes = [one["sha256"] for one in datasets]
        at = hashes.index(self.desk.sha256) if self.desk.sha256 in hashes else -1
        self._wanted = True
        self.switch(datasets[(at + 1) % len(datasets)])

    def train(self) -> None:
        """Train what is chosen in Train, as its key does there."""
        pane = self.app.main.experiments["train"]
        names = {config.dataset: None for configs in pane.configs_of_choice() for config in configs}
        run_choice(pane)
        where = "the network answers here"
        if elsewhere := [name for name in names if not self.is_here(name)]:
            key = self.app.keys.name("pad.dataset")
            where = f"{key} goes to the networks of {visible(listed(elsewhere))}"
        self.notify(f"Training; {where} once it has finished.")

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
        self.count()
        self.draw_noise()
        self._pending.add("seen")
        self.ask()

    def no_noise(self, width: int) -> Text:
        """Return why there is no noise."""
        lines = wrapped(self.why_no_noise() or "", width, max(self.sizes.noise, 1))
        return Text("\n".join(lines), "$text-muted", no_wrap=True)

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
        self.desk.look_into_next()
        self._look_elsewhere()

    def _look_elsewhere(self) -> None:
        self.chosen_map = 0
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
            NeuronLook(trained, layer, self.chosen_map, self.look.shades, test, self.seek),
            self.no_longer_seek,
        )
