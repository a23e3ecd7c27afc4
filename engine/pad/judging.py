"""What trained networks say of drawings that were kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.data.drawings import Drawings, fits
from engine.errors import EngineError
from engine.pad.networks import Networks, Trained, trained_in
from engine.trainings import find_trained

AT_ONCE = 200  # images


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """A network's answers to N drawings, and the probability of each; or why there are none."""

    trained: Trained
    answers: np.ndarray  # int64 [N]
    confidences: np.ndarray  # float32 [N]
    problem: str = ""

    def right(self, labels: np.ndarray) -> int:
        """Return how many answers are right."""
        return int((self.answers == labels).sum())


def networks_for(drawings: Drawings, artifacts: Path, names: Sequence[str]) -> list[Trained]:
    """Return the networks that can be asked about drawings, or those of ``names`` alone.

    They were trained on the dataset that the drawings were made for; where the file does not say,
    on images of that size with as many classes. Raises EngineError where there is none.
    """
    there = [
        one for one in trained_in(artifacts)
        if fits(drawings, one.dataset["sha256"], one.side, one.classes)
    ]  # fmt: skip
    if names:
        # Not by what the dataset is called: a file may lie elsewhere now.
        fitting = {one.run.id for one in there}
        ids = [find_trained(artifacts, name, rather=fitting).id for name in names]
        there = [one for one in there if one.run.id in ids]
    if not there:
        side = drawings.split.images.shape[1]
        what = (
            "None of these networks takes" if names else f"No trained network in {artifacts} takes"
        )
        raise EngineError(
            f"{what} these drawings: {side}x{side} pixels, {len(drawings.classes)} classes"
            + (f", made for {drawings.dataset}." if drawings.sha256 else ".")
        )
    return there


def judge_drawings(drawings: Drawings, networks: Sequence[Trained]) -> Iterator[Judgement]:
    """Yield what each network says of the drawings."""
    images = drawings.split.images.astype(np.float32) / 255
    loaded = Networks()
    for trained in networks:
        found = [
            answer
            for begin in range(0, len(images), AT_ONCE)
            for answer in loaded.ask_about(trained, images[begin : begin + AT_ONCE])
        ]
        problem = next((answer.problem for answer in found if answer.problem), "")
        if problem:
            nothing = np.full(len(images), -1)
            yield Judgement(trained, nothing, np.zeros(len(images), np.float32), problem)
            continue
        answers = np.array([answer.predicted for answer in found])
        sure = np.array([answer.probabilities.max() for answer in found])  # type: ignore[union-attr]
        yield Judgement(trained, answers, sure)
