"""The robustness atlas as tables: success by budget, transfer, and what twice the steps changed."""

from collections.abc import Callable

from rich.console import Console

from engine.analysis.statistics import Spread
from engine.sweeps.atlas.atlas import (
    Atlas,
    atlas_of,
    budget_in_words,
    doubling_in_words,
    shown_budget,
)
from engine.sweeps.states import RunState
from engine.sweeps.sweep import Sweep
from tui.cli.tables import empty_table


def print_atlas(atlas: Atlas, console: Console) -> None:
    """Print what a sweep of noises with several budgets says."""
    console.print(f"Success by budget, {atlas.steps} steps, mean over targets", style="bold")
    console.print("± is half the width of the 95 % interval over the seeds", style="dim")
    table = empty_table("network", *(f">ε {budget_in_words(one)}" for one in atlas.budgets))
    for network in atlas.networks:
        points = {point.epsilon: point.success for point in atlas.curve(network)}
        table.add_row(network, *(_cell(points.get(budget)) for budget in atlas.budgets))
    console.print(table)
    if any(one.transfer for one in atlas.noises):
        _print_transfer(atlas, console)
    console.print(doubling_in_words(atlas.doubled()), soft_wrap=True)


def _print_transfer(atlas: Atlas, console: Console) -> None:
    epsilon = shown_budget(atlas.budgets)
    found = atlas.transfer(epsilon)
    onto = list(dict.fromkeys([*atlas.networks, *(other for _, other in found)]))
    console.print(f"Transfer at ε {budget_in_words(epsilon)}: made for, tested on", style="bold")
    table = empty_table("made for", *(f">{name}" for name in onto))
    for source in atlas.networks:
        table.add_row(source, *(_cell(found.get((source, other))) for other in onto))
    console.print(table)


def _cell(success: Spread | None) -> str:
    if success is None or not success.n:
        return "–"
    mean = f"{success.mean:.1%}"
    if success.high != success.high:  # one seed has no interval
        return mean
    return f"{mean} ± {(success.high - success.low) / 2 * 100:.1f}"


def draw_figures_of(sweep: Sweep, states: list[RunState], *, tell: Callable[[str], None]) -> None:
    """Draw the atlas' figures into the sweep's directory, if it is one, and say where."""
    atlas = atlas_of(states)
    if atlas is None:
        return
    from engine.sweeps.atlas.figures import draw_atlas  # matplotlib

    planned = sweep.plan.runs[-1]
    words = f"{planned.config['dataset']}  ·  recipe {planned.config['recipe']}"
    for path in draw_atlas(atlas, sweep.path / "figures", words):
        tell(f"drew {path}")
