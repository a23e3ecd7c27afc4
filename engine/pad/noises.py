"""The noises that runs have made, to be laid over a drawing."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import EngineError
from engine.runs.index import summaries
from engine.runs.run import Run
from engine.sections.adversarial.config import ResolvedAdversarialConfig


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """A universal noise: ``image`` float32 [H, W], and the label that it makes networks say."""

    run: Run
    label: int
    image: np.ndarray
    network: str  # id of the training whose network it was crafted against
    model: str
    success: float  # over the test set, as the run states it
    random: float  # that of random noise of the same size
    seed: int
    dataset: str  # the hash of the one that it is for

    @property
    def bound(self) -> float:
        """The largest absolute value of a pixel."""
        return float(np.abs(self.image).max())


def noises_in(artifacts: Path) -> Iterator[Noise]:
    """Yield the noises of all finished runs, the newest run's first, by label.

    What is damaged is left out. Raises EngineError where the folder cannot be read.
    """
    for summary in summaries(artifacts):
        if summary.status == "finished" and summary.section == ResolvedAdversarialConfig.section:
            with suppress(EngineError, OSError):
                yield from _noises_of(Run(artifacts / summary.run))


def _noises_of(run: Run) -> Iterator[Noise]:
    config, sha256 = run.read_config(), run.read_info()["dataset"]["sha256"]
    assert isinstance(config, ResolvedAdversarialConfig)
    targets = run.read_result()["targets"]
    for target, image in sorted(
        zip(targets, run.array(), strict=True), key=lambda pair: int(pair[0]["label"])
    ):
        yield Noise(
            run=run,
            label=target["label"],
            image=image[0],
            network=config.run,
            model=config.model,
            success=target["success"]["rate"],
            random=target["random_noise_success"],
            seed=config.seed,
            dataset=sha256,
        )


def infused(image: np.ndarray, noise: Noise | None, strength: float) -> np.ndarray:
    """Return an image [H, W] with a noise at a strength on it, clamped to [0, 1]."""
    if noise is None or not strength:
        return image
    found: np.ndarray = np.clip(image + np.float32(strength) * noise.image, 0, 1)
    return found
