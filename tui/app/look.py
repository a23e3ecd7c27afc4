"""How everything is drawn: settings that the whole app shares and keys change."""

from dataclasses import dataclass

from tui.drawing.pixels import ASCII, Shades

SMOOTHINGS = (0.0, 0.005, 0.02)  # how far an average reaches back, as a share of the run's steps


@dataclass(slots=True)
class Look:
    """``shades`` draw images where there is no colour, or nothing but ASCII."""

    shades: Shades | None = None
    logarithm: bool = True
    smoothing: float = SMOOTHINGS[1]
    speed: float = 1.0  # of replays

    @property
    def plain(self) -> bool:
        """Whether there is nothing but ASCII."""
        return self.shades is ASCII

    @property
    def uncoloured(self) -> bool:
        """Whether colours may not be seen: pictures are drawn in shades."""
        return self.shades is not None

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
