"""Drives runs without the app, and shows their progress and results."""

import os
from collections.abc import Callable, Iterable
from typing import NoReturn

import typer

from engine.config import RunConfig
from engine.driver import Driver, Job
from engine.errors import EngineError
from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.events import Event
from engine.runs.queue import Request
from engine.runs.run import Run
from engine.sections import warning_of
from engine.sections.trained import NetworkConfig
from tui.cli.options import Output
from tui.cli.progress import Listener, listener
from tui.cli.report import make_report, tell_findings
from tui.cli.tables import print_results
from tui.console import complain, console_for
from tui.live.signals import exit_code, stopping_on_signals
from tui.streams import forgive_reader, lost, unwritable


def conduct(
    requests: list[Request],
    output: Output,
    *,
    resumed: Run | None = None,
    listen: Listener | None = None,
    keeps_queue: bool = True,
) -> None:
    """Resume ``resumed``, then run all of ``requests``, which this uses up.

    ``keeps_queue`` keeps the queue beside the active run; without it, the one beside ``resumed`` is
    left alone. ``listen`` receives the events, by default as ``output`` asks. Raises typer.Exit
    with the signal's code if one stopped it, and MnistTuiError if a run fails; the queue then
    stays beside the last run.
    """
    check_names([request.configs for request in requests], resumed)
    remark = complain if not (output.quiet or output.json) else lambda line: None
    count = sum(len(request.configs) for request in requests) + bool(resumed)
    shows = listen or listener(output, console_for("stderr"), count)
    host = _Host(shows, remark, warns=output.json)
    driver = Driver(Laboratory(warn=complain), host, resumed=resumed, keeps_queue=keeps_queue)
    resumes = (
        [resumed] if resumed is not None and resumed.read_info()["status"] != "finished" else []
    )
    for run in resumes:
        driver.resume(
            Job(run.read_config(), Request(run.read_info()["command"], []), run, host.control)
        )
    for request in requests:
        driver.add(
            request, [Job(config, request, control=host.control) for config in request.configs]
        )
    with stopping_on_signals(host.control), shows:
        driver.drive()
    if not output.json:
        print_results(host.runs, console_for("stdout"))
        forgive_reader()  # the runs are there all the same
    if host.control.stop_reason is not None:
        _leave(host.control.stop_reason, host.runs or resumes)
    for request in requests:
        if request.report:
            remark("writing the report and checking its claims")
            last = [*([resumed] if resumed else []), *host.runs][-1]
            path, findings = make_report(last.path.parent, request.runs)
            request.report = False
            tell_findings(findings, remark)
            remark(f"report: {path}")
    driver.done()


class _Host:
    """The command line as a driver's host: one control for all runs, and the first error ends."""

    def __init__(self, show: Listener, remark: Callable[[str], None], *, warns: bool) -> None:
        self.control = Control()
        self.runs: list[Run] = []  # those that have finished or stopped
        self._show, self._remark, self._warns = show, remark, warns

    def begins(self, job: Job) -> bool:
        return self.control.stop_reason is None

    def train_first(self, training: RunConfig, job: Job) -> Job:
        self._remark(f"no trained {training.title} for this dataset yet; training one first")
        return Job(training, job.request, control=self.control)

    def prepared(self, job: Job) -> None:
        if isinstance(job.config, NetworkConfig) and job.resumes is None:
            self._remark(f"using the network of {job.config.run}")

    def hear(self, job: Job, event: Event) -> None:
        self._show(event)
        if reason := lost():
            self.control.stop(reason)

    def after(self, job: Job, run: Run | None) -> None:
        if run is not None:
            self.runs.append(run)
            if self._warns and (warning := warning_of(run)):
                complain(f"{run.id} {warning}")

    def failed(self, job: Job, error: Exception) -> None:
        raise error


def _leave(reason: str, runs: list[Run]) -> NoReturn:
    """Print why the runs were stopped and what is kept, and leave with the exit code."""
    kept = f"progress is kept in {runs[-1].path}" if runs else "no run had started"
    if failure := unwritable():
        raise EngineError(f"Standard output cannot be written ({failure.strerror}); {kept}.")
    complain(f"stopped by {reason}; {kept}")
    raise typer.Exit(exit_code(reason))


def check_names(configs: Iterable[list[RunConfig]], resumed: Run | None) -> None:
    """Raise EngineError if a folder's path is not UTF-8: run.json could not hold it."""
    folders = {os.path.abspath(config.artifacts) for each in configs for config in each}
    folders |= {str(resumed.path.parent.resolve())} if resumed is not None else set()
    for folder in sorted(folders):
        try:
            folder.encode()
        except UnicodeEncodeError:
            raise EngineError(
                f"{folder!r} has a name that is not UTF-8; choose another folder with --artifacts."
            ) from None
