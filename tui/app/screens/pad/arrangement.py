"""Where everything on the pad stands, in a terminal of any size."""

from dataclasses import dataclass

EDGE = 2  # cells or lines of a panel's border
KEYS = 1  # line at the bottom
LEAST_RIGHT = 28  # cells
SHARE_RIGHT = 0.47  # of the width, at least
TALL = 36  # lines, from which on there is room for the maps below
MAPS = 9, 16  # lines of their panel: at least, at most
NARROWEST = 12  # cells of a network's panel
WINNER = 1  # line over the bars
FEW = 10  # classes that have a bar each, where they fit
LEAST_NOISE = 3  # lines of its panel: the slider
CURVE = 24  # cells that slider and curve need beside a picture
LEAST_SEEN = 5  # lines of a picture that is worth them
CRISP = 0.86  # how much of the room a picture may leave, for pixels of one size


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Sizes in cells and lines, borders included; pictures in pixels, two of which are a line.

    A height of 0 means that there is no room.
    """

    canvas: int  # pixels a side
    left: int  # width
    right: int
    top: int  # height of what stands above the maps
    networks: int  # height
    columns: int  # of networks, at most
    noise: int  # height
    seen: int  # pixels a side of what the networks see
    maps: int  # height

    @property
    def beside(self) -> bool:
        """Whether the maps stand in the noise's place."""
        return self.maps > 0 and self.noise == 0


def arrange(width: int, height: int, side: int, classes: int, *, inside: bool) -> Arrangement:
    """Return the sizes for a terminal and images of ``side`` pixels.

    ``inside`` asks for the maps: where there is no room for them, the noise gives way.
    """
    room = height - KEYS
    below = inside and height >= TALL
    maps = min(max(round(height * 0.22), MAPS[0]), MAPS[1]) if below else 0
    top = room - maps
    right = max(LEAST_RIGHT, round(SHARE_RIGHT * width))
    canvas = crisp(min(2 * (top - EDGE), width - right - EDGE), side)
    left = canvas + EDGE
    fitting = max(top - LEAST_NOISE - EDGE - WINNER, 2)
    bars = min(classes, fitting, max(FEW, top // 2 - EDGE - WINNER))
    networks = bars + WINNER + EDGE
    noise = top - networks
    seen = min(2 * (noise - EDGE), width - left - EDGE - CURVE)
    seen = crisp(seen, side) if seen >= 2 * LEAST_SEEN else 0
    if inside and not below:
        maps, noise, seen = noise, 0, 0
    return Arrangement(
        canvas=canvas,
        left=left,
        right=width - left,
        top=top,
        networks=networks,
        columns=max(1, (width - left) // NARROWEST),
        noise=noise,
        seen=seen,
        maps=maps,
    )


def crisp(room: int, side: int) -> int:
    """Return the side of a picture in so much room: even, with pixels of one size if they fit."""
    room = max(room // 2 * 2, 2)
    whole = room // side * side
    if whole % 2:
        whole -= side
    return whole if whole >= CRISP * room else room
