"""The probabilities of classes as bars, a line each."""

from collections.abc import Sequence

import numpy as np
from rich.text import Text

from engine.data.classes import numbered
from tui.app.widgets.bar import bar
from tui.drawing.thumbnails import WRONG
from tui.words import cut, number, widest

NUMBER = 7  # cells of a probability with its space
SHORT, LONG = 4, 32  # cells of a bar
SHORTEST = 6  # cells of a name, from which on it is worth them


def probability_bars(
    names: Sequence[str], probabilities: np.ndarray, label: int, *, width: int, lines: int
) -> Text:
    """Return a line for each class of probabilities [K], in the order of the classes.

    Where there are more classes than lines, they are the likeliest, and the true one, ``label``.
    The predicted class is coloured, and both are named as what they are where there is room.
    """
    values = np.nan_to_num(np.asarray(probabilities, np.float64))
    predicted = int(np.argmax(values))
    likeliest = np.argsort(-values, kind="stable").tolist()
    told = sorted(list(dict.fromkeys([predicted, label, *likeliest]))[: max(lines, 2)])
    cells = min(widest(names), width - NUMBER - SHORT - 1)
    if cells < min(widest(names), SHORTEST):
        names = tuple(map(str, range(len(names))))
        cells = widest(names)
    long = min(LONG, max(width - cells - 1 - NUMBER, 1))
    marks = {predicted: " predicted", label: " label"}
    if cells + 1 + SHORT + NUMBER + len(marks[predicted]) <= width and predicted != label:
        long = min(long, width - cells - 1 - NUMBER - len(marks[predicted]))
    else:
        marks = {}
    rows = []
    for one in told:
        style = "" if one != predicted else "bold $good" if one == label else WRONG
        if one == label and not style:
            style = "bold"
        row = Text(f"{cut(numbered(names, one), cells)} ", style, end="")
        row.append_text(bar(float(values[one]), long, _colour_of(style)))
        row.append(f"{number(float(probabilities[one]) * 100, '.1f'):>{NUMBER - 1}}%", style)
        rows.append(row.append(marks.get(one, ""), style))
    return Text("\n").join(rows)


def _colour_of(style: str) -> str:
    return style if "$" in style else "$series-1"
