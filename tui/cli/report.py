"""``mnist-tui report`` and ``compare``: several runs taken together."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.data.known import ROOT
from engine.errors import EngineError, UsageError
from engine.runs.run import Run
from engine.runs.store import find_run
from tui.cli.completion import run_and_sweep_ids, run_ids
from tui.cli.options import Trust, Where, expand
from tui.console import complain, console_for, say, say_json, say_text

if TYPE_CHECKING:
    from engine.report.referee import Finding
    from engine.sweeps.sweep import Sweep

TELL_INTERVAL = 10.0  # seconds between two lines about how far a long check is

RunNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN...]",
        help="Runs, or a sweep; the newest finished run of each kind by default.",
        autocompletion=run_and_sweep_ids,
    ),
]


@expand
def report(
    where: Where,
    runs: RunNames = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            help="File to write; by default in the newest run's directory, or the sweep's.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a claim does not hold.")
    ] = False,
    data_root: Annotated[
        str | None,
        typer.Option("--data-root", help=f"{ROOT}, if it has moved."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also run every run again and compare every bit.")
    ] = False,
    trust: Trust = False,
) -> None:
    """Write the report as one HTML file. Its last part checks the claims against the files."""
    artifacts, names = Path(where.artifacts), runs or []
    if (sweep := sweep_named(artifacts, names)) is not None:
        make: Callable[..., Any] = partial(make_sweep_report, sweep, tell=complain)
    else:
        make = partial(make_report, artifacts, names)
    path, findings = make(output, data_root, again=again, trust=trust)
    say(str(path))
    tell_findings(findings)
    if strict and broken(findings):
        raise typer.Exit(1)


def make_report(
    artifacts: Path,
    names: Sequence[str],
    output: str | None = None,
    data_root: str | None = None,
    *,
    again: bool = False,
    trust: bool = False,
) -> "tuple[Path, Sequence[Finding]]":
    """Write the report of runs, or of the newest; return its path and the referee's findings.

    ``again`` has each of them run again; ``trust`` lets the code that they hold be run.

    Raises MnistTuiError.
    """
    from engine.laboratory import Laboratory
    from engine.report import REPORT_FILE, write_report
    from engine.report.choose import choose
    from engine.report.document import command_of
    from engine.trust import trust_code

    chosen = choose(artifacts, names)
    if trust:
        trust_code(artifacts, [run.id for run in chosen.all])
    newest = max(chosen.all, key=lambda run: run.id)
    path = Path(output) if output else newest.path / REPORT_FILE
    data, device = Laboratory(warn=complain).survey_of(newest, data_root)
    findings = write_report(
        chosen, data, device, path, command_of(chosen.all, str(artifacts)), again=again
    )
    return path.resolve(), findings


def sweep_named(artifacts: Path, names: Sequence[str]) -> "Sweep | None":
    """Return the sweep that a single name stands for, None where it is that of a run, or none."""
    from engine.sweeps.sweep import find_sweep

    if len(names) != 1:
        return None
    try:
        find_run(artifacts, names[0])
    except EngineError:
        with suppress(EngineError):
            return find_sweep(artifacts, names[0])
    return None


def make_sweep_report(
    sweep: "Sweep",
    output: str | None = None,
    data_root: str | None = None,
    *,
    again: bool = False,
    trust: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> "tuple[Path, Sequence[Finding]]":
    """Write the report of a sweep; return its path and the referee's findings.

    ``again`` has each of its runs run again; ``trust`` lets the code that it holds be run; ``tell``
    hears how far it is. Raises MnistTuiError.
    """
    from engine.laboratory import Laboratory
    from engine.report.sweep import write_sweep_report
    from engine.report.sweep.document import command_of

    if trust:
        sweep.trust()
    laboratory = Laboratory(warn=complain)
    return write_sweep_report(
        sweep,
        lambda run: laboratory.survey_of(run, data_root),
        command_of(sweep, str(sweep.artifacts)),
        Path(output) if output else None,
        again=again,
        heard=_counting(tell),
    )


def _counting(tell: Callable[[str], None]) -> "Callable[[Finding], None]":
    """Return what tells now and then how many claims have been checked."""
    count, told = 0, time.monotonic()

    def heard(_: "Finding") -> None:
        nonlocal count, told
        count += 1
        if time.monotonic() - told > TELL_INTERVAL:
            told = time.monotonic()
            tell(f"{count:,} claims checked so far")

    return heard


def broken(findings: "Sequence[Finding]") -> "list[Finding]":
    """Return the claims that do not hold."""
    return [finding for finding in findings if finding.holds is False]


def tell_findings(findings: "Sequence[Finding]", remark: Callable[[str], None] = complain) -> None:
    """Print each claim that does not hold on standard error; pass the totals to ``remark``."""
    wrong = broken(findings)
    for finding in wrong:
        complain(f"does not hold: {finding.claim}: {finding.words}")
    held = sum(finding.holds is True for finding in findings)
    words = f"referee: {held} claim{'' if held == 1 else 's'} hold{'s' if held == 1 else ''}"
    words += f", {len(wrong)} do{'es' if len(wrong) == 1 else ''} not"
    unknown = len(findings) - held - len(wrong)
    remark(words + (f", {unknown} could not be checked" if unknown else ""))


@expand
def compare(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN RUN...", help="Runs of one section.", autocompletion=run_ids),
    ],
    where: Where,
    csv_: Annotated[bool, typer.Option("--csv", help="Print CSV, one row per run.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare runs of one section.

    Print the settings that differ, means over seeds, and which differences are statistically
    significant.
    """
    from engine.analysis.compare import compare as compared
    from engine.analysis.judgement import judged_json
    from engine.files.spreadsheet import csv_text

    if csv_ and json_:
        raise UsageError("Choose --csv or --json, not both.")
    found: list[Run] = [find_run(Path(where.artifacts), name) for name in runs]
    comparison = compared(found)
    rows = list(comparison.rows())
    if csv_:
        say_text(csv_text([rows[0].keys(), *(row.values() for row in rows)]))
    elif json_:
        say_json(judged_json(comparison))
    else:
        from tui.comparison import print_comparison

        print_comparison(comparison, console_for("stdout"))
