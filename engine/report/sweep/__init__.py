"""The report of a sweep: one self-contained HTML file, from its plan and its runs alone."""

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import EngineError
from engine.files.writer import write_atomically, write_where_chosen
from engine.report.referee import Finding
from engine.report.sweep.document import render
from engine.report.sweep.referee import Survey, findings_about
from engine.sweeps.states import states_of
from engine.sweeps.sweep import Sweep

REPORT_FILE = "report.html"


def write_sweep_report(
    sweep: Sweep,
    survey: Survey,
    command: str,
    path: Path | None = None,
    *,
    again: bool = False,
    heard: Callable[[Finding], None] = lambda finding: None,
) -> tuple[Path, Sequence[Finding]]:
    """Write a sweep's report; return where it is and the referee's findings.

    It goes into the sweep's directory, through no link, or to ``path``, a place of the user's own
    choice. ``survey`` opens the dataset and the device of a run; ``command`` is the command line
    that makes the report again; with ``again`` every run is run again. ``heard`` is given each
    finding when it is made: dozens of runs take minutes. Raises EngineError where the sweep cannot
    be read or the file cannot be written.
    """
    states = states_of(sweep)
    findings = []
    for finding in findings_about(sweep, states, survey, again=again):
        findings.append(finding)
        heard(finding)
    page = render(sweep, states, findings, command).encode()
    target = sweep.path / REPORT_FILE if path is None else path
    try:
        if path is None:
            write_atomically(target, page, sweep.path)
        else:
            target = path.resolve()
            write_where_chosen(path, page)
    except OSError as error:
        raise EngineError(
            f"The report cannot be written to {target} ({error.strerror}); choose --output."
        ) from None
    return target, findings
