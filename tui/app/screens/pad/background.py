"""What the pad finds out besides: the images, a network's mistakes, a noise's success, neurons."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from engine.data.dataset import Dataset
from engine.files.text import visible
from engine.pad.networks import Trained, is_ours
from engine.pad.starts import Starts
from tui.app.screens.pad import work
from tui.app.screens.pad.strength import Counting
from tui.app.screens.pad.talking import Talking

OPENING = "The test images are being opened, or are not on this machine."


class Background(Talking):
    """Mixed in before the pad."""

    no_images = OPENING  # why there are none

    @property
    def artifacts(self) -> Path:
        """Where the runs are."""
        return Path(self.app.shared.artifacts)

    # Images.

    def open_images(self) -> None:
        """Open the dataset of the networks."""
        self.no_images = OPENING
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
            self.no_images = told.problem
            self.notify(told.problem)
        self.show_keys()

    def take_images(self, data: Dataset | None) -> None:
        """Have these images to start from."""
        self.desk.data = data
        self.desk.starts = Starts(data.test) if data is not None else None
        self.judge_first()
        self.count()

    def judge_first(self) -> None:
        """Ask which test images the first network gets wrong, unless that was asked already."""
        starts, first = self.desk.starts, next(iter(self.desk.shown), None)
        if starts is None or first is None or starts.of == first.run.path:
            return
        self.desk.starts = replace(starts, answers=None, of=first.run.path)
        self._do(self._counter, "judge", partial(work.judge, first))

    def hear_judge(self, told: work.Judged) -> None:
        """Take in which test images the first network gets wrong."""
        starts = self.desk.starts
        if starts is not None and starts.of == told.trained.run.path:
            self.desk.starts = replace(starts, answers=told.answers)

    # The noise's success.

    def count(self) -> None:
        """Begin to count the noise's success over strength, or see what keeps from it."""
        noise, counting = self.desk.noise, self.counting
        if noise is None or not self.desk.strength:
            return
        if counting.noise is noise and not counting.why:
            return
        self._counter.drop("count")
        trained = next((one for one in self.desk.here if one.run.id == noise.network), None)
        why = self._why_not_counted(trained)
        self.counting = Counting(noise, why=why)
        if trained is not None and self.desk.data is not None and not why:
            job = partial(work.count, trained, noise, self.desk.data)
            self._do(self._counter, "count", job, of=self.counting)
        if why != counting.why:
            self._pending.add("noise")

    def _why_not_counted(self, trained: Trained | None) -> str:
        if trained is None:
            return "Not counted: the network that it was made against is not here."
        if trained.refused:
            return f"Not counted: {visible(trained.name)}: {trained.refused}."
        if self.desk.data is None:
            return self.no_images
        if self.busy_beside(trained):
            return "Its network's code is not asked for long while something runs."
        return ""

    def count_again(self) -> None:
        """Count, where it could not be before: what kept from it may be over."""
        if self.counting.why and not self.counting.failed:
            self.count()

    def hear_count(self, told: work.Counted) -> None:
        """Take in what is known of the curve."""
        counting = self.counting
        if told.noise is counting.noise and not counting.why:
            self.counting = replace(counting, curve=told.curve)
            self._pending.add("noise")

    def fail_count(self, line: str, of: Counting) -> None:
        """Say in the curve's place why it was not counted; whoever moves the slider tries again."""
        if of.noise is self.counting.noise:
            self.counting = Counting(of.noise, why=line, failed=True)
            self._pending.add("noise")

    # Neurons.

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

    def no_longer_seek(self, _: object = None) -> None:
        """Nobody looks at a neuron any more."""
        self._counter.drop("look")
