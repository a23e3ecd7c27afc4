"""Reads pictures back from what a screen shows: half-block cells to pixels."""

import numpy as np
from textual.geometry import Region

from tui.drawing.pixels import UPPER_HALF

Cell = tuple[str, tuple, tuple]  # character, colour, background


def cells_of(strips):
    """Return the cells [Y, X] of strips."""
    rows = []
    for strip in strips:
        row = []
        for text, style, _ in strip:
            colours = [
                tuple(colour.triplet) if colour is not None and colour.triplet else ()
                for colour in (style.color, style.bgcolor)
            ]
            row += [(character, *colours) for character in text]
        rows.append(row)
    return rows


def cells_of_text(text):
    """Return the cells [Y, X] of a text that is made of pictures and words."""
    colours = [((), ())] * len(text.plain)
    for start, end, style in text.spans:
        if not isinstance(style, str) and style.bgcolor is not None:
            pair = tuple(style.color.triplet), tuple(style.bgcolor.triplet)
            colours[start:end] = [pair] * (end - start)
    rows = [[]]
    for character, pair in zip(text.plain, colours, strict=True):
        if character == "\n":
            rows.append([])
        else:
            rows[-1].append((character, *pair))
    return rows


def drawn_in(widget):
    """Return the cells that a widget draws, in the size that the layout gave it."""
    return cells_of(widget.render_lines(Region(0, 0, *widget.size)))


def seen_of(widget, app):
    """Return the cells of the screen inside a widget's border, padding and scrollbar."""
    area = widget.scrollable_content_region
    rows = cells_of(app.screen._compositor.render_strips())[area.y : area.bottom]
    return [row[area.x : area.right] for row in rows]


def images_in(cells):
    """Return the images [H, W, 3] among cells, line by line; fail where one is torn."""
    images, band = [], []
    for row in [*cells, []]:
        if any(cell[0] == UPPER_HALF for cell in row):
            band.append(row)
        elif band:
            images += _images_of(band)
            band = []
    return images


def _images_of(band):
    runs = _runs(band[0])
    for row in band:
        assert _runs(row) == runs, "the lines of an image begin or end at different cells"
    return [
        np.array([[cell[half] for cell in row[a:b]] for row in band for half in (1, 2)])
        for a, b in runs
    ]


def _runs(row):
    """Return where half blocks begin and end."""
    drawn = [False, *(cell[0] == UPPER_HALF for cell in row), False]
    edges = [x for x in range(len(drawn) - 1) if drawn[x] != drawn[x + 1]]
    return list(zip(edges[::2], edges[1::2], strict=True))
