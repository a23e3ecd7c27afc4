"""Opens the app on the terminal, and sees that nothing is lost or left hanging at its end."""

import asyncio
import locale
import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from engine.config import RunConfig, options_of
from engine.errors import MnistTuiError
from engine.store import Run
from tui.app import MnistTui
from tui.ascii import ERRORS
from tui.console import complain
from tui.preferences import Preferences, preferences_path
from tui.signals import exit_code

TELL_AFTER = 0.5  # seconds of saving after which a person is told why the prompt does not come
PATIENCE = 600.0  # seconds that saving may take


def open_app(
    config: RunConfig, *, ascii_: bool, said: Collection[str] = (), run: Run | None = None
) -> int:
    """Run the app, with a run opened where one is given, until it is left; return the exit code.

    ``said`` names the options of ``config`` that win over the user's own defaults.
    """
    notice = ""
    preferences = Preferences()
    try:
        preferences = Preferences.read(preferences_path())
    except MnistTuiError as error:
        notice = str(error)
    if not _utf8():  # Textual draws on standard error, whose own way would be backslashes
        sys.__stderr__.reconfigure(errors=ERRORS)
    shared = with_defaults(config, preferences.defaults, said)
    app = MnistTui(shared, plain=ascii_ or plain_terminal(), preferences=preferences, run=run)
    app.notice = notice
    # A loop of our own: asyncio.run would wait for the engine's thread, which may be importing
    # torch or waiting for a download with nothing to save.
    loop = asyncio.new_event_loop()
    app.run(loop=loop)
    app.conductor.closed.set()
    app.conductor.stop_all("user")  # what a crash of the screen left running
    app.conductor.close()
    code = exit_code(app.ended_by) if app.ended_by else app.return_code or 0
    if not app.conductor.saved(TELL_AFTER):
        complain(
            "handing over what runs ..."
            if app.conductor.handing_over
            else "stopping and saving what was done ..."
        )
        app.conductor.saved(PATIENCE)
    for task in app.conductor.collect():  # that nobody saw any more
        if task.state == "failed":
            complain(task.message)
    if app.conductor.handed_over:
        gone_on = app.conductor.handed_over
        print(f"{gone_on} goes on in the background; `mnist-tui attach {gone_on}` shows it")
    sys.stdout.flush()
    sys.stderr.flush()
    if not app.conductor.ended.is_set():
        os._exit(code)
    return code


def with_defaults(
    config: RunConfig, defaults: Mapping[str, Any], said: Collection[str]
) -> RunConfig:
    """Return ``config`` with the user's defaults for its options, but for those that were said."""
    unsaid = options_of(RunConfig).keys() - set(said)
    return replace(config, **{name: defaults[name] for name in unsaid & defaults.keys()})


def plain_terminal() -> bool:
    """Tell whether images must be drawn in plain ASCII: no colour wanted, or no UTF-8 there."""
    return bool(os.environ.get("NO_COLOR")) or not _utf8()


def _utf8() -> bool:
    return "utf" in (locale.getpreferredencoding(False) or "").lower()
