"""Whether a finished run's result is what its files say: everything is computed again and compared.

The stored weights, noise or images are judged again; the results must be those of ``result.json``.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import sections
from engine.analysis.differences import MEASURED, differences, shortened
from engine.config import RunConfig
from engine.data.dataset import Dataset
from engine.errors import EngineError, Uncheckable
from engine.files.numbers import plain
from engine.numerics.device import Device
from engine.runs.events import Finished, Started
from engine.runs.run import SCHEMA, Run
from engine.runs.schema import rests_on
from engine.sections.trained import ResolvedNetworkConfig, is_missing

SHOWN = 3  # differences spelled out
BORDERLINE = 5e-4  # of the test images may be read otherwise on another device
ROUNDING = 1e-3  # relatively, of another device
RESULT = "result"  # the check of all results


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison; ``words`` say what was found.

    ``holds`` is None where it cannot be checked any more, since a network is gone.
    """

    subject: str
    holds: bool | None
    words: str


def agrees(checks: Iterable[Check]) -> bool:
    """Tell whether nothing differs and the result came out the same.

    What a removed network of another model answered may be left open.
    """
    return all(check.holds or (check.holds is None and check.subject != RESULT) for check in checks)


def verify(run: Run, data: Dataset, device: Device) -> Iterator[Check]:
    """Yield the checks of a finished run. Raises EngineError where it has not finished."""
    info = run.read_info()
    if info["status"] != "finished":
        raise EngineError(
            f"Run {run.id} is {run.read_status()}; only a finished one can be verified."
        )
    stored, config = run.read_result(), run.read_config()
    started, finished, damaged, after = _ends(run)
    yield _dataset(info, data)
    yield _same(
        "config",
        "run.json",
        info["config"],
        "the journal",
        plain(started.config if started else {}),
    )
    yield from _hashes(run, info)
    if after:
        yield Check("journal", False, f"{_lines(after)} after the end of events.jsonl")
    results = {name: value for name, value in stored.items() if name not in MEASURED}
    told = plain(finished.results) if finished else {}
    yield _same("journal", "result.json", results, "the journal", told)
    if damaged:
        yield Check("journal", False, f"{_lines(damaged)} damaged in events.jsonl")
    if isinstance(config, ResolvedNetworkConfig) and (gone := _gone(config)):
        for model, name in gone.items():
            yield Check(
                f"on {model}", None, f"cannot be checked: the network of run {name} is gone"
            )
        kept = {model: name for model, name in config.others.items() if model not in gone}
        config, results = dataclasses.replace(config, other_runs=kept), _without(results, gone)
    try:
        again = _judged_again(run, config, data, device)
    except Uncheckable as error:
        yield Check(RESULT, None, error.unchecked)
    except EngineError as error:
        yield Check(RESULT, False, str(error))
    else:
        yield _result(results, again, sections.find(config.section), _slack(info, data, device))


def _result(
    stored: Any, again: Any, section: sections.AnySection, slack: Mapping[str, float]
) -> Check:
    """Compare the results with those that the files give."""
    check = _same(RESULT, "result.json", stored, "what the files give", again)
    if check.holds:
        return Check(RESULT, True, section.verified)
    if slack and not any(differences(stored, again, tolerance=ROUNDING, slack=slack)):
        words = f"{section.verified}, but for images on the border that this device reads otherwise"
        return Check(RESULT, True, words)
    return check


def _slack(info: dict[str, Any], data: Dataset, device: Device) -> dict[str, float]:
    """Return how far results may lie apart: not at all on a device like the run's last one."""
    ran = info.get("environments", [info["environment"]])[-1]
    here = device.describe()
    if all(ran[name] == here[name] for name in ("device", "device_name")):
        return {}
    images = max(1, round(BORDERLINE * len(data.test)))
    share = images / len(data.test) * (1 + 1e-6)
    borderline = sections.find(info["section"]).borderline
    return {"": share} | {name: images * of(len(data.test)) for name, of in borderline.items()}


def _gone(config: ResolvedNetworkConfig) -> dict[str, str]:
    """Return the runs, by model, whose networks were asked too and are gone."""
    folder = Path(config.artifacts)
    return {model: name for model, name in config.others.items() if is_missing(folder, name)}


def _without(results: dict[str, Any], gone: Mapping[str, str]) -> dict[str, Any]:
    """Return results without the answers of the networks of these runs, given by model."""
    answers = {"transfer", "transfer_runs", "read_as"}
    names = {*gone, *gone.values()}

    def kept(value: Any) -> Any:
        if isinstance(value, list):
            return [kept(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: {key: v for key, v in item.items() if key not in names}
            if name in answers and isinstance(item, dict)
            else kept(item)
            for name, item in value.items()
        }

    left: dict[str, Any] = kept(results)
    return left


def _ends(run: Run) -> tuple[Started | None, Finished | None, int, int]:
    """Return the journal's Started, its Finished, and how many lines are damaged or after it."""
    started = finished = None
    after = 0
    events = run.events()
    for event in events:
        after += finished is not None
        match event:
            case Started():
                started = event
            case Finished():
                finished = event
    return started, finished, events.damaged, after


def _lines(count: int) -> str:
    return "1 line is" if count == 1 else f"{count} lines are"


def _dataset(info: dict[str, Any], data: Dataset) -> Check:
    wanted = info["dataset"]
    # Version 0.1 recorded neither classes nor the images' size; the hash stands for both.
    found = {key: value for key, value in data.describe().items() if key in wanted}
    return _same("dataset", "run.json", wanted, f"{data.name} here", found)


def _hashes(run: Run, info: dict[str, Any]) -> Iterator[Check]:
    """Check the files by their hashes; runs of version 0.1 have fewer, the first of them none."""
    recorded = info.get("sha256", {})
    if info["schema"] == SCHEMA:
        if missing := sorted(set(rests_on(info)) - set(recorded)):
            yield Check("hashes", False, f"run.json has no hash of {', '.join(missing)}")
    else:
        yield Check("journal", None, "unproven (0.1): runs of that version kept no hash of it")
    if recorded:
        try:
            found = run.hashes(recorded)
        except EngineError as error:
            yield Check("hashes", False, str(error))
        else:
            yield _same("hashes", "run.json", recorded, "the files", found)


def _judged_again(run: Run, config: RunConfig, data: Dataset, device: Device) -> dict[str, Any]:
    """Return the results that the run's files give. Raises EngineError where one is damaged."""
    section = sections.find(config.section)
    made = section.load(config, run, device)
    for event in section.evaluate(config, made, data, device):
        if isinstance(event, Finished):
            again: dict[str, Any] = plain(event.results)
            return again
    raise RuntimeError("the evaluation ended without a Finished event")


def _same(subject: str, here: str, a: Any, there: str, b: Any) -> Check:
    """Compare two nested values."""
    found = list(differences(a, b))
    if not found:
        return Check(subject, True, f"{here} agrees with {there}")
    shown = "; ".join(
        f"{path or subject} is {shortened(x)} in {here}, {shortened(y)} in {there}"
        for path, x, y in found[:SHOWN]
    )
    more = f"; {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return Check(subject, False, shown + more)
