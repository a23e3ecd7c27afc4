"""The three networks of the course report as a table, known before torch is imported.

``engine.networks.network`` builds the modules from this table; the faces read names, sizes and
receptive fields from it. Every convolution is 3x3 with stride 1 and zero padding 1, followed by
ReLU and 2x2 max-pooling with stride 2 (course report, section 1).
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import Unsound
from engine.networks.layout import LOGITS, Layer, Layout

SIDE, CLASSES = 28, 10  # MNIST's and its relatives', and those of every run of the first version
KERNEL = 3
CHANNELS = 32
WEIGHTS_FILE = "weights.pt"  # in the directory of a run that trained a network


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture:
    """One network: ``blocks`` of convolution, ReLU and pooling, then an optional hidden layer."""

    name: str
    blocks: int
    hidden: int | None
    reported_accuracy: float  # the course report's test accuracy, section 1, a fraction
    side: int = SIDE  # pixels of an image
    classes: int = CLASSES

    def fitted(self, side: int, classes: int) -> "Architecture":
        """Return the same network for other images and classes."""
        return dataclasses.replace(self, side=side, classes=classes)

    @property
    def layout(self) -> Layout:
        """The layers whose neurons can be visualized, input side first.

        A pooling neuron at i sees the rows 2i and 2i+1 of the convolution below, and each of those
        the rows one before to one after itself in the layer below.
        """
        layers = []
        for blocks in range(1, self.blocks + 1):
            extent = self.side >> blocks
            first = last = extent // 2
            for _ in range(blocks):
                first, last = 2 * first - 1, 2 * last + 2
            rows = max(0, first), min(self.side, last + 1)
            layers.append(Layer(f"pool{blocks}", (CHANNELS, extent, extent), rows + rows))
        return Layout((*layers, Layer(LOGITS, (self.classes,))))

    @property
    def flat_features(self) -> int:
        """Number of values that leave the last pooling layer."""
        return CHANNELS * (self.side >> self.blocks) ** 2

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every tensor in ``weights.pt``, in order."""
        shapes: dict[str, tuple[int, ...]] = {}
        channels = 1
        for block in range(1, self.blocks + 1):
            shapes[f"conv{block}.weight"] = (CHANNELS, channels, KERNEL, KERNEL)
            shapes[f"conv{block}.bias"] = (CHANNELS,)
            channels = CHANNELS
        features = self.flat_features
        if self.hidden:
            shapes["hidden.weight"] = (self.hidden, features)
            shapes["hidden.bias"] = (self.hidden,)
            features = self.hidden
        shapes[f"{LOGITS}.weight"] = (self.classes, features)
        shapes[f"{LOGITS}.bias"] = (self.classes,)
        return shapes

    @property
    def parameters(self) -> int:
        """Number of trainable values."""
        total = 0
        for shape in self.parameter_shapes.values():
            size = 1
            for extent in shape:
                size *= extent
            total += size
        return total

    @property
    def chain(self) -> tuple[str, ...]:
        """The layers in words, one per item, for a panel: ``("conv 32", "pool", ...)``."""
        blocks = (f"conv {CHANNELS}", "pool") * self.blocks
        return (*blocks, *((str(self.hidden),) if self.hidden else ()), str(self.classes))


ARCHITECTURES: dict[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        Architecture(name="baseline", blocks=1, hidden=None, reported_accuracy=0.9265),
        Architecture(name="two-conv", blocks=2, hidden=None, reported_accuracy=0.9638),
        Architecture(name="two-conv-fc", blocks=2, hidden=500, reported_accuracy=0.9665),
    )
}
BEST_MODEL = "two-conv-fc"


def layout_of(
    model: str, side: int, classes: int, stored: Mapping[str, Any] | None = None
) -> Layout:
    """Return the layout of a model: that of its run, or of one of the course report's networks.

    Raises Unsound where the stored one is impossible, or is missing.
    """
    if model in ARCHITECTURES:
        return ARCHITECTURES[model].fitted(side, classes).layout
    if stored is None:
        raise Unsound(f"the layout of {model} is missing")
    return Layout.from_json(stored, side, classes)


def chain_of(model: str, classes: int, layout: Layout) -> tuple[str, ...]:
    """Return a network's layers in words, one per item, for a panel."""
    if model in ARCHITECTURES:
        return ARCHITECTURES[model].fitted(SIDE, classes).chain
    return tuple(f"{layer.name} {'×'.join(map(str, layer.shape))}" for layer in layout.layers)


def reported_accuracy(model: str, dataset: str) -> float | None:
    """Return the course report's test accuracy of a model on a dataset, None if it has none."""
    known = ARCHITECTURES.get(model) if dataset == "mnist" else None
    return known.reported_accuracy if known else None


# The layers whose neurons are visualized, in the order of the course report.
LAYERS = (LOGITS, "pool2", "pool1")
EXEMPLARS = 9  # natural images shown beside a neuron's own
