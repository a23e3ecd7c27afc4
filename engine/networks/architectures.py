"""The three networks of the course report as a table, known before torch is imported.

``engine.networks.network`` builds the modules from this table; the faces read names, sizes and
receptive fields from it. Every convolution is 3x3 with stride 1 and zero padding 1, followed by
ReLU and 2x2 max-pooling with stride 2 (course report, section 1).
"""

from dataclasses import dataclass

IMAGE_SIZE = 28
CLASSES = 10
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

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers whose neurons can be visualized, input side first."""
        return (*(f"pool{block + 1}" for block in range(self.blocks)), "logits")

    @property
    def flat_features(self) -> int:
        """Number of values that leave the last pooling layer."""
        return CHANNELS * (IMAGE_SIZE >> self.blocks) ** 2

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
        shapes["logits.weight"] = (CLASSES, features)
        shapes["logits.bias"] = (CLASSES,)
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
        return (*blocks, *((str(self.hidden),) if self.hidden else ()), str(CLASSES))


ARCHITECTURES: dict[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        Architecture(name="baseline", blocks=1, hidden=None, reported_accuracy=0.9265),
        Architecture(name="two-conv", blocks=2, hidden=None, reported_accuracy=0.9638),
        Architecture(name="two-conv-fc", blocks=2, hidden=500, reported_accuracy=0.9665),
    )
}
BEST_MODEL = "two-conv-fc"

# The layers whose neurons are visualized, in the order of the course report, and how many each has.
NEURONS = {"logits": CLASSES, "pool2": CHANNELS, "pool1": CHANNELS}
LAYERS = tuple(NEURONS)
EXEMPLARS = 9  # natural images shown beside a neuron's own


@dataclass(frozen=True, slots=True)
class Neuron:
    """One neuron of a network: a class's logit, or the centre of a pooling layer's filter."""

    layer: str
    index: int

    @property
    def blocks(self) -> int | None:
        """Number of convolution-and-pooling blocks below a pooling neuron, None for a logit."""
        return int(self.layer.removeprefix("pool")) if self.layer != "logits" else None

    @property
    def position(self) -> tuple[int, int] | None:
        """Row and column in its map: (7, 7) in pool1, (3, 3) in pool2, None for a logit."""
        if self.blocks is None:
            return None
        centre = (IMAGE_SIZE >> self.blocks) // 2
        return centre, centre

    @property
    def receptive_field(self) -> tuple[slice, slice]:
        """Rows and columns of the image that can change it.

        A pooling neuron at i sees the rows 2i and 2i+1 of the convolution below, and each of those
        the rows one before to one after itself in the layer below.
        """
        if self.blocks is None or self.position is None:
            return slice(0, IMAGE_SIZE), slice(0, IMAGE_SIZE)
        first = last = self.position[0]
        for _ in range(self.blocks):
            first, last = 2 * first - 1, 2 * last + 2
        rows = slice(max(0, first), min(IMAGE_SIZE, last + 1))
        return rows, rows
