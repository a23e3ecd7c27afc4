"""What a chart shows: lines over steps, each with the band around it, its name and its best."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.runs.curves import Curve
from tui.drawing.window import Window


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A curve: ``steps`` [S], ``values`` [S] and its style.

    Where many points fall into one column their mean is drawn, over a band from the lowest to the
    highest of them, or of ``around``.
    """

    steps: np.ndarray
    values: np.ndarray
    style: str
    name: str = ""
    around: tuple[Curve, ...] = ()
    best: str = ""  # "low" or "high": which value is the best, to be marked
    thick: bool = False
    behind: bool = False  # the other lines

    @property
    def curve(self) -> Curve:
        """Its points."""
        return Curve(np.asarray(self.steps), np.asarray(self.values, float))

    @property
    def band(self) -> str:
        """The style of its band: its own colour, fainter."""
        return self.style.replace("$series-", "$band-")

    @property
    def edges(self) -> tuple[Curve, ...]:
        """The curves that its band encloses."""
        return self.around or (self.curve,)

    def at(self, step: float) -> float:
        """Return the value at a step, or the last before it; NaN before the first."""
        place = int(np.searchsorted(self.steps, step, "right")) - 1
        return float(self.values[place]) if place >= 0 else float("nan")

    def until(self, step: int | None) -> "Line":
        """Return its points up to a step, all for None."""
        if step is None:
            return self
        end = int(np.searchsorted(self.steps, step, "right"))
        return replace(self, steps=self.steps[:end], values=self.values[:end])

    @property
    def best_point(self) -> tuple[int, float] | None:
        """The first step of the best value, and that; None where none is finite or asked for."""
        values = np.asarray(self.values, float)
        finite = np.isfinite(values)
        if not self.best or not finite.any():
            return None
        sign = 1 if self.best == "low" else -1
        place = np.where(finite, sign * values, np.inf).argmin()
        return int(self.steps[place]), float(values[place])


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """What a chart shows."""

    lines: Sequence[Line] = ()
    low: float | None = None  # ends of the y axis, where they are fixed
    high: float | None = None
    log: bool = False
    share: bool = False  # the values are shares, written in percent
    last_step: int = 0  # right end of the x axis; 0 takes the last point
    cursor: int | None = None  # a step to mark
    pointed: int | None = None  # another one, below the mouse
    window: Window | None = None  # the steps that are shown, all of them for None
    until: int | None = None  # hides what is after this step; the axes stay those of the whole
    plain: bool = False  # numbers in ASCII
    marked: bool = False  # signs tell the lines apart, and not colours alone
    nothing: str = "nothing yet"  # what is said where there are no values
    axis: str = "step"  # the name of the x axis

    @property
    def end(self) -> int:
        """The right end of the x axis while it is not zoomed."""
        return self.last_step or max(
            (int(line.steps[-1]) for line in self.lines if len(line.steps)), default=0
        )

    @property
    def told_step(self) -> int | None:
        """The step whose values are told: below the mouse, or at the cursor."""
        return self.cursor if self.pointed is None else self.pointed

    @property
    def named(self) -> list[Line]:
        """The lines whose values are told, as far as they are shown: those with names, or one."""
        named = [line for line in self.lines if line.name]
        told = named or (list(self.lines) if len(self.lines) == 1 else [])
        return [line.until(self.until) for line in told]

    @property
    def diverged(self) -> int | None:
        """The first step at which a line is no longer finite."""
        steps = [
            int(curve.steps[np.argmin(finite)])
            for line in self.lines
            for curve in map(self.visible, line.edges)
            if not (finite := np.isfinite(curve.values)).all()
        ]
        return min(steps, default=None)

    def visible(self, curve: Curve) -> Curve:
        """Return what is shown of a curve."""
        if self.until is None:
            return curve
        end = int(np.searchsorted(curve.steps, self.until, "right"))
        return Curve(curve.steps[:end], curve.values[:end])
