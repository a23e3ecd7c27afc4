"""How the pad's threads are asked and heard, and how what is to be drawn waits for the line."""

import time
from typing import TYPE_CHECKING, Any

from engine.errors import MnistTuiError
from engine.files.text import visible
from tui.app.faults import words_of
from tui.app.look import Look
from tui.app.screens.pad.views import Views
from tui.app.terminal.bandwidth import Bandwidth
from tui.live.worker import Job, Worker

if TYPE_CHECKING:
    from tui.app.app import MnistTui

# Bytes a second to the terminal, about, of the 64 KB that a slow line carries; in drawing order.
SHARES = {"canvas": 20_000, "answers": 14_000, "noise": 2_000, "seen": 4_000, "inside": 4_000}


class Talking(Views):
    """Mixed in before the pad: what a job of a kind tells goes to ``hear_`` that kind.

    An error goes to ``fail_`` it, in words, or else into a notice.
    """

    app: "MnistTui"

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._asker = Worker("pad", ("ask", "list"))
        self._counter = Worker("pad-background", ("images", "judge", "look", "count"),
                               background=True)  # fmt: skip
        self._pending: set[str] = set()  # what is to be drawn when the line allows
        self._shown = 0.0  # when the drawing was shown last

    def on_mount(self) -> None:
        """Measure what the line carries."""
        self._bandwidth = Bandwidth(SHARES, lambda: self.app.sent)

    def on_unmount(self) -> None:
        """Let the threads end."""
        self._asker.close()
        self._counter.close()

    def _do(self, worker: Worker, kind: str, job: Job, of: Any = None) -> None:
        """Have a thread do a job; ``of`` is what an error is about."""

        def tell(told: Any) -> None:
            self.call_later(self._hear, kind, told, of)

        worker.do(kind, job, tell)

    def _hear(self, kind: str, told: Any, of: Any) -> None:
        if not self.is_mounted:
            return
        if not isinstance(told, Exception):
            getattr(self, f"hear_{kind}")(told)
            return
        known = isinstance(told, MnistTuiError | OSError)
        line = visible(str(told)) if known else words_of(told)
        if not known:
            self.app.report(told, f"pad.{kind}", self)
        if (fail := getattr(self, f"fail_{kind}", None)) is not None:
            fail(line, of)
        elif known:
            self.notify(line, severity="error")

    # Drawing.

    def _draw_pending(self) -> None:
        """Draw what waits for it, the answers first."""
        if not self._pending or self.app.main.too_small_now:
            return
        for name in SHARES:
            if name in self._pending and self._bandwidth.allows(name):
                self._pending.discard(name)
                self.guarded(self._draw, name)

    def _draw(self, name: str) -> None:
        sent: int = getattr(self, f"draw_{name}")()
        self._bandwidth.sent(name, sent)
        if name == "canvas":
            self._shown = time.monotonic()
            self.draw_titles()
