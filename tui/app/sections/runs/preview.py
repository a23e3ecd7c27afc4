"""The preview of the run under the cursor: its curves, its images, its results and settings."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.text import Text
from textual import getters, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.events import MouseDown
from textual.timer import Timer
from textual.worker import get_current_worker

from engine.runs.run import Run
from engine.runs.summary import Summary
from tui.app.guard import Guarded
from tui.app.look import Look
from tui.app.sections.runs.glance import Glance, Glances, read
from tui.app.sections.runs.sketch import curves_of, draw_curve, pictured, words_of
from tui.app.widgets.chart import Chart
from tui.app.widgets.picture import Picture
from tui.app.widgets.room import CORNERS, Room
from tui.live.task import Task
from tui.words import cut_middle

REST = 0.15  # seconds that the cursor stays on a run before that is read
LONG = 0.3  # seconds of reading after which it is said
TWO_CHARTS = 66  # cells from which on there is room for two


class RunPreview(Guarded, Vertical):
    """Shows one run; what it shows stays until it is given another."""

    words = getters.query_one("#preview-words", Picture)
    charts = getters.query_one("#preview-curves", Horizontal)
    images = getters.query_one("#preview-images", Room)

    def __init__(self, look: Look, artifacts: str, *, id: str) -> None:
        super().__init__(id=id, classes="panel")
        self._look, self._artifacts = look, artifacts
        self._glances = Glances()
        self._run: Summary | None = None  # the one to be shown
        self._timer: Timer | None = None
        self._shown: tuple[Any, ...] = ()
        self._wording: Callable[[int], Text] = lambda width: Text()

    def compose(self) -> ComposeResult:
        """Lay out words, curve and images."""
        yield Picture(id="preview-words")
        with Container(id="preview-seen"):
            with Horizontal(id="preview-curves"):
                yield Chart(id="preview-curve")
                yield Chart(id="preview-second")
            yield Room("preview-pictures", id="preview-images", classes="")

    def rest_on(self, run: Summary | None, task: Task | None) -> None:
        """Show a run, whose task is known where it is active, once the cursor rests on it."""
        if run == self._run and task is None and run is not None:
            return
        self._run = run
        self._wait(0.0 if run is None or task is not None else REST, partial(self._show, run, task))

    def show_words(self, title: str, words: Text) -> None:
        """Show words about what is no run."""
        self._run = None
        self._wait(0.0, self._show_nothing)
        self._shown = (title,)
        self._wording = lambda width: words
        self._write()
        self._write_title()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        """Do something later, and no longer what waits now."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if seconds:
            self._timer = self.set_timer(seconds, then)
        else:
            then()

    def _show(self, run: Summary | None, task: Task | None) -> None:
        """Show a run at once if it is active or was read, else when it has been."""
        if run is None:
            self._show_nothing()
            return
        glance = Glance(task) if task is not None else self._glances.known(run)
        if glance is not None:
            self.show_run(run, glance, time.time())
            return
        self._wait(LONG, partial(self._show_reading, run))
        self._read(run)

    @work(thread=True, exclusive=True, group="preview", exit_on_error=False)
    def _read(self, run: Summary) -> None:
        worker = get_current_worker()
        glance = read(Run(Path(self._artifacts) / run.run), lambda: worker.is_cancelled)
        if glance is not None:
            self.call_later(self._show_read, run, glance)

    def _show_read(self, run: Summary, glance: Glance) -> None:
        self._glances.keep(run, glance)
        if run == self._run:
            self._wait(0.0, partial(self.show_run, run, glance, time.time()))

    def _show_nothing(self) -> None:
        self._shown = ()
        self._wording = lambda width: Text()
        self.border_title = ""
        self._write()
        self.charts.display = self.images.display = False

    def _show_reading(self, run: Summary) -> None:
        """Show what the list knows of a run, while the rest is read."""
        self.show_run(run, Glance(None, "reading …"), time.time())

    def _write_title(self) -> None:
        name = self._shown[0] if self._shown else ""
        self.border_title = Text(cut_middle(name, self.outer_size.width - CORNERS))

    def _write(self) -> None:
        """Write the words for the width."""
        self.words.show(self._wording(self.scrollable_content_region.width))

    def show_run(self, run: Summary, glance: Glance, now: float) -> None:
        """Show a run; of the same one at the same step, only the words are written again."""
        task = glance.task
        self._wording = partial(words_of, run, glance, now)
        self._write()
        shown = (run.run, task, task.step if task is not None else 0, self._look.logarithm)
        if shown == self._shown:
            return
        self._shown = shown
        self._write_title()
        self._draw_curves(task)
        self._draw_images(task)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Keep the lines in here where they are: only the edge around it is dragged."""
        if self.content_region.contains(event.screen_x, event.screen_y):
            event.stop()

    def on_resize(self) -> None:
        """Write the words anew; show the second chart where there is room for it."""
        self._write()
        self._write_title()
        self._fit_charts()

    def _fit_charts(self) -> None:
        first, second = self.charts.query(Chart)
        first.display = bool(first.plot.lines)
        second.display = bool(second.plot.lines) and self.charts.size.width >= TWO_CHARTS
        self.charts.display = first.display

    def _draw_curves(self, task: Task | None) -> None:
        found = curves_of(task) if task is not None else []
        for number, chart in enumerate(self.charts.query(Chart)):
            if task is not None and number < len(found):
                draw_curve(chart, task, self._look, *found[number])
            else:
                chart.show_nothing("")
        self._fit_charts()

    def _draw_images(self, task: Task | None) -> None:
        found = pictured(task) if task is not None else None
        self.images.display = found is not None
        if task is None or found is None:
            return
        title, drawing = found
        self.images.border_title = f" {title} "
        self.images.draw(partial(drawing, self._look.shades))
