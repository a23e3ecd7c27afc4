"""A picture of the screen, in which images are drawn in cells: SVG has no placeholders."""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from rich.segment import Segment
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.strip import Strip

from tui.app.terminal.images import Images
from tui.drawing.pixels import UPPER_HALF, half_block, shrink
from tui.drawing.placing import STAND_INS, Image, Placing


class Screenshots:
    """Mixed in before the app."""

    images: Images | None  # on the screen

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """Return the screen as SVG."""
        app, images = cast(App[None], self), self.images
        compositor: Any = app.screen._compositor
        drawn = compositor.render_update

        def in_cells(**options: Any) -> Any:
            update = drawn(**options)
            if images is not None and isinstance(update, LayoutUpdate):
                update.strips = [
                    [Strip(list(_segments(strip, images.placing))) for strip in line]
                    for line in update.strips
                ]
            return update

        compositor.render_update = in_cells
        try:
            exported: str = super().export_screenshot(title=title, simplify=simplify)  # type: ignore[misc]
        finally:
            del compositor.render_update  # the class's own is back
        return exported


def _segments(strip: Strip, placing: Placing) -> Iterator[Segment]:
    """Yield a strip's segments with half blocks for stand-ins."""
    colours: dict[Image, np.ndarray] = {}
    for segment in strip:
        text, style, control = segment
        if control or not STAND_INS.search(text):
            yield segment
            continue
        for character in text:
            image = placing.find(character) if STAND_INS.match(character) else None
            if image is None:
                yield Segment(character, style)
                continue
            if image not in colours:
                colours[image] = _cells(image)
            row, column = image.place(character)
            upper, lower = colours[image][2 * row : 2 * row + 2, column].tolist()
            half = half_block(*upper, *lower)
            yield Segment(UPPER_HALF, half if style is None else style + half)


def _cells(image: Image) -> np.ndarray:
    """Return an image's colours uint8 [2 * rows, columns, 3]."""
    pixels = image.pixels if image.pixels.ndim > 2 else np.stack([image.pixels] * 3, axis=-1)
    height, width = 2 * image.rows, image.columns
    down, across = -(-height // pixels.shape[0]), -(-width // pixels.shape[1])
    larger = pixels.repeat(down, 0).repeat(across, 1)
    channels = [shrink(larger[..., n], height, width) for n in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)
