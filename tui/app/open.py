"""Opens the app on the terminal, and makes sure that nothing is lost or left hanging at its end."""

import asyncio
import os
import signal
import sys
import termios
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from engine.config import RunConfig
from engine.data.known import located
from engine.hints import hint
from engine.options import options_of
from engine.runs.run import Run
from tui.app.app import MnistTui
from tui.app.farewell import fate
from tui.app.faults import log_path, words_of
from tui.app.preferences import Preferences, preferences_path
from tui.ascii import wanted
from tui.console import complain, say
from tui.images import AUTO, CELLS, KITTY, obstacle, tmux_obstacle
from tui.live.conductor import Conductor
from tui.live.signals import exit_code, handling_signals

if TYPE_CHECKING:
    from engine.sweeps.sweep import Sweep

TELL_AFTER = 0.5  # seconds of saving after which the user is told why the prompt is late
PATIENCE = 600.0  # seconds that saving may take
# Seconds that the screen keeps the interpreter while a training asks for it, which it does some
# hundred times a step. Python's own 5 ms would stop the training for as long as anything is drawn.
SWITCH = 0.0005
A_MOMENT = 0.2  # seconds for a thread that has nothing left to do
# No mouse reports, no bracketed paste, the cursor shown, the screen from before the app.
RESET = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[<u\x1b[?25h\x1b[?1049l"
)
ABORT = b"\x1b\\"  # ends the sequence that may have been cut off


def open_app(
    config: RunConfig,
    *,
    ascii_: bool,
    said: Collection[str] = (),
    run: Run | None = None,
    sweep: "Sweep | None" = None,
    pad: bool = False,
    images: str | None = None,
) -> int:
    """Run the app until the user quits; return the exit code. A run, a sweep or the pad opens.

    ``said`` names the options of ``config`` that win over the user's own defaults; ``images`` is
    how images are drawn, None where that was not said.
    """
    sys.setswitchinterval(SWITCH)
    preferences = Preferences.read(preferences_path())
    if not os.environ.get("NO_COLOR"):
        os.environ.pop("NO_COLOR", None)  # empty means nothing, but not to Textual
    shared = with_defaults(config, preferences.defaults, said)
    shared = replace(shared, dataset=located(shared.dataset))
    plain = ascii_ or wanted()
    images = images or preferences.images or AUTO
    why = (obstacle(plain=plain) or tmux_obstacle()) if images == KITTY else ""
    images = CELLS if why else images
    app = MnistTui(
        shared, plain=plain, preferences=preferences, run=run, sweep=sweep, pad=pad, images=images
    )
    app.last = in_a_line(preferences.problems)
    if why:
        app.last = app.last or f"Images stay in characters: {why}."
    app.conductor.restore_terminal = restoring(
        sys.__stdin__, sys.__stderr__, lambda: app.images.free() if app.images else ""
    )
    # A loop of our own: asyncio.run would wait for the engine's thread, which may be importing
    # torch or waiting for a download with nothing to save.
    loop = asyncio.new_event_loop()
    with handling_signals(app.on_signal):
        try:
            app.run(loop=loop)
        except Exception as error:
            app.broken = app.broken or error
        # Nobody wants to hear from the loop about tasks that were cut short.
        loop.set_exception_handler(lambda loop, context: None)
        with handling_signals(partial(_while_leaving, app)):
            for problem in preferences.problems:  # in the app there is one line for them
                complain(problem)
            return _leave(app)


def _while_leaving(app: MnistTui, number: int, frame: object) -> None:
    """Let Ctrl-C end the wait for what is being saved; other signals only change the exit code."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    app.ended_by = app.ended_by or signal.Signals(number).name


def in_a_line(problems: Sequence[str]) -> str:
    """Return what the status line says of problems with the settings."""
    if len(problems) < 2:
        return "".join(problems)
    return f"{len(problems)} settings are ignored; on leaving, a line about each is printed."


def _leave(app: MnistTui) -> int:
    """Finish the runs of an app that has ended, say what became of them, return the exit code.

    A run is stopped or handed over as the user chose. What ended the app otherwise costs no run:
    it is handed over.
    """
    conductor = app.conductor
    conductor.closed.set()
    code = 0
    if not (app.left or app.ended_by):
        code = 1
        conductor.hand_over()
        reason = words_of(app.broken) if app.broken else "the screen has ended by itself"
        complain(f"The app could not continue ({reason}); see {log_path()}.")
    conductor.stop_all("user")
    conductor.close()
    conductor.start_thread()  # the screen may have ended before it had
    try:
        _wait(conductor)
    except KeyboardInterrupt:
        runs = hint(app.shared.artifacts, "runs")
        complain(f"interrupted while saving; {runs} shows what can be resumed")
        _end(130)
    for task in conductor.collect():  # that nobody has seen
        if task.state == "failed":
            complain(task.message)
    if conductor.not_handed_over:
        complain(conductor.not_handed_over)
        code = code or 1
    if line := fate(conductor):
        say(line)
    if app.ended_by:
        code = exit_code(app.ended_by)
    if not conductor.ended.wait(A_MOMENT):  # it may be importing torch, or waiting for a mirror
        _end(code)
    return code


def _wait(conductor: Conductor) -> None:
    """Wait until progress is saved or handed over; a second Ctrl-C stops waiting."""
    if not conductor.saved(TELL_AFTER):
        complain(
            "handing over the active run ..."
            if conductor.handing_over
            else "stopping, and saving what was done ..."
        )
        conductor.saved(PATIENCE)


def _end(code: int) -> NoReturn:
    """End the process, whatever its threads are doing."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def restoring(
    terminal: TextIO | None, screen: TextIO | None, first: Callable[[], str] = lambda: ""
) -> Callable[[], None]:
    """Return a function that restores the terminal's current state without blocking.

    It begins with what ``first`` returns. For a process that must end while its screen hangs.
    """
    if terminal is None or screen is None:
        return lambda: None
    try:
        descriptor, target = terminal.fileno(), screen.fileno()
        before = termios.tcgetattr(descriptor)
    except (AttributeError, OSError, ValueError, termios.error):
        return lambda: None

    def restore() -> None:
        with suppress(OSError, termios.error):
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
        with suppress(OSError):
            os.set_blocking(target, False)
            os.write(target, ABORT + first().encode() + RESET)

    return restore


def with_defaults(
    config: RunConfig, defaults: Mapping[str, Any], said: Collection[str]
) -> RunConfig:
    """Return ``config`` with the user's defaults for the options that were not given."""
    unsaid = options_of(RunConfig).keys() - set(said)
    return replace(config, **{name: defaults[name] for name in unsaid & defaults.keys()})
