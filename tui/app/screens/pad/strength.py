"""The curve of success over the strength of a noise, and what stands below it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from engine.pad import STRENGTHS
from tui.app.colours import style_of
from tui.drawing.chart import draw
from tui.drawing.plot import Line, Plot

if TYPE_CHECKING:
    from engine.pad.noises import Noise
    from engine.pad.strength import Curve

PERCENT = np.array([round(100 * strength) for strength in STRENGTHS])
RANDOM = "$text-muted"


@dataclass(frozen=True, slots=True, eq=False)
class Counting:
    """How far a noise's success is counted: ``curve``, and None at first; or ``why`` it is not."""

    noise: "Noise | None" = None
    curve: "Curve | None" = None
    why: str = ""
    failed: bool = False  # it was tried


def draw_strength(
    curve: "Curve | None",
    strength: float,
    model: str,
    room: tuple[int, int],
    *,
    nothing: str = "counting …",
    plain: bool = False,
) -> Text:
    """Return the chart: success of the noise, and of random noise of the same size.

    ``nothing`` stands in its place while nothing was counted.
    """
    lines = []
    if curve is not None:
        for line, name, style in (
            ("random", "random", RANDOM), ("noise", "this noise", style_of(model))
        ):  # fmt: skip
            values = curve.values(line)
            known = np.isfinite(values)
            if known.any():
                lines.append(
                    Line(PERCENT[known], values[known], style, name, behind=line == "random")
                )
    plot = Plot(
        lines, low=0.0, high=1.0, share=True, last_step=int(PERCENT[-1]),
        cursor=round(100 * strength), plain=plain,
        nothing=nothing, axis="% of its strength",
    )  # fmt: skip
    return draw(plot, *room)


def strength_words(curve: "Curve | None", strength: float, room: int) -> Text:
    """Return success at the strength, or near it, as far as it was counted."""
    if curve is None:
        return Text()
    place = int(np.abs(np.array(STRENGTHS) - strength).argmin())
    success, random = curve.noise[place], curve.random[place]
    if success is None:
        return Text("counting …")
    of = f"{curve.counted:,} of " if curve.counted < curve.images else ""
    near = abs(STRENGTHS[place] - strength) > 0.001
    about = f"{success:.1%}" + (f" at {STRENGTHS[place]:g}×" if near else "")
    beside = "" if random is None else f", random {random:.1%}"
    for words in (
        f"success {about} of {of}{curve.images:,} test images{beside}",
        f"success {about} of {of}{curve.images:,}{beside}",
        f"success {about}{beside}",
        f"success {about}",
    ):
        if len(words) <= room:
            return Text(words)
    return Text(about)
