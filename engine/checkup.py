"""Whether a GPU computes what it should: three steps of a training, in every way there is."""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import torch

from engine.data.dataset import Dataset
from engine.data.digits import open_digits
from engine.files.text import visible
from engine.numerics.device import Device, has_bf16
from engine.runs.events import Notice, Progress
from engine.sections.train.config import TrainConfig
from engine.sections.train.loop import TrainState, train

STEPS = 3
# By how much losses may differ that were computed in other ways, and once were.
WITHOUT_GRAPHS, ON_THE_CPU = 1e-3, 5e-3
IN_BF16, BF16_WITHOUT_GRAPHS = 0.1, 0.05


@dataclass(frozen=True, slots=True)
class Tried:
    """Three steps: their losses and the loss on validation images, or why there are none."""

    losses: Sequence[float] = ()
    trouble: str = ""  # the steps could not be taken
    notice: str = ""  # they could, but not as asked

    def differs(self, other: "Tried", by: float) -> bool:
        """Tell whether losses are others, by more than what arithmetic may change."""
        pairs = list(zip(self.losses, other.losses, strict=False))
        return len(pairs) <= STEPS or not all(abs(one - two) <= by for one, two in pairs)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether runs can be trusted to a GPU; ``words`` say what was found and what to do."""

    sound: bool
    words: str


def examine(device: Device, compute_mode: str = "") -> Verdict:
    """Take three steps on a device, with CUDA graphs and without, in float32 and in bf16.

    Their losses must be those of each other and of the CPU. ``compute_mode`` is the driver's.
    """
    data = open_digits()
    single = replace(device, precision="fp32")
    here = three_steps(single, data, graphs=False)
    if here.trouble:
        return Verdict(
            False, f"not usable: no step can be taken ({here.trouble}); use --device cpu"
        )
    cpu = replace(single, torch_device=torch.device("cpu"))
    if here.differs(three_steps(cpu, data, graphs=False), ON_THE_CPU):
        return Verdict(False, "not sound: its losses are not those of the CPU; use --device cpu")
    remarks = [*_graphs_fault(here, three_steps(single, data, graphs=True), WITHOUT_GRAPHS)]
    kinds = "float32"
    if has_bf16(device.torch_device):
        kinds = "float32 and bf16"
        double = replace(device, precision="bf16")
        there = three_steps(double, data, graphs=False)
        if there.trouble or there.differs(here, IN_BF16):
            why = there.trouble or "its losses are not those in float32"
            remarks.append(f"bf16 fails ({why}): use --precision fp32")
        elif not remarks:
            graphs = three_steps(double, data, graphs=True)
            remarks += _graphs_fault(there, graphs, BF16_WITHOUT_GRAPHS)
    if compute_mode.startswith("exclusive"):
        remarks.append("one process at a time may use it, as its compute mode says")
    if remarks:
        return Verdict(False, f"usable, but {'; '.join(remarks)}")
    without = "" if has_bf16(device.torch_device) else "; it has no bf16 in hardware"
    return Verdict(
        True,
        f"sound: {STEPS} steps give the CPU's losses, with CUDA graphs and without, in {kinds}"
        f"{without}",
    )


def _graphs_fault(plain: Tried, replayed: Tried, by: float) -> Iterator[str]:
    """Yield what is wrong with CUDA graphs, if anything is."""
    if replayed.notice:
        words = replayed.notice.partition(");")[0]
        yield f"{words[0].lower()}{words[1:]}): runs continue without, slower"
    elif replayed.trouble:
        yield f"steps fail with CUDA graphs ({replayed.trouble}): use --no-cuda-graphs"
    elif replayed.differs(plain, by):
        yield "losses are others with CUDA graphs: use --no-cuda-graphs"


def three_steps(device: Device, data: Dataset, *, graphs: bool) -> Tried:
    """Train two-conv for three steps, as a run does, and validate it."""
    found: dict[str, Any] = {
        "dataset": data.name, "device": str(device.torch_device), "precision": device.precision,
        "threads": device.threads,
    }  # fmt: skip
    config = TrainConfig(
        model="two-conv", validation_interval=STEPS, no_cuda_graphs=not graphs
    ).resolve(**found)
    notice = ""
    try:
        state = TrainState.begin(config, device)
        with closing(train(config, data, device, state)) as events:
            for event in events:
                if isinstance(event, Notice):
                    notice = event.message
                if isinstance(event, Progress) and event.step >= STEPS:
                    losses = [float(loss) for loss in event.series["loss"]]
                    losses.append(float(event.values["validation_loss"]))
                    if not all(map(math.isfinite, losses)):
                        return Tried(trouble="a loss is not finite", notice=notice)
                    return Tried(losses, notice=notice)
    except Exception as error:  # whatever a driver or a library comes up with
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return Tried(trouble=visible(first).rstrip(". "))
    return Tried(trouble="the training ended before them")
