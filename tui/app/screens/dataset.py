"""Choosing the dataset of the next runs: one of those with names, or a file of one's own."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.config import DATASETS, RunConfig
from engine.data.known import MNIST_LIKE, title_of
from engine.errors import EngineError, MnistTuiError
from engine.files.text import visible
from tui.app.guard import GuardedDialog
from tui.app.keys.dialogs import DIALOGS
from tui.app.screens.edit import FILES, WRONG
from tui.commands import read_value
from tui.words import cut

TITLE, ABOUT = 18, 66  # cells
OWN = "a file"  # the option that asks for one; no dataset has a space in its name
SAID = {
    "auto": "MNIST, or the embedded digits where it cannot be had",
    "digits": "1,797 small images that come with the package",
}


class ChooseDataset(GuardedDialog, ModalScreen[str | None]):
    """Returns the dataset as a config names it, or None for no change."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["dataset"]]

    def __init__(self, config: RunConfig, files: Sequence[str]) -> None:
        """``files`` are those that runs are of."""
        super().__init__()
        self.config = config
        own = [] if config.dataset in DATASETS else [config.dataset]
        self.names = list(dict.fromkeys((*DATASETS, *files, *own)))

    def compose(self) -> ComposeResult:
        """Lay out the datasets, and a field for a file."""
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = "Dataset of the next runs"
            keys = self.app.keys
            dialog.border_subtitle = Text(f"enter select  {keys.name('dataset.cancel')} cancel")
            options = [Option(_line(name), str(n)) for n, name in enumerate(self.names)]
            yield OptionList(*options, Option("a file of your own …", OWN))
            yield Input(placeholder=FILES["dataset"], id="file", compact=True)
            yield Static(id="wrong")

    def on_mount(self) -> None:
        """Put the cursor on the current choice."""
        options = self.query_one(OptionList)
        options.highlighted = self.names.index(self.config.dataset)
        self.set_focus(options)
        self.query_one(Input).display = False
        self.query_one("#wrong").display = False

    def action_cursor(self, where: str) -> None:
        """Move the cursor."""
        getattr(self.query_one(OptionList), f"action_cursor_{where}")()

    @on(OptionList.OptionSelected)
    def _choose(self, event: OptionList.OptionSelected) -> None:
        if event.option_id != OWN:
            self.dismiss(self.names[event.option_index])
            return
        box = self.query_one(Input)
        box.display = True
        self.set_focus(box)

    @on(Input.Changed)
    def _forget(self) -> None:
        self.query_one("#wrong").display = False

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        """Leave with the file, unless something is wrong with it, which stands below."""
        try:
            self.dismiss(read_dataset(self.config, event.value))
        except MnistTuiError as error:
            wrong = self.query_one("#wrong", Static)
            wrong.display = True
            wrong.update(Text(str(error), WRONG))


def read_dataset(config: RunConfig, text: str) -> str:
    """Return the file that was typed. Raises MnistTuiError unless it may be a dataset."""
    path: str = read_value(type(config), "dataset", text)
    path = replace(config, dataset=path).dataset
    if path not in DATASETS and not os.path.isfile(path):
        raise EngineError(f"There is no file {visible(path)}.")
    return path


def _line(name: str) -> Text:
    title = title_of(name) if name in DATASETS else visible(Path(name).stem)
    about = SAID.get(name, name)
    if name in MNIST_LIKE:
        about = ", ".join(MNIST_LIKE[name].classes)
    return Text.assemble(
        cut(title, TITLE), (cut(visible(about), ABOUT).rstrip(), "$text-muted"), no_wrap=True
    )
