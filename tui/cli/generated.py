"""Groups of commands that are made of dataclasses: not before one is asked for.

To make a command takes typer milliseconds, and every start of the program loads every group.
"""

from collections.abc import Mapping
from typing import Any

from typer.core import TyperGroup


class MadeCommands(TyperGroup):
    """A group whose commands are those of ``made``, before those that were written for it."""

    _given: Mapping[str, Any] = {}
    _all: dict[str, Any] | None = None

    def made(self) -> dict[str, Any]:
        """Return the commands that are made, by name."""
        raise NotImplementedError

    @property
    def commands(self) -> dict[str, Any]:
        """All commands by name."""
        if self._all is None:
            self._all = {**self.made(), **self._given}
        return self._all

    @commands.setter
    def commands(self, given: Mapping[str, Any]) -> None:
        self._given, self._all = given, None

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return list(self.commands)
