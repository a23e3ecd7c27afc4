"""Runs and their results as tables, the course report's results beside ours."""

import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from engine.networks.architectures import ARCHITECTURES
from engine.numerics.intervals import rate_interval
from engine.runs.events import real
from engine.runs.run import Run
from engine.sections import warning_of
from engine.sections.train.chance import chance_words
from tui.summary import keep_whole, remark_of, run_cells

BAD = "bold red"


def print_results(runs: Iterable[Run], console: Console) -> None:
    """Print one table per section of the finished runs, then each run's status and directory."""
    runs = list(runs)
    tables: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        if run.info["status"] == "finished":
            tables.setdefault(_table_of(run), []).append(run)
    for (section, *_), finished in tables.items():
        _print(_TABLES[section](finished), console)
        _print_warnings(finished, console)
    for run in runs:
        console.print(f"{run.info['status']:>9}  {run.path}", soft_wrap=True)


def _table_of(run: Run) -> tuple[Any, ...]:
    """Return what runs in one table share: trainings a recipe and seed; others have their own."""
    info = run.info
    if info["section"] != "train":
        return info["section"], run.id
    config = info["config"]
    return "train", info["dataset"]["sha256"], config["recipe"], config["seed"]


def train_table(runs: list[Run]) -> Table:
    """Return test accuracies with intervals and the course report's beside them, and speed."""
    info = runs[0].info
    table = _table(
        f"Test accuracy on {_dataset_name(info)}, recipe {info['config']['recipe']}, "
        f"seed {info['config']['seed']}",
        "model", ">test", ">95 %", ">report", ">points", ">samples", ">img/s", ">time",
    )  # fmt: skip
    comparable = info["dataset"]["name"] == "mnist"
    for run in runs:
        result = run.result
        test = result["test"]
        low, high = rate_interval(test["accuracy"], test["n"])
        reported = ARCHITECTURES[result["model"]].reported_accuracy
        right = sum(sample["label"] == sample["prediction"] for sample in result["samples"])
        table.add_row(
            result["model"],
            f"{test['accuracy']:.2%}",
            f"{low * 100:.1f}–{high * 100:.1f}",
            f"{reported:.2%}" if comparable else "–",
            f"{(test['accuracy'] - reported) * 100:+.2f}" if comparable else "–",
            f"{right} of {len(result['samples'])}",
            f"{result['images_per_second']:,.0f}",
            f"{result['seconds']:.1f} s",
            style=BAD if chance_words(result) else "",
        )
    table.caption = (
        "95 %: confidence interval of the test accuracy; points: percentage points above the "
        "course report; samples: how many of 16 test images are classified correctly"
    )
    return table


def adversarial_table(runs: list[Run]) -> Table:
    """Return a row per target label: success with its interval, size, random noise, transfer."""
    [run] = runs
    info, result = run.info, run.result
    epsilon = info["config"]["epsilon"]
    budget = "no budget" if epsilon is None else f"ε {epsilon:g}"
    others = list(result["transfer_runs"])
    table = _table(
        f"Universal noise against {result['model']} on {_dataset_name(info)}, "
        f"recipe {info['config']['recipe']}, {budget}",
        "target", ">success", ">95 %", ">report", ">L2", ">L∞", ">random",
        *(f">{other}" for other in others),
    )  # fmt: skip
    targets = result["targets"]
    for target in targets:
        success, moved = target["success"], target["distortion"]
        table.add_row(
            str(target["label"]),
            f"{success['rate']:.2%}",
            f"{success['low'] * 100:.2f}–{success['high'] * 100:.2f}",
            "≈ 100%" if info["dataset"]["name"] == "mnist" else "–",
            f"{moved['effective_l2']:.2f}",
            f"{moved['effective_linf']:.2f}",
            f"{target['random_noise_success']:.1%}",
            *(f"{target['transfer'][other]:.1%}" for other in others),
        )

    def mean(value: Callable[[dict[str, Any]], float]) -> float:
        return sum(value(target) for target in targets) / len(targets)

    table.add_section()
    table.add_row(
        "mean",
        f"{mean(lambda t: t['success']['rate']):.2%}",
        "",
        "",
        f"{mean(lambda t: t['distortion']['effective_l2']):.2f}",
        f"{mean(lambda t: t['distortion']['effective_linf']):.2f}",
        f"{mean(lambda t: t['random_noise_success']):.1%}",
        *(f"{mean(partial(_transfer, other)):.1%}" for other in others),
    )
    return table


def _transfer(other: str, target: dict[str, Any]) -> float:
    """Return how often a target's noise fools another network."""
    return real(target["transfer"][other])


def visualize_table(runs: list[Run]) -> Table:
    """Return a row per layer: dead and restarted neurons, activations, percentiles, readings."""
    [run] = runs
    info, neurons = run.info, run.result["neurons"]
    table = _table(
        f"Neurons of {run.result['model']} on {_dataset_name(info)}, "
        f"recipe {info['config']['recipe']}",
        "layer", ">neurons", ">dead", ">restarted", ">start", ">end", ">percentile", "others read",
    )  # fmt: skip
    for layer in dict.fromkeys(neuron["layer"] for neuron in neurons):
        of_layer = [neuron for neuron in neurons if neuron["layer"] == layer]
        alive = [neuron for neuron in of_layer if not neuron["dead"]] or of_layer
        table.add_row(
            layer,
            str(len(of_layer)),
            str(sum(neuron["dead"] for neuron in of_layer)),
            str(sum(neuron["restarts"] > 0 for neuron in of_layer)),
            f"{median(real(neuron['activation_start']) for neuron in alive):.3g}",
            f"{median(real(neuron['activation_end']) for neuron in alive):.4g}",
            f"{median(neuron['percentile'] for neuron in alive):.1%}",
            _readings(of_layer, info["config"]["other_runs"] or {}),
        )
    table.caption = "start, end and percentile: medians of the neurons that are not dead"
    table.caption_justify = "left"
    return table


def _readings(neurons: list[dict[str, Any]], other_runs: dict[str, str]) -> str:
    """Return how many logit images each other network reads as their digit."""
    if "read_as" not in neurons[0]:
        return ""
    words = []
    for model, run in other_runs.items():
        right = sum(neuron["read_as"][run] == neuron["index"] for neuron in neurons)
        words.append(f"{model} {right} of {len(neurons)}")
    return ", ".join(words)


_TABLES: dict[str, Callable[[list[Run]], Table]] = {
    "train": train_table,
    "adversarial": adversarial_table,
    "visualize": visualize_table,
}


def runs_table(runs: Iterable[Run]) -> Table:
    """Return a row per run, newest first."""
    table = _table("", "run", "status", "dataset", ">seed", ">result", "recipe")
    for run in runs:
        name, _, status, dataset, recipe, seed, result = run_cells(run)
        table.add_row(name, status, dataset, seed, with_remark(run, result), recipe)
    keep_whole(table.columns[0])
    return table


def with_remark(run: Run, result: str) -> Text:
    """Return a run's result, in red and with a remark if it is worthless."""
    remark = remark_of(run)
    return Text(f"{result}, {remark}", BAD) if remark else Text(result)


def print_run(run: Run, console: Console) -> None:
    """Print a run's settings, environment, result and files."""
    info = run.info
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    head = info | {"status": run.status}
    for name in ("section", "status", "message", "command", "started_at", "finished_at"):
        if head.get(name):
            table.add_row(name.replace("_", " "), str(head[name]))
    dataset = info["dataset"]
    counts = ", ".join(f"{dataset[part]:,} {part}" for part in ("train", "validation", "test"))
    table.add_row("dataset", f"{dataset['name']} ({counts})")
    table.add_row("dataset sha256", dataset["sha256"])
    environment = info["environment"]
    table.add_row("device", f"{environment['device']} ({environment['device_name']})")
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    table.add_row("versions", versions)
    for name, value in info["config"].items():
        if value is not None and name not in ("dataset", "device"):
            table.add_row(name.replace("_", " "), _words(value))
    console.print(run.id, style="bold")
    console.print(table)
    if info["status"] == "finished":
        _print(_TABLES[info["section"]]([run]), console)
        _print_warnings([run], console)
    console.print(f"files in {run.path}:", soft_wrap=True)
    for name, size in run_files(run).items():
        console.print(f"{size:>12,}  {name}", soft_wrap=True)


def run_files(run: Run) -> dict[str, int]:
    """Return the sizes of a run's files in bytes, by their names from its directory.

    Links and hidden files (locks, files being written) are left out.
    """
    found = {}
    for folder, folders, names in os.walk(run.path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            with suppress(FileNotFoundError):  # an active run renames what it writes
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and not name.startswith("."):
                    found[str(path.relative_to(run.path))] = status.st_size
    return dict(sorted(found.items()))


def run_json(run: Run) -> dict[str, Any]:
    """Return ``run.json`` with the run's current status, its result (or null) and its files.

    ``warning`` says why the result is worthless, "" if it is not.
    """
    result = run.result if run.info["status"] == "finished" else None
    present = {"status": run.status, "result": result, "warning": warning_of(run)}
    return run.info | present | {"files": run_files(run)}


def _print(table: Table, console: Console) -> None:
    """Print a table with its title on a line of its own, not wrapped to the table's width."""
    title, table.title = table.title, None
    caption, table.caption = table.caption, None
    console.print(title, style="bold")
    console.print(table)
    if caption:
        console.print(caption, style="dim")


def _print_warnings(runs: list[Run], console: Console) -> None:
    """Print a red line for each run whose results are worthless."""
    for run in runs:
        if warning := warning_of(run):
            console.print(f"{run.config.title}: {warning}", style=BAD, soft_wrap=True)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        value = [f"{name}: {item}" for name, item in value.items()]
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _dataset_name(info: dict[str, Any]) -> str:
    name, n = info["dataset"]["name"], info["dataset"]["test"]
    return f"{'MNIST' if name == 'mnist' else name} ({n:,} test images)"


def _table(title: str, *columns: str) -> Table:
    """Return an empty table; ``>`` before a column's name aligns it right."""
    table = Table(
        title=title or None,
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for column in columns:
        justify: JustifyMethod = "right" if column.startswith(">") else "left"
        table.add_column(column.lstrip(">"), justify=justify, no_wrap=True)
    return table
