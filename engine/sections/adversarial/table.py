"""What each target label's noise achieves: success, size, random noise and transfer."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.data.classes import class_names, numbered
from engine.files.numbers import real
from engine.sections.table import ResultTable, tested_on

if TYPE_CHECKING:
    from engine.runs.run import Run


def table(run: "Run") -> ResultTable:
    """Return a row per target label: success with its interval, size, random noise, transfer."""
    info, result = run.read_info(), run.read_result()
    epsilon = info["config"]["epsilon"]
    budget = "no budget" if epsilon is None else f"ε {epsilon:g}"
    others = list(result["transfer_runs"])
    compared = info["dataset"]["name"] == "mnist"  # which the course report attacked
    beside = (">report",) if compared else ()
    table = ResultTable(
        f"Universal noise against {result['model']} on {tested_on(info)}, "
        f"recipe {info['config']['recipe']}, {budget}",
        ("target", ">success", ">95 %", *beside, ">L2", ">L∞", ">random",
         *(f">{other}" for other in others)),
    )  # fmt: skip
    targets, names = result["targets"], class_names(info["dataset"])
    for target in targets:
        success, moved = target["success"], target["distortion"]
        cells = (
            numbered(names, target["label"]),
            f"{success['rate']:.2%}",
            f"{success['low'] * 100:.2f}–{success['high'] * 100:.2f}",
            *(("≈ 100%",) if compared else ()),
            f"{moved['effective_l2']:.2f}",
            f"{moved['effective_linf']:.2f}",
            f"{target['random_noise_success']:.1%}",
            *(f"{target['transfer'][other]:.1%}" for other in others),
        )
        table.rows.append(cells)

    def mean(value: Callable[[dict[str, Any]], float]) -> float:
        return sum(value(target) for target in targets) / len(targets)

    table.means = (
        "mean",
        f"{mean(lambda t: t['success']['rate']):.2%}",
        "",
        *(("",) if compared else ()),
        f"{mean(lambda t: t['distortion']['effective_l2']):.2f}",
        f"{mean(lambda t: t['distortion']['effective_linf']):.2f}",
        f"{mean(lambda t: t['random_noise_success']):.1%}",
        *(f"{mean(partial(_transfer, other)):.1%}" for other in others),
    )
    return table


def _transfer(other: str, target: dict[str, Any]) -> float:
    """Return how often a target's noise fools another network."""
    return real(target["transfer"][other])
