"""Runs of one section compared: which settings differ, and what came of it.

Runs that differ in nothing but their seeds make a group; its curves have a mean and a deviation.
The networks that they looked at count: those too may differ in their seeds alone. Nothing here
depends on the order in which the runs are given.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine import sections
from engine.analysis.bands import Band, band
from engine.errors import EngineError
from engine.files.numbers import plain
from engine.runs.history import History
from engine.runs.run import Run, run_beside

PLACES = ("artifacts", "data_root", "data_found", "offline")  # where, which is no setting
FOUND = ("layout", "classes", "side")  # what dataset and network bring with them
# What may differ within a group. The run looked at stands for its settings; the networks of other
# models decide nothing that is compared here.
CHANCE = ("seed", "run", "other_runs")
SHARES = ("accuracy", "success", "percentile", "validation_best", "validation_last")
GONE = "run"  # what a network that is gone is known by alone


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One run: its settings, its history and the numbers that it is ranked by.

    ``network`` are the settings of the training whose network it looked at, if it looked at one.
    """

    run: Run
    settings: dict[str, Any]
    network: dict[str, Any]
    history: History
    numbers: dict[str, float]  # the first one ranks; NaN where the run has none

    @property
    def warning(self) -> str:
        """What to keep in mind about its results, "" if nothing."""
        try:
            return sections.warning_of(self.run)
        except EngineError:  # its result is missing or damaged: what is compared is its journal
            return ""

    @property
    def group(self) -> tuple[tuple[str, str], ...]:
        """What the runs of its group share."""
        shared = {name: v for name, v in self.settings.items() if name not in CHANCE}
        network = {f"network {name}": v for name, v in self.network.items() if name != "seed"}
        return tuple(sorted((name, repr(value)) for name, value in (shared | network).items()))


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Runs of one section, the best first."""

    section: str
    runs: list[Compared]
    differing: list[str]  # settings, in their order in the config
    networks: list[str]  # settings in which the networks that were looked at differ

    @property
    def datasets(self) -> list[str]:
        """The datasets that the runs are of."""
        return sorted({compared.settings["dataset"] for compared in self.runs})

    @property
    def warning(self) -> str:
        """What to keep in mind, in a line; "" where there is nothing."""
        if len(self.datasets) == 1:
            return ""
        names = ", ".join(self.datasets)
        return f"Runs of {len(self.datasets)} datasets side by side ({names}): not the same images"

    @property
    def groups(self) -> list[list[Compared]]:
        """The runs by group, each as they are ranked; the group of the best run first."""
        found: dict[tuple[tuple[str, str], ...], list[Compared]] = {}
        for compared in self.runs:
            found.setdefault(compared.group, []).append(compared)
        return list(found.values())

    def name_of(self, group: Sequence[Compared]) -> str:
        """Return in a few words what sets a group apart, and its seeds."""
        words = [label] if (label := self.label_of(group)) else []
        words.append(_seeds("seed", [one.settings["seed"] for one in group]))
        if "seed" in self.networks and GONE not in group[0].network:
            words.append(_seeds("network seed", {one.network["seed"] for one in group}))
        return ", ".join(words)

    def label_of(self, group: Sequence[Compared]) -> str:
        """Return what sets a group apart, without its seeds; "" where there is but one."""
        settings, network = group[0].settings, group[0].network
        words = [
            f"{name} {_word(settings.get(name))}" if not isinstance(settings.get(name), str)
            else str(settings[name])
            for name in self.differing if name not in CHANCE
        ]  # fmt: skip
        if GONE in network:
            words.append(f"network {network[GONE]}, which is gone")
        else:
            words += [
                f"network {name} {_word(network.get(name))}"
                for name in self.networks if name != "seed" and not self._is_its_networks(name)
            ]  # fmt: skip
        return ", ".join(words)

    def _is_its_networks(self, name: str) -> bool:
        """Tell whether a setting of all runs is just that of the networks that they looked at."""
        return name == "dataset" or all(
            one.settings.get(name) == one.network.get(name)
            for one in self.runs if GONE not in one.network
        )  # fmt: skip

    @property
    def metrics(self) -> list[str]:
        """The curves of one value a step that any of the runs has."""
        names: dict[str, None] = {}
        for compared in sorted(self.runs, key=lambda compared: compared.run.id):
            for name in compared.history.curves:
                names[name] = None
        return list(names)

    def band(self, group: Sequence[Compared], metric: str) -> Band | None:
        """Return a group's curve of a metric, None where no run of it has one."""
        return band([c.history.curves[metric] for c in group if metric in c.history.curves])

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a flat row for each run, the best first: settings that differ, then its numbers.

        The run that was looked at is ``network``; those of its settings that differ follow.
        """
        for rank, compared in enumerate(self.runs, 1):
            row: dict[str, Any] = {"rank": rank, "run": compared.run.id}
            row |= {
                "network" if name == "run" else name: _word(compared.settings.get(name))
                for name in self.differing
            }
            row |= {f"network_{name}": _word(compared.network.get(name)) for name in self.networks}
            row |= {
                name: None if math.isnan(value) else value
                for name, value in compared.numbers.items()
            }
            yield row


def is_share(name: str) -> bool:
    """Tell whether a result of a name is a share, shown in percent."""
    return any(word in name for word in SHARES)


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as plain JSON values, numbers that are not finite as null."""
    groups = []
    for group in comparison.groups:
        bands = {name: comparison.band(group, name) for name in comparison.metrics}
        groups.append({
            "name": comparison.name_of(group),
            "runs": [compared.run.id for compared in group],
            "curves": {
                name: {"step": one.steps, "mean": one.mean, "deviation": one.deviation}
                for name, one in bands.items() if one is not None
            },
        })  # fmt: skip
    rows = [
        row | {"warning": compared.warning}
        for row, compared in zip(comparison.rows(), comparison.runs, strict=True)
    ]
    values: dict[str, Any] = plain({
        "section": comparison.section, "differing": comparison.differing,
        "networks": comparison.networks, "datasets": comparison.datasets,
        "runs": rows, "groups": groups,
    })  # fmt: skip
    return values


def compare(runs: Iterable[Run]) -> Comparison:
    """Compare runs. Raises EngineError unless they are of one section."""
    found = [_read(run) for run in {run.id: run for run in runs}.values()]
    sections = {compared.run.read_info()["section"] for compared in found}
    if len(sections) > 1:
        raise EngineError(f"Runs of {' and '.join(sorted(sections))} cannot be compared; "
                          "choose runs of one section.")  # fmt: skip
    if len(found) < 2:
        raise EngineError("A comparison needs two runs or more.")
    found.sort(key=_id)
    _tell_datasets_apart(found)
    differing = _differing([compared.settings for compared in found])
    networks = _differing([c.network for c in found if c.network and GONE not in c.network])
    found.sort(key=_merit)
    return Comparison(sections.pop(), found, differing, networks)


def _differing(settings: Sequence[dict[str, Any]]) -> list[str]:
    """Return the names of the settings that are not the same in all."""
    names = dict.fromkeys(name for one in settings for name in one)
    return [name for name in names if len({repr(one.get(name)) for one in settings}) > 1]


def _tell_datasets_apart(found: Sequence[Compared]) -> None:
    """Where one name stands for several datasets, add to it what sets them apart."""
    contents: dict[str, set[str]] = {}
    for compared in found:
        dataset = compared.run.read_info()["dataset"]
        compared.settings["dataset"] = dataset["name"]  # not the path of a file, which may move
        contents.setdefault(dataset["name"], set()).add(dataset["sha256"])
    for compared in found:
        dataset = compared.run.read_info()["dataset"]
        if len(contents[dataset["name"]]) > 1:
            compared.settings["dataset"] += f" {dataset['sha256'][:8]}"


def _read(run: Run) -> Compared:
    info = run.read_info()
    settings = _settings(info)
    section = sections.find(info["section"])
    network = _network(run, settings["run"]) if section.needs_network else {}
    history = History.of(run.events(), run.journal)
    return Compared(run, settings, network, history, section.ranking(history))


def _settings(info: dict[str, Any]) -> dict[str, Any]:
    """Return what a run was asked, its dataset as it was found."""
    # By its class, which fills in what runs of earlier versions did not say.
    config = sections.find(info["section"]).config.from_json(info["config"]).to_json()
    settings = {name: v for name, v in config.items() if name not in (*PLACES, *FOUND)}
    return settings | {"dataset": info["dataset"]["name"]}


def _network(run: Run, name: str) -> dict[str, Any]:
    """Return the settings of the training whose network a run looked at.

    Where that is gone, or damaged, it is its id alone that sets it apart from others.
    """
    try:
        return _settings(Run(run_beside(run.path.parent, name)).read_info())
    except EngineError:
        return {GONE: name}


def _seeds(name: str, seeds: Iterable[int]) -> str:
    seeds = sorted(seeds)
    return f"{name}{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _id(compared: Compared) -> str:
    return compared.run.id


def _merit(compared: Compared) -> float:
    """Return a key that puts the best run first and runs without a number last."""
    value = next(iter(compared.numbers.values()))
    return math.inf if math.isnan(value) else -value


def _word(value: Any) -> Any:
    if isinstance(value, dict):
        return " ".join(f"{name}:{item}" for name, item in sorted(value.items()))
    return " ".join(map(str, value)) if isinstance(value, list) else value
