"""The first lines of a sweep's screen, and which of its keys are named."""

from collections.abc import Iterator

from rich.text import Text

from engine.files.text import visible
from engine.sweeps.states import ACTIVE, FAILED, FINISHED, SUBMITTED
from engine.sweeps.watch import Seen
from tui.app.keys.keymap import Keymap
from tui.app.sections.pane import BAD
from tui.app.widgets.bar import bar
from tui.words import clock

MOST, LEAST = 40, 8  # cells of the bar
STYLES = {FINISHED: "bold $good", FAILED: "bold $bad", ACTIVE: "bold $waiting",
          SUBMITTED: "bold $waiting"}  # fmt: skip


def head_of(seen: Seen, shown: str, message: str, width: int) -> Text:
    """Return how far a sweep is, and below it what went wrong with the run under the cursor.

    ``shown`` says which runs are: all, or some.
    """
    words = Text("  ").join(_counted(seen, shown))
    cells = max(width - words.cell_len - 2, 0)
    share = bar(seen.done, min(cells, MOST), "$good")
    line = Text.assemble(share, "  ", words) if cells >= LEAST else words
    told = Text(visible(message), BAD)
    for one in (line, told):
        one.truncate(max(width, 1), overflow="ellipsis")
    return Text("\n", no_wrap=True).join([line, told])


def _counted(seen: Seen, shown: str) -> Iterator[Text]:
    yield Text(seen.status, STYLES.get(seen.status, "bold"))
    yield Text(f"{seen.counts[FINISHED]:,}/{len(seen.states):,} runs")
    for status, count in seen.counts.most_common():
        if status != FINISHED:
            yield Text(f"{count:,} {status}", BAD if status == FAILED else "$text-muted")
    if seen.left is not None and seen.status == ACTIVE:
        yield Text(f"about {clock(seen.left)} left", "$text-muted")
    if shown != "all":
        yield Text(f"shown: {shown}", "$marked")


def keys_of(keys: Keymap, seen: Seen, room: int) -> str:
    """Return the keys with a word each, as many as there is room for."""
    parts = [f"{keys.names('sweep.left', 'sweep.right')} panel",
             f"{keys.name('sweep.open')} open run"]  # fmt: skip
    if seen.status in (ACTIVE, SUBMITTED):
        parts.append(f"{keys.name('sweep.stop')} stop")
    elif seen.status != FINISHED:
        parts.append(f"{keys.name('sweep.go_on')} resume")
    parts += [
        f"{keys.name('sweep.filter')} filter",
        f"{keys.name('sweep.rows')} {keys.name('sweep.columns')} options of the map",
        f"{keys.name('sweep.metric')} metric",
    ]
    if len(seen.sections) > 1:
        parts.append(f"{keys.name('sweep.section')} section")
    while len(parts) > 1 and len("  ".join(parts)) > room - len("  escape close"):
        parts.pop()
    return "  ".join([*parts, f"{keys.name('sweep.close')} close"])
