"""What the referee asks of a training."""

from collections.abc import Iterator
from functools import partial

from engine.analysis.second_opinion import on_accuracy
from engine.data.dataset import Dataset
from engine.numerics.intervals import rate_interval
from engine.runs.run import Run
from engine.sections.section import Claim, Verdict
from engine.sections.train.chance import chance_words, guessing_rate


def claims(run: Run, data: Dataset) -> Iterator[Claim]:
    """Yield that it has learned anything, and that other code counts the same."""
    words = f"The network has learned: its accuracy is above what guessing gives ({run.id})"
    yield Claim(words, partial(_learned, run))
    words = f"A second implementation counts the same accuracy ({run.id})"
    yield Claim(words, partial(on_accuracy, run, data))


def _learned(run: Run) -> Verdict:
    """Validation accuracy is clearly above that of always giving the same answer."""
    results = run.read_result()
    accuracy, n = results["validation"]["accuracy"], results["validation"]["n"]
    low, high = rate_interval(accuracy, n)
    return Verdict(
        not chance_words(results),
        f"{accuracy:.2%} of {n:,} validation images (95 %: {low:.2%} to {high:.2%}), where always "
        f"giving the most frequent answer scores {guessing_rate(results):.2%}",
    )
