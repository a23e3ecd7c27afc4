"""How the pad asks its threads, and what it does with what they tell.

The drawing is shown at once. Networks are asked in a thread, about the newest drawing only; what
they say is shown as far as the line to the terminal allows.
"""

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.text import Text
from textual.widgets import Static

from engine.data.dataset import Dataset
from engine.errors import MnistTuiError
from engine.files.text import visible
from engine.pad.networks import Answer, Networks, Trained, is_ours
from engine.pad.starts import Starts
from tui.app.faults import words_of
from tui.app.look import Look
from tui.app.screens.pad import work
from tui.app.screens.pad.arrangement import TALL, arrange
from tui.app.screens.pad.desk import Desk
from tui.app.screens.pad.views import Views
from tui.app.terminal.bandwidth import Bandwidth
from tui.live.worker import Worker

if TYPE_CHECKING:
    from tui.app.app import MnistTui

TICK = 0.03  # seconds; the drawing is shown as often
LOOK_AROUND = 1.0  # seconds between two looks at whether a training has finished
# Bytes a second to the terminal, about, of the 64 KB that a slow line carries; in drawing order.
SHARES = {"canvas": 20_000, "answers": 14_000, "noise": 2_000, "seen": 4_000, "inside": 4_000}


class Asking(Views):
    """The pad without its keys."""

    app: "MnistTui"

    def __init__(self, look: Look) -> None:
        super().__init__(id="pad")
        self.look = look
        self.desk = Desk()
        self.sizes = arrange(80, 24, self.desk.side, 10, inside=False)
        self.answers: list[Answer | None] = []
        self.maps: np.ndarray | None = None
        self.chosen_map = 0
        self.curve: Any = None
        self.pen: tuple[float, float] | None = None
        self.pen_down = self.rubber = False
        self.show_inside: bool | None = None  # None: where there is room
        self.listed = False
        self.problem = ""  # why networks cannot be listed
        self.asked: work.Question | None = None  # that was answered last
        self.latest = 0.0  # seconds from the last change of the drawing to the answers to it
        self._networks = Networks()
        self._asker = Worker("pad", ("ask", "list"))
        self._counter = Worker("pad-background", ("images", "judge", "look", "count"),
                               background=True)  # fmt: skip
        self._counted: object = None  # the noise that is being counted
        self._pending: set[str] = set()  # what is to be drawn when the line allows
        self._finished = 0  # runs of this app
        self._looked = 0.0
        self._shown = 0.0  # when the drawing was shown last

    def on_mount(self) -> None:
        """Lay out, and see which networks there are."""
        self._bandwidth = Bandwidth(SHARES, lambda: self.app.sent)
        pane = self.app.main.pane
        found = getattr(pane, "dataset", {})
        shared = self.app.shared.dataset
        if not found.get("sha256"):
            found = self.app.conductor.datasets.get(shared, found)
        self.desk.set_dataset(found)
        shown = getattr(pane, "shown", None) is not None
        self._wanted = shared != "auto" or (shown and bool(found.get("sha256")))
        self._finished = self._runs_done()
        self.set_interval(TICK, self._tick)
        self.arrange_anew()
        self.list_networks()

    def on_unmount(self) -> None:
        """Let the threads end."""
        self._asker.close()
        self._counter.close()

    def on_resize(self) -> None:
        """Lay out for the new size."""
        self.call_after_refresh(self.arrange_anew)

    def arrange_anew(self) -> None:
        """Lay out and draw everything."""
        width, height = self.app.size
        inside = height >= TALL if self.show_inside is None else self.show_inside
        desk = self.desk
        self.sizes = arrange(width, height, desk.side, len(desk.classes), inside=inside)
        needed = self.app.main.too_small.render()
        self.query_one("#pad-too-small", Static).update(Text(str(needed)))
        self.lay_out()
        self.draw_all()
        if inside and self.maps is None:
            self.ask()

    def draw_all(self) -> None:
        """Draw everything at once."""
        self._pending.clear()
        for draw in (self.draw_canvas, self.draw_titles, self.draw_answers, self.draw_seen,
                     self.draw_noise, self.draw_inside):  # fmt: skip
            self.guarded(draw)
        self.show_keys()

    def show_keys(self) -> None:
        """Write the line of keys."""

    # Asking.

    @property
    def artifacts(self) -> Path:
        """Where the runs are."""
        return Path(self.app.shared.artifacts)

    def changed(self) -> None:
        """The drawing is another: show it, and ask about it."""
        self._pending |= {"canvas", "seen"}
        self.ask()
        if time.monotonic() - self._shown >= TICK:
            self._draw_pending()

    def ask(self) -> None:
        """Ask the networks about what is on the canvas; what was asked before is dropped."""
        if self.desk.shown and not self.app.main.too_small_now:
            question = self.desk.question(time.perf_counter(), inside=self.sizes.maps > 0)
            self._do(self._asker, "ask", partial(work.ask, self._networks, question))

    def list_networks(self) -> None:
        """See anew which networks and noises there are."""
        self._do(self._asker, "list", partial(work.list_all, self.artifacts))

    def count(self) -> None:
        """Begin to count the noise's success over strength, or go on."""
        desk, noise = self.desk, self.desk.noise
        if noise is self._counted:
            return
        self._counter.drop("count")
        self._counted, self.curve = None, None
        trained = [one for one in desk.here if noise and one.run.id == noise.network]
        if noise is None or not trained or trained[0].refused or desk.data is None:
            return
        if not self.busy_beside(trained[0]):  # else the next change of the strength asks again
            self._counted = noise
            self._do(self._counter, "count", partial(work.count, trained[0], noise, desk.data))

    def busy_beside(self, trained: Trained) -> bool:
        """Tell whether a network must not be asked for long now.

        Anybody's code may draw random numbers, and a training's must stay its own.
        """
        return not is_ours(trained) and self.app.conductor.own is not None

    def seek(self, neuron: Any, tell: Any) -> None:
        """Look for what a neuron of the network that is looked into wants."""
        trained = self.desk.looked_into
        assert trained is not None
        job = partial(work.look_at, trained, neuron, self.artifacts, self.desk.data)
        self._counter.do("look", job, tell)

    def _do(self, worker: Worker, kind: str, job: Any) -> None:
        def tell(told: Any) -> None:
            self.call_later(self._hear, kind, told)

        worker.do(kind, job, tell)

    # Hearing.

    def _hear(self, kind: str, told: Any) -> None:
        if not self.is_mounted:
            return
        if isinstance(told, Exception):
            known = isinstance(told, MnistTuiError | OSError)
            line = visible(str(told)) if known else words_of(told)
            if kind == "list":
                self.problem, self.listed = line, True
                self.draw_answers()
            elif known:
                self.notify(line, severity="error")
            else:
                self.app.report(told, f"pad.{kind}", self)
            return
        getattr(self, f"hear_{kind}")(told)

    def hear_list(self, told: work.Listed) -> None:
        """Take in which networks there are, and open the images that they know."""
        before = self.desk.sha256
        self.desk.take(told, name=self.app.shared.dataset, wanted=self._wanted)
        self.listed, self.problem = True, ""
        self.answers = list(self.answers) if len(self.answers) == len(self.desk.shown) else []
        if self.desk.sha256 != before or self.desk.data is None:
            self.open_images()
        self.arrange_anew()
        self.ask()

    def open_images(self) -> None:
        """Open the dataset of the networks."""
        if self.desk.here:
            run, laboratory = self.desk.here[0].run, self.app.conductor.driver.laboratory
            job = partial(work.open_images, laboratory, run, self.desk.sha256)
            self._do(self._counter, "images", job)

    def hear_images(self, told: work.Images) -> None:
        """Take in the images, to start from and to count on."""
        if told.sha256 != self.desk.sha256:
            return
        self.take_images(told.data)
        if told.data is None:
            self.notify(told.problem)
        self.show_keys()

    def take_images(self, data: Dataset | None) -> None:
        """Have these images to start from."""
        self.desk.data = data
        self.desk.starts = Starts(data.test) if data is not None else None
        if data is not None and self.desk.shown:
            self._do(self._counter, "judge", partial(work.judge, self.desk.shown[0]))
        if self.desk.strength:
            self.count()

    def hear_judge(self, told: work.Judged) -> None:
        """Take in which test images the first network gets wrong."""
        desk = self.desk
        if desk.starts is not None and desk.shown and desk.shown[0] is told.trained:
            starts = desk.starts
            desk.starts = Starts(starts.test, told.answers, starts.wrong_only, starts.label)

    def hear_ask(self, told: work.Reply) -> None:
        """Take in answers, unless other networks are asked by now."""
        question = told.question
        if list(question.networks) != self.desk.shown:
            return
        self.answers, self.asked = list(told.answers), question
        if told.maps is None:
            self.latest = time.perf_counter() - question.since
            self._pending.add("answers")
        elif question.inside is not None and self.desk.layer is not None:
            trained, layer = question.inside
            if trained is self.desk.looked_into and layer == self.desk.layer.name:
                self.maps = told.maps
                self._pending.add("inside")
        self._draw_pending()

    def hear_count(self, told: work.Counted) -> None:
        """Take in what is known of the curve."""
        if told.noise is self.desk.noise and told.curve is not self.curve:
            self.curve = told.curve
            self._pending.add("noise")

    # Time.

    def _tick(self) -> None:
        if self.app.ended_by:
            return  # the main screen's own timer ends the app
        self._draw_pending()
        if time.monotonic() - self._looked > LOOK_AROUND:
            self._looked = time.monotonic()
            self.show_keys()
            known = self.app.conductor.datasets.get(self.app.shared.dataset)
            if known is not None and not self.desk.sha256:  # it is open now
                self.desk.set_dataset(known)
                self.arrange_anew()
            if (done := self._runs_done()) != self._finished:
                self._finished = done
                self.list_networks()

    def _runs_done(self) -> int:
        """Return how many runs of this app have finished, the last of them with its figures too.

        Only then may their files be complete.
        """
        conductor = self.app.conductor
        done = sum(task.state == "finished" for task in conductor.tasks)
        return 2 * done - (conductor.driver.active is not None)

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
