"""What is written at a sweep's end, whoever drove it: an atlas' figures, and the report."""

from engine.sweeps.spec import ALL
from engine.sweeps.states import states_of
from engine.sweeps.sweep import Sweep
from tui.cli.report import make_sweep_report, tell_findings
from tui.cli.sweep.atlas import draw_figures_of
from tui.console import complain


def write_at_end(sweep: Sweep, *, report: bool, quiet: bool) -> None:
    """Draw an atlas' figures, and write the report that a whole report's sweep gets anyway.

    Some run has finished. Raises EngineError.
    """
    tell = _nobody if quiet else complain
    draw_figures_of(sweep, states_of(sweep), tell=tell)
    if report or sweep.plan.section == ALL:
        tell("writing the report and checking its claims")
        path, findings = make_sweep_report(sweep, tell=tell)
        tell_findings(findings, tell)
        tell(f"report: {path}")


def _nobody(line: str) -> None:
    """Hear nothing."""
