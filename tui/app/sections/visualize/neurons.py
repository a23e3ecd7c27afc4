"""What Visualize lists and draws of a network's neurons, of which there may be very many."""

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from engine.data.classes import numbered
from engine.networks.layout import LOGITS, Layer, Layout, Neuron, neurons_of
from tui.words import cut, widest

MOST_ROWS = 1000  # of the list; a layer may have a hundred thousand neurons
MOST_DRAWN = 64  # images and curves at once: more would keep the keys waiting
ENDS, SHORT_ENDS = 10, 7  # cells of an activation; where the neurons have names


def rows_of(layout: Layout) -> Iterator[tuple[Layer, Neuron | None]]:
    """Yield the rows of the list: each layer, the logits first, and as many neurons as may be."""
    left = MOST_ROWS
    for layer in reversed(layout.layers):
        yield layer, None
        neurons = neurons_of(layer)[: max(left, 0)]
        yield from ((layer, neuron) for neuron in neurons)
        left -= len(neurons)


def lines_of(
    listed: Sequence[tuple[Layer, Neuron | None]],
    names: Sequence[str],
    ends: Mapping[Neuron, float],
    width: int,
) -> list[Text]:
    """Return the rows of the list: layers with their size, neurons with their activation so far.

    ``names`` are those of the classes, which the logits are of.
    """
    needed, figures = widest(names), len(str(max(layer.neurons for layer, _ in listed)))
    cells = SHORT_ENDS if needed > len(str(len(names) - 1)) else ENDS
    room = max(2, min(max(needed, figures), width - cells - 3))
    lines = []
    for layer, neuron in listed:
        if neuron is None:
            size = f" {layer.neurons:,}"
            name = cut(layer.name, room + cells + 2 - len(size)).rstrip()
            lines.append(Text.assemble((name, "bold"), (size, "$text-muted")))
            continue
        words = f"{neuron.index:>2}"
        if layer.name == LOGITS and neuron.index < len(names):
            words = f"{numbered(names, neuron.index):>2}"
        end = ""
        if neuron in ends:
            end = f"{ends[neuron]:>{cells}.{4 if cells == ENDS else 3}g}"
        lines.append(Text.assemble(f"  {cut(words, room)}", (end, "$text-muted")))
    return lines


def part_with(chosen: Neuron | None, neurons: Sequence[Neuron]) -> slice:
    """Return the part of a layer's neurons that is drawn: the chosen one among at most so many."""
    place = neurons.index(chosen) if chosen is not None and chosen in neurons else 0
    start = place // MOST_DRAWN * MOST_DRAWN
    return slice(start, min(start + MOST_DRAWN, len(neurons)))
