"""What the referee asks of images of neurons."""

from collections.abc import Callable, Iterator
from functools import partial

from engine.analysis.second_opinion import on_activations
from engine.data.dataset import Dataset
from engine.files.text import listed
from engine.numerics.device import Device
from engine.runs.run import Run
from engine.sections.section import Claim, Verdict
from engine.sections.trained import load_network_of, network_run
from engine.sections.visualize.config import ResolvedVisualizeConfig
from engine.sections.visualize.neurons import NaturalResponse


def claims(
    config: ResolvedVisualizeConfig, run: Run, data: Dataset, device: Device
) -> Iterator[Claim]:
    """Yield what a reviewer would doubt about the images of a run."""
    for words, check in _CLAIMS.items():
        yield Claim(f"{words} ({run.id})", partial(check, config, run, data, device))


def _images_in_range(
    config: ResolvedVisualizeConfig, run: Run, data: Dataset, device: Device
) -> Verdict | None:
    """Images of neurons keep to [0, 1]."""
    images = run.array()
    low, high = float(images.min()), float(images.max())
    if config.recipe == "assignment":
        return Verdict(
            None,
            f"the course report's rule sets no bounds: {low:.2f} to {high:.2f}; "
            "percentiles are those of the clamped images",
        )
    return Verdict(low >= 0 and high <= 1, f"from {low:.3f} to {high:.3f}")


def _dead(
    config: ResolvedVisualizeConfig, run: Run, data: Dataset, device: Device
) -> Verdict | None:
    """Dead neurons are said to be dead.

    Every neuron is asked about every test image; dead is what is zero on all of them.
    """
    told = run.read_result()["neurons"]
    network = load_network_of(config, device)
    images, _ = device.place(data.test)
    response = NaturalResponse.measure(network, images, config.targets, device)
    names = [f"{neuron.layer} {neuron.index}" for neuron in config.targets]
    dead = [name for m, name in enumerate(names) if response.dead(m)]
    stated = [f"{neuron['layer']} {neuron['index']}" for neuron in told if neuron["dead"]]
    words = f"{len(dead)} of {len(names)} are zero on every test image"
    if dead:
        words += f": {listed(dead)}"
    if dead != stated:
        words += f"; the run says {listed(stated) or 'none'}"
    return Verdict(dead == stated, words)


def _second_opinion(
    config: ResolvedVisualizeConfig, run: Run, data: Dataset, device: Device
) -> Verdict | None:
    """Activations are computed again by other code."""
    return on_activations(run, network_run(config), data)


_CLAIMS: dict[str, Callable[[ResolvedVisualizeConfig, Run, Dataset, Device], Verdict | None]] = {
    "Images of neurons keep to [0, 1]": _images_in_range,
    "Dead neurons are said to be dead": _dead,
    "A second implementation finds the same activations": _second_opinion,
}
