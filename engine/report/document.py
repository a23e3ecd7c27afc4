"""The content of the report: run directories turned into words, tables and pictures.

The page itself, its order and its looks, is ``report.html.j2``.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engine.data.classes import class_names, numbered
from engine.data.known import title_of
from engine.errors import EngineError
from engine.figures import draw_figures, whole_history
from engine.files.reader import DamagedFile
from engine.files.text import visible
from engine.networks.architectures import chain_of, reported_accuracy
from engine.numerics.intervals import rate_interval
from engine.report import alternatives
from engine.report.choose import Chosen, lead_of
from engine.report.page import Picture, embedded, page, whole_png
from engine.report.referee import Finding
from engine.runs.run import Run
from engine.sections import warning_of
from engine.sections.train.chance import chance_words
from engine.sections.train.config import ResolvedTrainConfig
from engine.sections.visualize.figures import file_name, layer_words

SETTINGS = {  # of the config, those that a reader of the report wants, and what they are called
    "recipe": "recipe",
    "epochs": "epochs",
    "steps": "steps",
    "batch_size": "batch",
    "learning_rate": "learning rate",
    "momentum": "momentum",
    "l2": "λ of the penalty λ·Σw²",
    "schedule": "schedule",
    "nesterov": "Nesterov",
    "augmentation": "augmentation",
    "validation_interval": "steps between validations",
    "epsilon": "L∞ budget ε",
    "seed": "seed",
}
REPORT_SAMPLES = {"baseline": "14 of 16", "two-conv": "16 of 16", "two-conv-fc": "16 of 16"}


@dataclass(frozen=True, slots=True)
class Subsection:
    """A subsection of the report: a heading, facts and pictures."""

    heading: str
    anchor: str
    facts: list[tuple[str, str]]
    pictures: list[Picture]


def render(chosen: Chosen, findings: Sequence[Finding], command: str) -> str:
    """Return the report as self-contained HTML."""
    dataset = chosen.all[0].read_info()["dataset"]
    return page("report.html.j2").render(
        dataset=dataset,
        title=visible(title_of(dataset["name"])),
        lead=lead_of(chosen),
        made=datetime.now(UTC).date().isoformat(),
        command=command,
        runs=[_about(run) for run in chosen.all],
        accuracies=[_accuracy(run) for run in chosen.trainings],
        compared=list(_compared(chosen)),
        trainings=[_training(run) for run in chosen.trainings],
        noises=[_noises(run) for run in chosen.noises],
        neurons=[_neurons(run) for run in chosen.neurons],
        findings=findings,
        broken=[finding for finding in findings if finding.holds is False],
    )


def _about(run: Run) -> dict[str, Any]:
    info = run.read_info()
    environment = info["environment"]
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    return {
        "id": run.id,
        "section": info["section"],
        "seed": info["config"]["seed"],
        "recipe": info["config"]["recipe"],
        "device": f"{environment['device']} ({environment['device_name']})",
        "precision": environment["precision"],
        "threads": environment["threads"],
        "versions": versions,
        "seconds": run.read_result()["seconds"],
        "command": info["command"],
    }


def _accuracy(run: Run) -> dict[str, Any]:
    """Return a row of the table of test accuracies, the report's beside ours."""
    result, info = run.read_result(), run.read_info()
    test = result["test"]
    low, high = rate_interval(test["accuracy"], test["n"])
    samples = result["samples"]
    right = sum(sample["label"] == sample["prediction"] for sample in samples)
    reported = reported_accuracy(result["model"], info["dataset"]["name"])
    return {
        "model": result["model"],
        "recipe": info["config"]["recipe"],
        "seed": info["config"]["seed"],
        "parameters": result["parameters"],
        "accuracy": test["accuracy"],
        "low": low,
        "high": high,
        "reported": reported,
        "points": None if reported is None else (test["accuracy"] - reported) * 100,
        "samples": f"{right} of {len(samples)}",
        "reported_samples": REPORT_SAMPLES[result["model"]] if reported else None,
        "seconds": result["seconds"],
        "warning": chance_words(result),
    }


def _names(run: Run) -> Sequence[str]:
    return class_names(run.read_info()["dataset"])


def _settings(run: Run) -> list[tuple[str, str]]:
    config = run.read_info()["config"]
    return [
        (words, _value(config[name]))
        for name, words in SETTINGS.items()
        if config.get(name) is not None
    ]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def _picture(run: Run, name: str, alternative: str) -> Picture:
    """Return a figure of a run; missing or truncated figures are drawn first."""
    path = run.path / "figures" / name
    if path.parent.is_symlink():
        raise DamagedFile(path.parent, "it is a link")
    content = whole_png(path)
    if not content:
        list(draw_figures(run))
        content = whole_png(path)
    if not content:
        raise EngineError(f"{path} cannot be drawn from the files of its run.")
    return embedded(content, alternative)


def _compared(chosen: Chosen) -> Iterator[Picture]:
    """Yield the figure that shows all models, where just these were trained together."""
    shown = {run.id for run in chosen.trainings}
    for run in chosen.trainings:
        if len(shown) > 1 and {run.id, *run.read_info().get("companions", ())} == shown:
            yield _picture(run, "models.png", alternatives.models(run))
            return


def _training(run: Run) -> Subsection:
    history, names = whole_history(run), _names(run)
    config = ResolvedTrainConfig.from_json(history.started.config)
    facts = [
        ("layers", " → ".join(chain_of(config.title, config.classes, config.network))),
        *_settings(run),
    ]
    pictures = [
        _picture(run, "loss.png", alternatives.loss(history)),
        _picture(run, "accuracy.png", alternatives.accuracy(history)),
        _picture(run, "samples.png", alternatives.samples(run.read_result(), names)),
        _picture(run, "confusion.png", alternatives.confusion(run.read_result(), names)),
    ]
    return Subsection(config.title, f"train-{run.id}", facts, pictures)


def _noises(run: Run) -> dict[str, Any]:
    history, result = whole_history(run), run.read_result()
    targets, names = result["targets"], _names(run)
    parts = []
    for position, target in enumerate(targets):
        label = target["label"]
        facts = [
            ("success", _rate(target["success"])),
            ("mean effective L2", f"{target['distortion']['effective_l2']:.2f}"),
            ("mean effective L∞", f"{target['distortion']['effective_linf']:.2f}"),
            ("random noise of that size", f"{target['random_noise_success']:.1%}"),
            *((f"on {model}", f"{rate:.1%}") for model, rate in target["transfer"].items()),
        ]
        words = alternatives.noise(history, target, position, names)
        picture = _picture(run, f"label-{label}.png", words)
        parts.append(
            Subsection(
                f"Target {numbered(names, label)}", f"label-{label}-{run.id}", facts, [picture]
            )
        )
    return {
        "id": run.id,
        "model": result["model"],
        "model_run": result["model_run"],
        "warning": warning_of(run),
        "settings": _settings(run),
        "targets": targets,
        "names": [numbered(names, target["label"]) for target in targets],
        "others": list(result["transfer_runs"]),
        "mean": {
            "success": _mean([t["success"]["rate"] for t in targets]),
            "worst": min(t["success"]["rate"] for t in targets),
            "l2": _mean([t["distortion"]["effective_l2"] for t in targets]),
            "random": _mean([t["random_noise_success"] for t in targets]),
        },
        "mnist": run.read_info()["dataset"]["name"] == "mnist",
        "overview": [
            _picture(run, "success.png", alternatives.success(targets)),
            _picture(run, "noises.png", alternatives.noises(targets, names)),
            _picture(run, "by-source.png", alternatives.by_source(targets, names)),
        ],
        "parts": parts,
    }


def _neurons(run: Run) -> dict[str, Any]:
    result = run.read_result()
    history = whole_history(run)
    present = dict.fromkeys(neuron["layer"] for neuron in result["neurons"])
    layers = []
    for layer in present:
        of_layer = [neuron for neuron in result["neurons"] if neuron["layer"] == layer]
        pictures = [
            _picture(run, f"{file_name(layer)}.png", alternatives.neurons(layer, of_layer)),
            _picture(
                run, f"{file_name(layer)}-activation.png", alternatives.activation(history, layer)
            ),
            _picture(
                run, f"{file_name(layer)}-exemplars.png", alternatives.exemplars(layer, of_layer)
            ),
        ]
        layers.append(Subsection(layer_words(layer), f"{layer}-{run.id}", _layer_facts(of_layer,
                      run.read_info()["config"]["other_runs"] or {}), pictures))  # fmt: skip
    return {
        "id": run.id,
        "model": result["model"],
        "model_run": result["model_run"],
        "warning": warning_of(run),
        "settings": _settings(run),
        "count": len(result["neurons"]),
        "layers": layers,
    }


def _layer_facts(neurons: list[dict[str, Any]], others: dict[str, str]) -> list[tuple[str, str]]:
    dead = [str(neuron["index"]) for neuron in neurons if neuron["dead"]]
    alive = [neuron for neuron in neurons if not neuron["dead"]]
    strong = sum(neuron["percentile"] > 0.98 for neuron in alive)
    facts = [
        ("neurons", str(len(neurons))),
        ("dead (zero on every test image)", ", ".join(dead) or "none"),
        ("driven above 98 % of the test images", f"{strong} of {len(alive)}"),
    ]
    if "read_as" in neurons[0]:
        for model, run in others.items():
            right = sum(neuron["read_as"][run] == neuron["index"] for neuron in neurons)
            facts.append((f"read as their class by {model}", f"{right} of {len(neurons)}"))
    return facts


def _rate(success: dict[str, Any]) -> str:
    return (
        f"{success['rate']:.2%} (95 %: {success['low']:.2%} to {success['high']:.2%}, "
        f"n = {success['n']:,})"
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def command_of(runs: Sequence[Run], artifacts: str) -> str:
    """Return the command line that makes this report again."""
    return shlex.join(["mnist-tui", "report", *(run.id for run in runs), "--artifacts", artifacts])
