"""A second opinion on results, by code that the judge shares nothing with.

Plain convolutions in torch's default layout, one image part after another, from the files of the
run. It is slow and short, to be read and believed. Of a network of one's own there is but one
implementation, its file: only what is asked of it, and counted, is done again here. On another
device, or in another order of additions, a borderline image may be read otherwise: some are let
pass.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine import sections
from engine.data.classes import class_noun, plural
from engine.data.dataset import Dataset
from engine.files.reader import MB, read_state
from engine.networks.architectures import ARCHITECTURES, WEIGHTS_FILE
from engine.networks.stored import AnyNetwork
from engine.numerics.device import Device
from engine.runs.run import Run
from engine.sections.section import Verdict

BORDERLINE = 5e-4  # of the images may be read otherwise
CLOSE = 1e-3  # relatively, of an activation
PART = 500  # images at a time
CPU = Device(torch_device=torch.device("cpu"), precision="fp32", threads=1)

Layers = Callable[[Tensor], Mapping[str, Tensor]]  # images [N, 1, H, W] in [0, 1] to outputs


def layers_of(weights: Mapping[str, Tensor], images: Tensor) -> dict[str, Tensor]:
    """Return pooling layers and logits for images [N, 1, H, W] in [0, 1]."""
    found, values = {}, images
    for number in (1, 2):
        if f"conv{number}.weight" in weights:
            values = F.conv2d(
                values, weights[f"conv{number}.weight"], weights[f"conv{number}.bias"], padding=1
            )
            values = F.max_pool2d(F.relu(values), 2)
            found[f"pool{number}"] = values
    values = values.flatten(1)
    if "hidden.weight" in weights:
        values = F.relu(F.linear(values, weights["hidden.weight"], weights["hidden.bias"]))
    found["logits"] = F.linear(values, weights["logits.weight"], weights["logits.bias"])
    return found


def answers_of(layers: Layers, images: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return what a network says of uint8 images [N, H, W] with noise [1, H, W] on them: [N]."""
    added, found = torch.tensor(noise), []
    for part in torch.tensor(images).split(PART):
        seen = torch.clamp(part[:, None] / 255 + added, 0, 1)
        found.append(layers(seen)["logits"].argmax(1))
    return torch.cat(found).numpy()


def network_of(run: Run) -> Layers:
    """Return the network that a training left, by its layers' outputs.

    Raises EngineError where its weights are missing or damaged, Untrusted where its code may not
    be run.
    """
    config = run.read_config()
    # Also of one of the course report's: are these its weights?
    network: AnyNetwork = sections.find(config.section).load(config, run, CPU)
    if config.title not in ARCHITECTURES:
        return partial(_seen, network)
    content = read_state(run.path / WEIGHTS_FILE, 64 * MB)
    weights: dict[str, Tensor] = torch.load(content, map_location="cpu", weights_only=True)
    return partial(layers_of, weights)


@torch.no_grad()
def _seen(network: AnyNetwork, images: Tensor) -> dict[str, Tensor]:
    return network.activations(images)


def on_accuracy(run: Run, data: Dataset) -> Verdict:
    """Count the right answers to the test images."""
    stated = run.read_result()["test"]["accuracy"]
    none = np.zeros((1, *data.test.images.shape[1:]), np.float32)
    right = answers_of(network_of(run), data.test.images, none) == data.test.labels
    found = float(right.mean())
    return Verdict(
        abs(found - stated) <= BORDERLINE,
        f"{int(right.sum()):,} of {len(right):,} right, {found:.2%}; the run says {stated:.2%}",
    )


def on_success(run: Run, network: Run, data: Dataset) -> Verdict:
    """Count how often each noise makes the network say its target, over the other classes."""
    layers, apart, wrong = network_of(network), [0.0], []
    noun = plural(class_noun(data.classes))
    for target, noise in zip(run.read_result()["targets"], run.array(), strict=True):
        label, success = target["label"], target["success"]
        others = data.test.images[data.test.labels != label]
        rate = float((answers_of(layers, others, noise) == label).mean())
        apart.append(abs(rate - success["rate"]))
        if apart[-1] > BORDERLINE or len(others) != success["n"]:
            wrong.append(f"target {label}: {rate:.2%} of {len(others):,} images")
    return Verdict(
        not wrong,
        "; ".join(wrong[:3])
        or f"each rate counted again over all other {noun}, at most {max(apart):.2%} apart",
    )


def on_activations(run: Run, network: Run, data: Dataset) -> Verdict:
    """Look at each neuron's activation on its own image, and for dead ones on the test images."""
    neurons, images = run.read_result()["neurons"], torch.tensor(run.array())
    layers, wrong = network_of(network), []
    found = layers(images)
    alive = {name: torch.zeros(values.shape[1], dtype=torch.bool) for name, values in found.items()}
    for part in torch.tensor(data.test.images).split(PART):
        for name, values in layers(part[:, None] / 255).items():
            alive[name] |= _at_centre(values).ne(0).any(0)
    for m, neuron in enumerate(neurons):
        layer, index = neuron["layer"], neuron["index"]
        value, stated = float(_at_centre(found[layer])[m, index]), neuron["activation_end"]
        alike = stated is not None and abs(value - stated) <= CLOSE * max(1.0, abs(value))
        if not alike or neuron["dead"] == bool(alive[layer][index]):
            wrong.append(f"{layer} {index}: {value:.4g}, the run says {stated}")
    return Verdict(not wrong, "; ".join(wrong[:3]) or f"all {len(neurons)} activations are alike")


def _at_centre(values: Tensor) -> Tensor:
    """Return [N, C]: logits as they are, pooling layers [N, C, H, W] at their centre."""
    return values if values.ndim == 2 else values[:, :, values.shape[2] // 2, values.shape[3] // 2]
