"""From what a sweep is asked to do to the runs that it will make, each with its id and config.

Everything that a run depends on is decided here, the networks to attack among it: nothing is "the
newest" when the run begins. Left to the place where it begins are device, precision and threads,
unless they were given.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.config import RunConfig
from engine.laboratory import Laboratory, facts_of, own_code
from engine.networks.architectures import ARCHITECTURES, BEST_MODEL
from engine.options import options_of
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import MODELS, TrainConfig
from engine.sections.trained import NetworkConfig
from engine.sections.visualize.config import VisualizeConfig
from engine.sweeps.schema import PlannedRun
from engine.sweeps.spec import ALL, Setting, Spec, plain
from engine.trainings import networks_for, newest_of_each, newest_trained

NETWORK = "network"  # the axis of the networks that a sweep trains, for others to look at

if TYPE_CHECKING:
    from engine.data.dataset import Dataset
    from engine.networks.code import Code


@dataclass(frozen=True, eq=False)
class Plan:
    """The runs of a sweep, in the order in which they begin."""

    spec: Spec
    artifacts: Path
    sweep_id: str
    runs: list[PlannedRun]
    axes: dict[str, list[Any]]
    code: dict[str, bytes] = field(default_factory=dict)  # files of networks, by SHA-256


def plan(spec: Spec, laboratory: Laboratory) -> Plan:
    """Return what a sweep will do; writes nothing. Raises MnistTuiError.

    Seed by seed, so that a sweep that is stopped has compared all settings with some seeds.
    """
    settings = spec.settings()
    axes = spec.differing(settings)
    artifacts = Path(os.path.abspath(spec.options.get("artifacts", "artifacts")))
    planner = _Planner(laboratory, artifacts)
    sweep_id = planner.new_id("sweep", spec.name)
    for seed in spec.seeds:
        trained: dict[str, dict[str, Any]] = {}  # of this seed, by the name asked for
        for setting in settings:
            asked = spec.asked(**spec.options | setting, seed=seed)
            varied = {name: plain(setting.get(name, spec.options.get(name))) for name in axes}
            if spec.section == ALL:
                planner.add_report(asked, varied)
            elif spec.networks:
                trained = trained or planner.train(spec.networks, asked)
                for network, found in trained.items():
                    planner.add(asked, {NETWORK: network} | varied, **found)
            else:
                planner.add(asked, varied)
    named = {name: list(map(plain, values)) for name, values in axes.items()}
    if len(spec.networks) > 1:
        named = {NETWORK: list(spec.networks)} | named
    if len(spec.seeds) > 1:
        named["seed"] = list(spec.seeds)
    return Plan(spec, artifacts, sweep_id, planner.runs, named, planner.code)


class _Planner:
    """Plans runs one after another; each may look at the networks of those before it."""

    def __init__(self, laboratory: Laboratory, artifacts: Path) -> None:
        self.runs: list[PlannedRun] = []
        self.code: dict[str, bytes] = {}
        self._laboratory = laboratory
        self._artifacts = artifacts
        self._planned: set[str] = set()
        self._ids = _ids(artifacts)
        # Another sweep that is planned at the same moment counts the same milliseconds.
        self._mark = secrets.token_hex(2)
        self._networks: dict[tuple[str | None, str, str | None], dict[str, Any]] = {}
        self._own: dict[str, tuple[str, Code]] = {}  # networks of one's own, as they were named

    def new_id(self, *words: str) -> str:
        """Return an id that no run in the folder has."""
        return f"{next(self._ids)}-{'-'.join(words)}"

    def add(
        self, asked: RunConfig, setting: Setting, companions: Sequence[str] = (), **pinned: Any
    ) -> str:
        """Plan a run and return its id; ``pinned`` is what is known of it already."""
        config = self._laboratory.on_the_run_s_dataset(asked) if "run" not in pinned else asked
        data = self._laboratory.data(config)
        found = facts_of(config, data)
        sha256 = None
        if isinstance(config, TrainConfig):
            found["images"] = len(data.train)
            found["model"], sha256 = self._model(config)
        elif isinstance(config, NetworkConfig):
            found |= pinned or self._network(config, data)
        needs = [found["run"], *found["other_runs"].values()] if "run" in found else []
        of_own = isinstance(config, NetworkConfig) and found["model"] not in ARCHITECTURES
        if of_own and found["layout"] is None:  # its training has not told yet what layers it has
            kept = replace(config, **found)
        else:
            kept = type(config).from_json(config.resolve(**found).to_json())
        run_id = self.new_id(config.section, kept.title, self._mark)
        self.runs.append(
            PlannedRun(
                run_id=run_id,
                section=config.section,
                config={"section": config.section, **kept.to_json()},
                needs=[need for need in needs if need in self._planned],
                companions=list(companions),
                dataset=data.sha256,
                setting=setting,
                seed=config.seed,
                code=sha256,
            )
        )
        self._planned.add(run_id)
        return run_id

    def train(self, models: Sequence[str], asked: RunConfig) -> dict[str, dict[str, Any]]:
        """Plan a training of each model, and return what a run says that looks at its network.

        The noise of each is tested on all the others.
        """
        shared, runs, titles = _shared(asked), {}, {}
        for model in models:
            training = TrainConfig(**shared, model=model)
            titles[model], _ = self._model(training)
            runs[model] = self.add(training, {NETWORK: model})
        return {
            model: _pinned(run, titles[model],
                           {titles[other]: runs[other] for other in runs if other != model})
            for model, run in runs.items()
        }  # fmt: skip

    def add_report(self, asked: RunConfig, setting: Setting) -> None:
        """Plan what the course report takes: three networks, ten noises, 74 neurons."""
        shared = _shared(asked)
        trained: dict[str, str] = {}
        for model in ARCHITECTURES:
            before = tuple(trained.values())
            trained[model] = self.add(TrainConfig(**shared, model=model), setting, before)
        networks = _pinned(trained.pop(BEST_MODEL), BEST_MODEL, trained)
        self.add(AdversarialConfig(**shared), setting, **networks)
        self.add(VisualizeConfig(**shared), setting, **networks)

    def _model(self, config: TrainConfig) -> tuple[str, str | None]:
        """Return what a model is called in runs, and the hash of its file if it has one."""
        if config.model in MODELS:
            return config.model, None
        if config.model not in self._own:
            self._own[config.model] = own_code(config)
        title, code = self._own[config.model]
        self.code[code.sha256] = code.content
        return title, code.sha256

    def _network(self, config: NetworkConfig, data: "Dataset") -> dict[str, Any]:
        """Return what networks a run looks at; its training comes first where there is none."""
        key = config.run, data.sha256, config.data_root
        if key not in self._networks:
            artifacts = self._artifacts
            if config.run is not None or newest_trained(artifacts, data.sha256, BEST_MODEL):
                found = networks_for(config, data)
            else:
                training = TrainConfig(**_shared(config), model=BEST_MODEL)
                others = newest_of_each(artifacts, data.sha256)
                others.pop(BEST_MODEL, None)
                found = _pinned(self.add(training, {}), BEST_MODEL, others)
            self._networks[key] = found
        return self._networks[key]


def _pinned(run: str, model: str, others: dict[str, str]) -> dict[str, Any]:
    return {"run": run, "model": model, "layout": None, "other_runs": others}


def _shared(config: RunConfig) -> dict[str, Any]:
    return {name: getattr(config, name) for name in options_of(RunConfig)}


def _ids(artifacts: Path) -> Iterator[str]:
    """Yield how ids of runs begin, from now on, one a millisecond; none that is taken."""
    try:
        taken = {name[:19] for name in os.listdir(artifacts)}
    except OSError:  # not there yet, or said when it is written to
        taken = set()
    moment = datetime.now(UTC)
    while True:
        begins = f"{moment:%Y%m%d-%H%M%S}-{moment.microsecond // 1000:03d}"
        if begins not in taken:
            yield begins
        moment += timedelta(milliseconds=1)
