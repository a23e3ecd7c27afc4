"""Test accuracies of trainings, the course report's beside ours."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.networks.architectures import reported_accuracy
from engine.numerics.intervals import rate_interval
from engine.sections.table import ResultTable, tested_on
from engine.sections.train.chance import chance_words

if TYPE_CHECKING:
    from engine.runs.run import Run


def table(runs: "Sequence[Run]") -> ResultTable:
    """Return test accuracies with intervals and the course report's beside them, and speed."""
    info = runs[0].read_info()
    results = [run.read_result() for run in runs]
    reported = [reported_accuracy(result["model"], info["dataset"]["name"]) for result in results]
    compared = any(accuracy is not None for accuracy in reported)
    beside = (">report", ">points") if compared else ()
    table = ResultTable(
        f"Test accuracy on {tested_on(info)}, recipe {info['config']['recipe']}, "
        f"seed {info['config']['seed']}",
        ("model", ">test", ">95 %", *beside, ">samples", ">img/s", ">time"),
    )
    for row, (result, known) in enumerate(zip(results, reported, strict=True)):
        test = result["test"]
        low, high = rate_interval(test["accuracy"], test["n"])
        right = sum(sample["label"] == sample["prediction"] for sample in result["samples"])
        cells = [
            result["model"],
            f"{test['accuracy']:.2%}",
            f"{low * 100:.1f}–{high * 100:.1f}",
            f"{right}/{len(result['samples'])}",
            f"{result['images_per_second']:,.0f}",
            f"{result['seconds']:.1f} s",
        ]
        if compared:
            above = "–" if known is None else f"{(test['accuracy'] - known) * 100:+.2f}"
            cells[3:3] = ["–" if known is None else f"{known:.2%}", above]
        table.rows.append(tuple(cells))
        if chance_words(result):
            table.worthless.add(row)
    points = "; points: percentage points above the course report" if compared else ""
    table.caption = (
        f"95 %: confidence interval of the test accuracy{points}; "
        "samples: how many of 16 test images are classified correctly"
    )
    return table
