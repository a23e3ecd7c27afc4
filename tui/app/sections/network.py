"""What Adversarial and Visualize share: the trained network that they look at."""

from dataclasses import replace
from pathlib import Path

from rich.text import Text

from engine.errors import EngineError
from engine.files.reader import run_beside
from engine.networks.architectures import BEST_MODEL
from engine.runs.run import Run
from engine.sections import warning_of
from engine.sections.trained import NetworkConfig
from tui.app.sections.base import BAD, ExperimentPane
from tui.summary import headline


class NetworkPane(ExperimentPane):
    """A section that looks at a network which was trained before."""

    kind = NetworkConfig
    config: NetworkConfig

    def choose_network(self, run: str | None) -> None:
        """Look at the network of a run from now on; None is the newest of the best model."""
        self.config = replace(self.config, run=run)
        self.shown = self.newest(self.looks_at_choice)
        if self.shown is None and run is not None:
            self.shown = self.conductor.shelf.open_newest_of(self.artifacts, self.section, run)
        self.cursor = None
        self.refresh_text()
        self.refresh_pictures()

    def looks_at_choice(self, config: NetworkConfig) -> bool:
        """Tell whether a run looks at the network that is chosen."""
        return self.config.run is None or config.run == self.config.run

    def edit(self, commands: list[list[NetworkConfig]]) -> None:
        """Take over the form's options, and the network among them."""
        chosen_before = self.config.run
        super().edit(commands)
        if self.config.run != chosen_before:
            self.choose_network(self.config.run)

    def network_words(self, verb: str) -> Text:
        """Return whose network is looked at, by the run that is shown or by the next one."""
        run = self.shown.config.run if self.shown else self.config.run
        words = Text.assemble("\n", (f"{verb} ", "dim"))
        if run is None:
            return words.append(f"newest {BEST_MODEL}")
        try:
            trained = Run(run_beside(Path(self.artifacts), run))
            info = trained.info
            words.append_text(
                Text.assemble(
                    info["config"]["model"], f" {headline(trained)}\n",
                    (f"{info['config']['recipe']}, seed {info['config']['seed']}", "dim"),
                )
            )  # fmt: skip
            if warning := warning_of(trained):
                words.append(f"\n{warning}", BAD)
            return words
        except EngineError:
            return words.append(run)
