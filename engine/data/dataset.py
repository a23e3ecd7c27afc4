"""What a dataset is to us: images, labels and the names of the classes, in three parts."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import EngineError


class DatasetMissing(EngineError):
    """The dataset was not found."""


class DatasetDamaged(EngineError):
    """A file of the dataset has the wrong content."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Images uint8 [N, H, W] and their labels uint8 [N]."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Dataset:
    """A verified dataset and its fixed splits."""

    name: str
    sha256: str  # of the content, however it is stored
    origin: str  # where it was found: a folder, or words for what is in the package
    classes: tuple[str, ...]  # their names, by label
    train: Split
    validation: Split
    test: Split

    @property
    def side(self) -> int:
        """Height and width of the images, which are square."""
        return int(self.train.images.shape[1])

    def examples(self, most: int) -> np.ndarray:
        """Return a training image of each of the first classes, without their margin but a pixel.

        uint8 [N, H, W]; a class without one is left out.
        """
        images, labels = self.train.images, self.train.labels
        found = images[np.unique(labels, return_index=True)[1][:most]]
        ink = np.argwhere(found.any(0))
        margin = max(int(min(ink.min(), self.side - 1 - ink.max())) - 1, 0) if len(ink) else 0
        return found[:, margin : self.side - margin, margin : self.side - margin]

    def without_test(self) -> "Dataset":
        """Return the dataset with black test images, for whatever must not have seen them."""
        black = Split(np.zeros_like(self.test.images), np.zeros_like(self.test.labels))
        return dataclasses.replace(self, test=black)

    def describe(self) -> dict[str, Any]:
        """Return what ``run.json`` says of the dataset."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "train": len(self.train),
            "validation": len(self.validation),
            "test": len(self.test),
            "classes": list(self.classes),
            "image": list(self.train.images.shape[1:]),
        }
