"""What networks say of the test images, from the ``answers.npz`` that runs leave.

And which of the images to look at first: mistakes, the surest first; images that resist a noise.
No torch, and no images: those are the dataset's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import EngineError
from engine.files.archive import read_arrays
from engine.files.reader import DamagedFile
from engine.runs.run import Run
from engine.runs.schema import ANSWERS_FILE, rows_of

BESIDE = 1 << 16  # bytes of answers.npz that are not answers, at most


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a network says of N test images of K classes."""

    labels: np.ndarray  # uint8 [N]
    predictions: np.ndarray  # uint8 [N]
    probabilities: np.ndarray  # float16 [N, K]

    @property
    def confidences(self) -> np.ndarray:
        """The probability of each prediction, 0 where it is not finite: float32 [N]."""
        own = self.probabilities[np.arange(len(self.predictions)), self.predictions]
        finite: np.ndarray = np.where(np.isfinite(own), own, 0).astype(np.float32)
        return finite

    def mistakes(self) -> np.ndarray:
        """Return the places of the misclassified images, the surest mistake first."""
        return self._surest_first(self.predictions != self.labels)

    def of_cell(self, label: int, prediction: int) -> np.ndarray:
        """Return the places of a confusion matrix's cell, the surest first."""
        return self._surest_first((self.labels == label) & (self.predictions == prediction))

    def _surest_first(self, chosen: np.ndarray) -> np.ndarray:
        places = np.flatnonzero(chosen)
        order: np.ndarray = places[np.argsort(-self.confidences[places], kind="stable")]
        return order


def read_answers(run: Run) -> Answers:
    """Return what a finished training's network says of the test images.

    Raises EngineError where the run has no such file, or a damaged one.
    """
    info, config = run.read_info(), run.read_config()
    images, classes = info["dataset"]["test"], config.classes
    assert classes is not None  # a resolved config has it
    arrays = _read(run, info, images * (2 + 2 * classes))
    labels = _checked(run, arrays, "label", np.uint8, (images,), classes)
    predictions = _checked(run, arrays, "prediction", np.uint8, (images,), classes)
    probabilities = _checked(run, arrays, "probabilities", np.float16, (images, classes))
    return Answers(labels, predictions, probabilities)


def read_answers_to_noise(run: Run) -> np.ndarray:
    """Return what the network says of N test images with each of L noises: uint8 [L, N].

    Raises as ``read_answers`` does.
    """
    info, config = run.read_info(), run.read_config()
    images, rows = info["dataset"]["test"], rows_of(config)
    arrays = _read(run, info, images * rows)
    return _checked(run, arrays, "prediction", np.uint8, (rows, images), config.classes)


def resisting(
    predictions: np.ndarray, labels: np.ndarray, target: int, source: int | None = None
) -> tuple[np.ndarray, int]:
    """Return the places of images of other classes than the target, and how many of them resist.

    ``predictions`` [N] are the answers with the noise for the target, ``labels`` [N] are true.
    With a ``source`` they are all of that class, those that resist first. Without one they are
    those that resist alone, of all classes, the class with the most of them first.
    """
    resists = (predictions != target) & (labels != target)
    if source is not None:
        of_source = (labels == source) & (labels != target)
        first = np.flatnonzero(of_source & resists)
        return np.concatenate([first, np.flatnonzero(of_source & ~resists)]), len(first)
    places = np.flatnonzero(resists)
    counts = np.bincount(labels[places], minlength=256)
    order = np.lexsort((places, labels[places], -counts[labels[places]]))
    return places[order], len(places)


def _read(run: Run, info: dict[str, Any], size: int) -> dict[str, np.ndarray]:
    """Return the arrays of a run's answers, which take ``size`` bytes."""
    if info["status"] != "finished":
        raise EngineError(
            f"The test images are judged at the end of a run; this one is {info['status']}."
        )
    try:
        arrays = read_arrays(run.path / ANSWERS_FILE, size + BESIDE)
    except FileNotFoundError:
        raise EngineError(
            f"This run has no {ANSWERS_FILE}, as those of version 0.1; run it again to look at its "
            "test images."
        ) from None
    if str(arrays.get("sha256", "")) != info["dataset"]["sha256"]:
        raise DamagedFile(run.path / ANSWERS_FILE, "it is about other images than the run's")
    return arrays


def _checked(
    run: Run,
    arrays: dict[str, np.ndarray],
    name: str,
    dtype: type,
    shape: tuple[int, ...],
    classes: int | None = None,
) -> np.ndarray:
    """Return an array of that type and shape, its values below ``classes``."""
    array = arrays.get(name)
    if array is None or array.dtype != dtype or array.shape != shape:
        raise DamagedFile(run.path / ANSWERS_FILE, f"{name} is not {np.dtype(dtype)} {list(shape)}")
    if classes is not None and array.size and int(array.max()) >= classes:
        raise DamagedFile(run.path / ANSWERS_FILE, f"{name}: a class beyond {classes - 1}")
    return array
