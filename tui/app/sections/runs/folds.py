"""A sweep as one row among runs: its state, and what its runs have in common."""

from collections import Counter
from collections.abc import Container, Iterable

from rich.text import Text

from engine.files.text import visible
from engine.runs.summary import Summary
from engine.sections.table import dataset_title
from tui.app.sections.runs.order import Fold
from tui.words import MARKS, clock

MUTED = "$text-muted"
BEST = 5  # runs that the preview names


def state_of(fold: Fold, live: Container[str]) -> str:
    """Return a sweep's state by its runs: the first of these that any of them has."""
    states = {run.status for run in fold.runs}
    if any(run.run in live for run in fold.runs) or "running" in states:
        return "running"
    for state in ("failed", "damaged", "interrupted", "stopped", "finished"):
        if state in states:
            return state
    return "queued"


def words_in(fold: Fold, name: str) -> str:
    """Return what stands in a column: what all runs have in common, or how many they have."""
    runs = fold.runs
    match name:
        case "result":
            one_section = len({run.section for run in fold.runs}) == 1
            return best_of(fold)[0].result if one_section and best_of(fold) else ""
        case "duration":
            seconds = [run.seconds for run in runs if run.seconds is not None]
            return clock(sum(seconds)) if seconds else ""
        case "section":
            return _common((run.section for run in runs), "sections")
        case "network":
            return _common((run.model for run in runs), "networks")
        case "dataset":
            return _common((dataset_title(r.dataset) for r in runs if r.dataset), "datasets")
        case "recipe":
            return _common((run.recipe for run in runs), "recipes")
        case "seed":
            return _common((run.seed for run in runs), "seeds")
    return ""


def _common(values: Iterable[str], several: str) -> str:
    found = {value for value in values if value}
    return f"{len(found)} {several}" if len(found) > 1 else next(iter(found), "")


def best_of(fold: Fold) -> list[Summary]:
    """Return the runs that have a result, the best first, by section."""
    sections = list(dict.fromkeys(run.section for run in fold.runs))
    ranked = [run for run in fold.runs if run.measured]
    return sorted(
        ranked, key=lambda run: (sections.index(run.section), -next(iter(run.measured.values())))
    )


def fold_words(fold: Fold, live: Container[str], key: str) -> Text:
    """Return what the preview says of a sweep."""
    counts = Counter(run.status for run in fold.runs)
    state = state_of(fold, live)
    lines = [Text(f"{MARKS.get(state, '?')} {state}", "bold")]
    told = [f"{count:,} {status}" for status, count in counts.most_common()]
    lines.append(Text(", ".join(told) or "no run has begun yet", MUTED))
    facts = [words_in(fold, name) for name in ("section", "network", "dataset", "seed")]
    lines.append(Text(visible(" · ".join(filter(None, facts))), MUTED))
    if best := best_of(fold):
        lines += [Text(), Text("the best runs", MUTED)]
        lines += [
            Text.assemble((f"{run.result:>8}", "bold"), f"  {visible(run.model)}, seed {run.seed}")
            for run in best[:BEST]
        ]
    lines += [Text(), Text.assemble((key, "bold $key"), " opens it")]
    return Text("\n").join(lines)
