"""Whose code may be run: that which the user names, and that of the runs which they trust."""

from collections.abc import Iterable
from pathlib import Path

from engine.config import RunConfig
from engine.files.values import is_model
from engine.runs.run import Run
from engine.runs.store import find_run
from engine.sections.train.config import MODELS, TrainConfig
from engine.sections.trained import NetworkConfig, ResolvedNetworkConfig, is_missing
from engine.trainings import find_trained, trained_before


def trust_named(configs: Iterable[RunConfig]) -> None:
    """Let the files of networks that a user named just now be run on this machine.

    Not those that a queue on disk names: it may come from anywhere. Raises MnistTuiError.
    """
    from engine.networks.code import open_trusted

    for config in configs:
        if isinstance(config, TrainConfig) and not is_model(config.model):
            open_trusted(config.model)


def trust_runs_named(configs: Iterable[RunConfig]) -> None:
    """Let the code be run that the runs hold which these configs name (``--trust``).

    A training names one by its model, the other sections by ``run``. Raises MnistTuiError.
    """
    for config in configs:
        artifacts = Path(config.artifacts)
        if isinstance(config, NetworkConfig):
            runs = [find_trained(artifacts, config.run, config.dataset)] if config.run else []
        elif (
            isinstance(config, TrainConfig)
            and config.model not in MODELS
            and is_model(config.model)
        ):
            runs = [trained_before(artifacts, config.model)]
        else:
            runs = []
        trust_code(artifacts, [run.id for run in runs])


def trust_code(artifacts: Path, names: Iterable[str]) -> None:
    """Let the code of these runs, and of the networks that they look at, be run on this machine.

    Raises EngineError.
    """
    from engine.networks.code import code_of_run
    from engine.networks.ledger import trust
    from engine.runs.run import run_beside

    waiting = [find_run(artifacts, name) for name in names]
    while waiting:
        run = waiting.pop()
        info, config = run.read_info(), run.read_config()
        if isinstance(config, ResolvedNetworkConfig):
            waiting += [
                Run(run_beside(artifacts, name))
                for name in (config.run, *config.others.values())
                if not is_missing(artifacts, name)
            ]
        elif info.get("model_file"):
            code = code_of_run(run.path, config.title, info["model_file"])
            trust(code.sha256, str(run.path))
