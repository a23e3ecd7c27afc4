"""How a run ends: its figures, result.json, and what run.json then says."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from engine.errors import EngineError
from engine.files.numbers import plain
from engine.hints import hint
from engine.runs.checkpoint import CHECKPOINT_FILE
from engine.runs.control import HAND_OVER, Control
from engine.runs.events import Finished
from engine.runs.run import Run, now
from engine.runs.schema import RESULT_FILE, rests_on


def end_run(
    run: Run,
    finished: Finished,
    seconds: float,
    *,
    tell: Callable[[str], None],
    control: Control,
    figures: bool = True,
) -> bool:
    """Draw the figures, if they are wanted, and write the result; ``tell`` hears what was drawn.

    Returns False where the run is to be handed over meanwhile: only judging was done since its
    checkpoint, and another process judges and draws as well.
    """
    result = plain(finished.results) | {"seconds": seconds}
    if finished.images_seen is not None:
        result["images_per_second"] = finished.images_seen / seconds
    message, again = "", hint(run.path.parent, "runs", "figures", run.id)
    try:
        for path in _draw(run) if figures else ():
            tell(f"drew {path.name}")
            if control.stop_reason == HAND_OVER:
                return False
            if control.stop_reason:
                message = f"Stopped while drawing; {again} draws all figures."
                break
    except Exception as error:  # hours of work are not lost for a picture
        message = f"The figures could not be drawn ({error}); try {again}."
    run.write_json(RESULT_FILE, result)
    hashes = run.hashes(rests_on(run.read_info()))
    run.update(status="finished", finished_at=now(), message=message, sha256=hashes)
    with suppress(OSError, EngineError):  # it has finished, whatever is left beside it
        run.remove(CHECKPOINT_FILE)
        run.free_reserve()
    return True


def _draw(run: Run) -> Iterator[Path]:
    from engine.figures import draw_figures  # matplotlib, which takes a second to import

    yield from draw_figures(run)
