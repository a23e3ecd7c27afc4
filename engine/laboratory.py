"""What the runs of one process share: open datasets, and the networks trained before.

Both faces turn a config into a Session here. torch is imported at the first use, not before.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import sections
from engine.config import RunConfig
from engine.data.known import MNIST_LIKE, is_file
from engine.data.opened import Datasets, at_home
from engine.errors import EngineError
from engine.files.values import is_model
from engine.imports import import_torch
from engine.networks.architectures import ARCHITECTURES, BEST_MODEL
from engine.options import options_of
from engine.runs.beginning import Planned
from engine.runs.control import Control
from engine.runs.events import Event
from engine.runs.run import Run
from engine.runs.session import Session
from engine.sections.train.config import TrainConfig
from engine.sections.trained import (
    NetworkConfig,
    network_warning,
)
from engine.trainings import find_trained, networks_for, newest_trained, trained_before

if TYPE_CHECKING:
    from engine.data.dataset import Dataset
    from engine.networks.code import Code
    from engine.networks.own import Prepared
    from engine.numerics.device import Device


class Laboratory:
    """Opens each dataset once. ``warn`` is given one line about anything unexpected."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._datasets = Datasets(warn)

    def session(
        self,
        config: RunConfig,
        *,
        listen: Callable[[Event], None],
        control: Control,
        command: str = "",
        companions: tuple[str, ...] = (),
        begun: Callable[[Run], None] = lambda run: None,
        planned: Planned | None = None,
        code: "Code | None" = None,
        figures: bool = True,
        attempt: int | None = None,
    ) -> Session:
        """Resolve ``config`` and return the Session that runs it. Raises MnistTuiError.

        ``planned`` is what a sweep has planned the run as, ``attempt`` how often it has tried;
        ``code`` the file that makes the network of one's own that ``config`` names, where it lies
        neither there nor in a run. ``figures`` are drawn at the end, or left for later.
        """
        config = self.on_the_run_s_dataset(config)
        data, device = self.survey(config)
        found: dict[str, Any] = facts_of(config, data) | {
            "device": str(device.torch_device),
            "precision": device.precision,
            "threads": device.threads,
        }
        if isinstance(config, NetworkConfig):
            found |= networks_for(config, data)
            if warning := network_warning(Path(config.artifacts), found["run"]):
                self._warn(f"the network of {found['run']} {warning}")
        if isinstance(config, TrainConfig):
            found["images"] = len(data.train)
            if config.model not in ARCHITECTURES:
                model, code = (config.model, code) if code else own_code(config)
                own = self._prepared(replace(config, dataset=found["dataset"]), code, data, device)
                device = own.device
                found |= {"model": model, "layout": own.layout.to_json()}
                found["precision"] = device.precision
        return Session(
            config.resolve(**found),
            data,
            device,
            listen=listen,
            control=control,
            command=command,
            companions=companions,
            begun=begun,
            code=code,
            planned=planned,
            figures=figures,
            attempt=attempt,
        )

    def resume(
        self,
        run: Run,
        *,
        listen: Callable[[Event], None],
        control: Control,
        begun: Callable[[Run], None] = lambda run: None,
        figures: bool = True,
        attempt: int | None = None,
    ) -> Session:
        """Return the Session that resumes a run, in a sweep's attempt. Raises MnistTuiError."""
        info, config = run.read_info(), run.read_config()
        if info["status"] == "finished":
            raise EngineError(f"Run {run.id} has finished; there is nothing to resume.")
        data = self._with_torch(at_home(config))
        if data.sha256 != info["dataset"]["sha256"]:
            raise EngineError(
                f"Run {run.id} was started on other {data.name} data; resume it with that."
            )
        return Session(
            config,
            data,
            self._device(self._with_the_cores_here(run, config)),
            listen=listen,
            control=control,
            command=info["command"],
            companions=tuple(info.get("companions", ())),
            begun=begun,
            resumed=run,
            attempt=attempt,
            code=sections.find(config.section).code(config, run),
            figures=figures,
        )

    def _prepared(
        self, config: TrainConfig, code: "Code", data: "Dataset", device: "Device"
    ) -> "Prepared":
        """Try the network that a file makes before it is trained. Raises EngineError."""
        from engine.networks.own import prepare

        batch = config.batch_size or config.defaults["batch_size"]
        last = len(data.train) % batch or batch
        own = prepare(code, len(data.classes), data.side, device, last)
        if own.remark:
            self._warn(own.remark)
        return own

    def data(self, config: RunConfig) -> "Dataset":
        """Open the dataset that ``config`` asks for. Raises MnistTuiError."""
        return self._datasets.open(config)

    def survey(self, config: RunConfig) -> "tuple[Dataset, Device]":
        """Open the dataset and the device that ``config`` asks for. Raises MnistTuiError."""
        return self._with_torch(config), self._device(config)

    def _with_torch(self, config: RunConfig) -> "Dataset":
        """Open a dataset; where that takes a while, torch is imported meanwhile, as it must be."""
        if "torch" not in sys.modules and self._datasets.read_ahead(config):
            import_torch()
        return self._datasets.open(config)

    def survey_of(self, run: Run, data_root: str | None = None) -> "tuple[Dataset, Device]":
        """Open a run's dataset and device, or what there is here instead: it may have moved.

        ``data_root`` is where its data lies now, if elsewhere. Raises MnistTuiError.
        """
        config = at_home(run.read_config())
        if data_root is not None:
            config = replace(config, data_root=data_root)
        data = self._datasets.open(config)
        try:
            return data, self._device(config)
        except EngineError:
            return data, self._device(replace(config, device="auto", threads=None))

    def images_of(self, run: Run) -> "Dataset":
        """Return the dataset that a run was made on, which must be on this machine.

        For any thread: no device is opened. Raises MnistTuiError where it is not here, or other
        images are in its place.
        """
        from engine.data.dataset import DatasetMissing

        config, asked = run.read_config(), run.read_info()["dataset"]
        try:
            data = self._datasets.open(replace(at_home(config), offline=True))
        except DatasetMissing as missing:
            if config.dataset not in MNIST_LIKE or config.data_root is not None:
                raise
            raise EngineError(
                f"No {MNIST_LIKE[config.dataset].title} on this machine; "
                f"`mnist-tui data fetch {config.dataset}` downloads it."
            ) from missing
        if data.sha256 != asked["sha256"]:
            raise EngineError(f"This run was made on other {asked['name']} images than are here.")
        return data

    def missing_training(self, config: RunConfig) -> TrainConfig | None:
        """Return the training that must come first if a network is needed and there is none."""
        if not isinstance(config, NetworkConfig) or config.run is not None:
            return None
        data = self._with_torch(config)
        if newest_trained(Path(config.artifacts), data.sha256, BEST_MODEL):
            return None
        shared = {name: getattr(config, name) for name in options_of(RunConfig)}
        return TrainConfig(**shared, model=BEST_MODEL)

    def _device(self, config: RunConfig) -> "Device":
        import_torch()
        from engine.numerics.device import open_device

        # Not kept: opening it sets torch's threads, which another run may have set otherwise.
        return open_device(config.device, config.precision, config.threads, config.deterministic)

    def _with_the_cores_here(self, run: Run, config: RunConfig) -> RunConfig:
        """Return a run's config with at most as many threads as this machine can run, and warn."""
        from engine.numerics.cores import usable_cores

        threads, cores = config.threads, os.cpu_count() or 1
        usable = min(cores, usable_cores())
        if threads is None or threads <= usable:
            return config
        if threads <= cores:
            self._warn(
                f"Run {run.id} uses {threads} threads, as it began; this process may "
                f"use {usable} of the {cores} cores here, so it will be slow."
            )
            return config
        self._warn(
            f"Run {run.id} began with {threads} threads; this machine has {cores} "
            f"core{'s' if cores > 1 else ''}, so it resumes with {cores}: "
            "its numbers may differ in the last digits."
        )
        return replace(config, threads=cores)

    def on_the_run_s_dataset(self, config: RunConfig) -> RunConfig:
        """Return a config with the dataset, and its folder, of the run that it looks at."""
        if not isinstance(config, NetworkConfig) or config.run is None:
            return config
        run = find_trained(Path(config.artifacts), config.run, config.dataset)
        trained = at_home(run.read_config())
        root = config.data_root or trained.data_root
        return replace(config, dataset=trained.dataset, data_root=root)


def facts_of(config: RunConfig, data: "Dataset") -> dict[str, Any]:
    """Return what a resolved config says of its dataset."""
    return {
        "dataset": data.origin if is_file(config.dataset) else data.name,
        "classes": len(data.classes),
        "side": data.side,
        "data_found": data.origin if data.name in MNIST_LIKE else None,
    }


def own_code(config: TrainConfig) -> "tuple[str, Code]":
    """Return name and file of a network that is not one of the course report's.

    Raises MnistTuiError.
    """
    from engine.networks.code import code_of_run, open_code
    from engine.networks.ledger import trust
    from engine.networks.more import MORE, packaged_code

    if config.model in MORE:
        code = packaged_code(config.model)
        trust(code.sha256, f"{config.model}, of this package")
        return config.model, code
    if not is_model(config.model):
        code = open_code(config.model)
        return code.model, code
    run = trained_before(Path(config.artifacts), config.model)
    return config.model, code_of_run(run.path, config.model, run.read_info().get("model_file"))
