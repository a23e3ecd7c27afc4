"""What a training is asked to do, and the two recipes (course report, section 1)."""

import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from engine.config import RECIPES, RunConfig, resolved
from engine.data.known import is_file
from engine.errors import UsageError
from engine.files.values import is_model
from engine.networks.architectures import ARCHITECTURES, BEST_MODEL, CLASSES, SIDE, layout_of
from engine.networks.layout import Layout
from engine.networks.more import MORE
from engine.options import option, short, unasked

MODELS = (*ARCHITECTURES, *MORE)
EPOCHS, STEPS = 5, 2150  # of a training on MNIST, by either recipe
MOST_EPOCHS = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig(RunConfig):
    """Training one classifier, as asked."""

    section: ClassVar[str] = "train"

    model: str = option(
        BEST_MODEL, f"Network to train ({', '.join(MODELS)}, or your own: FILE.py:NAME)",
        offered=MODELS, spread=True, whole=tuple(ARCHITECTURES),
    )  # fmt: skip
    recipe: str = option(
        "assignment", "assignment: the course report's settings; tuned: our best.", choices=RECIPES
    )
    epochs: int | None = option(
        None,
        "Passes over the training images; for a .npz file, as many as make 2,150 steps.",
        low=1,
        high=MOST_EPOCHS,
    )
    batch_size: int | None = option(None, "Images per step.", low=1, high=60_000)
    learning_rate: float | None = option(
        None, "Learning rate (its peak, where the recipe has a schedule).", above=0, high=100
    )
    momentum: float | None = option(None, "Momentum of SGD.", low=0, high=0.9999)
    l2: float | None = option(
        None,
        "L2 penalty as Keras defines it: l2·Σw² over the weights, without biases "
        "(PyTorch's weight_decay is twice this).",
        low=0,
        high=100,
    )
    validation_interval: int | None = option(
        None, "Steps between two validations.", low=1, high=1_000_000
    )
    schedule: str | None = unasked(choices=("constant", "one-cycle"))
    nesterov: bool | None = None
    augmentation: str | None = unasked(choices=("none", "affine"), added=True)

    def __post_init__(self) -> None:
        RunConfig.__post_init__(self)
        if self.model in MODELS or self.layout or _is_of_a_run(self.model):
            return
        if ".py" not in self.model:
            known = ", ".join(MODELS)
            raise UsageError(
                f"--model must be one of {known}, or FILE.py:NAME, not {short(self.model)}."
            )
        from engine.networks.code import parse

        parse(self.model)

    @property
    def title(self) -> str:
        """What the run is, in a word or two."""
        return self.model

    @property
    def defaults(self) -> dict[str, Any]:
        """The recipe's values; some depend on the dataset.

        For a .npz file ``epochs`` is not among them: it depends on how many images there are.
        """
        if is_file(self.dataset):
            values = _RECIPES[self.recipe] | _OF_FILE.get(self.recipe, {})
            return {name: value for name, value in values.items() if name != "epochs"}
        return _RECIPES[self.recipe] | _OF_DATASET.get((self.dataset, self.recipe), {})

    def resolve(self, *, images: int | None = None, **found: Any) -> "ResolvedTrainConfig":
        """Return the config with nothing left open; ``images`` is how many it trains on."""
        if images is not None and self.epochs is None and is_file(self.dataset):
            batch = self.batch_size or self.defaults["batch_size"]
            found["epochs"] = epochs_of(images, batch)
        return resolved(ResolvedTrainConfig, self, found)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedTrainConfig(TrainConfig):
    """Training one classifier, with nothing left open."""

    epochs: int
    batch_size: int
    learning_rate: float
    momentum: float
    l2: float
    validation_interval: int
    schedule: str
    nesterov: bool
    augmentation: str = "none"  # which the first runs did not say
    classes: int = CLASSES  # likewise
    side: int = SIDE

    @property
    def network(self) -> Layout:
        """The layers of the network that is trained. Raises Unsound."""
        return layout_of(self.model, self.side, self.classes, self.layout)

    def steps_per_epoch(self, images: int) -> int:
        """Steps in one pass over ``images`` training images; a smaller last batch counts."""
        return math.ceil(images / self.batch_size)

    def total_steps(self, images: int) -> int:
        """Steps of the whole run over ``images`` training images."""
        return self.epochs * self.steps_per_epoch(images)


def epochs_of(images: int, batch: int) -> int:
    """Return how many epochs a file of one's own is trained for: as many as make 2,150 steps.

    That is what five epochs are on MNIST. At least five: a large set is not cut short.
    """
    return min(MOST_EPOCHS, max(EPOCHS, math.ceil(STEPS / math.ceil(images / batch))))


def _is_of_a_run(model: str) -> bool:
    """Tell whether a text may be what a network of one's own is called in its runs."""
    return is_model(model) and re.search(r"-[0-9a-f]{8}\Z", model) is not None


# "assignment" is what the course report used: batch 128, 5 epochs, SGD 0.01 with momentum 0.9,
# λ 0.01, a validation every 10 iterations.
_RECIPES: dict[str, dict[str, Any]] = {
    "assignment": {
        "epochs": EPOCHS,
        "batch_size": 128,
        "learning_rate": 0.01,
        "momentum": 0.9,
        "l2": 0.01,
        "validation_interval": 10,
        "schedule": "constant",
        "nesterov": False,
        "augmentation": "none",
    },
    "tuned": {
        "epochs": EPOCHS,
        "batch_size": 128,
        "learning_rate": 0.2,
        "momentum": 0.9,
        "l2": 5e-5,
        "validation_interval": 10,
        "schedule": "one-cycle",
        "nesterov": True,
        "augmentation": "affine",
    },
}

# What a dataset needs otherwise. The digits' 1,260 training images are 10 steps an epoch at batch
# 128. From a learning rate of 0.1 on, which MNIST bears, some seeds of theirs end at chance: 0.02
# keeps well away from that, and the smaller batch makes up for its steps.
# Fashion-MNIST's values were chosen on its validation images. In five epochs these networks are
# better off with images as they are: turned ones cost a point, mirrored ones half a point of the
# smallest network, since every shoe points to the left. KMNIST's characters are handwriting, as
# MNIST's are.
_OF_DATASET: dict[tuple[str, str], dict[str, Any]] = {
    ("digits", "assignment"): {"epochs": 40},
    ("digits", "tuned"): {"epochs": 40, "batch_size": 64, "learning_rate": 0.02},
    ("fashion-mnist", "tuned"): {
        "batch_size": 64,
        "learning_rate": 0.1,
        "l2": 1e-4,
        "validation_interval": 20,
        "augmentation": "none",
    },
}

# Of a file nothing is known but how many images are in it. They may be few, which a high learning
# rate leaves at chance, as the digits; and how they may be changed, only its owner knows.
_OF_FILE: dict[str, dict[str, Any]] = {
    "tuned": {"learning_rate": 0.05, "augmentation": "none"},
}
