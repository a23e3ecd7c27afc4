"""What keeps the app alive: errors are caught where Textual dispatches, and shown in their place.

Textual ends a widget's message loop, and the app with it, at the first exception. Every class of
ours that Textual calls is ``Guarded``: what its handlers, its timers and its rendering raise is
reported to the app (``GuardedApp.report``) and the widget lives on.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

from rich.text import Text
from textual.await_complete import AwaitComplete
from textual.events import InputEvent, Key, Paste
from textual.filter import LineFilter
from textual.message import Message
from textual.timer import Timer
from textual.visual import Visual, visualize
from textual.widget import Widget
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerState

from tui.app.faults import Faults, PlantedFault, log_path, plant, words_of
from tui.app.terminal.filters import VISIBLE, WITHOUT_COLOUR
from tui.app.terminal.sending import SendingApp
from tui.app.widgets.textual_fixes import fix_textual

FAULT = "bold $bad"
fix_textual()


class Guarded:
    """Mixed in before a widget, a screen or the app."""

    app: Any
    _faulty = False  # whether a line about an error is shown

    def guarded(self, call: Callable[..., Any], *arguments: Any) -> bool:
        """Call something of ours; return False, and report it, where that raises."""
        place = f"{type(self).__name__}.{getattr(call, '__name__', 'callback')}"
        try:
            plant(place)
            call(*arguments)
        except Exception as error:
            self.app.report(error, place, self)
            return False
        return True

    def set_interval(self, interval: float, callback: Any = None, **options: Any) -> Timer:
        """Call back every so often; what the callback raises is reported."""
        call = callback and partial(self.guarded, callback)
        timer: Timer = super().set_interval(interval, call, **options)  # type: ignore[misc]
        return timer

    def show_fault(self, line: str) -> None:
        """Show one line about an error at the bottom of this widget, until ``clear_fault``."""
        self._faulty = True
        shown = self._fault_line()
        if shown is None:
            self.mount(Static(Text(line, FAULT), classes="fault"))  # type: ignore[attr-defined]
        else:
            shown.update(Text(line, FAULT))

    def clear_fault(self) -> None:
        """Remove that line: drawing has succeeded."""
        if not self._faulty:
            return
        self._faulty = False
        if (shown := self._fault_line()) is not None:
            shown.remove()

    def _fault_line(self) -> Static | None:
        return next(iter(self.query(".fault").results(Static)), None)  # type: ignore[attr-defined]

    async def _dispatch_message(self, message: Message) -> None:
        """Handle a message; what that raises ends neither the loop nor the app."""
        place = f"{type(self).__name__}.{message.handler_name}"
        try:
            plant(place)
            await super()._dispatch_message(message)  # type: ignore[misc]
        except Exception as error:
            self.app.report(error, place, self)

    def _render(self) -> Visual:
        """Return what to draw, or one line about what kept it from being drawn."""
        place = f"{type(self).__name__}.render"
        try:
            plant(place)
            drawn: Visual = super()._render()  # type: ignore[misc]
            return drawn
        except Exception as error:
            self.app.report(error, place)
            line = Text(f"cannot be shown ({words_of(error)})", FAULT, no_wrap=True)
            return visualize(cast(Widget, self), line)


class GuardedDialog(Guarded):
    """Mixed in before a screen that is answered once: a second Enter finds it gone."""

    _had_focus: Widget | None = None

    def fit(self, small: bool) -> None:
        """Hide while the terminal is too small, which the main screen says; the focus comes back.

        What is hidden loses it.
        """
        if self.has_class("-too-small") == small:  # type: ignore[attr-defined]
            return
        if small:
            self._had_focus = self.focused  # type: ignore[attr-defined]
        self.set_class(small, "-too-small")  # type: ignore[attr-defined]
        if not small and (had := self._had_focus) is not None:
            self.call_after_refresh(self.set_focus, had)  # type: ignore[attr-defined]

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Dismiss with an answer, if it is still awaited."""
        if not self.is_current:  # type: ignore[attr-defined]
            return AwaitComplete()
        done: AwaitComplete = super().dismiss(result)  # type: ignore[misc]
        return done


class GuardedApp(Guarded, SendingApp):
    """An app that survives its own errors and handles keys strictly one after another."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = Faults()
        self.filters: list[LineFilter] = [VISIBLE]
        self.broken: BaseException | None = None  # what the app could not live on with

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters and ours."""
        theirs = super().get_line_filters()
        return [*(WITHOUT_COLOUR.get(type(one), one) for one in theirs), *self.filters]

    def report(self, error: BaseException, place: str, source: object = None) -> None:
        """Show an error as one line and log it; end the app where nothing else is left."""
        self.faults.add(error, place)
        if not isinstance(error, PlantedFault) and isinstance(error, Exception):
            self._exception = self._exception or error  # tests fail on it at their end
            self._exception_event.set()
        if self.faults.too_many or not self._screen_stacks.get(self._current_mode):
            self.break_off(error)
            return
        line = (
            f"Display error in {place}: {words_of(error)}. Runs are not affected; see {log_path()}."
        )
        with suppress(Exception):
            self.told_fault(line)
            if isinstance(source, Guarded) and source is not self:
                source.show_fault(line)
            else:  # it has no place of its own
                self.notify(line, severity="error")

    def told_fault(self, line: str) -> None:
        """Take note of an error of the screen, in one line."""

    def break_off(self, error: BaseException) -> None:
        """Exit, as the screen cannot continue; whoever opened the app takes care of its runs."""
        if self.broken is None:
            self.broken = error
            self.exit(return_code=1)

    def _handle_exception(self, error: Exception) -> None:
        """Handle what Textual caught elsewhere: in timers, callbacks, layout, its own widgets."""
        self.report(error, "the screen")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Report a worker's error; all workers are made not to end the app."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.report(event.worker.error, event.worker.name or "a worker")

    def notify(self, message: str, **options: Any) -> None:
        """Show a message in place of the last one; it is never markup."""
        self.clear_notifications()
        super().notify(message, **{"markup": False} | options)

    async def on_event(self, event: Any) -> None:
        """Handle a key completely before the next one.

        What is typed or clicked after the app was left is for nobody: its screens are going.
        """
        if self._exit and isinstance(event, InputEvent):
            return
        if isinstance(event, Key) and not event.is_forwarded:
            await self._press(event)
        elif isinstance(event, Paste) and not event.is_forwarded:
            event._set_forwarded()
            await self._offer(event, self.focused or self.screen)
        else:
            await super().on_event(event)

    async def _press(self, event: Key) -> None:
        """Handle a key.

        Textual passes keys through the queues of the widgets, which later keys overtake: those of
        bindings with priority, or those that find another focus by then. Whoever types ahead, or
        pastes, must get what they typed.
        """
        event._set_forwarded()
        # A click may have opened a screen that is not laid out yet.
        laid_out: asyncio.Event = cast(Widget, self.screen)._mounted_event
        await laid_out.wait()
        self.app_focus = True
        focused = self.focused
        if isinstance(focused, Input) and (event.is_printable or _edits(focused, event.key)):
            await self._offer(event, focused)
            if not event._stop_propagation and not await self._check_bindings(event.key):
                await self._check_bindings(event.key, priority=True)
            return
        if await self._check_bindings(event.key, priority=True):
            return
        await self._offer(event, focused or self.screen)
        if not event._stop_propagation:
            await self._check_bindings(event.key)

    async def _offer(self, event: Key | Paste, widget: Widget) -> None:
        """Offer a key, or what was pasted, to a widget and those around it, until one stops it."""
        for node in widget.ancestors_with_self:
            if node is self or event._stop_propagation:
                return
            with node._context():
                for _, method in node._get_dispatch_methods(event.handler_name, event):
                    result = method(event)
                    if asyncio.iscoroutine(result):
                        await result


def _edits(box: Input, key: str) -> bool:
    """Tell whether a key is one of those that edit or submit what is typed."""
    return key in box._bindings.key_to_bindings
