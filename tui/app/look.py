"""How everything is drawn: settings that the whole app shares and keys change."""

from dataclasses import dataclass

from tui.drawing.pixels import ASCII, BLOCKS, Ink
from tui.drawing.placing import Placing
from tui.images import ASCII as IN_ASCII
from tui.images import KITTY, obstacle

SMOOTHINGS = (0.0, 0.005, 0.02)  # how far an average reaches back, as a share of the run's steps


@dataclass(slots=True)
class Look:
    """``shades`` are what images are drawn with."""

    shades: Ink = None
    plain: bool = False  # there is nothing but ASCII
    uncoloured: bool = False  # colours may not be seen
    logarithm: bool = True
    smoothing: float = SMOOTHINGS[1]
    speed: float = 1.0  # of replays

    @classmethod
    def of(cls, images: str, *, plain: bool, uncoloured: bool) -> "Look":
        """Return the look for one of ``tui.images.CHOICES``, as far as the terminal allows it."""
        shades: Ink = ASCII if plain else BLOCKS if uncoloured else None
        if images == KITTY and not obstacle(plain=plain):
            shades = Placing()
        elif images == IN_ASCII:
            shades = ASCII
        return cls(shades, plain=plain, uncoloured=uncoloured)

    def smooth_more(self) -> None:
        """Switch to the next smoothing; after the strongest, to none."""
        index = SMOOTHINGS.index(self.smoothing)
        self.smoothing = SMOOTHINGS[(index + 1) % len(SMOOTHINGS)]

    def weight(self, steps: float) -> float:
        """Return the weight of an exponential average over single steps of a run of ``steps``.

        A share of the run and not a number of steps: what smooths 2,000 steps of training would
        lag behind the whole course of a noise in 100.
        """
        reach = self.smoothing * steps
        return 1 - 1 / reach if reach > 1 else 0.0
