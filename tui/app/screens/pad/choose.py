"""Choosing the networks that answer, and what a kept drawing is."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.data.classes import numbered
from engine.files.text import visible
from engine.pad.networks import Trained
from tui.app.guard import GuardedDialog
from tui.app.keys.dialogs import DIALOGS
from tui.words import cut_middle

NAME = 34  # cells


class ChooseNetworks(GuardedDialog, ModalScreen[list[Trained] | None]):
    """Returns those that are marked, in the order of the list, or None for no change."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["networks"]]

    def __init__(self, there: Sequence[Trained], shown: Sequence[Trained]) -> None:
        super().__init__()
        self.there = there
        self.marked = {one.run.path for one in shown}

    def compose(self) -> ComposeResult:
        """Lay out the networks, newest first."""
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = "Networks that answer"
            keys = self.app.keys
            dialog.border_subtitle = Text(
                f"{keys.name('networks.mark')} mark  {keys.name('networks.take')} done  "
                f"{keys.name('networks.cancel')} cancel"
            )
            yield OptionList(*(Option(self._line(one)) for one in self.there))

    def on_mount(self) -> None:
        """Put the cursor on the first that is marked."""
        options = self.query_one(OptionList)
        marked = [place for place, one in enumerate(self.there) if one.run.path in self.marked]
        options.highlighted = marked[0] if marked else 0
        self.set_focus(options)

    def _line(self, one: Trained) -> Text:
        mark = "✓" if one.run.path in self.marked else " "
        if one.refused:
            return Text(f"✗ {cut_middle(visible(one.name), NAME):{NAME}} {one.refused}",
                        "$text-disabled", no_wrap=True)  # fmt: skip
        when = "-".join(one.run.id.split("-")[:2])
        return Text.assemble(
            (f"{mark} ", "bold $marked"), f"{cut_middle(visible(one.name), NAME):{NAME}} ",
            (f"{one.result:>7}", "bold"), (f"  {when}", "$text-muted"),
            no_wrap=True,
        )  # fmt: skip

    def action_cursor(self, where: str) -> None:
        """Move the cursor."""
        getattr(self.query_one(OptionList), f"action_cursor_{where}")()

    def action_mark(self) -> None:
        """Mark the network under the cursor, or no longer."""
        options = self.query_one(OptionList)
        place = options.highlighted
        if place is None:
            return
        one = self.there[place]
        if one.refused:
            self.notify(f"{visible(one.name)}: {one.refused}.")
            return
        self.marked ^= {one.run.path}
        options.replace_option_prompt_at_index(place, self._line(one))

    @on(OptionList.OptionSelected)
    def action_take(self) -> None:
        """Leave with those that are marked; with none, nothing is changed."""
        self.dismiss([one for one in self.there if one.run.path in self.marked] or None)


class KeepAs(GuardedDialog, ModalScreen[int | None]):
    """Returns the label of a drawing; typing a digit's number is enough."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["keep"]]

    def __init__(self, classes: Sequence[str], guess: int, path: Path) -> None:
        super().__init__()
        self.names, self.guess, self.path = classes, guess, path

    def compose(self) -> ComposeResult:
        """Lay out the classes."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "What is it?"
            cancel = self.app.keys.name("keep.cancel")
            dialog.border_subtitle = Text(f"enter keep  {cancel} cancel")
            yield Static(Text(f"It is kept in {visible(str(self.path))}.\n", "$text-muted"))
            yield OptionList(
                *(Option(Text(numbered(self.names, n))) for n in range(len(self.names)))
            )

    def on_mount(self) -> None:
        """Put the cursor on what the networks say."""
        options = self.query_one(OptionList)
        options.highlighted = self.guess
        self.set_focus(options)

    def action_cursor(self, where: str) -> None:
        """Move the cursor."""
        getattr(self.query_one(OptionList), f"action_cursor_{where}")()

    def on_key(self, event: Key) -> None:
        """Take the class of a digit that is typed, where there are no more than ten."""
        if event.key.isdecimal() and int(event.key) < len(self.names) <= 10:
            event.stop()
            self.dismiss(int(event.key))

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index)
