"""A journal as arrays: what figures, tables and charts are drawn from. No torch in here."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from engine.events import Event, Finished, Preview, Progress, Started


@dataclass(slots=True)
class Curve:
    """Measurements by step: ``steps`` int [S] and ``values`` float [S] or [S, L]."""

    steps: np.ndarray
    values: np.ndarray


@dataclass(slots=True)
class History:
    """Everything that a run told, in the order of its steps."""

    started: Started | None = None
    finished: Finished | None = None
    curves: dict[str, Curve] = field(default_factory=dict)
    previews: dict[str, list[Preview]] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "History":
        """Collect a run's events. Series and values share one namespace of curves."""
        history = cls()
        points: dict[str, tuple[list, list]] = {}
        for event in events:
            match event:
                case Started():
                    history.started = event
                case Finished():
                    history.finished = event
                case Preview():
                    history.previews.setdefault(event.name, []).append(event)
                case Progress():
                    for name, rows in event.series.items():
                        steps, values = points.setdefault(name, ([], []))
                        steps.extend(range(event.step - len(rows) + 1, event.step + 1))
                        values.extend(rows)
                    for name, value in event.values.items():
                        steps, values = points.setdefault(name, ([], []))
                        steps.append(event.step)
                        values.append(value)
        for name, (steps, values) in points.items():
            history.curves[name] = Curve(np.array(steps), np.array(values, dtype=np.float64))
        return history

    def images(self, name: str) -> np.ndarray:
        """Return the last images of a preview, back in their range: float64 [N, H, W]."""
        preview = next(p for p in reversed(self.previews[name]) if p.images is not None)
        return preview.low + preview.images / 255 * (preview.high - preview.low)


def smooth(values: np.ndarray, window: int) -> np.ndarray:
    """Return the centred moving average of values [S] over ``window`` steps.

    Centred, since an average that looks back only lags behind and makes a falling training loss
    look worse than the validation loss. Shorter at both ends; values that are not finite count
    for nothing, and are NaN where nothing else is near.
    """
    finite = np.isfinite(values)
    kernel = np.ones(min(window, len(values)))
    sums = np.convolve(np.where(finite, values, 0), kernel, "same")
    counts = np.convolve(finite, kernel, "same")
    return np.divide(sums, counts, out=np.full(len(values), np.nan), where=counts > 0)
