"""Which steps a chart shows: all of them, or a window that is zoomed and moved."""

LEAST = 10  # steps that a window shows
Window = tuple[float, float]


def zoomed(window: Window | None, end: float, factor: float, at: float) -> Window | None:
    """Return the window with ``factor`` as many steps, a step staying where it is; None for all."""
    first, last = window or (0.0, end)
    span = max((last - first) * factor, min(LEAST, end))
    if span >= end:
        return None
    share = (min(max(at, first), last) - first) / ((last - first) or 1)
    return _within(at - share * span if first <= at <= last else first, span, end)


def panned(window: Window | None, end: float, share: float) -> Window | None:
    """Return the window moved by a share of its length; there is nothing to move where all is."""
    if window is None:
        return None
    first, last = window
    return _within(first + share * (last - first), last - first, end)


def _within(first: float, span: float, end: float) -> Window:
    first = min(max(first, 0.0), end - span)
    return first, first + span
