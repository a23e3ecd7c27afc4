"""How a run is asked to pause or stop, from another thread or from a signal handler.

Plain attributes and no locks: a signal handler runs in the middle of any bytecode of the main
thread, and one that waits for a lock held there would wait for ever.
"""

HAND_OVER = "hand-over"  # a reason to stop: another process takes the run over


class Control:
    """Requests to pause or stop a run; its Session obeys at the next event."""

    def __init__(self) -> None:
        self.stop_reason: str | None = None
        self.paused = False  # True asks to hold

    def stop(self, reason: str) -> None:
        """Request a stop; ``reason`` is ``SIGINT``, ``user`` ... The first one counts."""
        self.stop_reason = self.stop_reason or reason
