"""Following the journal of a run that another process drives."""

import time
from collections.abc import Iterator

from engine.errors import EngineError
from engine.files.reader import JOURNAL_LIMIT, open_to_read, read_lines
from engine.runs.events import Event, Failed, Finished, Interrupted, Stopped
from engine.runs.lock import is_driven
from engine.runs.run import Run

TAKE_OVER = 30.0  # seconds that another process may take to resume what was handed over
AT_ONCE = 1024  # events, which take memory until they are drawn
KNOWN = 64  # bytes before the place read to; other bytes there tell of a journal that was cut


class Follower:
    """Yields a run's events as they are written, or all there are if nothing drives it.

    When a run resumes from its checkpoint its journal is cut: it is then told from its first
    event again, so a listener starts over at each Started. Damaged lines are skipped, so that an
    active run does not seem to hang.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.driven = False  # at the last look
        self._looked = False
        self._place = 0  # bytes read so far
        self._known = b""
        self._parser = run.parser()
        self._last: Event | None = None

    def read_all(self) -> Iterator[Event]:
        """Yield what is new since the last look; raises as ``read`` does."""
        while events := self.read():
            yield from events

    def read(self) -> list[Event]:
        """Return what is new since the last look; of more than ``AT_ONCE``, the first.

        Raises EngineError where ``run.json`` or the journal's beginning is damaged.
        """
        # Asked before the lines are read: what was written before the end is then read for sure.
        driven = is_driven(self.run.path)
        events = self._new_events()
        if len(events) == AT_ONCE:  # how it goes on is told by what follows
            self._last = events[-1]
            return events
        let_go = self.driven and not driven
        ended = let_go or not (driven or self._looked)
        self.driven, self._looked = driven, True
        if events:
            self._last = events[-1]
        # If the line about its end was lost, a follower would wait for it forever.
        lost = let_go and not isinstance(self._last, (Finished, Stopped, Failed))
        if ended and (lost or self.run.read_info()["status"] == "running"):
            events.append(Interrupted(step=self._last.step if self._last else 0))
        return events

    @property
    def ended(self) -> bool:
        """Whether nothing drives the run and no other process is about to."""
        last = self._last
        handed_over = isinstance(last, Stopped) and last.handed_over
        if handed_over and last is not None and time.time() - (last.time or 0.0) < TAKE_OVER:
            return False
        return self._looked and not self.driven

    @property
    def damaged(self) -> int:
        """The number of lines skipped so far."""
        return self._parser.damaged

    def _new_events(self) -> list[Event]:
        path = self.run.journal
        events = []
        try:
            with open_to_read(path, JOURNAL_LIMIT) as journal:
                journal.seek(max(0, self._place - len(self._known)))
                if journal.read(len(self._known)) != self._known:
                    self._place, self._known, self._parser = 0, b"", self.run.parser()
                    journal.seek(0)
                for line in read_lines(journal, path):
                    if not line.endswith(b"\n"):
                        break  # a last line that is being written can wait
                    if (event := self._parser.event(line, self._place)) is not None:
                        events.append(event)
                    self._place += len(line)
                    self._known = (self._known + line)[-KNOWN:]
                    if len(events) == AT_ONCE:
                        break
        except FileNotFoundError:
            return []
        except OSError as error:
            raise EngineError(f"{path} cannot be read ({error.strerror}).") from None
        return events
