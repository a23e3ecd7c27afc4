"""What a run is asked to do: what the configs of all sections share.

Each section has two configs, frozen dataclasses in its ``config.py``. ``XConfig`` is as asked: None
in a field means "as the recipe says". ``ResolvedXConfig`` is what a run is driven by and what its
files keep: nothing is None there that arithmetic needs. ``resolve`` makes the second of the first.
Every config is checked field by field when it is built, from a file too.
"""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from engine.data.known import NAMES, NPZ, ROOT, located
from engine.errors import UsageError
from engine.files.values import CLASS_COUNTS, SIDES
from engine.networks.architectures import CLASSES, SIDE
from engine.options import check_fields, option, short, unasked

DATASETS = ("auto", *NAMES)
RECIPES = ("assignment", "tuned")
PRECISIONS = ("auto", "fp32", "bf16")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunConfig:
    """What every section shares.

    Raises UsageError where a value is wrong by itself.
    """

    section: ClassVar[str]

    dataset: str = option(
        "auto",
        "Images to work on: a dataset's name, or a .npz file of your own.",
        choices=DATASETS,
        path=True,
        ending=NPZ,
    )
    data_root: str | None = option(None, f"{ROOT}; if given, nowhere else is searched.", path=True)
    data_found: str | None = unasked(added=True)  # the folder where MNIST was found
    offline: bool = option(False, "Never download anything.", added=True)
    artifacts: str = option("artifacts", "Folder for run directories.", path=True)
    # Apple's mps is no promise, but torch may know it, and the engine takes what torch knows.
    device: str = option(
        "auto", "auto, cpu, cuda or cuda:N.", words=r"auto|cpu|mps|cuda(:\d{1,3})?"
    )
    precision: str = option(
        "auto",
        "Number format for training, crafting and visualizing; auto takes bf16 where the hardware "
        "has it.",
        choices=PRECISIONS,
    )
    threads: int | None = option(
        None, "CPU threads; by default, all that this process may use.", low=1, high=1024
    )
    seed: int = option(0, "Seed for everything random.", low=0, high=2**31 - 1)
    deterministic: bool = option(
        False,
        "On a GPU, give the same bits each time where torch can, if slower; a CPU always does.",
        added=True,
    )

    no_cuda_graphs: bool = option(
        False,
        "On a GPU, launch each operation of a step by itself: slower, but always works.",
        added=True,
    )

    classes: int | None = unasked(
        added=True, low=CLASS_COUNTS[0], high=CLASS_COUNTS[1]
    )  # of the dataset
    side: int | None = unasked(added=True, low=SIDES[0], high=SIDES[1])  # pixels of an image
    # The layers of a network that is not one of the course report's, as ``Layout`` writes them.
    layout: dict[str, Any] | None = unasked(added=True)  # noqa: RUF009  # a field, not a value

    def __post_init__(self) -> None:
        check_fields(self)

    def to_json(self) -> dict[str, Any]:
        """Return every field as plain JSON values."""
        values = dataclasses.asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Build a config from ``to_json``'s values; unknown keys, of a later version, are ignored.

        Raises UsageError.
        """
        if not isinstance(values, Mapping):
            raise UsageError(f"A config must be an object by name, not {short(values)}.")
        known = {item.name for item in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})

    @property
    def title(self) -> str:
        """What the run is, in a word or two."""
        raise NotImplementedError

    @property
    def chosen(self) -> str:
        """What was chosen to be run, in words."""
        return self.title

    @property
    def defaults(self) -> dict[str, Any]:
        """The recipe's values; some depend on the dataset."""
        raise NotImplementedError

    def resolve(self, **found: Any) -> "RunConfig":
        """Return the config with nothing left open.

        ``found`` is what the machine decided (dataset, device ...).
        """
        raise NotImplementedError


Resolved = TypeVar("Resolved", bound=RunConfig)


def resolved(kind: type[Resolved], asked: RunConfig, found: Mapping[str, Any]) -> Resolved:
    """Return a config as asked as one of ``kind``, with what was found.

    The recipe fills in what nobody chose, and paths become absolute. Images and classes are
    MNIST's where none are given.
    """
    config = dataclasses.replace(asked, **{"classes": CLASSES, "side": SIDE} | dict(found))
    values = {item.name: getattr(config, item.name) for item in dataclasses.fields(config)}
    values |= {k: v for k, v in config.defaults.items() if values[k] is None}
    for name in ("artifacts", "data_root"):
        if values[name] is not None:
            values[name] = os.path.abspath(values[name])
    values["dataset"] = located(values["dataset"])
    return kind(**values)
