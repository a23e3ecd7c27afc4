"""What help says first: what the focused panel shows, and what its keys do."""

import re
from collections.abc import Mapping

from tui.app.keys.keymap import Keymap

_CHART = (
    "[look.back] and [look.on] move the step cursor, the mouse reads out any step; [look.zoom_in] "
    "and [look.zoom_out] show fewer or more steps, [look.zoom_reset] all of them."
)
# By the ids of the panels: a name, and sentences that name keys by the ids of their actions.
_ABOUT: Mapping[str, tuple[str, str]] = {
    "models": ("Models", "The networks, below the dataset that each was trained on, with the "
               "newest result. [run.choice] trains the chosen one, [run.mark] marks several to be "
               "trained one after another, [run.edit] changes options or takes a network of your "
               "own."),
    "confusion": ("Confusion", "Which classes the network takes for which, on the test images. "
                  "[look.confusion] opens the matrix, where enter shows the images of a cell."),
    "loss": ("Loss", "The training loss, smoothed over the band of single batches, and the "
             "validation loss, both lower the better. Where validation rises again, the network "
             f"overfits. [look.logarithm] changes the axis, [look.smoothing] the smoothing. "
             f"{_CHART}"),
    "accuracy": ("Validation accuracy", "The share of validation images that are read correctly, "
                 f"with the other networks' newest runs on the same data behind it. {_CHART}"),
    "samples": ("Samples", "Sixteen validation images with the network's answers at the step "
                "cursor; wrong ones are marked with the true class. [look.open] looks at one "
                "closely, [look.mistakes] shows the most confident mistakes on the test images."),
    "labels": ("Target labels", "One noise for each class: the share of images that the network "
               "reads as that class once its noise is on them. [run.all] crafts all, [run.choice] "
               "the chosen one, [run.network] chooses the network to attack."),
    "success": ("Success", "How often images of each class are read as each target. [look.map] "
                "opens the map, where enter shows the images of a cell."),
    "noise-panel": ("Noise", "The noise for the chosen target, the same for every image: red adds "
                    "ink, blue takes it away, within the bound in the title. [look.open] shows it "
                    "on an image with the probabilities."),
    "noise-loss": ("Loss", f"What crafting the noise lowers, for the chosen target. {_CHART}"),
    "noise-success": ("Success", "The share of validation images that the noise turns into the "
                      f"chosen target. {_CHART}"),
    "infused": ("With the noise", "An image of each other class with the noise on it, and what "
                "the network reads before and after. [look.open] looks at one closely, "
                "[look.mistakes] shows the test images that resist."),
    "neurons": ("Neurons", "The network's layers and their neurons with their activations; where "
                "a layer is chosen, all its neurons are. [run.choice] draws what is chosen, "
                "[run.all] all that are usually shown, [run.network] chooses the network."),
    "neuron-grid": ("Images", "For each neuron, the image that excites it most, as it sharpens "
                    "step by step. Dead neurons are zero on every test image. [look.open] shows "
                    "one with its receptive field and the test images that excite it most."),
    "activation": ("Activation", "How strongly the images excite their neurons as they are "
                   f"drawn. {_CHART}"),
    "runs-panel": ("Runs", "What was run, the newest first. [look.open] opens a run in its "
                   "section, [runs.filter] filters by words or fields such as model:baseline, "
                   "[runs.sort] sorts, [runs.group] groups; [runs.mark] marks runs for "
                   "[runs.compare], which compares them. The runs of a sweep share one row; "
                   "[look.open] opens its own screen, [runs.sweep] does from each of its runs."),
    "run-preview": ("Preview", "The run under the cursor: its settings, curves and images. "
                    "[look.open] opens it in its section."),
    "about-run": ("Curves", "The curves of the shown run, to choose one, and its results. "
                  "[run.choice] starts a run."),
    "any-curve": ("Curve", f"The chosen curve of the shown run. {_CHART}"),
    "any-images": ("Images", "The latest images that the run has made, at the step cursor."),
}  # fmt: skip
_KEY = re.compile(r"\[([a-z]+\.[a-z_]+)\]")


def about_panel(panel: str | None, keys: Keymap) -> tuple[str, str]:
    """Return a panel's name and what there is to say of it, by its id; two "" where nothing is."""
    name, words = _ABOUT.get(panel or "", ("", ""))
    return name, _KEY.sub(lambda key: keys.name(key[1]), words)
