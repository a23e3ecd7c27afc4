"""Whether a finished run's result is what its files say: everything computed again, and compared.

The stored weights, noise or images are put into a state at its last step; the experiment then does
what is left, which is the judging. Its figures must be those of ``result.json``.
"""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.config import NetworkConfig, RunConfig
from engine.data.dataset import Dataset
from engine.errors import EngineError, MissingNetwork
from engine.files.reader import MB, read_bytes
from engine.numerics.device import Device
from engine.runs.events import Finished, Started, plain
from engine.runs.store import Run, content_hashes
from engine.sections.experiments import at_its_end, is_missing

# Another processor rounds differently: by less than one image of 10,000 would change a rate.
TOLERANCE = 2e-5
MEASURED = ("seconds", "images_per_second")  # times, which nothing can be held against
SHOWN = 3  # differences spelled out
RESULT = "result"  # the check of all figures
HASHED_LIMIT = 512 * MB  # bytes of a file that a result rests on
_JUDGED = {
    "train": "accuracy, loss, samples and confusion come out again from weights.pt",
    "adversarial": "success, distortion, random noise and transfer come out again from noise.npy",
    "visualize": "activations, percentiles and readings come out again from images.npy",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was held against another; ``words`` say what was found.

    ``holds`` is None where it cannot be checked any more, since a network is gone.
    """

    subject: str
    holds: bool | None
    words: str


def agrees(checks: Iterable[Check]) -> bool:
    """Tell whether nothing differs and the result came out again.

    What a removed network of another model answered may be left open.
    """
    return all(check.holds or (check.holds is None and check.subject != RESULT) for check in checks)


def verify(run: Run, data: Dataset, device: Device) -> Iterator[Check]:
    """Yield the checks of a finished run. Raises EngineError where it has not finished."""
    info = run.info
    if info["status"] != "finished":
        raise EngineError(f"Run {run.id} is {run.status}; only a finished one can be verified.")
    result, config = run.result, run.config
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
    figures = {name: value for name, value in result.items() if name not in MEASURED}
    told = plain(finished.figures) if finished else {}
    yield _same("journal", "result.json", figures, "the journal", told)
    if damaged:
        lines = "line is" if damaged == 1 else "lines are"
        yield Check("journal", False, f"{damaged} {lines} damaged in events.jsonl")
    gone = _gone(config)
    for model, name in gone.items():
        yield Check(f"on {model}", None, f"cannot be checked: the network of run {name} is gone")
    if gone:
        kept = {m: name for m, name in config.other_runs.items() if m not in gone}
        config, figures = dataclasses.replace(config, other_runs=kept), _without(figures, gone)
    try:
        again = _judged_again(run, config, data, device, figures)
    except MissingNetwork as error:
        yield Check(RESULT, None, f"cannot be checked: {error}")
    except EngineError as error:
        yield Check(RESULT, False, str(error))
    else:
        check = _same(RESULT, "result.json", figures, "what the files give", again)
        yield Check(RESULT, True, _JUDGED[config.section]) if check.holds else check


def _gone(config: RunConfig) -> dict[str, str]:
    """Return the runs, by model, whose networks were asked too and that are not there any more."""
    runs = (config.other_runs or {}) if isinstance(config, NetworkConfig) else {}
    folder = Path(config.artifacts)
    return {model: name for model, name in runs.items() if is_missing(folder, name)}


def _without(figures: dict[str, Any], gone: Mapping[str, str]) -> dict[str, Any]:
    """Return a result's figures without what the networks of these runs, by model, answered."""
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

    return kept(figures)


def _ends(run: Run) -> tuple[Started | None, Finished | None, int]:
    """Return the journal's first and last word, and how many of its lines are damaged."""
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
    run: Run, config: RunConfig, data: Dataset, device: Device, figures: dict[str, Any]
) -> dict[str, Any]:
    """Return the figures that the run's files give. Raises EngineError where one is damaged."""
    experiment = at_its_end(config, data, device, run.path, figures)
    for event in experiment.events:
        if isinstance(event, Finished):
            return plain(event.figures)
    raise RuntimeError("the experiment ended without a Finished event")


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
