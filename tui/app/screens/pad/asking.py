"""How the pad asks networks, and what it does with what they say.

The drawing is shown at once. Networks are asked in a thread, about the newest drawing only; what
they say is shown as far as the line to the terminal allows.
"""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from rich.text import Text
from textual.widgets import Static

from engine.pad.networks import Networks
from tui.app.look import Look
from tui.app.screens.pad import work
from tui.app.screens.pad.arrangement import TALL, arrange
from tui.app.screens.pad.background import Background
from tui.app.screens.pad.strength import Counting

TICK = 0.03  # seconds; the drawing is shown as often
LOOK_AROUND = 1.0  # seconds between two looks at whether a training has finished


class Asking(Background):
    """The pad without its keys."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.show_inside: bool | None = None  # None: where there is room
        self.listed = False
        self.problem = ""  # why networks cannot be listed
        self.asking: work.Question | None = None  # that was asked last
        self.asked: work.Question | None = None  # that was answered last
        self.latest = 0.0  # seconds from the last change of the drawing to the answers to it
        self._networks = Networks()
        self._finished = 0  # runs of this app
        self._looked = 0.0

    def on_mount(self) -> None:
        """Lay out, and see which networks there are."""
        pane = self.app.main.pane
        found = getattr(pane, "dataset", {})
        shared = self.app.shared.dataset
        if not found.get("sha256"):
            found = self.app.conductor.datasets.get(shared, found)
        shown = getattr(pane, "shown", None) is not None
        self._wanted = shared != "auto" or (shown and bool(found.get("sha256")))
        self._finished = self._runs_done()
        self.set_interval(TICK, self._tick)
        self.switch(found)
        self.list_networks()

    def on_resize(self) -> None:
        """Lay out for the new size."""
        self.call_after_refresh(self.arrange_anew)

    def switch(self, dataset: Mapping[str, Any]) -> None:
        """Go to a dataset: nothing is known of its images, nor of what networks say of them."""
        self.desk.set_dataset(dataset)
        self.said, self.mapped, self.asking, self.chosen_map = {}, None, None, 0
        self.counting = Counting()
        self.pen, self.pen_down = None, False
        for kind in ("images", "judge", "count"):
            self._counter.drop(kind)
        self.open_images()
        self.networks_changed()

    def networks_changed(self) -> None:
        """Show the networks that are asked now, and find out what is not known of them."""
        self.judge_first()
        self.count()
        self.arrange_anew()

    def arrange_anew(self) -> None:
        """Lay out and draw everything; ask what is shown now and was not asked."""
        width, height = self.app.size
        inside = height >= TALL if self.show_inside is None else self.show_inside
        desk = self.desk
        self.sizes = arrange(width, height, desk.side, len(desk.classes), inside=inside)
        needed = self.app.main.too_small.render()
        self.query_one("#pad-too-small", Static).update(Text(str(needed)))
        self.lay_out()
        self.draw_all()
        if self.asking is None or not self.asking.answers(self._question()):
            self.ask()

    def draw_all(self) -> None:
        """Draw everything at once."""
        self._pending.clear()
        for draw in (self.draw_canvas, self.draw_titles, self.draw_answers, self.draw_seen,
                     self.draw_noise, self.draw_inside):  # fmt: skip
            self.guarded(draw)
        self.show_keys()

    # Asking.

    def changed(self) -> None:
        """The drawing is another: show it, and ask about it."""
        self._pending |= {"canvas", "seen"}
        self.ask()
        if time.monotonic() - self._shown >= TICK:
            self._draw_pending()

    def _question(self) -> work.Question:
        return self.desk.question(time.perf_counter(), inside=self.sizes.maps > 0)

    def ask(self) -> None:
        """Ask the networks about what is on the canvas; what was asked before is dropped."""
        if not self.desk.shown or self.app.main.too_small_now:
            return
        self.asking = question = self._question()
        if question.inside is None:
            self.mapped = None  # which is of what was drawn before, when maps are shown again
        self._do(self._asker, "ask", partial(work.ask, self._networks, question))

    def list_networks(self) -> None:
        """See anew which networks and noises there are."""
        self._do(self._asker, "list", partial(work.list_all, self.artifacts))

    # Hearing.

    def hear_list(self, told: work.Listed) -> None:
        """Take in which networks there are, and open the images that they know."""
        other = self.desk.take(told, name=self.app.shared.dataset, wanted=self._wanted)
        self.listed, self.problem = True, ""
        if other is not None:
            self.switch(other)
            return
        if self.desk.data is None:
            self.open_images()
        self.networks_changed()

    def fail_list(self, line: str, _: object) -> None:
        """Say why there are no networks."""
        self.problem, self.listed = line, True
        self.draw_answers()

    def hear_ask(self, told: work.Reply) -> None:
        """Take in answers."""
        question = self.asked = told.question
        if told.maps is None:
            runs = [one.run.path for one in question.networks]
            self.said = dict(zip(runs, told.answers, strict=True))
            self.latest = time.perf_counter() - question.since
            self._pending.add("answers")
        elif question.looked_at == self.desk.looks_at:
            self.mapped = told
            self._pending.add("inside")
        self._draw_pending()

    # Time.

    def _tick(self) -> None:
        if self.app.ended_by:
            return  # the main screen's own timer ends the app
        self._draw_pending()
        if time.monotonic() - self._looked > LOOK_AROUND:
            self._looked = time.monotonic()
            self.show_keys()
            self.count_again()
            known = self.app.conductor.datasets.get(self.app.shared.dataset)
            if known is not None and not self.desk.sha256:  # it is open now
                self.switch(known)
            if (done := self._runs_done()) != self._finished:
                self._finished = done
                self.list_networks()

    def _runs_done(self) -> int:
        """Return how many runs of this app have finished, with their figures too.

        Only then may their files be complete.
        """
        conductor = self.app.conductor
        active = conductor.driver.active
        return sum(task.state == "finished" and task is not active for task in conductor.tasks)
