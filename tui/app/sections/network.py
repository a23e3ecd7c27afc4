"""What Adversarial and Visualize share: the trained network that they look at."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text

from engine.config import RunConfig
from engine.data.known import located
from engine.errors import EngineError
from engine.networks.architectures import ARCHITECTURES, BEST_MODEL, SIDE
from engine.networks.layout import Layout
from engine.runs.run import Run, run_beside
from engine.runs.summary import summarize
from engine.sections import warning_of
from engine.sections.train.config import ResolvedTrainConfig
from engine.sections.trained import NetworkConfig, ResolvedNetworkConfig
from tui.app import screens
from tui.app.keys.action import Action, with_action
from tui.app.sections.base import Commands, ExperimentPane, config_of
from tui.app.sections.pane import BAD
from tui.app.sections.shared_actions import EDIT


async def _choose(pane: "NetworkPane") -> None:
    def chosen(answer: tuple[str | None] | None) -> None:
        if answer is not None:
            pane.choose_network(answer[0])

    await pane.app.push_screen(screens.ChooseNetwork(pane.artifacts, pane.config.run), chosen)


NETWORK = Action["NetworkPane"](
    id="run.network", keys="n", word="network", group="Runs",
    sentence="Choose the trained network to look at", do=_choose,
)  # fmt: skip


class NetworkPane(ExperimentPane):
    """A section that looks at a network which was trained before."""

    kind = NetworkConfig
    config: NetworkConfig
    ACTIONS: ClassVar[tuple[Action[Any], ...]] = with_action(
        ExperimentPane.ACTIONS, NETWORK, after=EDIT
    )

    def __init__(self, *place: Any) -> None:
        super().__init__(*place)
        self._trained: tuple[str, Mapping[str, Any]] = ("", {})  # a run's id and its run.json

    def _info_of(self, run: str) -> Mapping[str, Any]:
        """Return the run.json of the network that is chosen, {} where it cannot be read."""
        if self._trained[0] != run:
            info: Mapping[str, Any] = {}
            with suppress(EngineError):
                info = Run(run_beside(Path(self.artifacts), run)).read_info()
            self._trained = run, info
        return self._trained[1]

    @property
    def dataset(self) -> Mapping[str, Any]:
        """What is known of the dataset: that of the network, where one is chosen."""
        if self.config.run is None or (self.shown is not None and self.shown.run):
            return super().dataset
        dataset: Mapping[str, Any] = self._info_of(self.config.run).get("dataset", {})
        return dataset

    def network(self) -> tuple[str, Layout]:
        """Return the model that is looked at, by the shown run or by the next one, and its layers.

        While that is not known it is the best one of ours.
        """
        config = self.shown.config if self.shown is not None else None
        if isinstance(config, ResolvedNetworkConfig):
            return config.model, config.network
        if self.config.run is not None and (info := self._info_of(self.config.run)):
            trained = ResolvedTrainConfig.from_json(info["config"])
            return trained.model, trained.network
        side, _ = self.dataset.get("image", (SIDE, SIDE))
        return BEST_MODEL, ARCHITECTURES[BEST_MODEL].fitted(side, len(self.class_names)).layout

    def choose_network(self, run: str | None) -> None:
        """Use the network of a run from now on; None is the newest of the best model."""
        self.config = replace(self.config, run=run)
        self.shown = self.newest(self.looks_at_choice)
        if self.shown is None and run is not None:
            self.shown = self.conductor.shelf.open_newest_of(self.artifacts, self.section, run)
        self.cursor = None
        self.refresh_text()
        self.refresh_pictures()

    def use_dataset(self, dataset: str) -> None:
        """Work on another dataset from now on, and look at the newest network on it."""
        super().use_dataset(dataset)
        self.choose_network(None)

    def looks_at_choice(self, config: RunConfig) -> bool:
        """Tell whether a run looks at the network that is chosen, or is of the dataset."""
        assert isinstance(config, NetworkConfig)
        if self.config.run is not None:
            return config.run == self.config.run
        dataset = self.config.dataset
        return dataset == "auto" or config.dataset in (dataset, located(dataset))

    def edit(self, commands: Commands) -> None:
        """Take over the form's options, and the network among them."""
        chosen_before = self.config.run
        super().edit(commands)
        if self.config.run != chosen_before:
            self.choose_network(self.config.run)

    def network_words(self, verb: str) -> Text:
        """Return whose network is looked at, by the run that is shown or by the next one."""
        run = config_of(self.shown, NetworkConfig).run if self.shown else self.config.run
        words = Text.assemble("\n", (f"{verb} ", "$text-muted"))
        if run is None:
            return words.append(f"newest {BEST_MODEL}")
        try:
            trained = Run(run_beside(Path(self.artifacts), run))
            info = trained.read_info()
            words.append_text(
                Text.assemble(
                    info["config"]["model"], f" {summarize(trained).result}\n",
                    (f"{info['config']['recipe']}, seed {info['config']['seed']}", "$text-muted"),
                )
            )  # fmt: skip
            if warning := warning_of(trained):
                words.append(f"\n{warning}", BAD)
            return words
        except EngineError:
            return words.append(run)
