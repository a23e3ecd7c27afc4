"""Crafting targeted universal noise (course report, section 2): events over a state.

One noise image per target label, added to every image and clamped with it to [0, 1], so that the
network says the target.
"""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from engine.data.dataset import Dataset
from engine.numerics.ahead import Ahead
from engine.numerics.cuda_graph import Graphs
from engine.numerics.device import Device
from engine.numerics.seeding import Stream, stream
from engine.runs.events import Event, Notice, Progress
from engine.sections.adversarial.config import ResolvedAdversarialConfig
from engine.sections.adversarial.rules import direction_of_step, update
from engine.sections.adversarial.sources import Sources
from engine.sections.adversarial.state import CraftState

PREVIEW_INTERVAL = 10


def craft(
    config: ResolvedAdversarialConfig, data: Dataset, device: Device, state: CraftState
) -> Iterator[Event]:
    """Craft ``state.noise`` from ``state.step`` to ``config.steps``, on training images.

    Progress: series ``loss`` [S, L], the mean cross-entropy to the target, and ``success`` [S, L],
    both on the step's batch without the images of the target class. Previews: ``sources``, one
    validation image of each class; ``noise`` [L, H, W] with the network's answers to each source
    with each noise on it, ``after`` [L, K], and ``probabilities`` [L, K, K].
    """
    images, labels = device.place(data.train)
    wanted = torch.tensor(config.labels, device=device.torch_device)
    sources = Sources("sources", data.validation, config, device)
    graphs = Graphs(device.torch_device, wanted=not config.no_cuda_graphs)
    ask = graphs.replayed(partial(direction_of_step, config, state, device, wanted, images, labels))
    told = Ahead(partial(_batch, config, len(labels)), device.torch_device, config.steps)
    if state.step == 0:
        yield sources.clean(state.network, state.step)

    with graphs:
        while state.step < config.steps:
            direction, loss, hit = ask(*told(state.step))
            update(config, state, direction)
            state.step += 1
            if trouble := graphs.trouble():
                yield Notice(step=state.step, message=trouble)
            if state.step % PREVIEW_INTERVAL == 0 or state.step == config.steps:
                yield sources.infused(state.network, state.noise, state.step)
            # An event a step: ten noises take half a second on a small machine, as would a stop.
            series = torch.stack([loss, hit]).unsqueeze(1).cpu().numpy()
            yield Progress(step=state.step, series={"loss": series[0], "success": series[1]})


def _batch(config: ResolvedAdversarialConfig, images: int, step: int) -> tuple[Tensor]:
    """Return which training images a step looks at: int64 [B], by the seed and the step alone."""
    random = stream(config.seed, Stream.NOISE_BATCHES, step)
    size = min(config.batch_size, images)
    drawn = random.choice(images, size, replace=False, shuffle=False)
    return (torch.from_numpy(drawn),)
