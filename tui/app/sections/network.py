"""What Adversarial and Visualize share: the trained network that they look at."""

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text

from engine.config import RunConfig
from engine.errors import EngineError
from engine.files.reader import run_beside
from engine.networks.architectures import BEST_MODEL
from engine.runs.run import Run
from engine.runs.summary import summarize
from engine.sections import warning_of
from engine.sections.trained import NetworkConfig
from tui.app import screens
from tui.app.action import Action, with_action
from tui.app.sections.base import BAD, Commands, ExperimentPane, config_of
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

    def choose_network(self, run: str | None) -> None:
        """Use the network of a run from now on; None is the newest of the best model."""
        self.config = replace(self.config, run=run)
        self.shown = self.newest(self.looks_at_choice)
        if self.shown is None and run is not None:
            self.shown = self.conductor.shelf.open_newest_of(self.artifacts, self.section, run)
        self.cursor = None
        self.refresh_text()
        self.refresh_pictures()

    def looks_at_choice(self, config: RunConfig) -> bool:
        """Tell whether a run looks at the network that is chosen."""
        assert isinstance(config, NetworkConfig)
        return self.config.run is None or config.run == self.config.run

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
