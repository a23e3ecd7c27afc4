"""What a run of gradient ascent leaves in result.json, but for times."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from engine.errors import Unsound
from engine.files.values import Class, Count, Fraction, Id, Layer, Model, Real
from engine.networks.architectures import EXEMPLARS
from engine.networks.layout import Neuron


class NeuronResults(TypedDict):
    """One neuron; ``read_as`` are the answers of the other networks, by their runs."""

    layer: Layer
    index: Count
    position: Annotated[list[Count], Meta(min_length=2, max_length=2)] | None
    activation_start: Real
    activation_end: Real
    activation_clamped: NotRequired[Real]
    percentile: Fraction
    dead: bool
    restarts: Count
    receptive_field: Annotated[list[Count], Meta(min_length=2, max_length=2)]
    top_test_images: Annotated[list[Count], Meta(min_length=EXEMPLARS, max_length=EXEMPLARS)]
    read_as: NotRequired[dict[Id, Class]]


class VisualizeResults(TypedDict):
    """The results of all neurons of a run."""

    model_run: Id
    model: Model
    neurons: list[NeuronResults]


def check_neurons(
    results: Mapping[str, Any], asked: Sequence[Neuron], readers: Iterable[str], classes: int
) -> None:
    """Raise Unsound where results are not of these neurons, read by the networks of these runs."""
    neurons = results["neurons"]
    wanted = [(neuron.layer, neuron.index) for neuron in asked]
    if [(neuron["layer"], neuron["index"]) for neuron in neurons] != wanted:
        raise Unsound("neurons: others than those of the config")
    readers = set(readers)
    for layer in dict.fromkeys(neuron["layer"] for neuron in neurons):
        readings = [neuron.get("read_as") for neuron in neurons if neuron["layer"] == layer]
        told = [set(reading) for reading in readings if reading is not None]
        if told and (len(told) < len(readings) or any(one != readers for one in told)):
            raise Unsound(f"neurons: read_as of {layer} is not by the config's other_runs")
    if any(max(neuron.get("read_as", {}).values(), default=0) >= classes for neuron in neurons):
        raise Unsound(f"neurons: read as a class beyond {classes - 1}")
