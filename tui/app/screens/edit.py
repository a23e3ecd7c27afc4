"""The options of a section's next runs: a form made from the config's own options."""

import dataclasses
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Grid, Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Label, Select, Static

from engine.errors import UsageError
from engine.files.text import visible
from engine.networks.architectures import BEST_MODEL
from engine.options import Option, options_of
from engine.sections.trained import NetworkConfig
from tui.app.dialogs import DIALOGS
from tui.app.guard import GuardedDialog
from tui.app.sections.base import Commands
from tui.app.widgets.fields import Choice, Fields, Toggle
from tui.commands import chosen_words, command_line, read_value

FIRST = ("recipe", "model", "run", "epochs", "steps", "epsilon", "seed")  # what people change most
WRONG = "bold $bad"
WORDS = {"run": f"the newest {BEST_MODEL}", "epsilon": "no budget"}  # of what is left open
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
                    yield Label(name.replace("_", " "))
                    yield self._field(name, rules)
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

    @property
    def _models(self) -> tuple[str, ...]:
        """The models of the runs, where they are of several: the model field stands for all."""
        models = tuple(getattr(config, "model", "") for config in self.commands[0])
        return models if len(models) > 1 else ()

    def _field(self, name: str, rules: Option) -> Choice | Toggle | Input:
        value = getattr(self.config, name)
        if rules.choices:
            choices: list[tuple[str, Any]] = [(choice, choice) for choice in rules.choices]
            if rules.ending and value not in rules.choices:
                choices.append((visible(value), value))
            if name == "model" and self._models:
                value = self._models
                choices.insert(0, (", ".join(value), value))
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
        self._check()

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _changed(self) -> None:
        self._check()

    def on_descendant_focus(self) -> None:
        """Explain the option that is being edited."""
        name = (self.focused.id or "") if self.focused else ""
        rules = dict(self._fields()).get(name.removeprefix("field-"))
        self.query_one("#explained", Static).update(
            Text(rules.help if rules else "", "$text-muted")
        )

    def read(self) -> Commands:
        """Return the runs as the form stands. Raises UsageError as the command line does."""
        values: dict[str, Any] = {}
        for name in self.names:
            field = self.query_one(f"#field-{name}")
            if isinstance(field, Input):
                values[name] = read_value(type(self.config), name, self._meant(name, field.value))
            elif isinstance(field, Choice | Toggle):
                values[name] = field.value
        commands = self.commands
        if self._models:
            if values["model"] == self._models:
                del values["model"]  # each keeps its own
            else:
                commands = [[self.commands[0][0]]]
        return [
            [dataclasses.replace(config, **values) for config in configs] for configs in commands
        ]

    def _check(self) -> bool:
        """Show what would be run, or what is wrong; the placeholders follow the recipe."""
        line = self.query_one("#command", Static)
        try:
            self.edited = self.read()
        except UsageError as error:
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
