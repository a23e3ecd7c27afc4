"""The referee over all runs of a sweep, and its findings claim by claim instead of run by run."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.data.dataset import Dataset
from engine.errors import EngineError, MnistTuiError
from engine.numerics.device import Device
from engine.report.choose import Chosen
from engine.report.referee import Finding, referee
from engine.runs.run import Run
from engine.sweeps.states import FINISHED, RunState
from engine.sweeps.sweep import Sweep

Survey = Callable[[Run], tuple[Dataset, Device]]  # opens what a run was made on; MnistTuiError

_SUBJECT = re.compile(r" \((?:network )?[^\s()]+\)\Z")  # of a claim: the run that it is about


@dataclass(frozen=True, slots=True)
class Summary:
    """A claim about several runs: how many of them it was found to hold for, and not to."""

    claim: str
    holds: bool | None  # None: could not be checked for any of them
    words: str


def findings_about(
    sweep: Sweep, states: Sequence[RunState], survey: Survey, *, again: bool = False
) -> Iterator[Finding]:
    """Yield the findings about a sweep's finished runs, dataset by dataset."""
    finished = [sweep.run(state.planned) for state in states if state.status == FINISHED]
    found: dict[str, list[Run]] = {}
    for run in finished:
        try:
            found.setdefault(run.read_info()["dataset"]["sha256"], []).append(run)
        except EngineError as error:
            yield Finding(f"The run can be read ({run.id})", False, str(error))
    for runs in found.values():
        try:
            data, device = survey(runs[0])
        except MnistTuiError as error:  # its images are not on this machine
            yield Finding(f"Results come out again ({len(runs)} runs)", None, str(error))
            continue
        yield from referee(Chosen(tuple(runs), (), ()), data, device, again=again)


def summed_up(findings: Sequence[Finding]) -> list[Summary]:
    """Return a line for each claim, whatever run it is about."""
    claims: dict[str, list[Finding]] = {}
    for finding in findings:
        claims.setdefault(_SUBJECT.sub("", finding.claim), []).append(finding)
    return [_summary(claim, several) for claim, several in claims.items()]


def _summary(claim: str, findings: Sequence[Finding]) -> Summary:
    counts = Counter(finding.holds for finding in findings)
    holds = False if counts[False] else True if counts[True] else None
    if len(findings) == 1:
        return Summary(claim, holds, findings[0].words)
    words = [f"{counts[True]:,} of {len(findings):,} hold"]
    if counts[False]:
        words.append(f"{counts[False]:,} do{'es' if counts[False] == 1 else ''} not, named below")
    reasons = Counter(finding.words for finding in findings if finding.holds is None)
    words += [f"{count:,} not checked: {reason}" for reason, count in reasons.most_common(2)]
    return Summary(claim, holds, "; ".join(words))
