"""Drives one experiment: the only place where events become files.

A Session pulls events from an experiment's generator, writes each to the journal, hands it to
whoever listens, and at every Progress answers the wishes of its Control. The command line and the
app differ only in what listens, so both leave the same files.
"""

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.config import RunConfig
from engine.control import Control
from engine.errors import MnistTuiError
from engine.events import (
    Checkpoint,
    Event,
    Failed,
    Finished,
    Progress,
    Started,
    Stopped,
    Working,
    plain,
)
from engine.store import RESULT_FILE, RUN_FILE, SCHEMA, Journal, Run, create_run

if TYPE_CHECKING:
    from engine.data import Dataset
    from engine.device import Device
    from engine.experiments import Experiment

CHECKPOINT_FILE = "checkpoint.pt"


class Session:
    """One run, from a resolved config to the files of a finished, stopped or failed run."""

    def __init__(
        self,
        config: RunConfig,
        data: "Dataset",
        device: "Device",
        *,
        listen: Callable[[Event], None],
        control: Control | None = None,
        command: str = "",
        companions: tuple[str, ...] = (),
    ) -> None:
        """Prepare a run; nothing is written before ``run``.

        ``command`` is the command line that does the same; ``companions`` are ids of runs that
        were started together with this one, for the figures that show them side by side.
        """
        self.config = config
        self.data = data
        self.device = device
        self.listen = listen
        self.control = control or Control()
        self.command = command
        self.companions = companions
        self.seconds = 0.0  # spent in the experiment up to its last Progress

    def run(self) -> Run:
        """Drive the experiment and return its run, finished or stopped.

        Raises MnistTuiError, with the run left as failed, where the experiment cannot go on, and
        with nothing left where it cannot begin.
        """
        from engine.experiments import begin  # torch, which takes seconds to import

        experiment = begin(self.config, self.data, self.device)
        run = create_run(Path(self.config.artifacts), f"{self.config.section}-{self.config.title}")
        environment = self.device.describe()
        run.write_json(
            RUN_FILE,
            {
                "schema": SCHEMA,
                "run_id": run.id,
                "section": self.config.section,
                "status": "running",
                "config": self.config.to_json(),
                "dataset": self.data.describe(),
                "environment": environment,
                "command": self.command,
                "companions": list(self.companions),
                "started_at": _now(),
                "finished_at": None,
            },
        )
        started = Started(
            step=0,
            run=run.id,
            section=self.config.section,
            title=self.config.title,
            steps=experiment.steps,
            config=self.config.to_json(),
            dataset=self.data.describe(),
            environment=environment,
        )
        with Journal(run) as journal:
            self._emit(started, journal)
            try:
                last = self._drive(experiment, run, journal)
            except Exception as error:
                known = isinstance(error, MnistTuiError)
                message = str(error) if known else f"Unexpected {type(error).__name__}: {error}"
                self._emit(Failed(step=experiment.state.step, message=message), journal)
                run.update(status="failed", finished_at=_now(), message=message)
                raise
            if isinstance(last, Stopped):
                run.update(status="stopped", finished_at=_now())
            else:
                self._finish(last, experiment, run)
        return run

    def _drive(self, experiment: "Experiment", run: Run, journal: Journal) -> Finished | Stopped:
        """Pull events until the experiment ends or a stop is asked for."""
        since = time.perf_counter()
        for event in experiment.events:
            if isinstance(event, Progress):
                self.seconds += time.perf_counter() - since
            if isinstance(event, Working):
                self._tell(event)
            elif isinstance(event, Finished):
                for name, content in experiment.state.files().items():
                    run.write(name, content)
                self._emit(event, journal)
                return event
            else:
                self._emit(event, journal)
            if isinstance(event, (Progress, Working)):
                self.control.wait_while_paused()
                reason = self.control.stop_reason
                due = (
                    isinstance(event, Progress) and not event.step % experiment.checkpoint_interval
                )
                if reason or due:
                    self._checkpoint(experiment, run, journal)
                if reason:
                    stopped = Stopped(step=event.step, reason=reason)
                    self._emit(stopped, journal)
                    return stopped
                since = time.perf_counter()
        raise RuntimeError("the experiment ended without a Finished event")

    def _finish(self, finished: Finished, experiment: "Experiment", run: Run) -> None:
        """Write the result and draw the figures."""
        from engine.figures import draw_figures  # matplotlib, which takes a second to import

        result = plain(finished.figures) | {"seconds": self.seconds}
        if finished.images_seen is not None:
            result["images_per_second"] = finished.images_seen / self.seconds
        message = ""
        try:
            for path in draw_figures(run):
                self._tell(Working(step=finished.step, doing=f"drew {path.name}"))
                if self.control.stop_reason:
                    message = "Stopped while drawing; `mnist-tui runs figures` draws all figures."
                    break
        except Exception as error:  # hours of work are not lost for a picture
            message = f"The figures could not be drawn ({error}); try `mnist-tui runs figures`."
        run.write_json(RESULT_FILE, result)
        run.update(status="finished", finished_at=_now(), message=message)
        (run.path / CHECKPOINT_FILE).unlink(missing_ok=True)

    def _checkpoint(self, experiment: "Experiment", run: Run, journal: Journal) -> None:
        import torch

        buffer = io.BytesIO()
        torch.save(experiment.state.state_dict() | {"seconds": self.seconds}, buffer)
        run.write(CHECKPOINT_FILE, buffer.getvalue())
        self._emit(Checkpoint(step=experiment.state.step), journal)

    def _emit(self, event: Event, journal: Journal) -> None:
        stamped = event.at(time.time())
        journal.append(stamped)
        self._tell(stamped)

    def _tell(self, event: Event) -> None:
        try:
            self.listen(event)
        except BrokenPipeError:  # whoever read along has left; keep what was done, and end
            self.control.stop("SIGPIPE")
            self.listen = lambda event: None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
