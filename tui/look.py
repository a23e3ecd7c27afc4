"""How everything is drawn: what the whole app shares and keys change."""

from dataclasses import dataclass

SMOOTHINGS = (0.0, 0.9, 0.98)  # weights of the exponential average over single steps


@dataclass(slots=True)
class Look:
    """``plain`` is ASCII without colour."""

    plain: bool = False
    logarithm: bool = True
    smoothing: float = SMOOTHINGS[1]

    def smooth_more(self) -> None:
        """Take the next smoothing; after the strongest, none."""
        index = SMOOTHINGS.index(self.smoothing)
        self.smoothing = SMOOTHINGS[(index + 1) % len(SMOOTHINGS)]
