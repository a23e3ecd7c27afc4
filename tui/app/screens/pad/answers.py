"""A column for each network: its answer, and a bar for each class."""

from collections.abc import Sequence

import numpy as np
from rich.text import Text

from engine.data.classes import numbered
from engine.files.text import visible
from engine.pad.networks import Answer
from tui.app.widgets.bar import bar
from tui.drawing.thumbnails import WRONG
from tui.words import cut, widest, wrapped

SHORTEST = 4  # cells of a bar, and of a name that is worth them
LONGEST = 30  # cells of a bar
SHARE = 5  # of a probability with its space


def answer_column(
    answer: Answer | None,
    names: Sequence[str],
    style: str,
    label: int | None,
    room: tuple[int, int],
) -> Text:
    """Return the winner over the bars of all classes, or of the likeliest, in the classes' order.

    ``room`` are cells and lines, ``label`` the true class, where there is one.
    """
    width, lines = room
    if answer is None:
        return _bars(np.zeros(len(names)), names, style, None, width, lines - 1, "…")
    if answer.probabilities is None:
        problem = wrapped(visible(answer.problem), width, lines)
        return Text("\n".join(problem), "$text-muted", no_wrap=True)
    predicted = int(answer.probabilities.argmax())
    told = f"{numbered(names, predicted)}"
    mark = "" if label is None else "✓ " if label == predicted else "✗ "
    share = _percent(float(answer.probabilities[predicted]))
    head = cut(mark + told, max(width - len(share) - 1, 3))
    colour = style if label is None else "$good" if label == predicted else WRONG
    said = f"{head} {share}"
    return _bars(answer.probabilities, names, style, predicted, width, lines - 1, said, colour)


def _bars(
    probabilities: np.ndarray,
    names: Sequence[str],
    style: str,
    predicted: int | None,
    width: int,
    lines: int,
    head: str,
    colour: str = "$text-muted",
) -> Text:
    """Return a line of words over bars."""
    order = np.argsort(-probabilities, kind="stable").tolist()
    shown = sorted(order[: max(lines, 1)])
    cells = min(widest(names), max(width // 2 - 2, 2))
    if cells < min(widest(names), SHORTEST + 2):
        names = tuple(map(str, range(len(names))))
        cells = widest(names)
    share = SHARE if width - cells - 1 - SHARE >= SHORTEST - 1 else 0
    long = max(min(width - cells - 1 - share, LONGEST), 1)
    text = Text(no_wrap=True, end="").append(head, colour if colour == WRONG else f"bold {colour}")
    for one in shown:
        strong = "bold" if one == predicted else "$text-muted"
        text.append("\n").append(f"{cut(numbered(names, one), cells)} ", strong)
        text.append_text(bar(float(probabilities[one]), long, style))
        if share:
            text.append(f"{_percent(float(probabilities[one])):>{share}}", strong)
    return text


def _percent(share: float) -> str:
    """Return a share in at most four characters."""
    return f"{share * 100:.0f}%" if share == share else "–"
