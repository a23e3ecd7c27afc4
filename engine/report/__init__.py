"""The report: one self-contained HTML file, from run directories alone."""

from collections.abc import Sequence
from pathlib import Path

from engine.data.dataset import Dataset
from engine.errors import EngineError
from engine.files.writer import write_where_chosen
from engine.numerics.device import Device
from engine.report.choose import Chosen
from engine.report.document import render
from engine.report.referee import Finding, referee

REPORT_FILE = "report.html"


def write_report(
    chosen: Chosen, data: Dataset, device: Device, path: Path, command: str, *, again: bool = False
) -> Sequence[Finding]:
    """Write the report of the chosen runs to ``path``; return the referee's findings.

    ``path`` may be a link, which is followed, but not where it lies in one of these runs.
    ``command`` is the command line that makes it again. With ``again`` every run is run again.
    Raises EngineError where a run cannot be read or the file cannot be written.
    """
    findings = list(referee(chosen, data, device, again=again))
    page = render(chosen, findings, command).encode()
    try:
        owner = next((run for run in chosen.all if _same_folder(path.parent, run.path)), None)
        if owner is not None:
            owner.write(path.name, page)
        else:
            write_where_chosen(path, page)
    except OSError as error:
        raise EngineError(
            f"The report cannot be written to {path} ({error.strerror}); choose --output."
        ) from None
    return findings


def _same_folder(a: Path, b: Path) -> bool:
    """Tell whether two paths lead to one folder, however they are spelt."""
    try:
        return a.samefile(b)
    except OSError:  # one is missing: reported when it is written
        return False
