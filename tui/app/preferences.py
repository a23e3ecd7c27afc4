"""A user's own settings: ``config.toml`` in the config folder, with theme, keys and defaults.

    theme = "nord"
    images = "kitty"
    [keys]
    "run.pause" = "f5"
    [defaults]
    recipe = "tuned"
    [panels.wide]
    samples = 0.4

What is wrong in it is ignored by itself, with one line about it. The app writes the theme and the
sizes of panels, and only what the user has changed; the rest of the file stays as it is.
"""

import os
import stat
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
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
from tui.app.panels import ARRANGEMENTS, LARGEST, SMALLEST
from tui.commands import read_value
from tui.images import CHOICES
from tui.words import near

ENTRIES = ("theme", "images", "keys", "defaults", "panels")
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
    panels: Mapping[str, float] = field(default_factory=dict)  # shares, by arrangement and panel
    problems: tuple[str, ...] = ()
    images: str | None = None  # how they are drawn

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
        images = values.get("images")
        if images is not None and images not in CHOICES:
            wrong[f"images = {images!r}"] = f"it must be one of {', '.join(CHOICES)}"
            images = None
        keys, refused = _checked_keys(_table(values, "keys", wrong))
        defaults, unusable = _checked_defaults(_table(values, "defaults", wrong))
        panels, misfits = _checked_panels(_table(values, "panels", wrong))
        wrong_in = {"keys": refused, "defaults": unusable, "panels": misfits}
        for name, entries in wrong_in.items():
            wrong |= {f"{entry} in [{name}]": why for entry, why in entries.items()}
        problems = [
            visible(f"{path}: {entry} is ignored: {why}{'' if why[-1] in '.?' else '.'}")
            for entry, why in wrong.items()
        ]
        return cls(theme, keys, defaults, panels, tuple(problems), images)


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
    from tui.app.keys.own_keys import (
        checked_keys,  # with widgets that the first frame does not need
    )

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


def _checked_panels(given: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str]]:
    """Return the valid sizes of panels, and what is wrong with the others, by arrangement."""
    kept: dict[str, float] = {}
    refused: dict[str, str] = {}
    for name, share in given.items():
        arrangement = name.partition(".")[0]
        if arrangement not in ARRANGEMENTS or "." not in name:
            refused[name] = f"the tables are {', '.join(f'panels.{one}' for one in ARRANGEMENTS)}"
        elif not isinstance(share, int | float) or not SMALLEST <= share <= LARGEST:
            refused[f"{name} = {share!r}"] = f"it must be a number from {SMALLEST} to {LARGEST}"
        else:
            kept[name] = float(share)
    return kept, refused


def remember(path: Path, entry: Sequence[str], value: str | float | None) -> None:
    """Write one entry into the file, or take it out for None; everything else stays as it is.

    ``entry`` is its place: tables and a name. The file is read again for it, since another app may
    have written meanwhile, and a link is written through. Raises EngineError and OSError where that
    cannot be: what is not TOML is never overwritten.
    """
    target = Path(os.path.realpath(path))
    text, mode, bom = "", 0o644, ""
    with suppress(FileNotFoundError):
        text = _text(path)
        mode = stat.S_IMODE(target.stat().st_mode)
        bom = BOM if target.read_bytes().startswith(BOM.encode()) else ""
    expected = _parsed(path, text)
    before = deepcopy(expected)
    _put(path, expected, entry, value)
    if expected == before:
        return
    if len(entry) == 1 and entry[0] not in before:  # above all tables
        text = f'{entry[0]} = "{value}"\n{text}'
    else:
        text = _edited(path, text, entry, value)
    if tomllib.loads(text) != expected:
        name = entry[0]
        raise EngineError(f"{path} is not understood; write the {name} into it yourself.")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, (bom + text).encode(), mode=mode)


def _put(path: Path, document: Any, entry: Sequence[str], value: str | float | None) -> None:
    """Put a value into TOML, or take it out. Raises EngineError where something else stands."""
    *tables, name = entry
    for table in tables:
        document = document.setdefault(table, {})
        if not isinstance(document, dict):
            raise EngineError(f"{table} is not a table in {path}; take it out.")
    if isinstance(document.get(name), dict):
        raise EngineError(f"{name} is a table in {path}; take it out.")
    if value is None:
        document.pop(name, None)
    else:
        document[name] = value


def _edited(path: Path, text: str, entry: Sequence[str], value: str | float | None) -> str:
    """Return TOML with another entry, its comments and order kept."""
    import tomlkit  # only who changes a setting waits for it

    document = tomlkit.parse(text)
    _put(path, document, entry, value)
    return tomlkit.dumps(document)
