"""Which finished trainings there are: those that a config names, or else the newest."""

import os
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import EngineError
from engine.files.text import visible
from engine.hints import hint
from engine.networks.architectures import ARCHITECTURES, BEST_MODEL
from engine.runs.run import Run
from engine.runs.store import find_run, finished_runs
from engine.sections.trained import NetworkConfig

if TYPE_CHECKING:
    from engine.data.dataset import Dataset


def find_trained(
    artifacts: Path, name: str, dataset: str = "auto", rather: Container[str] = ()
) -> Run:
    """Return the finished training of that id, or the newest of that model: ``Net`` is enough of
    ``Net-1a2b3c4d``.

    Of several trainings of a model, one of the runs ``rather`` is taken, or else one on
    ``dataset``, unless that is "auto". Raises EngineError where there is none.
    """
    run = _newest_named(artifacts, name, "auto", rather) or _newest_named(artifacts, name, dataset)
    if run is None and _newest_named(artifacts, name, "auto") is not None:
        raise EngineError(f"No finished training of {name} on {visible(dataset)}; train one first.")
    run = run or find_run(artifacts, name)
    info = run.read_info()
    if info["section"] != "train":
        raise EngineError(
            f"Run {run.id} is of section {info['section']}; --run needs a train run "
            f"({hint(artifacts, 'runs')} lists them)."
        )
    if info["status"] != "finished":
        raise EngineError(f"Run {run.id} is {info['status']}; --run needs a finished one.")
    return run


def _newest_named(
    artifacts: Path, model: str, dataset: str, among: Container[str] | None = None
) -> Run | None:
    """Return the newest finished training of a model, or of one's own class or function."""
    on = {dataset, os.path.abspath(dataset)}  # a config names a file by its whole path
    for run, info in finished_runs(artifacts):
        known = info["config"].get("model") if info["section"] == "train" else None
        own = info.get("model_file") and known and known.rpartition("-")[0]
        there = dataset == "auto" or info["config"]["dataset"] in on
        meant = among is None or run.id in among
        if model and there and meant and model in (known, own):
            return run
    return None


def trained_before(artifacts: Path, model: str) -> Run:
    """Return the newest finished training of a network of one's own, on whatever dataset.

    Raises EngineError where there is none.
    """
    for run, info in finished_runs(artifacts):
        if info["section"] == "train" and info["config"]["model"] == model:
            return run
    raise EngineError(
        f"No finished training of {model} in {artifacts}; name its file, --model FILE.py:NAME."
    )


def newest_trained(artifacts: Path, dataset_sha256: str, model: str) -> Run | None:
    """Return the newest finished training of a model on a dataset; damaged ones are skipped."""
    for run, info in finished_runs(artifacts):
        if info["section"] == "train" and (
            info["dataset"]["sha256"], info["config"]["model"]
        ) == (dataset_sha256, model):  # fmt: skip
            return run
    return None


def networks_for(config: NetworkConfig, data: "Dataset") -> dict[str, Any]:
    """Return the run whose network is looked at, its model, and the other models' newest runs.

    A config that a sweep has planned says those others itself. Raises EngineError.
    """
    artifacts = Path(config.artifacts)
    if config.run is not None:
        run: Run | None = find_trained(artifacts, config.run, config.dataset)
    else:
        run = newest_trained(artifacts, data.sha256, BEST_MODEL)
    if run is None:
        raise EngineError(f"No finished {BEST_MODEL} run on {data.name}; train one first.")
    if run.read_info()["dataset"]["sha256"] != data.sha256:
        raise EngineError(f"Run {run.id} was trained on another dataset than {data.name}.")
    trained = run.read_config()
    if config.other_runs is not None:
        others = dict(config.other_runs)
    else:
        others = newest_of_each(artifacts, data.sha256)
        others.pop(trained.title, None)
    return {"run": run.id, "model": trained.title, "layout": trained.layout, "other_runs": others}


def newest_of_each(artifacts: Path, dataset_sha256: str) -> dict[str, str]:
    """Return the newest training of every model on a dataset whose code may be run here."""
    from engine.networks.ledger import is_trusted

    found: dict[str, str] = {}
    for run, info in finished_runs(artifacts):
        if info["section"] != "train" or info["dataset"]["sha256"] != dataset_sha256:
            continue
        model, file = info["config"]["model"], info.get("model_file")
        if model not in found and (model in ARCHITECTURES or (file and is_trusted(file))):
            found[model] = run.id
    reported = {model: found[model] for model in ARCHITECTURES if model in found}
    return reported | found
