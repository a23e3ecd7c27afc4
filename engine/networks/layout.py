"""What a network is made of, known without importing it: its layers, and their neurons.

The layout of the course report's three networks is arithmetic. That of any other one is found out
once, by running it (``engine.networks.probe``), and kept in the configs of its runs, so that
nothing that lists or draws runs imports anybody's code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

from msgspec import Meta

from engine.errors import Unsound
from engine.files.values import SIDES, check
from engine.files.values import Layer as LayerName

MOST_LAYERS = 500
LOGITS = "logits"  # the last layer of every network, before the softmax
SHOWN = 2  # spatial layers whose neurons are visualized unless others are asked for

Extent = Annotated[int, Meta(ge=1, le=100_000)]
Edge = Annotated[int, Meta(ge=0, le=SIDES[1])]


class _LayerValues(TypedDict):
    name: LayerName
    shape: Annotated[list[Extent], Meta(min_length=1, max_length=3)]
    field: Annotated[list[Edge], Meta(min_length=4, max_length=4)] | None


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: ``shape`` is (C, H, W), or (F,) of a flat one.

    ``field`` is what the centre neuron of a spatial layer sees of the image, its receptive field:
    first row, end row, first column, end column. A flat layer sees all of it.
    """

    name: str
    shape: tuple[int, ...]
    field: tuple[int, int, int, int] | None = None

    @property
    def spatial(self) -> bool:
        """Whether its neurons have places."""
        return len(self.shape) == 3

    @property
    def neurons(self) -> int:
        """How many neurons can be visualized: one a channel, the centre one, or all of a flat."""
        return self.shape[0]


@dataclass(frozen=True, slots=True)
class Neuron:
    """One neuron: number ``index`` of a flat layer, or the centre of a spatial one's channel.

    ``position`` is its row and column, ``field`` as that of a layer; None of a flat layer's.
    """

    layer: str
    index: int
    position: tuple[int, int] | None = None
    field: tuple[int, int, int, int] | None = None

    def receptive_field(self, side: int) -> tuple[slice, slice]:
        """Return rows and columns of an image of so many pixels a side that can change it."""
        top, bottom, left, right = self.field or (0, side, 0, side)
        return slice(top, bottom), slice(left, right)


@dataclass(frozen=True, slots=True)
class Layout:
    """The layers of a network, input side first; the last are the logits."""

    layers: tuple[Layer, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all layers."""
        return tuple(layer.name for layer in self.layers)

    @property
    def shown(self) -> tuple[str, ...]:
        """The layers that are visualized unless others are asked for: the logits first."""
        spatial = [layer for layer in reversed(self.layers) if layer.spatial]
        maps = [layer.name for layer in spatial if max(layer.shape[1:]) > 1]
        return (LOGITS, *(maps or [layer.name for layer in spatial])[:SHOWN])

    def find(self, name: str) -> Layer | None:
        """Return the layer of that name, None if there is none."""
        return next((layer for layer in self.layers if layer.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return the layout as plain JSON values."""
        return {
            "layers": [
                {
                    "name": layer.name,
                    "shape": list(layer.shape),
                    "field": None if layer.field is None else list(layer.field),
                }
                for layer in self.layers
            ]
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any], side: int, classes: int) -> "Layout":
        """Build a layout from ``to_json``'s values. Raises Unsound unless it is a possible one."""
        found = check(dict(values), _LayoutValues)["layers"]
        layers = tuple(
            Layer(one["name"], tuple(one["shape"]), one["field"] and tuple(one["field"]))
            for one in found
        )
        for layer in layers:
            _check_layer(layer, side)
        names = [layer.name for layer in layers]
        if len(set(names)) < len(names):
            raise Unsound("layout: two layers of one name")
        if (names[-1], layers[-1].shape) != (LOGITS, (classes,)):
            raise Unsound("layout: it does not end with the logits")
        return cls(layers)


class _LayoutValues(TypedDict):
    layers: Annotated[list[_LayerValues], Meta(min_length=1, max_length=MOST_LAYERS)]


def _check_layer(layer: Layer, side: int) -> None:
    if len(layer.shape) == 2:
        raise Unsound(f"layout: {layer.name} is neither flat nor spatial")
    if layer.spatial != (layer.field is not None):
        raise Unsound(f"layout: {layer.name} is of another kind than its field")
    if layer.field is None:
        return
    top, bottom, left, right = layer.field
    if not (top < bottom <= side and left < right <= side):
        raise Unsound(f"layout: {layer.name} sees more than the image")


def neurons_of(layer: Layer) -> list[Neuron]:
    """Return the neurons of a layer that can be visualized."""
    position = (layer.shape[1] // 2, layer.shape[2] // 2) if layer.spatial else None
    return [Neuron(layer.name, index, position, layer.field) for index in range(layer.neurons)]
