"""What is queued behind a run, kept in its directory: whoever resumes the run starts that too."""

import dataclasses
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.config import RunConfig
from engine.data.known import located
from engine.errors import Unsound
from engine.files.reader import JSON_LIMIT, DamagedFile, read_bytes
from engine.files.reader import from_json as strict_json
from engine.files.values import is_model
from engine.hints import hint
from engine.runs.run import Run
from engine.runs.schema import check_queue

QUEUE_FILE = ".queue"


@dataclass(slots=True, eq=False)
class Request:
    """What one command line asked for: the runs still to come, and the ids of those begun.

    ``report`` says that a report of all of them is to be written at the end.
    """

    command: str
    configs: list[RunConfig]
    runs: list[str] = field(default_factory=list)
    report: bool = False

    @property
    def open(self) -> bool:
        """Whether something is still to be done."""
        return bool(self.configs) or self.report

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        configs = [{"section": c.section} | c.to_json() | _places(c) for c in self.configs]
        return {"command": self.command, "runs": self.runs, "configs": configs,
                "report": self.report}  # fmt: skip


def _places(config: RunConfig) -> dict[str, str | None]:
    """Return a config's folders, and files of images and of a network, as absolute paths."""
    root, model = config.data_root, config.to_json().get("model")
    network = (
        {"model": os.path.abspath(os.path.expanduser(model))}
        if model and not is_model(model)
        else {}
    )
    return network | {
        "dataset": located(config.dataset),
        "artifacts": os.path.abspath(config.artifacts),
        "data_root": None if root is None else os.path.abspath(root),
    }


def to_json(requests: Iterable[Request]) -> str:
    """Return the requests of which something is still to be done, as JSON."""
    return json.dumps([request.to_json() for request in requests if request.open])


def from_json(text: str | bytes) -> list[Request]:
    """Return the requests that ``to_json`` wrote. Raises Unsound where they are none."""
    requests = strict_json(text)
    configs = check_queue(requests)
    return [
        Request(values["command"], waiting, list(values["runs"]), values.get("report", False))
        for values, waiting in zip(requests, configs, strict=True)
    ]


def read_queue(run: Run) -> list[Request]:
    """Return the queue behind a run. Raises EngineError if it cannot be read."""
    path = run.path / QUEUE_FILE
    try:
        requests = from_json(read_bytes(path, JSON_LIMIT))
    except FileNotFoundError:
        return []
    except (Unsound, DamagedFile) as error:
        why = error.why if isinstance(error, DamagedFile) else str(error)
        alone = hint(run.path.parent, "resume", run.id, "--alone")
        raise DamagedFile(path, why, f"{alone} ignores it") from None
    here = str(run.path.parent.resolve())  # the folder may have been moved since
    for request in requests:
        request.configs = [dataclasses.replace(c, artifacts=here) for c in request.configs]
    return requests


class QueueKeeper:
    """Keeps the queue beside the active run, and nowhere else."""

    def __init__(self, run: Run | None = None) -> None:
        """``run`` is the run whose directory holds it so far."""
        self._run = run

    def done(self) -> None:
        """Remove the queue: all of it is done. Raises as ``Run.write`` does."""
        if self._run is not None:
            self._run.remove(QUEUE_FILE)

    def keep(self, run: Run, requests: Iterable[Request]) -> None:
        """Write the queue behind ``run`` and remove it from the run before.

        Raises as ``Run.write`` does.
        """
        waiting = [request for request in requests if request.open]
        if waiting:
            run.write(QUEUE_FILE, to_json(waiting).encode())
        else:
            run.remove(QUEUE_FILE)
        if self._run is not None and self._run.id != run.id:
            self._run.remove(QUEUE_FILE)
        self._run = run
