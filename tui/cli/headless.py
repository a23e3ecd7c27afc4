"""Drives runs one after another without the app, and shows how they go and what came of them."""

import os
from collections.abc import Iterable

import typer

from engine.config import NetworkConfig, RunConfig
from engine.errors import EngineError
from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.events import Event
from engine.runs.queue import Batch, QueueKeeper
from engine.runs.store import Run
from engine.sections.train.chance import warning_of
from tui.cli.options import Output
from tui.cli.progress import Listener, listener
from tui.cli.report import make_report, tell_findings
from tui.cli.tables import print_results
from tui.console import complain, console_for
from tui.live.signals import exit_code, stopping_on_signals
from tui.streams import forgive_reader, lost, unwritable


def conduct(
    batches: list[Batch],
    output: Output,
    *,
    resumed: Run | None = None,
    listen: Listener | None = None,
    keeps_queue: bool = True,
) -> None:
    """Go on with ``resumed``, then do what is in ``batches``, which are used up by it.

    ``keeps_queue`` keeps what waits beside the run that goes on; without it, what is kept beside
    ``resumed`` is left alone. ``listen`` hears the events, by default as ``output`` asks. Leaves by
    typer.Exit with the signal's code where one stopped it, and raises MnistTuiError where a run
    cannot go on; what waits then stays kept beside the last run.
    """
    _check_names([batch.configs for batch in batches], resumed)
    laboratory, control, keeper = Laboratory(warn=complain), Control(), QueueKeeper(resumed)
    remark = complain if not (output.quiet or output.json) else lambda line: None
    runs: list[Run] = []
    count = sum(len(batch.configs) for batch in batches) + bool(resumed)
    shows = listen or listener(output, console_for("stderr"), count)

    with stopping_on_signals(control), shows as hear:

        def show(event: Event) -> None:
            hear(event)
            if reason := lost():
                control.stop(reason)

        if resumed is not None and resumed.info["status"] != "finished":
            session = laboratory.resume(
                resumed,
                listen=show,
                control=control,
                begun=lambda run: keeper.keep(run, batches) if keeps_queue else None,
            )
            runs.append(session.run())
        while control.stop_reason is None and (batch := _next(batches)):
            training = laboratory.missing_training(batch.configs[0])
            if training:
                remark(f"no trained {training.model} on these images yet; training one first")
                batch.configs.insert(0, training)

            def begun(run: Run, batch: Batch = batch) -> None:
                batch.runs.append(run.id)
                keeper.keep(run, batches)

            session = laboratory.session(
                batch.configs.pop(0),
                listen=show,
                control=control,
                command=batch.command,
                companions=tuple(batch.runs),
                begun=begun,
            )
            if isinstance(session.config, NetworkConfig):
                remark(f"looking at the network of {session.config.run}")
            if control.stop_reason is None:
                runs.append(session.run())
                if output.json and (warning := warning_of(runs[-1])):
                    complain(f"{runs[-1].id} {warning}")
    if not output.json:
        print_results(runs, console_for("stdout"))
        forgive_reader()  # the runs are there all the same
    for batch in batches:
        if batch.report and control.stop_reason is None:
            remark("writing the report, and checking what it claims")
            last = runs[-1] if runs else resumed
            path, findings = make_report(last.path.parent, batch.runs)
            batch.report = False
            tell_findings(findings, remark)
            remark(f"report: {path}")
    if keeps_queue and control.stop_reason is None:
        keeper.done()
    if control.stop_reason:
        kept = f"what was done is kept in {runs[-1].path}" if runs else "nothing had begun"
        if failure := unwritable():
            raise EngineError(f"Standard output cannot be written ({failure.strerror}); {kept}.")
        complain(f"stopped by {control.stop_reason}; {kept}")
        raise typer.Exit(exit_code(control.stop_reason))


def _check_names(configs: Iterable[list[RunConfig]], resumed: Run | None) -> None:
    """Raise EngineError where a folder's whole path is no text: run.json could not name it."""
    folders = {os.path.abspath(config.artifacts) for batch in configs for config in batch}
    folders |= {str(resumed.path.parent.resolve())} if resumed is not None else set()
    for folder in sorted(folders):
        try:
            folder.encode()
        except UnicodeEncodeError:
            raise EngineError(
                f"{folder!r} has a name that is not UTF-8; choose another folder with --artifacts."
            ) from None


def _next(batches: list[Batch]) -> Batch | None:
    return next((batch for batch in batches if batch.configs), None)
