"""The options of a section's next runs: a form made from the config's own options."""

import dataclasses
from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Grid, Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Checkbox, Input, Label, Select, Static

from engine.architectures import BEST_MODEL
from engine.config import NetworkConfig, Option, RunConfig, options_of
from engine.errors import UsageError
from tui.actions import DIALOGS
from tui.guard import Guarded
from tui.options import command_line, read_value

FIRST = ("recipe", "model", "run", "epochs", "steps", "epsilon", "seed")  # what people change most
WRONG = "bold #D55E00"
ANSWERS = {"run": "run now", "keep": "keep for later", "copy": "copy the command"}


class Edit(Guarded, ModalScreen[tuple[RunConfig, bool] | None]):
    """Returns the config and whether to run it now, or None where nothing is to change."""

    BINDINGS: ClassVar = DIALOGS["edit"]

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        self.config = config
        self.names = sorted(
            options_of(config), key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST)
        )

    def compose(self) -> ComposeResult:
        """Lay out a line an option, the command line, and what to do with it."""
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = f"Options of the next {self.config.section} runs"
            keys = self.app.keys
            move, cancel = keys.names("edit.last", "edit.next"), keys.name("edit.cancel")
            dialog.border_subtitle = Text(f"{move} move  {cancel} leaves all as it was")
            with VerticalScroll(can_focus=False), Grid(id="form"):
                for name, rules in self._fields():
                    yield Label(name.replace("_", " "))
                    yield self._field(name, rules)
            yield Static(id="explained")
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

    def _field(self, name: str, rules: Option) -> Select | Checkbox | Input:
        value = getattr(self.config, name)
        if rules.choices:
            return Select(
                [(choice, choice) for choice in rules.choices], value=value, allow_blank=False,
                id=f"field-{name}", compact=True,
            )  # fmt: skip
        if isinstance(value, bool):
            return Checkbox(value=value, id=f"field-{name}", compact=True)
        text = "" if value is None else str(value)
        return Input(text, placeholder=self._default(name), id=f"field-{name}", compact=True)

    def _default(self, name: str) -> str:
        """Return what an empty field stands for: the recipe's value."""
        known = self.config
        if isinstance(known, NetworkConfig):
            known = dataclasses.replace(known, model=known.model or BEST_MODEL)
        value = known.defaults.get(name)
        if value is None:
            return {"run": f"the newest {BEST_MODEL}", "epsilon": "no budget"}.get(name, "auto")
        return f"{value:g}" if isinstance(value, float) else str(value)

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
        self.query_one("#explained", Static).update(Text(rules.help if rules else "", "dim"))

    def read(self) -> RunConfig:
        """Return the config as the form stands. Raises UsageError as the command line does."""
        values: dict[str, Any] = {}
        for name in self.names:
            field = self.query_one(f"#field-{name}")
            if isinstance(field, Input):
                values[name] = read_value(type(self.config), name, field.value)
            else:
                values[name] = field.value
        return dataclasses.replace(self.config, **values)

    def _check(self) -> RunConfig | None:
        """Show the command line, or what is wrong; the placeholders follow the recipe."""
        line = self.query_one("#command", Static)
        try:
            config = self.read()
        except UsageError as error:
            line.update(Text(str(error), WRONG))
            return None
        self.config = config
        for name, _ in self._fields():
            field = self.query_one(f"#field-{name}")
            if isinstance(field, Input):
                field.placeholder = self._default(name)
        line.update(Text(f"$ {command_line([config])}", "bold"))
        return config

    def action_take(self, run: bool) -> None:
        """Leave with what was edited, unless something is wrong."""
        config = self._check()
        if config is None:
            self.app.bell()
            return
        self.dismiss((config, run))

    def action_copy(self) -> None:
        """Put the command line on the clipboard of whoever sits at the terminal (OSC 52)."""
        config = self._check()
        if config is not None:
            self.app.copy_to_clipboard(command_line([config]))
            self.notify("Copied, where the terminal allows it.")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "copy":
            self.action_copy()
        else:
            self.action_take(event.button.id == "run")
