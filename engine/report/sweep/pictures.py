"""The curves of a sweep's settings as figures, each with its text for those who cannot see it."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engine import sections
from engine.analysis.bands import aligned_band
from engine.figures.settings import draw_settings
from engine.files.text import visible
from engine.report.page import Picture, embedded, whole_png
from engine.runs.curves import Curve
from engine.sweeps.curves import curves_of, told_curves
from engine.sweeps.heat import said
from engine.sweeps.outcome import Settled
from engine.sweeps.sweep import Sweep

MOST_DRAWN = 8  # settings, the best: more lines would hide each other
SMOOTHED = 50  # times longer than what it is smoothed over, a curve of a value for each step is


def curves_drawn(sweep: Sweep, section: str, found: Sequence[Settled]) -> tuple[list[Picture], int]:
    """Return the figures of a section's curves, and how many settings they leave out."""
    names = told_curves(section)
    drawn = [one for one in found if any(state.measured or state.seconds for state in one.states)]
    curves = {one.label: curves_of(sweep, one, names) for one in drawn[:MOST_DRAWN]}
    models = [str(one.states[0].planned.config.get("model") or "") for one in drawn[:MOST_DRAWN]]
    pictures = []
    for name in names:
        of_name = {label: each[name] for label, each in curves.items()}
        if any(of_name.values()):
            pictures.append(_picture(section, name, of_name, models))
    return pictures, max(0, len(drawn) - MOST_DRAWN)


def _picture(
    section: str, name: str, curves: Mapping[str, Sequence[Curve]], models: Sequence[str]
) -> Picture:
    of = sections.find(section)
    longest = max(len(one.steps) for each in curves.values() for one in each)
    share, every_step = name in of.shares, name in of.series
    window = max(1, longest // SMOOTHED) if every_step else 1
    smoothed = f"  ·  mean of {window} steps" if window > 1 else ""
    with tempfile.TemporaryDirectory() as folder:
        path = draw_settings(
            curves, Path(folder) / "figures", "curves",
            title=said(name).capitalize(),
            subtitle=f"{section}, mean over seeds{smoothed}",
            ylabel=said(name), models=models, window=window,
            share=share, log=not share and _spans_decades(curves),
        )  # fmt: skip
        return embedded(whole_png(path), _words(name, curves, share=share))


def _spans_decades(curves: Mapping[str, Sequence[Curve]]) -> bool:
    values = np.concatenate([one.values.ravel() for each in curves.values() for one in each])
    finite = values[np.isfinite(values)]
    return bool(finite.size) and finite.min() > 0 and finite.max() > 10 * finite.min()


def _words(name: str, curves: Mapping[str, Sequence[Curve]], *, share: bool) -> str:
    """Describe the figure: where the mean of each setting ends."""
    ends = []
    for label, each in curves.items():
        band = aligned_band(each)
        if band is not None and np.isfinite(band.mean).any():
            last = float(band.mean[np.isfinite(band.mean)][-1])
            ends.append(f"{visible(label)} ends at {f'{last:.1%}' if share else f'{last:.3g}'}")
    return f"Chart of {said(name)} by setting, each the mean of its seeds: {', '.join(ends)}."
