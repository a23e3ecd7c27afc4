"""The previews of a run, of which a long one has thousands: in memory are the latest ones only.

The others are read again from the journal, each where its line begins, when a cursor asks for
them.
"""

from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from engine.errors import EngineError, Unsound
from engine.files.reader import JOURNAL_LIMIT, LINE_LIMIT, from_json, open_to_read
from engine.runs.events import Preview
from engine.runs.events import from_json as event_of

RECENT = 64  # previews of a name kept after they were read


class Previews:
    """The previews of one name, in the order of their steps."""

    def __init__(self, journal: Path | None) -> None:
        """``journal`` is where they are read again; without it all are kept."""
        self._journal = journal
        self._steps, self._places = array("q"), array("q")
        self._kept: dict[int, Preview] = {}  # those that are in no journal
        self._recent: OrderedDict[int, Preview] = OrderedDict()
        self._last: Preview | None = None
        self._last_pictured: Preview | None = None

    def add(self, preview: Preview) -> None:
        """Take in the next one."""
        if self._journal is None or preview.place is None:
            self._kept[len(self._steps)] = preview
        self._steps.append(preview.step)
        self._places.append(-1 if preview.place is None else preview.place)
        self._last = preview
        if preview.images is not None:
            self._last_pictured = preview

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def last(self) -> Preview:
        """The last one; there is one wherever there are previews of a name."""
        assert self._last is not None
        return self._last

    @property
    def last_pictured(self) -> Preview:
        """The last one that has images, as the first of a name must have."""
        assert self._last_pictured is not None
        return self._last_pictured

    def at(self, step: int | None, *, before_last: bool = False) -> Preview | None:
        """Return the last one, at ``step`` at the latest; None where there is none.

        None too where its line is no longer there to be read. ``before_last`` leaves out the very
        last one.
        """
        end = len(self) if step is None else bisect_right(self._steps, step)
        end = min(end, len(self) - before_last)
        return self._get(end - 1) if end > 0 else None

    def spread(self, step: int | None, count: int) -> Iterator[Preview]:
        """Yield at most ``count`` up to a step, evenly spread, the last of them included."""
        end = len(self) if step is None else bisect_right(self._steps, step)
        shown = min(count, end)
        for number in range(1, shown + 1):
            if (preview := self._get(number * end // shown - 1)) is not None:
                yield preview

    def latest(self, step: int | None, count: int) -> Iterator[Preview]:
        """Yield the last ``count`` up to a step."""
        end = len(self) if step is None else bisect_right(self._steps, step)
        for index in range(max(0, end - count), end):
            if (preview := self._get(index)) is not None:
                yield preview

    def _get(self, index: int) -> Preview | None:
        if index == len(self) - 1:
            return self._last
        found = self._kept.get(index) or self._recent.get(index)
        if found is None:
            with suppress(EngineError, OSError):  # the run was removed, or its journal cut
                found = self._recent[index] = self._read(index)
            while len(self._recent) > RECENT:
                self._recent.popitem(last=False)
        return found

    def _read(self, index: int) -> Preview:
        """Read one again. Raises EngineError, or OSError, where it is not there."""
        assert self._journal is not None
        with open_to_read(self._journal, JOURNAL_LIMIT) as journal:
            journal.seek(self._places[index])
            try:
                event = event_of(from_json(journal.readline(LINE_LIMIT)), self._places[index])
            except Unsound as error:
                raise EngineError(f"{self._journal}: {error}.") from None
        if not isinstance(event, Preview) or event.step != self._steps[index]:
            raise EngineError(f"{self._journal} is not what it was.")
        return event
