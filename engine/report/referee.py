"""The referee: what a reviewer would doubt, checked from the files and not asserted."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from engine import sections
from engine.analysis.rerun import DIFFERENT, SAME, rerun
from engine.analysis.verify import agrees, verify
from engine.data.dataset import Dataset
from engine.errors import EngineError, Uncheckable
from engine.numerics.device import Device
from engine.report.choose import Chosen
from engine.runs.run import Run
from engine.sections.section import Claim, Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim, whether it holds (None: nothing to check it on), and what was found."""

    claim: str
    holds: bool | None
    words: str


def referee(
    chosen: Chosen, data: Dataset, device: Device, *, again: bool = False
) -> Iterator[Finding]:
    """Yield the findings about a report's runs. A claim that cannot be checked does not hold.

    With ``again`` every run is run again and compared bit for bit.
    """
    made: set[str] = set()  # what two runs of one network have in common is checked once
    for claim in _claims(chosen, data, device, again):
        if claim.words not in made:
            made.add(claim.words)
            yield from _checked(claim)


def _claims(chosen: Chosen, data: Dataset, device: Device, again: bool) -> Iterator[Claim]:
    words = "No test image is among the training or validation images"
    yield Claim(words, partial(_split, data))
    for run in chosen.all:
        words = sections.find(run.read_info()["section"]).comes_out_again
        yield Claim(f"{words} ({run.id})", partial(_comes_out_again, run, data, device))
        if again:
            words = f"Run again, the experiment gives the same bits ({run.id})"
            yield Claim(words, partial(_same_again, run, data, device))
    for run in chosen.all:
        config = run.read_config()
        yield from sections.find(config.section).claims(config, run, data, device)


def _checked(claim: Claim) -> Iterator[Finding]:
    """Yield the finding of a check, or that these files could not be checked."""
    try:
        verdict = claim.check()
    except Uncheckable as error:
        verdict = Verdict(None, error.unchecked)
    except EngineError as error:
        verdict = Verdict(False, f"cannot be checked: {error}")
    if verdict is not None:
        yield Finding(claim.words, *verdict)


def _split(data: Dataset) -> Verdict:
    """No image of the training or validation set is in the test set."""
    seen = {image.tobytes() for part in (data.train, data.validation) for image in part.images}
    twice = sum(image.tobytes() in seen for image in data.test.images)
    return Verdict(
        twice == 0, f"{len(data.test):,} test images looked up by their bytes, {twice} found"
    )


def _comes_out_again(run: Run, data: Dataset, device: Device) -> Verdict:
    checks = list(verify(run, data, device))
    wrong = [f"{check.subject}: {check.words}" for check in checks if check.holds is False]
    if wrong:
        return Verdict(False, "; ".join(wrong))
    unknown = [f"{check.subject}: {check.words}" for check in checks if check.holds is None]
    if agrees(checks):
        return Verdict(True, "; ".join([f"{_headline(run)} again", *unknown]))
    return Verdict(None, "; ".join(unknown))


def _same_again(run: Run, data: Dataset, device: Device) -> Verdict:
    told = rerun(run, data, device)
    holds = {SAME: True, DIFFERENT: False}.get(told.verdict)  # None: not comparable
    return Verdict(holds, f"{told.verdict}: {told.words}")


def _headline(run: Run) -> str:
    return sections.find(run.read_info()["section"]).headline(run.read_result())
