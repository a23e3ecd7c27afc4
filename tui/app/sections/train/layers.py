"""What a network is made of, in a few short lines."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from engine.networks.architectures import ARCHITECTURES, SIDE, chain_of, reported_accuracy
from engine.sections.train.config import ResolvedTrainConfig
from tui.app.sections.train.trainings import Training
from tui.live.task import Task

CHAIN = 20  # cells of a line of layers
MOST_LAYERS = 8  # of a network, in words


def made_of(row: Training, task: Task | None, dataset: Mapping[str, Any], classes: int) -> Text:
    """Return the layers of a row's network, how many parameters it has, and the report's accuracy.

    ``task`` is the run of it that is shown; ``dataset`` says how large its images are.
    """
    words, parameters = Text(), None
    if row.model in ARCHITECTURES:
        side, _ = dataset.get("image", (SIDE, SIDE))
        ours = ARCHITECTURES[row.model].fitted(side, classes)
        blocks = [f"{part} → pool →" for part in ours.chain if "conv" in part]
        head = " → ".join(part for part in ours.chain if part.isdigit())
        together = f"{blocks[-1]} {head}"
        lines = [*blocks[:-1], together] if len(together) <= CHAIN else [*blocks, head]
        words.append("\n".join(lines) + "\n")
        parameters = ours.parameters
    elif task is not None and isinstance(config := task.config, ResolvedTrainConfig):
        chain = chain_of(config.model, config.classes, config.network)
        shown = chain if len(chain) <= MOST_LAYERS else chain[: MOST_LAYERS - 1]
        words.append("".join(f"{layer}\n" for layer in shown))
        if len(shown) < len(chain):
            words.append(f"{len(chain) - len(shown)} more layers\n", "$text-muted")
    if task is not None and task.history.finished is not None:
        parameters = task.history.finished.results["parameters"]
    if parameters is not None:
        words.append(f"{parameters:,} parameters\n", "$text-muted")
    reported = reported_accuracy(row.model, row.key[0])
    if reported is not None and not row.key[1]:
        words.append(f"report {reported:.2%}\n", "$text-muted")
    return words
