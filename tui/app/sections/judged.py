"""The actions that look at all test images of a finished run, and not at a few."""

from typing import TYPE_CHECKING, Any

from tui.app import screens
from tui.app.keys.action import Action
from tui.app.sections.shared_actions import no_history

if TYPE_CHECKING:
    from tui.app.sections.base import ExperimentPane


def not_judged(pane: "ExperimentPane") -> str | None:
    """Return why there is nothing to see of the test images."""
    if (why := no_history(pane)) is not None:
        return why
    if pane.shown is not None and pane.shown.history.finished is not None:
        return None
    return "The test images are judged once a run has taken all its steps; this one has not."


async def _confusion(pane: "ExperimentPane") -> None:
    await pane.app.push_screen(screens.ConfusionMatrix(pane))


async def _map(pane: "ExperimentPane") -> None:
    await pane.app.push_screen(screens.SuccessMap(pane))


async def _mistakes(pane: Any) -> None:
    await pane.app.push_screen(getattr(screens, pane.mistakes)(pane))


CONFUSION = Action["ExperimentPane"](
    id="look.confusion", keys="m", word="matrix", group="Looking", do=_confusion,
    reason=not_judged, sentence="Show the confusion matrix of the test images",
)  # fmt: skip
MAP = Action["ExperimentPane"](
    id="look.map", keys="m", word="map", group="Looking", do=_map, reason=no_history,
    sentence="Show success by true class and target",
)  # fmt: skip
# ``pane.mistakes`` names the screen, ``pane.why_no_mistakes`` says why there is none.
MISTAKES = Action[Any](
    id="look.mistakes", keys="v", word="mistakes", group="Looking", do=_mistakes,
    reason=lambda pane: pane.why_no_mistakes(),
    sentence="Show the mistakes, or what resists the noise",
)  # fmt: skip
