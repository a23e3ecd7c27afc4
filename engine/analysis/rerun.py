"""Whether a run comes out again: its experiment is run anew and compared bit for bit.

Nothing is written. The new events are compared with the journal's lines as they come, so a
difference is found at the step where it arises; at the end the files are compared too. Times and
ids are left out, as nothing can make those equal.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from engine import sections
from engine.analysis.differences import MEASURED, differences, shortened
from engine.data.dataset import Dataset
from engine.errors import EngineError, Uncheckable, Unsound
from engine.files.numbers import plain
from engine.files.reader import from_json, read_bytes
from engine.files.writer import npz_bytes
from engine.numerics.device import Device
from engine.runs.events import Event, Finished, Preview, Progress, to_json
from engine.runs.run import HASHED_LIMIT, Run
from engine.runs.schema import ANSWERS_FILE, JOURNAL_FILE

COMPARED = (Progress.kind, Preview.kind, Finished.kind)  # the lines in which equal runs are equal
UNSET = ("time",)  # what each line has that no other run has

SAME: Literal["same"] = "same"
DIFFERENT: Literal["different"] = "different"
NOT_COMPARABLE: Literal["not comparable"] = "not comparable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of running a run anew: ``words`` say what was compared, or what differs."""

    verdict: Literal["same", "different", "not comparable"]
    words: str
    step: int = 0  # up to which it was run


def rerun(
    run: Run,
    data: Dataset,
    device: Device,
    *,
    steps: int | None = None,
    listen: Callable[[int, int], None] = lambda step, steps: None,
) -> Outcome:
    """Run a finished run anew, up to ``steps`` or to its end, and compare.

    ``listen`` is called with the step reached and the steps of the whole run. Raises EngineError
    where the run has not finished.
    """
    info = run.read_info()
    if info["status"] != "finished":
        raise EngineError(f"Run {run.id} is {run.read_status()}; only a finished one can be rerun.")
    config = run.read_config()
    if reason := _hindrance(info, data, device):
        return Outcome(NOT_COMPARABLE, reason)
    section = sections.find(config.section)
    try:
        experiment = section.experiment(config, data, device, section.code(config, run))
    except Uncheckable as error:
        return Outcome(NOT_COMPARABLE, str(error))
    told, step, files = _told(run), 0, dict[str, bytes]()
    for event in section.events(experiment, config, data, device):
        step = event.step
        listen(step, experiment.steps)
        if event.kind not in COMPARED:
            continue
        if difference := _difference(next(told, None), event):
            return Outcome(DIFFERENT, f"step {step}: {difference}", step)
        if isinstance(event, Progress) and steps is not None and step >= steps:
            return Outcome(SAME, f"the first {step:,} of {experiment.steps:,} steps", step)
        if isinstance(event, Finished):
            files = experiment.state.files()
            if event.answers:
                files[ANSWERS_FILE] = npz_bytes(event.answers)
            difference = _difference_of_files(run, files) or _difference_of_result(run, event)
            if difference:
                return Outcome(DIFFERENT, difference, step)
    if next(told, None) is not None:
        return Outcome(DIFFERENT, f"{JOURNAL_FILE} has more lines than the run", step)
    return Outcome(SAME, f"all {step:,} steps, the results, {' and '.join(files)}", step)


def _hindrance(info: dict[str, Any], data: Dataset, device: Device) -> str:
    """Return why a run cannot come out again here bit for bit, "" if it must."""
    if info["dataset"]["sha256"] != data.sha256:
        return f"it was made on other {info['dataset']['name']} images than those here"
    if device.torch_device.type != "cpu" and not info["config"].get("deterministic"):
        return "without --deterministic a GPU does not give the same bits twice"
    here = device.describe()
    for made in info.get("environments", [info["environment"]]):
        for path, then, now in differences(_decisive(made), _decisive(here)):
            name = path.removeprefix("versions.").replace("_", " ")
            return f"{name} is {shortened(now)} here, {shortened(then)} in the run"
    return ""


def _decisive(environment: dict[str, Any]) -> dict[str, Any]:
    """Return what of an environment decides about bits: all but Python's own version."""
    versions = {k: v for k, v in environment["versions"].items() if k != "python"}
    return environment | {"versions": versions}


def _told(run: Run) -> Iterator[Any]:
    """Yield the journal's lines that are compared, as they stand there; {} for a damaged one."""
    for line in run.lines():
        try:
            values = from_json(line)
        except Unsound:
            yield {}
            continue
        if isinstance(values, dict) and values.get("event") in COMPARED:
            yield values


def _difference(told: Any, event: Event) -> str:
    """Return in which value a line of the journal differs from the event, "" if in none."""
    if not told:  # the journal has ended, or its line is damaged
        return f"{JOURNAL_FILE} has no sound line about it"
    now = to_json(event)
    there, here = ({k: v for k, v in one.items() if k not in UNSET} for one in (told, now))
    for path, then, again in differences(there, here, tolerance=0.0):
        if "base64" in path:
            return f"the images of {there.get('name')} differ"
        return f"{path} is {_exact(then)} in the journal, {_exact(again)} again"
    return ""


def _exact(value: Any) -> str:
    return repr(value) if isinstance(value, float) else shortened(value)


def _difference_of_files(run: Run, files: dict[str, bytes]) -> str:
    """Return which file of a run differs from the new one, "" if none."""
    for name, content in files.items():
        try:
            stored = read_bytes(run.path / name, HASHED_LIMIT)
        except FileNotFoundError:
            return f"{name} is missing"
        except EngineError as error:
            return str(error)
        if stored != content:
            return f"{name} differs"
    return ""


def _difference_of_result(run: Run, finished: Finished) -> str:
    """Return in which value result.json differs from the new results, "" if in none."""
    told = {name: value for name, value in run.read_result().items() if name not in MEASURED}
    for path, then, again in differences(told, plain(finished.results), tolerance=0.0):
        return f"{path} is {_exact(then)} in result.json, {_exact(again)} again"
    return ""
