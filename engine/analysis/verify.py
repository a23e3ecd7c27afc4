"""Whether a finished run's result is what its files say: everything is computed again and compared.

The stored weights, noise or images are judged again; the results must be those of ``result.json``.
"""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import sections
from engine.config import RunConfig
from engine.data.dataset import Dataset
from engine.errors import EngineError, MissingNetwork
from engine.files.reader import MB, read_bytes
from engine.numerics.device import Device
from engine.runs.events import Finished, Started, plain
from engine.runs.run import Run, content_hashes
from engine.sections.trained import ResolvedNetworkConfig, is_missing

# Another processor rounds differently: by less than one image of 10,000 would change a rate.
TOLERANCE = 2e-5
MEASURED = ("seconds", "images_per_second")  # times, which cannot be checked
SHOWN = 3  # differences spelled out
RESULT = "result"  # the check of all results
HASHED_LIMIT = 512 * MB  # bytes of a file that a result rests on


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
    started, finished, damaged = _ends(run)
    yield _dataset(info, data)
    yield _same(
        "config",
        "run.json",
        info["config"],
        "the journal",
        plain(started.config if started else {}),
    )
    yield from _hashes(run, info)
    results = {name: value for name, value in stored.items() if name not in MEASURED}
    told = plain(finished.results) if finished else {}
    yield _same("journal", "result.json", results, "the journal", told)
    if damaged:
        lines = "line is" if damaged == 1 else "lines are"
        yield Check("journal", False, f"{damaged} {lines} damaged in events.jsonl")
    if isinstance(config, ResolvedNetworkConfig) and (gone := _gone(config)):
        for model, name in gone.items():
            yield Check(
                f"on {model}", None, f"cannot be checked: the network of run {name} is gone"
            )
        kept = {model: name for model, name in config.others.items() if model not in gone}
        config, results = dataclasses.replace(config, other_runs=kept), _without(results, gone)
    try:
        again = _judged_again(run, config, data, device, results)
    except MissingNetwork as error:
        yield Check(RESULT, None, f"cannot be checked: {error}")
    except EngineError as error:
        yield Check(RESULT, False, str(error))
    else:
        check = _same(RESULT, "result.json", results, "what the files give", again)
        yield Check(RESULT, True, sections.find(config.section).verified) if check.holds else check


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


def _ends(run: Run) -> tuple[Started | None, Finished | None, int]:
    """Return the journal's Started and Finished, and how many of its lines are damaged."""
    started = finished = None
    events = run.events()
    for event in events:
        match event:
            case Started():
                started = event
            case Finished():
                finished = event
    return started, finished, events.damaged


def _dataset(info: dict[str, Any], data: Dataset) -> Check:
    wanted, found = info["dataset"], data.describe()
    return _same("dataset", "run.json", wanted, f"{data.name} here", found)


def _hashes(run: Run, info: dict[str, Any]) -> Iterator[Check]:
    recorded = info.get("sha256")
    if recorded is None:
        return
    files = {}
    for name in recorded:
        if name != "config":
            try:
                files[name] = read_bytes(run.path / name, HASHED_LIMIT)
            except FileNotFoundError:
                yield Check("hashes", False, f"Run {run.id} has no {name}.")
                return
            except EngineError as error:
                yield Check("hashes", False, str(error))
                return
    found = content_hashes(info["config"], files)
    yield _same("hashes", "run.json", recorded, "the files", found)


def _judged_again(
    run: Run, config: RunConfig, data: Dataset, device: Device, results: dict[str, Any]
) -> dict[str, Any]:
    """Return the results that the run's files give. Raises EngineError where one is damaged."""
    section = sections.find(config.section)
    made = section.load(config, run, device, results)
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
        f"{path or subject} is {_short(x)} in {here}, {_short(y)} in {there}"
        for path, x, y in found[:SHOWN]
    )
    more = f"; {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return Check(subject, False, shown + more)


def differences(a: Any, b: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield where two nested values differ: the path, and both values."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in dict.fromkeys([*a, *b]):
            yield from differences(a.get(name), b.get(name), f"{path}.{name}" if path else name)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from differences(x, y, f"{path}[{index}]")
    elif isinstance(a, float) or isinstance(b, float):
        numbers = all(isinstance(x, (int, float)) for x in (a, b))
        if not numbers or not math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=1e-9):
            yield path, a, b
    elif a != b:
        yield path, a, b


def _short(value: Any) -> str:
    if value is None:
        return "missing"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
