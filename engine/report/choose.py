"""Which runs a report is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EngineError
from engine.hints import hint
from engine.networks.architectures import ARCHITECTURES
from engine.runs.run import Run
from engine.runs.store import find_run, finished_runs

REPORTED = ("train", "adversarial", "visualize")  # the three parts of the course report


@dataclass(frozen=True, slots=True)
class Chosen:
    """Finished runs of one dataset, by section; the trainings in the order of the report."""

    trainings: tuple[Run, ...]
    noises: tuple[Run, ...]
    neurons: tuple[Run, ...]

    @property
    def all(self) -> tuple[Run, ...]:
        """Every run."""
        return self.trainings + self.noises + self.neurons


def lead_of(chosen: Chosen) -> str:
    """Return what a report of these runs is about, in a sentence."""
    networks = len({run.read_config().title for run in chosen.trainings})
    parts = []
    if networks:
        number = {1: "One", 2: "Two", 3: "Three"}.get(networks, f"{networks:,}")
        parts.append(f"{number} classifier{'' if networks == 1 else 's'}")
    fooled = {0: "noise that fools a network", 1: "noise that fools it"}
    if chosen.noises:
        parts.append(fooled.get(networks, "the noise that fools one of them"))
    if chosen.neurons:
        parts.append("what excites its neurons" if parts else "what excites a network's neurons")
    *others, last = parts
    words = f"{', '.join(others)}{',' if len(others) > 1 else ''} and {last}" if others else last
    return f"{words[0].upper()}{words[1:]}."


def choose(artifacts: Path, names: Sequence[str]) -> Chosen:
    """Return the runs of these names, or the newest finished one of each kind, of one dataset.

    Raises EngineError where there is none, where one has not finished, or where their datasets
    are not the same.
    """
    runs = [find_run(artifacts, name) for name in dict.fromkeys(names)] or newest(artifacts)
    for run in runs:
        info = run.read_info()
        if info["status"] != "finished":
            raise EngineError(
                f"Run {run.id} is {run.read_status()}; a report is about finished runs."
            )
        if info["section"] not in REPORTED:
            raise EngineError(
                f"Run {run.id} is of section {info['section']}, which is not reported."
            )
    if len({run.read_info()["dataset"]["sha256"] for run in runs}) > 1:
        raise EngineError("These runs are of several datasets; a report is about one.")

    def of(section: str) -> tuple[Run, ...]:
        return tuple(run for run in runs if run.read_info()["section"] == section)

    trainings = sorted(of("train"), key=_place)
    return Chosen(tuple(trainings), of("adversarial"), of("visualize"))


def _place(run: Run) -> tuple[int, str, str]:
    """Return where a training stands: the course report's models first, in its order."""
    order, model = list(ARCHITECTURES), run.read_info()["config"]["model"]
    return (order.index(model) if model in order else len(order)), model, run.id


def newest(artifacts: Path) -> list[Run]:
    """Return the newest finished run of each model and section, of the newest one's dataset.

    Damaged ones are skipped. Raises EngineError where nothing has finished.
    """
    found: dict[tuple[str, str], Run] = {}
    dataset = None
    for run, info in finished_runs(artifacts):
        section, sha256 = info["section"], info["dataset"]["sha256"]
        if section not in REPORTED:
            continue
        model = info["config"]["model"] if section == "train" else ""
        dataset = dataset or sha256
        if sha256 == dataset:
            found.setdefault((section, model), run)
    if not found:
        raise EngineError(
            f"No finished run in {artifacts} yet; {hint(artifacts, 'run', 'all')} makes the whole "
            "report."
        )
    return list(found.values())
