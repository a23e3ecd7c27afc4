"""The options of a section's next runs: a form made from the config's own options."""

import dataclasses
import os
from collections.abc import Iterator
from functools import cached_property
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Grid, Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Checkbox, Input, Label, Select, Static

from engine.config import RunConfig
from engine.errors import EngineError, MnistTuiError, UsageError
from engine.files.text import visible
from engine.networks.architectures import BEST_MODEL
from engine.networks.code import open_code
from engine.options import Option, options_of
from engine.sections.trained import NetworkConfig
from tui.app.guard import GuardedDialog
from tui.app.keys.dialogs import DIALOGS
from tui.app.sections.base import Commands
from tui.app.widgets.fields import Choice, Fields, Toggle
from tui.commands import chosen_words, command_line, read_value

FIRST = ("recipe", "model", "run", "epochs", "steps", "epsilon", "seed")  # what people change most
WRONG = "bold $bad"
WORDS = {"run": f"the newest {BEST_MODEL}", "epsilon": "no budget"}  # of what is left open
# What may be a file of one's own, and how one is named; its field stands below that of the others.
FILES = {"model": "FILE.py:NAME", "dataset": "FILE.npz"}
FILE = object()  # the choice of it
ANSWERS = {"run": "run", "keep": "keep", "copy": "copy"}  # short, for sixty columns


class Edit(GuardedDialog, ModalScreen[tuple[Commands, bool] | None]):
    """Returns the runs as edited and whether to run them now, or None if cancelled.

    The runs come and go as a list for each command line, and what is returned is what is shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["edit"]]

    def __init__(self, commands: Commands) -> None:
        """``commands`` is what is chosen in the section; its options, but for models, are alike."""
        super().__init__()
        self.commands = commands
        self.edited = commands
        self.config = commands[0][0]
        self.names = sorted(
            options_of(self.config), key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST)
        )

    def compose(self) -> ComposeResult:
        """Lay out a line an option, the command line, and what to do with it."""
        with Vertical(classes="dialog wide") as dialog:
            keys = self.app.keys
            move, cancel = keys.names("edit.last", "edit.next"), keys.name("edit.cancel")
            dialog.border_subtitle = Text(f"{move} move  {cancel} cancel")
            with Fields(id="fields", can_focus=False), Grid(id="form"):
                for name, rules in self._fields():
                    yield from self._rows(name, rules)
            yield Static(id="explained")
            with VerticalScroll(id="said", can_focus=False):
                yield Static(id="command")
            with Horizontal(id="answers"):
                for answer, words in ANSWERS.items():
                    yield Button(
                        Text(f"{keys.name(f'edit.{answer}')}  {words}"), id=answer, compact=True,
                        variant="primary" if answer == "run" else "default",
                    )  # fmt: skip

    def _fields(self) -> list[tuple[str, Option]]:
        rules = options_of(self.config)
        return [(name, rules[name]) for name in self.names]

    @cached_property
    def _several(self) -> dict[str, tuple[str, ...]]:
        """The networks and datasets of the runs, where those are several.

        Their field stands for all of them.
        """
        known = options_of(self.config)
        configs = [config for command in self.commands for config in command]
        found = {
            name: tuple(dict.fromkeys(getattr(config, name) for config in configs))
            for name in FILES if name in known
        }  # fmt: skip
        return {name: values for name, values in found.items() if len(values) > 1}

    def _rows(self, name: str, rules: Option) -> Iterator[Widget]:
        """Yield the widgets of an option: a label and a field; below, for a file, two more."""
        yield Label(name.replace("_", " "))
        yield self._field(name, rules)
        if name in FILES and (rules.choices or rules.offered):
            yield Label("  file", classes=f"of-{name}")
            yield Input(
                placeholder=FILES[name], id=f"file-{name}", classes=f"of-{name}", compact=True
            )
            yield Label("", classes=f"wrong-{name}")
            yield Static(id=f"wrong-{name}", classes=f"wrong-{name}")

    def _field(self, name: str, rules: Option) -> Choice | Toggle | Input:
        value = getattr(self.config, name)
        if known := rules.choices or rules.offered:
            choices: list[tuple[str, Any]] = [(choice, choice) for choice in known]
            if name in self._several:
                value = self._several[name]
                choices.insert(0, (visible(", ".join(value)), value))
            elif value not in known:
                choices.append((visible(value), value))
            if name in FILES:
                choices.append(("a file of your own …", FILE))
            return Choice(
                choices, value=value, allow_blank=False, id=f"field-{name}", compact=True
            )  # fmt: skip
        if isinstance(value, bool):
            return Toggle(value=value, id=f"field-{name}", compact=True)
        text = "" if value is None else str(value)
        return Input(text, placeholder=self._default(name), id=f"field-{name}", compact=True)

    def _default(self, name: str) -> str:
        """Return what an empty field stands for: the recipe's value."""
        known = self.config
        if isinstance(known, NetworkConfig):
            known = dataclasses.replace(known, model=known.model or BEST_MODEL)
        value = known.defaults.get(name)
        if value is None:
            return WORDS.get(name, "auto")
        return f"{value:g}" if isinstance(value, float) else str(value)

    def _meant(self, name: str, text: str) -> str:
        """Return "" for the words that stand in an empty field: who types them means them."""
        default = next(f.default for f in dataclasses.fields(self.config) if f.name == name)
        words = WORDS.get(name, "auto")
        return "" if default is None and text.strip().lower() == words else text

    def on_mount(self) -> None:
        """Begin at the first field."""
        self.set_focus(self.query("Select, Checkbox, Input").first())
        self._fit_files()
        self._check()

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _changed(self) -> None:
        self._check()

    @on(Select.Changed)
    def _selected(self, event: Select.Changed) -> None:
        """Let a file be typed where one was chosen."""
        self._fit_files()
        if event.value is FILE and self.focused is event.select:
            name = (event.select.id or "").removeprefix("field-")
            self.set_focus(self.query_one(f"#file-{name}", Input))
        self._check()

    def _fit_files(self) -> None:
        """Show the field of a file where one is wanted."""
        for name in self._with_file():
            shown = self.query_one(f"#field-{name}", Choice).value is FILE
            for widget in self.query(f".of-{name}"):
                widget.display = shown
            self._tell_wrong(name, "")

    def _with_file(self) -> list[str]:
        return [name for name in FILES if self.query(f"#file-{name}")]

    def _tell_wrong(self, name: str, words: str) -> None:
        """Say below the field of a file what is wrong with it, or nothing."""
        self.query_one(f"#wrong-{name}", Static).update(Text(words, WRONG))
        for widget in self.query(f".wrong-{name}"):
            widget.display = bool(words)

    def on_descendant_focus(self) -> None:
        """Explain the option that is being edited."""
        name = (self.focused.id or "") if self.focused else ""
        rules = dict(self._fields()).get(name.removeprefix("field-").removeprefix("file-"))
        self.query_one("#explained", Static).update(
            Text(rules.help if rules else "", "$text-muted")
        )

    def read(self) -> Commands:
        """Return the runs as the form stands. Raises MnistTuiError as the command line does."""
        values: dict[str, Any] = {}
        for name in self.names:
            field = self.query_one(f"#field-{name}")
            if isinstance(field, Input):
                values[name] = read_value(type(self.config), name, self._meant(name, field.value))
            elif isinstance(field, Choice | Toggle):
                values[name] = field.value
        for name in self._with_file():
            self._tell_wrong(name, "")
            if values[name] is FILE:
                values[name] = self._read_file(name)
        for name, several in self._several.items():
            if values[name] == several:
                del values[name]  # each keeps its own
        edited = [
            [dataclasses.replace(config, **values) for config in command]
            for command in self.commands
        ]
        if self._several:  # trainings, of which some may be the same now
            by_dataset: dict[str, dict[str, RunConfig]] = {}
            for config in (config for command in edited for config in command):
                by_dataset.setdefault(config.dataset, {})[config.title] = config
            return [list(configs.values()) for configs in by_dataset.values()]
        return edited

    def _read_file(self, name: str) -> str:
        """Return the file that was typed for an option. Raises MnistTuiError, and says it below."""
        text = self.query_one(f"#file-{name}", Input).value
        try:
            if not text.strip():
                raise UsageError(f"Which file? {FILES[name]}")
            value: str = read_value(type(self.config), name, text)
            changed: dict[str, Any] = {name: value}
            dataclasses.replace(self.config, **changed)  # whether it may be one
            if name == "model":
                open_code(value)
            elif not os.path.isfile(value):
                raise EngineError(f"There is no file {visible(value)}.")
        except MnistTuiError as error:
            self._tell_wrong(name, str(error) if text.strip() else "")
            raise
        return value

    def _check(self) -> bool:
        """Show what would be run, or what is wrong; the placeholders follow the recipe."""
        line = self.query_one("#command", Static)
        try:
            self.edited = self.read()
        except MnistTuiError as error:
            line.update(Text(str(error), WRONG))
            return False
        self.config = self.edited[0][0]
        title = f"Options of the next runs: {chosen_words(self.edited)}"
        self.query_one(".dialog").border_title = Text(title)
        for name, _ in self._fields():
            field = self.query_one(f"#field-{name}")
            if isinstance(field, Input):
                field.placeholder = self._default(name)
        line.update(Text("\n".join(f"$ {words}" for words in self._command_lines()), "bold"))
        return True

    def _command_lines(self) -> list[str]:
        return [command_line(configs) for configs in self.edited]

    def action_scroll(self, by: int) -> None:
        """Scroll the command lines."""
        self.query_one("#said", VerticalScroll).scroll_relative(y=by, animate=False)

    def action_take(self, run: bool) -> None:
        """Leave with what was edited, unless something is wrong."""
        if self._check():
            self.dismiss((self.edited, run))
        else:
            self.app.bell()

    def action_copy(self) -> None:
        """Copy the command lines to the clipboard of the user's terminal (OSC 52)."""
        if self._check():
            self.app.copy_to_clipboard("\n".join(self._command_lines()))
            self.notify("Copied, where the terminal allows it.")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "copy":
            self.action_copy()
        else:
            self.action_take(event.button.id == "run")
