"""A user's own settings: ``config.toml`` in the config folder, with theme, keys and defaults.

    theme = "nord"
    [keys]
    "run.pause" = "p"
    [defaults]
    recipe = "tuned"

The app writes one line of it, the theme last chosen, and leaves the rest as it is.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from engine.config import SECTIONS, options_of
from engine.errors import EngineError, UsageError
from engine.writer import write_atomically
from tui.actions import ACTIONS
from tui.options import read_value


def preferences_path() -> Path:
    """Return where the file lies (``$XDG_CONFIG_HOME`` is respected)."""
    return user_config_path("mnist-tui") / "config.toml"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the file says; every part may be missing."""

    theme: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)  # by the id of an action
    defaults: Mapping[str, Any] = field(default_factory=dict)  # by the name of an option

    @classmethod
    def read(cls, path: Path) -> "Preferences":
        """Read the file. Raises EngineError, with what to mend, where it cannot be used."""
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            raise EngineError(f"{path} is left aside: {error}.") from None
        keys, defaults = values.get("keys", {}), values.get("defaults", {})
        known = {
            "key of the file": (values, {"theme", "keys", "defaults"}),
            "action": (keys, {action.id for action in ACTIONS}),
            "option": (defaults, {name for kind in SECTIONS.values() for name in options_of(kind)}),
        }
        for what, (given, names) in known.items():
            unknown = set(given) - names if isinstance(given, dict) else {str(given)}
            if unknown:
                raise EngineError(f"{path} is left aside: no {what} is called {min(unknown)!r}.")
        for name, value in ({"theme": values.get("theme", "")} | keys).items():
            if not isinstance(value, str):
                raise EngineError(
                    f"{path} is left aside: {name} must be text in quotes, not {value!r}."
                )
        try:
            for kind in SECTIONS.values():
                mine = {name: value for name, value in defaults.items() if name in options_of(kind)}
                kind(**{name: read_value(kind, name, str(value)) for name, value in mine.items()})
                defaults = defaults | {n: read_value(kind, n, str(v)) for n, v in mine.items()}
        except UsageError as error:
            raise EngineError(f"{path} is left aside: {error}") from None
        return cls(values.get("theme"), keys, defaults)


def remember_theme(path: Path, theme: str) -> None:
    """Write the theme into the file, the rest of which stays as it is. Raises OSError."""
    line = f'theme = "{theme}"'
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    text, found = re.subn(r"(?m)^theme\s*=.*$", line, text, count=1)
    if not found:  # before the first table
        text = f"{line}\n{text}"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())
