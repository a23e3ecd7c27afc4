"""What an exported file says of the run that it came from, as text by name."""

import json
from typing import Any

from engine import sections
from engine.analysis.differences import MEASURED
from engine.data.classes import class_names
from engine.files.text import visible
from engine.runs.run import Run
from engine.runs.schema import side_of

PLACES = ("artifacts", "data_root", "data_found")  # settings that are folders of this machine


def describe(run: Run) -> dict[str, str]:
    """Return what is known of a finished run, with no path of this machine and no times.

    ``settings``, ``results``, ``classes`` and ``rows`` are JSON: every option, the content of
    result.json, the names of the classes, and what each noise or image is for. Raises EngineError
    where the run's files are missing or damaged.
    """
    config, dataset = run.read_config(), run.read_info()["dataset"]
    section, side, classes = sections.find(config.section), side_of(config), config.classes or 0
    settings = {name: value for name, value in config.to_json().items() if name not in PLACES}
    settings["dataset"] = dataset["name"]  # which may be a path there
    results = {name: v for name, v in run.read_result().items() if name not in MEASURED}
    described = {
        "run": run.id,
        "section": config.section,
        "dataset": dataset["name"],
        "dataset_sha256": dataset["sha256"],
        "settings": _json(settings),
        "results": _json(results),
        "classes": _json(class_names(dataset)),
        "input": f"images [N, 1, {side}, {side}] in [0, 1]",
    }
    if "model" in settings:
        described["model"] = settings["model"]
    if section.trains:
        described["output"] = f"logits [N, {classes}]"
    if section.rows(config):
        described["rows"] = _json(list(section.row_names(config)))
    return {name: visible(text) for name, text in described.items()}


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
