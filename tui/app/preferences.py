"""A user's own settings: ``config.toml`` in the config folder, with theme, keys and defaults.

    theme = "nord"
    [keys]
    "run.pause" = "p"
    [defaults]
    recipe = "tuned"

What is wrong in it is ignored by itself, with one line about it. The app writes one entry, the
theme, and only once the user has chosen another; the rest of the file stays as it is.
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_config_path
from textual.theme import BUILTIN_THEMES

from engine.errors import EngineError, UsageError
from engine.files.reader import MB, read_bytes
from engine.files.text import visible
from engine.files.writer import write_atomically
from engine.options import options_of
from engine.sections import configs
from tui.commands import read_value
from tui.words import near

ENTRIES = ("theme", "keys", "defaults")
BOM = "\ufeff"  # some editors begin a file with it
LIMIT = MB
THEMES = tuple(BUILTIN_THEMES)


def preferences_path() -> Path:
    """Return where the file lies (``$XDG_CONFIG_HOME`` is respected)."""
    return user_config_path("mnist-tui") / "config.toml"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the file says; every part may be missing. ``problems`` are lines for the user."""

    theme: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)  # by the id of an action
    defaults: Mapping[str, Any] = field(default_factory=dict)  # by the name of an option
    problems: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> "Preferences":
        """Read the file; unusable entries are ignored, with a line that says so."""
        try:
            values = _parsed(path, _text(path))
        except FileNotFoundError:
            return cls()
        except EngineError as error:
            return cls(problems=(f"Settings ignored: {error}",))
        wrong: dict[str, str] = {}  # why, by what stands there
        for name in values:
            if name not in ENTRIES:
                wrong[name] = f"no setting has this name{near(name, ENTRIES)}"
        theme = values.get("theme")
        if theme is not None and theme not in THEMES:
            wrong[f"theme = {theme!r}"] = f"no theme has this name{near(str(theme), THEMES)}"
            theme = None
        keys, refused = _checked_keys(_table(values, "keys", wrong))
        defaults, unusable = _checked_defaults(_table(values, "defaults", wrong))
        for name, entries in {"keys": refused, "defaults": unusable}.items():
            wrong |= {f"{entry} in [{name}]": why for entry, why in entries.items()}
        problems = [
            visible(f"{path}: {entry} is ignored: {why}{'' if why[-1] in '.?' else '.'}")
            for entry, why in wrong.items()
        ]
        return cls(theme, keys, defaults, tuple(problems))


def _text(path: Path) -> str:
    """Return a file's content, following links. Raises FileNotFoundError and EngineError."""
    try:
        return read_bytes(os.path.realpath(path), LIMIT).decode().removeprefix(BOM)
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise EngineError(
            f"{path} is not UTF-8 (byte {byte:#04x} at {error.start}); save it as UTF-8."
        ) from None


def _parsed(path: Path, text: str) -> dict[str, Any]:
    """Parse TOML. Raises EngineError."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise EngineError(f"{path} is not TOML ({error}); mend it.") from None


def _table(values: Mapping[str, Any], name: str, wrong: dict[str, str]) -> dict[str, Any]:
    """Return the entries of a table; ``run.pause`` without quotes is an entry too."""
    table = values.get(name, {})
    if not isinstance(table, dict):
        wrong[f"{name} = {table!r}"] = f"it must be a table, [{name}]"
        return {}
    entries: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            entries |= {f"{key}.{inner}": one for inner, one in value.items()}
        else:
            entries[key] = value
    return entries


def _checked_keys(given: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the user's valid keys, and what is wrong with the others, by action."""
    if not given:
        return {}, {}
    from tui.app.key_rules import checked_keys  # with widgets that the first frame does not need

    return checked_keys(given)


def _checked_defaults(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the valid defaults, and what is wrong with the others, by name."""
    kept: dict[str, Any] = {}
    refused: dict[str, str] = {}
    names = dict.fromkeys(name for kind in configs().values() for name in options_of(kind))
    for name, value in given.items():
        kinds = [kind for kind in configs().values() if name in options_of(kind)]
        if not kinds:
            refused[name] = f"no option has this name{near(name, names)}"
        for kind in kinds:
            mine = {n: kept[n] for n in kept.keys() & options_of(kind).keys()}
            try:
                one = read_value(kind, name, value) if isinstance(value, str) else value
                kind(**mine | {name: one})
            except UsageError as error:
                refused[name] = str(error)
                kept.pop(name, None)
                break
            kept[name] = one
    return kept, refused


def remember_theme(path: Path, theme: str) -> None:
    """Write the theme into the file if it differs; everything else stays as it is.

    The file is read again for it, since another app may have written meanwhile, and a link is
    written through. Raises EngineError and OSError where that cannot be: what is not TOML is never
    overwritten.
    """
    target = Path(os.path.realpath(path))
    text, mode, bom = "", 0o644, ""
    with suppress(FileNotFoundError):
        text = _text(path)
        mode = stat.S_IMODE(target.stat().st_mode)
        bom = BOM if target.read_bytes().startswith(BOM.encode()) else ""
    before = _parsed(path, text)
    if before.get("theme") == theme:
        return
    if isinstance(before.get("theme"), dict):
        raise EngineError(f"theme is a table in {path}; take it out.")
    text = _with_theme(text, theme) if "theme" in before else f'theme = "{theme}"\n{text}'
    if tomllib.loads(text) != before | {"theme": theme}:
        raise EngineError(f"{path} is not understood; write the theme into it yourself.")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, (bom + text).encode(), mode=mode)


def _with_theme(text: str, theme: str) -> str:
    """Return TOML with another theme, its comments and order kept."""
    import tomlkit  # only who changes the theme waits for it

    document = tomlkit.parse(text)
    document["theme"] = theme
    return tomlkit.dumps(document)
