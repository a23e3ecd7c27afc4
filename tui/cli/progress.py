"""How the command line shows a run: bars on a terminal, lines elsewhere, JSON, or nothing."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.progress import Task as Bar
from rich.text import Text

from engine.files.text import visible
from engine.runs.events import (
    Event,
    Failed,
    Finished,
    Notice,
    Progress,
    Started,
    Stopped,
    Working,
    to_json,
)
from tui.cli.options import Output
from tui.console import complain, say_json

LINES_PER_RUN = 10  # off a terminal
RATE_WINDOW = 5.0  # seconds over which speed is averaged


class Listener(Protocol):
    """Receives the events of successive runs; a context manager around them all."""

    def __call__(self, event: Event) -> None: ...
    def __enter__(self) -> "Listener": ...
    def __exit__(self, *exception: object) -> None: ...


def listener(output: Output, console: Console, runs: int) -> Listener:
    """Return what shows the progress of ``runs`` runs as ``output`` asks."""
    if output.json:
        return JsonLines()
    if output.quiet:
        return Silence()
    return ProgressBars(console, runs) if console.is_terminal else PlainLines(console, runs)


class Silence:
    """Shows nothing but warnings."""

    def __call__(self, event: Event) -> None:
        """Print the event's line if it is a warning."""
        if isinstance(event, Notice):
            complain(event.message)

    def __enter__(self) -> "Silence":
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing to close."""


class JsonLines(Silence):
    """Prints every event on standard output, with the id of its run."""

    def __init__(self) -> None:
        self._run = ""

    def __call__(self, event: Event) -> None:
        """Print one JSON object on a line of its own."""
        if isinstance(event, Started):
            self._run = event.run
        if isinstance(event, Working):  # not in the journal
            return
        say_json({"run": self._run} | to_json(event), separators=(",", ":"))


class PlainLines(Silence):
    """Prints a line when a run starts or stops and ten in between; never moves the cursor."""

    def __init__(self, console: Console, runs: int) -> None:
        self._print: Callable[..., None] = console.print
        self._meter = Meter()
        self._runs, self._number = runs, 0
        self._next = 0.0

    def __call__(self, event: Event) -> None:
        """Print a line if one is due."""
        meter = self._meter
        meter(event)
        match event:
            case Started():
                self._next = event.steps / LINES_PER_RUN
                self._number += 1
                which = f" ({self._number} of {self._runs})" if self._runs > 1 else ""
                self._line(f"{meter.title}{which}: {event.run}, {event.steps:,} steps")
            case Progress() if event.step >= self._next:
                self._next += meter.steps / LINES_PER_RUN
                self._line(f"{meter.title}  {event.step:,}/{meter.steps:,}  {meter.summary()}")
            case Notice():
                self._line(f"{meter.title}: {event.message}")
            case Stopped():
                self._line(f"{meter.title}: stopped at step {event.step:,} ({event.reason})")

    def _line(self, text: str) -> None:
        self._print(text, highlight=False, soft_wrap=True)


class ProgressBars(Silence):
    """A bar per run: steps, rate, loss, accuracy, time left; one more over several runs."""

    def __init__(self, console: Console, runs: int) -> None:
        self._meter = Meter()
        self._bars = Bars(
            Words("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            Words("{task.fields[summary]}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=console,
        )
        self._task: TaskID | None = None
        self._overall: TaskID | None = None
        self._finished = 0
        if runs > 1:
            self._overall = self._bars.add_task("all", total=runs, summary="runs")

    def __call__(self, event: Event) -> None:
        """Advance the current run's bar."""
        meter = self._meter
        meter(event)
        match event:
            case Started():
                self._task = self._bars.add_task(meter.title, total=event.steps, summary="")
            case Progress() if self._task is not None:
                self._bars.update(self._task, completed=event.step, summary=meter.summary())
                self._advance(self._finished + event.step / meter.steps)
            case Notice():
                self._bars.console.print(f"{meter.title}: {event.message}")
            case Working() if self._task is not None:
                self._bars.update(self._task, summary=event.doing)
            case Stopped() if self._task is not None:
                self._bars.update(self._task, summary=f"stopped ({event.reason})")
                self._bars.stop_task(self._task)
            case Failed() if self._task is not None:  # but not while figures are drawn
                self._bars.update(self._task, summary="failed")
                self._bars.stop_task(self._task)
            case Finished() if self._task is not None:
                self._bars.update(self._task, completed=meter.steps, summary=meter.summary())
                self._task = None
                self._finished += 1
                self._advance(self._finished)

    def _advance(self, runs: float) -> None:
        if self._overall is not None:
            self._bars.update(self._overall, completed=runs)

    def __enter__(self) -> "ProgressBars":
        self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Leave the bars on screen and restore the cursor."""
        self._bars.stop()


class Meter:
    """A run's rate, loss and accuracy on one line."""

    def __init__(self) -> None:
        self.title = ""
        self.steps = 0
        self._batch = 0
        self._numbers: dict[str, str] = {}
        self._marks: deque[tuple[float, int]] = deque()

    def __call__(self, event: Event) -> None:
        """Update from an event."""
        if isinstance(event, Started):
            self.title, self.steps = event.title, event.steps
            if event.section != "train":
                self.title = f"{event.section} {event.title}"
            self._batch = event.config.get("batch_size") or 0
            self._numbers.clear()
            self._marks.clear()
        if isinstance(event, (Started, Progress)):
            self._marks.append((event.time or 0.0, event.step))
            while self._marks[-1][0] - self._marks[0][0] > RATE_WINDOW and len(self._marks) > 2:
                self._marks.popleft()
        if isinstance(event, Progress):
            for name, rows in event.series.items():
                words = f"{rows[-1].mean():.1%}" if name == "success" else f"{rows.mean():.3f}"
                self._numbers[name] = f"{name} {words}"
            if "validation_accuracy" in event.values:
                accuracy = event.values["validation_accuracy"]
                self._numbers["accuracy"] = f"validation {accuracy:.2%}"

    def summary(self) -> str:
        """Return rate, loss and accuracy, as far as known."""
        (t0, s0), (t1, s1) = self._marks[0], self._marks[-1]
        rate = []
        if t1 > t0:
            steps = (s1 - s0) / (t1 - t0)
            rate = [f"{steps * self._batch:,.0f} img/s" if self._batch else f"{steps:.1f} steps/s"]
        return "  ".join([*rate, *self._numbers.values()])


class Words(TextColumn):
    """A column of a progress bar whose text is not markup."""

    def render(self, task: Bar) -> Text:
        """Return the bar's text."""
        return Text(visible(self.text_format.format(task=task)))
