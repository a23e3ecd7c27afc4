"""What one can do with the table of runs."""

from typing import TYPE_CHECKING

from engine.errors import MnistTuiError
from tui.app import screens
from tui.app.keys.action import Action
from tui.app.sections.shared_actions import FILES

if TYPE_CHECKING:
    from tui.app.sections.runs.pane import RunsPane


async def _compare(pane: "RunsPane") -> None:
    from engine.analysis.compare import compare

    try:
        comparison = compare(pane.marked_runs)
    except MnistTuiError as error:
        pane.notify(str(error), severity="error")
        return
    await pane.app.push_screen(screens.Compare(comparison, pane.look))


def _no_compare(pane: "RunsPane") -> str | None:
    if len(pane.marked_runs) >= 2:
        return None
    return f"Mark two or more runs with {pane.keys.name('runs.mark')} first."


MARK = Action["RunsPane"](
    id="runs.mark", keys="space", word="mark", group="Runs", shown_key="space",
    sentence="Mark the run, to compare several", do=lambda pane: pane.mark(),
    reason=lambda pane: None if pane.chosen_state else "There is no run to mark yet.",
)  # fmt: skip
COMPARE = Action["RunsPane"](
    id="runs.compare", keys="c", word="compare", group="Runs", do=_compare, reason=_no_compare,
    sentence="Compare the marked runs",
)  # fmt: skip
FILTER = Action["RunsPane"](
    id="runs.filter", keys="slash", word="filter", group="Looking", shown_key="/",
    sentence="Filter the runs by words", do=lambda pane: pane.show_filter(),
)  # fmt: skip


SORT = Action["RunsPane"](
    id="runs.sort", keys="b", word="sort", group="Looking", do=lambda pane: pane.sort_by(),
    sentence="Sort the runs by the next column",
)  # fmt: skip
REVERSE = Action["RunsPane"](
    id="runs.reverse", keys="B", word="reverse", group="Looking", footer=False,
    sentence="Reverse the order of the runs",
    do=lambda pane: pane.sort_by(pane.order.column),
)  # fmt: skip
GROUP = Action["RunsPane"](
    id="runs.group", keys="u", word="group", group="Looking", do=lambda pane: pane.group(),
    sentence="Group by dataset, network, section or sweep",
)  # fmt: skip
SWEEP = Action["RunsPane"](
    id="runs.sweep", keys="w", word="sweep", group="Looking", do=lambda pane: pane.open_sweep(),
    sentence="Open the sweep: runs, heat map and curves",
    reason=lambda pane: None if pane.sweep else "This run is not part of a sweep.",
)  # fmt: skip
OF_TABLE = (MARK, COMPARE, FILES, FILTER, SORT, REVERSE, GROUP, SWEEP)
