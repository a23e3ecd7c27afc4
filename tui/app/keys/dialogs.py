"""The keys of the dialogs, by dialog.

All in one table, since the screens are imported late and the user's keys are checked early.
"""

from textual.binding import Binding

from tui.app.keys.pad_actions import PAD_ACTIONS


def _of_cursor(dialog: str, *, closes: str = "") -> tuple[Binding, ...]:
    """Return the keys of a dialog in which a cursor moves over cells or pictures."""
    return (
        Binding(f"escape,q{closes}", "dismiss", "close", id=f"{dialog}.close"),
        Binding("enter,space", "open", "open", id=f"{dialog}.open"),
        Binding("left,h", "move(-1, 0)", "left", id=f"{dialog}.left"),
        Binding("right,l", "move(1, 0)", "right", id=f"{dialog}.right"),
        Binding("up,k", "move(0, -1)", "up", id=f"{dialog}.up"),
        Binding("down,j", "move(0, 1)", "down", id=f"{dialog}.down"),
        Binding("pageup,shift+up,K", "page(-1)", "page up", id=f"{dialog}.page_up"),
        Binding("pagedown,shift+down,J", "page(1)", "page down", id=f"{dialog}.page_down"),
        Binding("home,g", "jump(-1)", "first", id=f"{dialog}.first"),
        Binding("end,G", "jump(1)", "last", id=f"{dialog}.last"),
    )


DIALOGS: dict[str, tuple[Binding, ...]] = {
    "help": (
        Binding("escape,question_mark,q", "dismiss", "close", id="help.close"),
        Binding("up,k", "scroll(-2)", "up", id="help.up"),
        Binding("down,j", "scroll(2)", "down", id="help.down"),
        Binding("pageup", "scroll(-10)", "page up", id="help.page_up"),
        Binding("pagedown,space", "scroll(10)", "page down", id="help.page_down"),
    ),
    "closeup": (
        Binding("escape,enter,q", "dismiss", "close", id="closeup.close"),
        Binding("left,h", "move(-1)", "before", id="closeup.left"),
        Binding("right,l", "move(1)", "next", id="closeup.right"),
        Binding("up,k", "turn(-1)", "up", id="closeup.up"),
        Binding("down,j", "turn(1)", "down", id="closeup.down"),
        Binding("pageup,shift+up,K", "scroll(-1)", "scroll up", id="closeup.scroll_up"),
        Binding("pagedown,shift+down,J", "scroll(1)", "scroll down", id="closeup.scroll_down"),
    ),
    "matrix": _of_cursor("matrix", closes=",m"),
    "gallery": _of_cursor("gallery", closes=",v"),
    "compare": (
        Binding("escape,enter,q,c", "dismiss", "close", id="compare.close"),
        Binding("left,h", "move(-1)", "before", id="compare.left"),
        Binding("right,l", "move(1)", "next", id="compare.right"),
        Binding("up,k", "scroll(-3)", "up", id="compare.up"),
        Binding("down,j", "scroll(3)", "down", id="compare.down"),
        Binding("shift+left,H", "sideways(-8)", "to the left", id="compare.far_left"),
        Binding("shift+right,L", "sideways(8)", "to the right", id="compare.far_right"),
    ),
    "sweep": (
        Binding("escape,q", "dismiss(None)", "close", id="sweep.close"),
        Binding("enter", "open", "open", id="sweep.open"),
        Binding("up,k", "move(-1)", "up", id="sweep.up"),
        Binding("down,j", "move(1)", "down", id="sweep.down"),
        Binding("pageup", "page(-1)", "page up", id="sweep.page_up"),
        Binding("pagedown", "page(1)", "page down", id="sweep.page_down"),
        Binding("home", "jump(0)", "first", id="sweep.first"),
        Binding("end", "jump(-1)", "last", id="sweep.last"),
        Binding("left,h", "turn(-1)", "before", id="sweep.left"),
        Binding("right,l", "turn(1)", "next", id="sweep.right"),
        Binding("shift+up,K", "scroll(-3)", "scroll up", id="sweep.scroll_up"),
        Binding("shift+down,J", "scroll(3)", "scroll down", id="sweep.scroll_down"),
        Binding("f", "choose", "which runs", id="sweep.filter"),
        Binding("r", "rows", "rows of the map", id="sweep.rows"),
        Binding("c", "columns", "columns of the map", id="sweep.columns"),
        Binding("m", "metric", "metric of the curves", id="sweep.metric"),
        Binding("n", "section", "next section", id="sweep.section"),
        Binding("s", "stop", "stop", id="sweep.stop"),
        Binding("g", "go_on", "resume", id="sweep.go_on"),
    ),
    "stopping": (
        Binding("escape", "dismiss(None)", "cancel", id="stopping.cancel"),
        Binding("r", "dismiss('run')", "the run", id="stopping.run"),
        Binding("s", "dismiss('sweep')", "the sweep", id="stopping.sweep"),
    ),
    "files": (
        Binding("escape,enter,q,o", "dismiss", "close", id="files.close"),
        Binding("ctrl+y", "copy", "copy", id="files.copy"),
    ),
    "edit": (
        Binding("escape", "dismiss(None)", "cancel", id="edit.cancel"),
        Binding("ctrl+s", "take(False)", "keep", id="edit.keep", priority=True),
        Binding("ctrl+r", "take(True)", "run", id="edit.run", priority=True),
        Binding("ctrl+y", "copy", "copy the command", id="edit.copy", priority=True),
        Binding("down", "app.focus_next", "next", show=False, id="edit.next"),
        Binding("up", "app.focus_previous", "last", show=False, id="edit.last"),
        Binding("pageup", "scroll(-2)", "scroll up", show=False, id="edit.scroll_up"),
        Binding("pagedown", "scroll(2)", "scroll down", show=False, id="edit.scroll_down"),
    ),
    "network": (
        Binding("escape,n,q", "dismiss(None)", "cancel", id="network.cancel"),
        Binding("j", "cursor('down')", show=False, id="network.down"),
        Binding("k", "cursor('up')", show=False, id="network.up"),
    ),
    "dataset": (
        Binding("escape", "dismiss(None)", "cancel", id="dataset.cancel"),
        Binding("j", "cursor('down')", show=False, id="dataset.down"),
        Binding("k", "cursor('up')", show=False, id="dataset.up"),
    ),
    "pad": tuple(action.binding() for action in PAD_ACTIONS),
    "networks": (
        Binding("escape,n,q", "dismiss(None)", "cancel", id="networks.cancel"),
        Binding("space,x", "mark", "mark", id="networks.mark"),
        Binding("enter", "take", "done", id="networks.take", priority=True),
        Binding("j", "cursor('down')", show=False, id="networks.down"),
        Binding("k", "cursor('up')", show=False, id="networks.up"),
    ),
    "keep": (
        Binding("escape,q", "dismiss(None)", "cancel", id="keep.cancel"),
        Binding("j", "cursor('down')", show=False, id="keep.down"),
        Binding("k", "cursor('up')", show=False, id="keep.up"),
    ),
    "leave": (
        Binding("escape", "dismiss('stay')", "stay", id="leave.stay"),
        Binding("d", "dismiss('detach')", "keep running", id="leave.detach"),
        Binding("s", "dismiss('stop')", "stop", id="leave.stop"),
    ),
}
