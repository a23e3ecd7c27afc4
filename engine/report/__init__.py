"""The report: one self-contained HTML file, from run directories alone."""

from collections.abc import Sequence
from pathlib import Path

from engine.data import Dataset
from engine.device import Device
from engine.report.choose import Chosen
from engine.report.document import render
from engine.report.referee import Finding, referee
from engine.store import write_atomically

REPORT_FILE = "report.html"


def write_report(
    chosen: Chosen, data: Dataset, device: Device, path: Path, command: str
) -> Sequence[Finding]:
    """Write the report of the chosen runs to ``path``; return the referee's findings.

    ``command`` is the command line that makes it again. Raises EngineError where a run cannot be
    read, OSError where the file cannot be written.
    """
    findings = list(referee(chosen, data, device))
    write_atomically(path, render(chosen, findings, command).encode())
    return findings
