"""The figure of several settings: each one's mean curve over its seeds, and how sure that is."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.analysis.bands import aligned_band
from engine.figures.style import (
    NETWORKS,
    chart,
    legend,
    line,
    log_axis,
    new_figure,
    percent_axis,
    save,
)
from engine.files.text import visible
from engine.networks.colours import series_apart
from engine.runs.curves import Curve, smooth

DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))  # of settings that have to share a colour
BAND = "band: 95 % interval of the mean, from three seeds on"
NAMED = 14  # settings that a legend has room for


def draw_settings(
    settings: Mapping[str, Sequence[Curve]], folder: Path, name: str, *, title: str, subtitle: str,
    ylabel: str, xlabel: str = "iteration (batches)", models: Sequence[str] | None = None,
    window: int = 1, share: bool = False, log: bool = False,
) -> Path:  # fmt: skip
    """Draw curves by setting, one of each seed, as ``folder/name.png`` and return its path.

    A line is the mean, the band its 95 % interval by Student's t. ``models`` are the settings'
    networks, whose colours they get as far as these suffice; ``window`` is over how many steps each
    curve is smoothed. Raises what ``engine.figures.style.save`` does.
    """
    figure, axes = new_figure(7.5, 4.4, title, f"{subtitle}  ·  {BAND}")
    [[place]] = axes
    chart(place, xlabel, ylabel)
    if log:
        log_axis(place)
    lowest = np.inf  # mean: on a log axis, a band that reaches towards zero must not stretch it
    numbers = series_apart(list(models if models is not None else settings))
    for n, ((label, curves), number) in enumerate(zip(settings.items(), numbers, strict=True)):
        smoothed = [
            Curve(one.steps, smooth(one.values, window)) if window > 1 else one for one in curves
        ]
        band = aligned_band(smoothed)
        if band is None:
            continue
        colour, dash = NETWORKS[number], DASHES[numbers[:n].count(number) % len(DASHES)]
        seeds = "one seed" if len(curves) == 1 else f"{len(curves)} seeds"
        # A name that began with "_" would be left out, so it begins with a space.
        words = f" {visible(label)} ({seeds})" if n < NAMED else ""
        lowest = min(lowest, np.nanmin(band.mean))
        line(place, band.steps, band.mean, color=colour, linewidth=1.5, linestyle=dash, label=words)
        if len(curves) > 2:  # of two, it is six times as wide as what they did
            low, high = (np.clip(edge, 0, 1) if share else edge for edge in (band.low, band.high))
            place.fill_between(band.steps, low, high, color=colour, alpha=0.16, linewidth=0)
    if share:
        percent_axis(place)
    if log and 0 < lowest < np.inf:
        place.set_ylim(bottom=lowest * 0.7)
    if place.lines:
        legend(place)
        for text in place.get_legend().get_texts():
            text.set_parse_math(False)
    return save(figure, folder, name)
