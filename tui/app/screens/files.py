"""Where a run's files are, and the command that copies them home."""

import getpass
import os
import shlex
import socket
from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.runs.run import Run
from tui.app.guard import GuardedDialog
from tui.app.keys.dialogs import DIALOGS


class Files(GuardedDialog, ModalScreen[None]):
    """Shows paths and lines to copy."""

    BINDINGS: ClassVar[list[BindingType]] = [*DIALOGS["files"]]

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.line = bring_home(run, os.environ)

    def compose(self) -> ComposeResult:
        """Lay out the folder, its files and the line."""
        with Vertical(classes="dialog files") as dialog:
            dialog.border_title = Text(f"Files of {self.run.id}")
            keys = self.app.keys
            copy, close = keys.name("files.copy"), keys.name("files.close")
            dialog.border_subtitle = Text(f"{copy} copies the line, {close} closes")
            folder = Text.assemble(("folder\n", "$text-muted"), str(self.run.path.resolve()), "\n")
            yield Static(folder, id="folder")
            yield Static(Text(files_of(self.run)), id="files")
            words = "bring them home" if "SSH_CONNECTION" in os.environ else "from another machine"
            yield Static(
                Text.assemble((f"\n{words}\n", "$text-muted"), (self.line, "bold")), id="line"
            )

    def action_copy(self) -> None:
        """Copy the line to the clipboard, through the terminal."""
        self.app.copy_to_clipboard(self.line)
        self.notify("copied, if the terminal allows it")


def files_of(run: Run) -> str:
    """Return a run's files with their sizes, figures as one line."""
    lines = []
    try:
        for path in sorted(run.path.iterdir()):
            if path.name.startswith("."):
                continue
            if path.is_dir():
                count = sum(1 for _ in path.iterdir())
                lines.append(f"{'':>12}  {path.name}/ ({count} files)")
            else:
                lines.append(f"{path.lstat().st_size:>12,}  {path.name}")
    except OSError as error:
        lines.append(f"{error.filename} cannot be read ({error.strerror}).")
    return "\n".join(lines)


def bring_home(run: Run, environment: Mapping[str, str]) -> str:
    """Return the command that copies a run's folder to the machine at the other end of the line.

    Over SSH the address is the one that the line came in on; else this machine's name.
    """
    connection = environment.get("SSH_CONNECTION", "").split()
    host = connection[2] if len(connection) == 4 else socket.gethostname()
    if ":" in host:
        host = f"[{host}]"
    port = connection[3] if len(connection) == 4 else "22"
    options = f"-P {port} " if port != "22" else ""
    try:
        user = f"{getpass.getuser()}@"
    except (KeyError, OSError):  # a container's user without a name
        user = ""
    source = f"{user}{host}:{run.path.resolve()}"
    return f"scp -r {options}{shlex.quote(source)} ."
