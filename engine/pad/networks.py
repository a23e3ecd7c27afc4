"""The trained networks that a drawing can be shown to, and what they say of it.

Everything is asked on the CPU, in float32: an image is too little for anything else. torch is
imported with the first network.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from engine.data.classes import class_names
from engine.errors import EngineError
from engine.networks.architectures import ARCHITECTURES, CLASSES, SIDE
from engine.networks.layout import Layout
from engine.networks.ledger import is_trusted
from engine.networks.more import MORE
from engine.runs.index import summaries
from engine.runs.run import Run
from engine.sections import find

if TYPE_CHECKING:
    from engine.networks.stored import AnyNetwork
    from engine.numerics.device import Device

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A finished training: its network can be asked where ``refused`` is ""."""

    run: Run
    model: str
    name: str  # the model, and the seed or the time where another has the same
    result: str  # its accuracy, in words
    dataset: Mapping[str, Any]  # as run.json describes it
    data: str  # the dataset as a config names it
    side: int
    classes: tuple[str, ...]  # their names
    seed: int
    layout: Layout
    refused: str = ""  # why it cannot be asked

    @property
    def kind(self) -> tuple[str, str]:
        """The model, and the images that it was trained on, by their hash."""
        return self.model, self.dataset["sha256"]


def trained_in(artifacts: Path) -> list[Trained]:
    """Return the finished trainings in a folder, newest first; what is damaged is left out.

    Raises EngineError where the folder cannot be read.
    """
    return told_apart(list(each_trained(artifacts)))


def each_trained(artifacts: Path) -> Iterator[Trained]:
    """Yield them one after another, called by their models alone: there may be very many."""
    for summary in summaries(artifacts):
        if summary.status == "finished" and find(summary.section).trains:
            with suppress(EngineError):
                yield _trained(Run(artifacts / summary.run), summary.result)


def _trained(run: Run, result: str) -> Trained:
    info = run.read_info()
    layout: Layout = run.read_config().network  # type: ignore[attr-defined]  # a training's has it
    config, dataset, code = info["config"], info["dataset"], info.get("model_file")
    model = config["model"]
    names = tuple(class_names(dataset))
    count = config.get("classes") or CLASSES
    return Trained(
        run=run,
        model=model,
        name=model,
        result=result,
        dataset=dataset,
        data=config["dataset"],
        side=config.get("side") or SIDE,
        classes=names if len(names) == count else tuple(map(str, range(count))),
        seed=config["seed"],
        layout=layout,
        refused="" if model in ARCHITECTURES or (code and is_trusted(code)) else
        "its code has not been run on this machine before; --trust runs it",
    )  # fmt: skip


def told_apart(trained: Sequence[Trained]) -> list[Trained]:
    """Name networks of one model on the same images by their seeds, or else by when they began."""
    seeds: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for one in trained:
        seeds[one.kind][one.seed] += 1
    named = []
    for one in trained:
        alike, name = seeds[one.kind], one.model
        if alike.total() > 1:
            name += f" seed {one.seed}" if alike[one.seed] == 1 else f" {_when(one.run.id)}"
        named.append(replace(one, name=name))
    return named


def _when(run: str) -> str:
    """Return when a run began, by its id: ``11-27 18:30:59``."""
    day, time, *_ = f"{run}--".split("-")
    return f"{day[4:6]}-{day[6:8]} {time[:2]}:{time[2:4]}:{time[4:6]}"


def first_choice(trained: Sequence[Trained], most: int) -> list[Trained]:
    """Return the newest network of each model that can be asked, the course report's first."""
    newest: dict[str, Trained] = {}
    for one in trained:
        if not one.refused:
            newest.setdefault(one.model, one)
    ordered = [newest[model] for model in ARCHITECTURES if model in newest]
    ordered += [one for model, one in newest.items() if model not in ARCHITECTURES]
    return ordered[:most]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a network says: probabilities float32 [K], or None and why there are none."""

    probabilities: np.ndarray | None
    problem: str = ""

    @property
    def predicted(self) -> int | None:
        """The likeliest class."""
        return None if self.probabilities is None else int(self.probabilities.argmax())


class Networks:
    """Networks that were asked for once stay loaded. For one thread at a time."""

    def __init__(self) -> None:
        self._loaded: dict[Path, AnyNetwork | str] = {}  # or why it cannot be

    def load(self, trained: Trained) -> "AnyNetwork":
        """Return a network on the CPU, ready to be asked. Raises EngineError."""
        path = trained.run.path
        if path not in self._loaded:
            try:
                self._loaded[path] = load_on(trained, _cpu())
            except EngineError as error:
                self._loaded[path] = str(error)
        found = self._loaded[path]
        if isinstance(found, str):
            raise EngineError(found)
        return found

    def ask(self, trained: Iterable[Trained], image: np.ndarray) -> list[Answer]:
        """Return what each network says of an image float32 [H, W] in [0, 1]."""
        return [self._ask(one, image[None])[0] for one in trained]

    def ask_about(self, trained: Trained, images: np.ndarray) -> list[Answer]:
        """Return what a network says of images float32 [N, H, W] in [0, 1]."""
        return self._ask(trained, images)

    def _ask(self, trained: Trained, images: np.ndarray) -> list[Answer]:
        try:
            network = self.load(trained)
            probabilities = _probabilities(network, images)
        except (EngineError, RuntimeError) as error:  # a network of one's own may fail on it
            problem = str(error).splitlines()[0] if str(error) else type(error).__name__
            return [Answer(None, problem)] * len(images)
        return [Answer(each) for each in probabilities]


def load_on(trained: Trained, device: "Device") -> "AnyNetwork":
    """Return a network, loaded anew on a device. Raises EngineError."""
    if trained.refused:
        raise EngineError(f"{trained.name}: {trained.refused}.")
    config = trained.run.read_config()
    network: AnyNetwork = find(config.section).load(config, trained.run, device)
    return network


def _probabilities(network: "AnyNetwork", images: np.ndarray) -> np.ndarray:
    import torch

    from engine.numerics.inference import evaluating

    with torch.no_grad(), evaluating(network), undisturbed(network):
        logits = network(torch.from_numpy(np.ascontiguousarray(images, np.float32))[:, None])
        found: np.ndarray = logits.float().softmax(1).numpy()
    return found


def undisturbed(network: "AnyNetwork") -> AbstractContextManager[None]:
    """Return the context in which a network's own code, which may draw, disturbs no training."""
    from engine.networks.foreign import seeded

    return seeded(0) if network.draws else nullcontext()


def undisturbing(network: "AnyNetwork", steps: Iterator[T]) -> Iterator[T]:
    """Yield what a generator does that asks a network, each of its steps ``undisturbed``.

    Between two steps others draw: whoever takes them may wait there for long.
    """
    while True:
        with undisturbed(network):
            try:
                found = next(steps)
            except StopIteration:
                return
        yield found


def is_ours(trained: Trained) -> bool:
    """Tell whether a network is of this package, which draws nothing as it is asked."""
    return trained.model in ARCHITECTURES or trained.model in MORE


def _cpu() -> "Device":
    """Return the CPU without opening it, which would change how many threads torch uses."""
    import torch

    from engine.numerics.device import Device

    return Device(torch_device=torch.device("cpu"), precision="fp32", threads=1)
