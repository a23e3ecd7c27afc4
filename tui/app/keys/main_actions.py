"""The actions of the app itself: switching sections, help, palette, quitting."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui.app import screens
from tui.app.keys.action import Action

if TYPE_CHECKING:
    from tui.app.main_screen import MainScreen

MainAction = Action["MainScreen"]


def navigation(sections: Iterable[str]) -> tuple[MainAction, ...]:
    """Return an action for each section, and those that go to the next and the last."""
    return (
        *(_section(number, section) for number, section in enumerate(sections, 1)),
        Action(
            id="section.next", keys="tab", word="next", group="Sections", footer=False,
            sentence="Go to the next section", priority=True, do=lambda main: main.turn(1),
        ),
        Action(
            id="section.last", keys="shift+tab", word="previous", group="Sections", footer=False,
            sentence="Go to the previous section", priority=True, shown_key="shift+tab",
            do=lambda main: main.turn(-1),
        ),
    )  # fmt: skip


def _section(number: int, section: str) -> MainAction:
    def show(main: "MainScreen") -> None:
        main.show(section)

    return Action(
        id=f"section.{section}", keys=str(number), word=section.capitalize(), group="Sections",
        footer=False, sentence=f"Go to {section.capitalize()}", do=show,
    )  # fmt: skip


async def _help(main: "MainScreen") -> None:
    main.look_around()  # what is refused now, not at the timer's last look
    await main.app.push_screen(
        screens.Help(main.keys, main.snapshot.refused, main.current, main.pane.about_panel())
    )


async def _try(main: "MainScreen") -> None:
    await main.app.push_screen(screens.Pad(main.pane.look))


def _no_detach(main: "MainScreen") -> str | None:
    if main.conductor.own is not None:
        return None
    if main.pane.running is None:
        return "No run is active here."
    return "No run is active here; one that another process drives continues without this app."


TRY = MainAction(
    id="app.try", keys="t", word="try", group="Looking",
    sentence="Draw, and see what the networks say", do=_try,
)  # fmt: skip
OF_THE_APP: tuple[MainAction, ...] = (
    TRY,
    Action(
        id="app.palette", keys="ctrl+p", word="palette", group="The app", footer=False,
        sentence="Find any action or run, or change the theme", shown_key="ctrl+p", anywhere=True,
        do=lambda main: main.app.action_command_palette(),
    ),
    Action(
        id="app.help", keys="question_mark", word="help", group="The app", shown_key="?",
        sentence="Explain the focused panel, show every key", do=_help,
    ),
    Action(
        id="app.detach", keys="d", word="detach", group="The app", reason=_no_detach,
        sentence="Quit; runs continue in the background",
        do=lambda main: main.app.detach(),
    ),
    Action(
        id="app.suspend", keys="ctrl+z", word="suspend", group="The app", footer=False,
        sentence="Suspend the app and its run; `fg` resumes", shown_key="ctrl+z",
        priority=True, anywhere=True, do=lambda main: main.app.action_suspend_process(),
    ),
    Action(
        id="app.quit", keys="q", word="quit", group="The app", shown_key="q",
        sentence="Quit; asks first while a run is active", do=lambda main: main.app.leave(),
    ),
    Action(
        id="app.quit_anywhere", keys="ctrl+q,ctrl+c", word="quit", group="The app", footer=False,
        sentence="Quit, from dialogs too", shown_key="ctrl+q", priority=True, anywhere=True,
        do=lambda main: main.app.leave_anywhere(),
    ),
)  # fmt: skip
