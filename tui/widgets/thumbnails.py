"""Small pictures with captions, side by side, as many across as the width allows."""

from collections.abc import Sequence

from rich.text import Text

GAP = 2  # cells between two pictures
WRONG = "bold #D55E00"  # told apart by the words of a caption too
SIZES = (28, 20, 14, 10)  # pixels a side


def fitting_size(count: int, width: int, height: int) -> int:
    """Return the largest side at which ``count`` pictures with captions fit, or the smallest."""
    for size in SIZES:
        columns = (width + GAP) // (size + GAP)
        if columns and -(-count // columns) * (size // 2 + 2) <= height + 1:
            return size
    return SIZES[-1]


def thumbnails(pictures: Sequence[tuple[Text, Text]], cells: int, width: int) -> Text:
    """Return pictures, ``cells`` wide, each over its caption, filling ``width`` line by line."""
    columns = max(1, (width + GAP) // (cells + GAP))
    lines: list[Text] = []
    for first in range(0, len(pictures), columns):
        block = [
            [*picture.split("\n"), caption]
            for picture, caption in pictures[first : first + columns]
        ]
        for row in zip(*block, strict=True):
            line = Text(no_wrap=True)
            for number, part in enumerate(row):
                if number:
                    line.append(" " * (number * (cells + GAP) - line.cell_len))
                line.append_text(part)
            lines.append(line)
        lines.append(Text())
    return Text("\n").join(lines)
