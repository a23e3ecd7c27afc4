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
    table = ResultTable(
        f"Test accuracy on {tested_on(info)}, recipe {info['config']['recipe']}, "
        f"seed {info['config']['seed']}",
        ("model", ">test", ">95 %", ">report", ">points", ">samples", ">img/s", ">time"),
    )
    for row, run in enumerate(runs):
        result = run.read_result()
        test = result["test"]
        low, high = rate_interval(test["accuracy"], test["n"])
        reported = reported_accuracy(result["model"], info["dataset"]["name"])
        right = sum(sample["label"] == sample["prediction"] for sample in result["samples"])
        cells = (
            result["model"],
            f"{test['accuracy']:.2%}",
            f"{low * 100:.1f}–{high * 100:.1f}",
            "–" if reported is None else f"{reported:.2%}",
            "–" if reported is None else f"{(test['accuracy'] - reported) * 100:+.2f}",
            f"{right} of {len(result['samples'])}",
            f"{result['images_per_second']:,.0f}",
            f"{result['seconds']:.1f} s",
        )
        table.rows.append(cells)
        if chance_words(result):
            table.worthless.add(row)
    table.caption = (
        "95 %: confidence interval of the test accuracy; points: percentage points above the "
        "course report; samples: how many of 16 test images are classified correctly"
    )
    return table
