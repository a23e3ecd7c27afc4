"""What a list of runs says of each, from its ``run.json`` and ``result.json``."""

import math
from contextlib import suppress

import msgspec

from engine import sections
from engine.config import DATASETS
from engine.errors import EngineError
from engine.runs.course import course
from engine.runs.run import Run

DAMAGED = "damaged"


class Summary(msgspec.Struct, frozen=True, gc=False):
    """A run in a row of a table, all fields but the first blank where it is damaged."""

    run: str  # its id
    section: str = ""
    status: str = DAMAGED
    dataset: str = ""
    digest: str = ""  # the hash of its content, where it is a file: its name says little
    model: str = ""
    recipe: str = ""
    seed: str = ""
    network: str = ""  # id of the run whose network it looks at
    result: str = ""  # of a finished run, in a few characters
    remark: str = ""  # what is wrong with that, in a word or two
    started_at: str | None = None
    finished_at: str | None = None
    seconds: float | None = None
    epochs: int | None = None
    measured: dict[str, float] = {}  # finite numbers by name; the first ranks
    course: tuple[float | None, ...] = ()  # of the section's main curve, a few values
    sweep: str = ""  # id of the sweep that planned it

    @property
    def kind(self) -> tuple[str, ...]:
        """What the app shows the newest of: a model's trainings, or another section's runs.

        Those of each dataset by themselves.
        """
        return self.section, "" if self.network else self.model, self.dataset, self.digest


def summarize(run: Run) -> Summary:
    """Read what a list says of a run."""
    try:
        info = run.read_info()
        config, section = info["config"], sections.find(info["section"])
        finished = info["status"] == "finished"
        result = run.read_result() if finished else {}
        return Summary(
            run=run.id,
            section=section.name,
            status=run.read_status() if info["status"] == "running" else info["status"],
            dataset=info["dataset"]["name"],
            digest="" if config["dataset"] in DATASETS else info["dataset"]["sha256"],
            model=config.get("model") or "",
            recipe=config.get("recipe") or "",
            seed=str(config["seed"]),
            network=config.get("run") or "",
            result=section.score(result) if finished else "",
            remark=section.flaw if finished and section.warning(run) else "",
            started_at=info["started_at"],
            finished_at=info["finished_at"],
            seconds=result.get("seconds"),
            epochs=config.get("epochs"),
            measured=_finite(section.measured(result)) if finished else {},
            course=course(run.journal, section.headline_curve) if section.headline_curve else (),
            sweep=info.get("sweep") or "",
        )
    except EngineError:
        return _damaged(run)


def _finite(numbers: dict[str, float]) -> dict[str, float]:
    return {name: number for name, number in numbers.items() if math.isfinite(number)}


def _damaged(run: Run) -> Summary:
    """Return what is known of a run whose files are damaged: when it ran, if that is sound."""
    with suppress(EngineError):
        info = run.read_info()
        times = {name: info[name] for name in ("started_at", "finished_at")}
        return Summary(run.id, **times)
    return Summary(run.id)
