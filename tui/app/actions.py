"""Every action of the app: the one list that keys, footer, help and palette are made from.

``id`` is what a user's config names. ``sections`` are those whose footer shows the key; a key
pressed elsewhere says why it does nothing there. Actions may share a key where their sections
differ. The keys of what opens over a section are here too, by dialog.
"""

from dataclasses import dataclass

from textual.binding import Binding

EVERYWHERE = ("train", "adversarial", "visualize", "runs")
EXPERIMENTS = ("train", "adversarial", "visualize")
NETWORKS = ("adversarial", "visualize")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A key, what it does in a word (for the footer) and in a sentence (for help and palette)."""

    id: str
    keys: str
    action: str
    word: str
    sentence: str
    group: str
    sections: tuple[str, ...] = EVERYWHERE
    footer: bool = True
    shown_key: str | None = None
    priority: bool = False

    @property
    def name(self) -> str:
        """The action without its parameters."""
        return self.action.partition("(")[0]

    def binding(self) -> Binding:
        """Return Textual's binding of it."""
        return Binding(
            self.keys, self.action, self.word, id=self.id, show=self.footer,
            key_display=self.shown_key, priority=self.priority, tooltip=self.sentence,
        )  # fmt: skip


def _section(number: int, section: str) -> Action:
    return Action(
        id=f"section.{section}", keys=str(number), action=f"show('{section}')",
        word=section.capitalize(), sentence=f"Go to {section.capitalize()}", group="Sections",
        footer=False,
    )  # fmt: skip


ACTIONS = (
    *(_section(number, section) for number, section in enumerate(EVERYWHERE, 1)),
    Action(
        id="section.next", keys="tab", action="next_section(1)", word="next",
        sentence="Go to the next section", group="Sections", footer=False, priority=True,
    ),
    Action(
        id="section.last", keys="shift+tab", action="next_section(-1)", word="last",
        sentence="Go to the section before", group="Sections", footer=False, priority=True,
        shown_key="shift+tab",
    ),
    Action(
        id="run.choice", keys="r", action="run_choice", word="run", sections=EXPERIMENTS,
        sentence="Run what is chosen, or all that is marked", group="Runs",
    ),
    Action(
        id="run.all", keys="a", action="run_all", word="all", sections=EXPERIMENTS,
        sentence="Run all of this section", group="Runs",
    ),
    Action(
        id="run.mark", keys="x", action="mark", word="mark", sections=EXPERIMENTS,
        sentence="Mark what is chosen, to run several", group="Runs", footer=False,
    ),
    Action(
        id="run.edit", keys="e", action="edit", word="edit", sections=EXPERIMENTS,
        sentence="Edit the next run's options, copy its command", group="Runs",
    ),
    Action(
        id="run.network", keys="n", action="network", word="network", sections=NETWORKS,
        sentence="Choose the trained network to look at", group="Runs",
    ),
    Action(
        id="run.pause", keys="space", action="pause", word="pause", sections=EXPERIMENTS,
        sentence="Pause what runs, or let it go on", group="Runs", shown_key="space",
    ),
    Action(
        id="run.stop", keys="s", action="stop", word="stop",
        sentence="Stop what runs, and keep what was done", group="Runs",
    ),
    Action(
        id="run.go_on", keys="g", action="go_on", word="go on",
        sentence="Resume a stopped, interrupted or failed run", group="Runs",
        footer=False,
    ),
    Action(
        id="look.open", keys="enter", action="open", word="open",
        sentence="Look closely, or open the run", group="Looking",
        shown_key="enter", priority=True,  # or the lists would keep it
    ),
    Action(
        id="look.map", keys="m", action="map", word="map", sections=("adversarial",),
        sentence="Show success by true digit and target", group="Looking",
    ),
    Action(
        id="look.back", keys="left,h", action="step(-1)", word="back", sections=EXPERIMENTS,
        sentence="Move the step cursor back", group="Looking", footer=False, shown_key="← h",
    ),
    Action(
        id="look.on", keys="right,l", action="step(1)", word="on", sections=EXPERIMENTS,
        sentence="Move the step cursor on", group="Looking", footer=False, shown_key="→ l",
    ),
    Action(
        id="look.far_back", keys="shift+left,H", action="step(-10)", word="far back",
        sentence="Move it ten events back", group="Looking", sections=EXPERIMENTS,
        footer=False, shown_key="shift+←",
    ),
    Action(
        id="look.far_on", keys="shift+right,L", action="step(10)", word="far on",
        sentence="Move it ten events on", group="Looking", sections=EXPERIMENTS,
        footer=False, shown_key="shift+→",
    ),
    Action(
        id="look.live", keys="escape", action="live", word="live", sections=EXPERIMENTS,
        sentence="Take it away: the latest step", group="Looking", footer=False,
        shown_key="escape",
    ),
    Action(
        id="look.up", keys="k", action="cursor('up')", word="up", sentence="Move up",
        group="Looking", footer=False, shown_key="↑ k",
    ),
    Action(
        id="look.down", keys="j", action="cursor('down')", word="down", sentence="Move down",
        group="Looking", footer=False, shown_key="↓ j",
    ),
    Action(
        id="look.scroll_down", keys="shift+down,J", action="scroll_panels(3)", word="scroll down",
        sentence="Scroll down what a panel cannot show at once", group="Looking",
        sections=EXPERIMENTS, footer=False, shown_key="shift+↓",
    ),
    Action(
        id="look.scroll_up", keys="shift+up,K", action="scroll_panels(-3)", word="scroll up",
        sentence="Scroll it up", group="Looking", sections=EXPERIMENTS, footer=False,
        shown_key="shift+↑",
    ),
    Action(
        id="look.logarithm", keys="y", action="logarithm", word="log", sections=EXPERIMENTS,
        sentence="Losses on a logarithmic or a linear axis", group="Looking",
        footer=False,
    ),
    Action(
        id="look.smoothing", keys="w", action="smoothing", word="smooth", sections=EXPERIMENTS,
        sentence="Smooth the curves more, or not", group="Looking", footer=False,
    ),
    Action(
        id="runs.mark", keys="space", action="mark_run", word="mark", sections=("runs",),
        sentence="Mark the run, to compare several", group="Runs", shown_key="space",
    ),
    Action(
        id="runs.compare", keys="c", action="compare", word="compare", sections=("runs",),
        sentence="Compare the marked runs", group="Runs",
    ),
    Action(
        id="runs.files", keys="o", action="files", word="files",
        sentence="Where the run's files are; to bring them home", group="Looking",
        footer=False,
    ),
    Action(
        id="runs.filter", keys="slash", action="filter", word="filter", sections=("runs",),
        sentence="Filter the runs by words", group="Looking", shown_key="/",
    ),
    Action(
        id="app.palette", keys="ctrl+p", action="command_palette", word="palette",
        sentence="Find any action by its words; themes too", group="The app", footer=False,
        shown_key="ctrl+p",
    ),
    Action(
        id="app.help", keys="question_mark", action="help", word="help",
        sentence="Show every key", group="The app", shown_key="?",
    ),
    Action(
        id="app.detach", keys="d", action="detach", word="detach",
        sentence="Leave; runs continue in the background", group="The app",
    ),
    Action(
        id="app.suspend", keys="ctrl+z", action="suspend_process", word="suspend",
        sentence="Suspend the app and its run; `fg` resumes both", group="The app", footer=False,
        shown_key="ctrl+z", priority=True,
    ),
    Action(
        id="app.quit", keys="q", action="leave", word="quit",
        sentence="Leave; asks while something runs", group="The app", shown_key="q",
    ),
    Action(
        id="app.quit_anywhere", keys="ctrl+q,ctrl+c", action="leave_anywhere", word="quit",
        sentence="Leave, from dialogs too", group="The app", footer=False, shown_key="ctrl+q",
        priority=True,
    ),
)  # fmt: skip
ANYWHERE = ("command_palette", "suspend_process", "leave_anywhere")  # in dialogs too
BY_NAME = {action.name: action for action in ACTIONS}
BY_ID = {action.id: action for action in ACTIONS}

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
    "compare": (
        Binding("escape,enter,q,c", "dismiss", "close", id="compare.close"),
        Binding("left,h", "move(-1)", "before", id="compare.left"),
        Binding("right,l", "move(1)", "next", id="compare.right"),
        Binding("up,k", "scroll(-3)", "up", id="compare.up"),
        Binding("down,j", "scroll(3)", "down", id="compare.down"),
        Binding("shift+left,H", "sideways(-8)", "to the left", id="compare.far_left"),
        Binding("shift+right,L", "sideways(8)", "to the right", id="compare.far_right"),
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
    "leave": (
        Binding("escape", "dismiss('stay')", "stay", id="leave.stay"),
        Binding("d", "dismiss('detach')", "keep running", id="leave.detach"),
    ),
}
