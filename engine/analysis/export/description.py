"""What an exported file says of the run that it came from, as text by name."""

import json
from typing import Any

from engine import sections
from engine.analysis.differences import MEASURED
from engine.files.text import visible
from engine.runs.run import Run

PLACES = ("artifacts", "data_root", "data_found")  # settings that are folders of this machine
# What runs of version 0.1 do not say of their dataset.
DIGITS: dict[str, Any] = {"image": [28, 28], "classes": [str(digit) for digit in range(10)]}


def describe(run: Run) -> dict[str, str]:
    """Return what is known of a finished run, with no path of this machine and no times.

    ``settings``, ``results``, ``classes`` and ``rows`` are JSON: every option, the content of
    result.json, the names of the classes, and what each noise or image is for. Raises EngineError
    where the run's files are missing or damaged.
    """
    config, dataset = run.read_config(), dataset_of(run)
    section = sections.find(config.section)
    settings = {name: value for name, value in config.to_json().items() if name not in PLACES}
    settings["dataset"] = dataset["name"]  # which may be a path there
    results = {name: v for name, v in run.read_result().items() if name not in MEASURED}
    height, width = dataset["image"]
    described = {
        "run": run.id,
        "section": config.section,
        "dataset": dataset["name"],
        "dataset_sha256": dataset["sha256"],
        "settings": _json(settings),
        "results": _json(results),
        "classes": _json(dataset["classes"]),
        "input": f"images [N, 1, {height}, {width}] in [0, 1]",
    }
    if "model" in settings:
        described["model"] = settings["model"]
    if section.trains:
        described["output"] = f"logits [N, {len(dataset['classes'])}]"
    if section.rows(config):
        described["rows"] = _json(list(section.row_names(config)))
    return {name: visible(text) for name, text in described.items()}


def dataset_of(run: Run) -> dict[str, Any]:
    """Return what run.json says of the dataset; where it is older, its classes and image too."""
    recorded: dict[str, Any] = run.read_info()["dataset"]
    return DIGITS | recorded


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
