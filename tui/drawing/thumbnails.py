"""Small pictures with captions, side by side, as many across as the width allows."""

from collections.abc import Sequence

from rich.text import Text

GAP = 2  # cells between two pictures; one where they are small
WRONG = "bold $bad"  # the caption says so too
CHOSEN = "reverse"
SIZES = range(64, 6, -2)  # pixels a side
SMALL = 12  # from here down there is no room for a blank line between two rows


def fitting_size(count: int, width: int, height: int) -> int:
    """Return the largest side at which ``count`` pictures with captions fit, or the smallest."""
    for size in SIZES:
        columns = _columns(size, width)
        blank = size > SMALL  # the line below the last row of pictures needs no room
        if columns and -(-count // columns) * _rows(size) - blank <= height:
            return size
    return SIZES[-1]


def _gap(size: int) -> int:
    return 1 if size <= SMALL else GAP


def _columns(size: int, width: int) -> int:
    return (width + _gap(size)) // (size + _gap(size))


def _rows(size: int) -> int:
    return size // 2 + (1 if size <= SMALL else 2)


def thumbnails(pictures: Sequence[tuple[Text, Text]], cells: int, width: int) -> Text:
    """Return pictures, ``cells`` wide, each over its caption, filling ``width`` line by line.

    No line is wider than ``width``: what does not fit is cut, captions at their picture's width.
    """
    cells = min(cells, width)
    columns = max(1, _columns(cells, width))
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
                    line.append(" " * (number * (cells + _gap(cells)) - line.cell_len))
                if part.cell_len > cells:
                    part = part.copy()
                    part.truncate(cells)
                line.append_text(part)
            lines.append(line)
        if cells > SMALL:
            lines.append(Text())
    return Text("\n").join(lines)


def beside(left: Text, right: Text, gap: int = GAP) -> Text:
    """Return two texts side by side, line by line."""
    lefts, rights = left.split("\n"), right.split("\n")
    width = max(line.cell_len for line in lefts) + gap
    lines = []
    for number in range(max(len(lefts), len(rights))):
        line = lefts[number].copy() if number < len(lefts) else Text()
        line.append(" " * (width - line.cell_len))
        if number < len(rights):
            line.append_text(rights[number])
        lines.append(line)
    return Text("\n", no_wrap=True).join(lines)


def centred(picture: Text, width: int) -> Text:
    """Return a picture in the middle of so many cells."""
    lines = picture.split("\n")
    margin = " " * max(0, (width - max(line.cell_len for line in lines)) // 2)
    return Text("\n", no_wrap=True).join(Text(margin).append_text(line) for line in lines)
