"""What the pad's two threads do: jobs for ``Worker``, and what they tell.

Everything that is told says what it is about, since it may come late.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.analysis.answers import read_answers
from engine.data.dataset import Dataset
from engine.errors import EngineError, MnistTuiError
from engine.laboratory import Laboratory
from engine.pad.networks import Answer, Networks, Trained, each_trained, load_on, told_apart
from engine.pad.noises import Noise, noises_in
from engine.runs.run import Run

if TYPE_CHECKING:
    from engine.networks.layout import Neuron
    from engine.numerics.device import Device
    from engine.pad.inside import Look
    from engine.pad.strength import Curve


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """What there is: trainings, and the noises of each dataset by its hash."""

    trained: Sequence[Trained]
    noises: dict[str, list[Noise]]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """An image float32 [H, W] that networks are asked about, and whose layer is looked at."""

    image: np.ndarray
    networks: Sequence[Trained]
    inside: tuple[Trained, str] | None  # a network and its layer
    since: float  # when the drawing was changed

    @property
    def looked_at(self) -> tuple[Path, str] | None:
        """The run and the layer whose maps are asked for."""
        return None if self.inside is None else (self.inside[0].run.path, self.inside[1])

    def answers(self, other: "Question") -> bool:
        """Tell whether what is said to this is all that another asks for."""
        return (
            [one.run.path for one in self.networks] == [one.run.path for one in other.networks]
            and other.looked_at in (None, self.looked_at)
            and np.array_equal(self.image, other.image)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """The answers to a question, one a network; ``maps`` [C, H, W] of the layer, if asked for."""

    question: Question
    answers: Sequence[Answer]
    maps: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """The dataset with the hash ``sha256``, or why it cannot be had."""

    sha256: str
    data: Dataset | None
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a network says of the test images, by the run's own file; None where it has none."""

    trained: Trained
    answers: np.ndarray | None


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Success over strength, as far as it is known."""

    noise: Noise
    curve: "Curve"


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What a neuron looks for, as far as it is known."""

    trained: Trained
    look: "Look"


def list_all(artifacts: Path) -> Iterator[Listed | None]:
    """Tell what was trained, and which noises there are; questions need not wait for the end."""
    trained: list[Trained] = []
    for one in each_trained(artifacts):
        trained.append(one)
        yield None
    noises: dict[str, list[Noise]] = {}
    for noise in noises_in(artifacts):
        noises.setdefault(noise.dataset, []).append(noise)
        yield None
    yield Listed(told_apart(trained), noises)


def ask(networks: Networks, question: Question) -> Iterator[Reply]:
    """Tell what networks say, and what a layer of one of them puts out."""
    answers = networks.ask(question.networks, question.image)
    yield Reply(question, answers)
    if question.inside is None:
        return
    from engine.pad.inside import maps_of

    trained, layer = question.inside
    with suppress(EngineError, RuntimeError, KeyError):  # of a network that fails on the image
        maps = maps_of(networks.load(trained), layer, question.image)
        yield Reply(question, answers, maps)


def open_images(laboratory: Laboratory, run: Run, sha256: str) -> Iterator[Images]:
    """Tell the dataset that a run was made on, if it is on this machine."""
    try:
        yield Images(sha256, laboratory.images_of(run))
    except (MnistTuiError, OSError) as error:
        yield Images(sha256, None, str(error))


def judge(trained: Trained) -> Iterator[Judged]:
    """Tell a training's answers to the test images."""
    answers = None
    with suppress(MnistTuiError, OSError):
        answers = read_answers(trained.run).predictions
    yield Judged(trained, answers)


def count(trained: Trained, noise: Noise, data: Dataset) -> Iterator[Counted]:
    """Tell the success of a noise at all strengths; a whole curve is kept for the next time."""
    from engine.pad.strength import by_strength, keep, kept, name_of

    device = _device(noise.run)
    name = name_of(trained, noise, device)
    if (known := kept(name)) is not None:
        yield Counted(noise, known)
        return
    curve = None
    for curve in by_strength(load_on(trained, device), noise, data.test, device):
        yield Counted(noise, curve)
    if curve is not None and curve.whole:
        keep(name, curve)


def look_at(
    trained: Trained, neuron: "Neuron", artifacts: Path, data: Dataset | None
) -> Iterator[Looked]:
    """Tell what a neuron looks for: from a run that has drawn it, or found out now."""
    from engine.pad.inside import look, look_at

    if (known := look_at(trained, neuron, artifacts)) is not None:
        yield Looked(trained, known)
        return
    device = _cpu()
    network = load_on(trained, device)
    for known in look(trained, network, neuron, None if data is None else data.test, device):
        yield Looked(trained, known)


def _device(run: Run) -> "Device":
    """Return the kind of device that a run was judged on, where it is here: the same bits.

    It is not opened, which would change how many threads torch uses.
    """
    import torch

    from engine.numerics.device import Device

    asked = run.read_config().device
    if asked.startswith("cuda") and torch.cuda.is_available():
        return Device(torch_device=torch.device("cuda"), precision="fp32", threads=1)
    return _cpu()


def _cpu() -> "Device":
    import torch

    from engine.numerics.device import Device

    return Device(torch_device=torch.device("cpu"), precision="fp32", threads=1)
