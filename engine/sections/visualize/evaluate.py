"""Judging images of neurons: against the test images, and by what other networks read."""

from collections.abc import Iterator
from typing import Any

import torch

from engine.data.dataset import Dataset
from engine.numerics.device import Device
from engine.runs.events import Event, Finished, Preview, Working
from engine.sections.visualize.ascend import Climbed
from engine.sections.visualize.config import ResolvedVisualizeConfig
from engine.sections.visualize.neurons import NaturalResponse, own_activations


def evaluate(
    config: ResolvedVisualizeConfig, made: Climbed, data: Dataset, device: Device
) -> Iterator[Event]:
    """Compare each neuron's activation on its image with those on all test images.

    Preview ``exemplars`` [9 M, H, W]: the nine test images that excite each neuron most, strongest
    first; of very many neurons, those of the first of each layer.
    """
    yield Working(step=config.steps, doing="looking through the test images")
    neurons = _results(config, made, data, device)
    strongest = [index for m in config.exemplified for index in neurons[m]["top_test_images"]]
    exemplars = data.test.images[strongest]
    yield Preview(step=config.steps, name="exemplars", images=exemplars)
    results = {"model_run": config.run, "model": config.model, "neurons": neurons}
    yield Finished(step=config.steps, results=results)


@torch.no_grad()
def _results(
    config: ResolvedVisualizeConfig, made: Climbed, data: Dataset, device: Device
) -> list[dict[str, Any]]:
    """Return an item of ``neurons`` in result.json for each neuron."""
    test, _ = device.place(data.test)
    response = NaturalResponse.measure(made.network, test, made.neurons, device)
    clamped = made.images.clamp(0, 1)
    ends = own_activations(made.network.activations(made.images), made.neurons).tolist()
    ends_clamped = own_activations(made.network.activations(clamped), made.neurons).tolist()
    answers = {
        config.others[model]: other(clamped).argmax(1).tolist()
        for model, other in made.others.items()
    }
    described = []
    for m, neuron in enumerate(made.neurons):
        rows, columns = neuron.receptive_field(config.side)
        one = {
            "layer": neuron.layer,
            "index": neuron.index,
            "position": list(neuron.position) if neuron.position else None,
            "activation_start": made.activation_start[m].item(),
            "activation_end": ends[m],
            "activation_clamped": ends_clamped[m],
            "percentile": response.percentile(m, ends_clamped[m]),
            "dead": response.dead(m),
            "restarts": made.restarts[m],
            "receptive_field": [rows.stop - rows.start, columns.stop - columns.start],
            "top_test_images": response.strongest(m),
        }
        if neuron.layer == "logits":
            one["read_as"] = {run: read[m] for run, read in answers.items()}
        described.append(one)
    return described
