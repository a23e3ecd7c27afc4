"""The referee: what a reviewer would doubt, checked from the files and not asserted."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from engine.adversarial import CraftState, craft
from engine.config import AdversarialConfig
from engine.data import Dataset, Part
from engine.device import Device
from engine.events import Progress
from engine.experiments import load_networks
from engine.neurons import NaturalResponse
from engine.report.choose import Chosen
from engine.statistics import wilson_interval
from engine.store import Run, finished_runs
from engine.verify import verify

STEPS_AGAIN = 5  # steps of crafting that are done again without any test image
CLOSE = 0.02  # nats: another device or precision may be as far off in the first steps
SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim, whether it holds (None: nothing to check it on), and what was found."""

    claim: str
    holds: bool | None
    words: str


def referee(chosen: Chosen, data: Dataset, device: Device) -> Iterator[Finding]:
    """Yield the findings about the runs of a report. Raises EngineError where one is unreadable."""
    yield _split(data)
    for run in chosen.all:
        yield _comes_out_again(run, data, device)
    for run in chosen.noises:
        yield from _noise(run, data, device)
    yield from _budgets(chosen)
    for run in chosen.neurons:
        yield _images_in_range(run)
        yield _dead(run, data, device)


def _split(data: Dataset) -> Finding:
    """No image that was trained on, or validated on, is judged on."""
    seen = {image.tobytes() for part in (data.train, data.validation) for image in part.images}
    twice = sum(image.tobytes() in seen for image in data.test.images)
    return Finding(
        "No test image is among the training or validation images",
        twice == 0,
        f"{len(data.test):,} test images looked up by their bytes, {twice} found",
    )


def _comes_out_again(run: Run, data: Dataset, device: Device) -> Finding:
    claims = {
        "train": "Test accuracy comes out again from the weights",
        "adversarial": "Success comes out again from the noise, on clamped images",
        "visualize": "Activations and dead neurons come out again from the images",
    }
    checks = list(verify(run, data, device))
    wrong = [f"{check.subject}: {check.words}" for check in checks if not check.holds]
    words = "; ".join(wrong) or _figure(run)
    return Finding(f"{claims[run.info['section']]} ({run.id})", not wrong, words)


def _figure(run: Run) -> str:
    result = run.result
    match run.info["section"]:
        case "train":
            return f"{result['model']}: {result['test']['accuracy']:.2%} again"
        case "adversarial":
            return f"{len(result['targets'])} targets, every rate, size and interval again"
        case _:
            return f"{len(result['neurons'])} neurons, every activation and percentile again"


def _noise(run: Run, data: Dataset, device: Device) -> Iterator[Finding]:
    config, targets = run.config, run.result["targets"]
    name = f"({run.id})"
    yield _untouched(run, config, data, device)
    yield _clamped(run, config, targets, data)

    counted = {label: int((data.test.labels != label).sum()) for label in config.labels}
    wrong = [
        target["label"] for target in targets
        if target["success"]["n"] != counted[target["label"]]
        or target["by_source"][target["label"]] is not None
    ]  # fmt: skip
    yield Finding(
        f"Images of the target digit are left out {name}", not wrong,
        f"labels {_listed(wrong)} count other images than those of the nine other digits"
        if wrong else "each rate counts the test images of the nine other digits, and no other",
    )  # fmt: skip

    wrong = [target["label"] for target in targets if not _interval_holds(target["success"])]
    yield Finding(
        f"Rates come with their 95 % intervals {name}", not wrong,
        f"labels {_listed(wrong)}: not the Wilson interval of the rate" if wrong
        else "Wilson intervals, computed again from rate and count",
    )  # fmt: skip

    weak = [t["label"] for t in targets if t["success"]["low"] <= t["random_noise_success"]]
    highest = max(target["random_noise_success"] for target in targets)
    yield Finding(
        f"Random noise of the same size does not do it {name}", not weak,
        f"labels {_listed(weak)}: random noise does as well" if weak
        else f"it makes at most {highest:.1%} say the target",
    )  # fmt: skip

    if config.epsilon is not None:
        size = float(np.abs(np.load(run.path / "noise.npy")).max())
        yield Finding(f"The noise keeps to its budget {name}", size <= config.epsilon + SLACK,
                      f"largest pixel {size:.4f}, ε {config.epsilon:g}")  # fmt: skip


def _untouched(run: Run, config: AdversarialConfig, data: Dataset, device: Device) -> Finding:
    """Craft the first steps again from a dataset without test images; the losses must be equal."""
    blank = Part(np.zeros_like(data.test.images), data.test.labels)
    without = dataclasses.replace(data, test=blank)
    told = _first_losses(run.events())
    network, others = load_networks(config, device)
    state = CraftState.begin(config, device)
    again = _first_losses(craft(config, without, device, network, others, state))
    apart = float(np.abs(told - again).max()) if told.shape == again.shape else np.inf
    words = (
        f"the first {len(again)} steps, done again with every test image black, differ from the "
        f"journal by {apart:.2g} nats at most"
    )
    return Finding(f"Test images are untouched by crafting ({run.id})", apart <= CLOSE, words)


def _first_losses(events: Iterable) -> np.ndarray:
    """Return the losses of the first steps, [S, L]."""
    found: list[np.ndarray] = []
    for event in events:
        if isinstance(event, Progress):
            found.extend(event.series["loss"])
        if len(found) >= STEPS_AGAIN:
            break
    return np.array(found[:STEPS_AGAIN], np.float32)


def _clamped(run: Run, config: AdversarialConfig, targets: list, data: Dataset) -> Finding:
    """Measure by how far clamped images moved; unclamped ones would have moved by the noise."""
    noise = torch.from_numpy(np.load(run.path / "noise.npy"))
    images = torch.tensor(data.test.images).unsqueeze(1).float() / 255
    wrong, without = [], []
    for target, one in zip(targets, noise, strict=True):
        others = images[torch.from_numpy(data.test.labels != target["label"])]
        moved = ((others + one).clamp(0, 1) - others).flatten(1).norm(dim=1).mean().item()
        if abs(moved - target["distortion"]["effective_l2"]) > 1e-3 * max(moved, 1e-3):
            wrong.append(target["label"])
        without.append(one.norm().item() / max(moved, 1e-9))
    return Finding(
        f"Images are clamped to [0, 1] ({run.id})", not wrong,
        f"labels {_listed(wrong)}: the stated distance is not that of clamped images" if wrong
        else f"stated distances are those of clamped images; unclamped, images would move "
        f"{np.mean(without):.1f} times as far",
    )  # fmt: skip


def _interval_holds(success: dict) -> bool:
    low, high = wilson_interval(round(success["rate"] * success["n"]), success["n"])
    return abs(low - success["low"]) < SLACK and abs(high - success["high"]) < SLACK


def _budgets(chosen: Chosen) -> Iterator[Finding]:
    """Success must not fall as ε grows by more than the intervals allow."""
    for run in chosen.noises:
        network = run.result["model_run"]
        runs = {
            other.config.epsilon: other
            for other, info in reversed(list(finished_runs(run.path.parent)))
            if info["section"] == "adversarial" and info["config"].get("run") == network
            and info["config"].get("epsilon") is not None
        }  # fmt: skip
        budgets = sorted(runs)
        claim = f"Success does not fall as the budget grows (network {network})"
        if len(budgets) < 2:
            yield Finding(claim, None, f"{len(budgets)} budgets were run on it; it takes two")
            continue
        falls = []
        for less, more in pairwise(budgets):
            small = {t["label"]: t["success"] for t in runs[less].result["targets"]}
            for target in runs[more].result["targets"]:
                label, large = target["label"], target["success"]
                if label in small and large["high"] < small[label]["low"]:
                    falls.append(f"label {label} from ε {less:g} to {more:g}")
        steps = ", ".join(f"{budget:g}" for budget in budgets)
        yield Finding(
            claim, not falls, "; ".join(falls) or f"ε {steps}: never beyond the intervals"
        )
        return


def _images_in_range(run: Run) -> Finding:
    images = np.load(run.path / "images.npy")
    claim = f"Images of neurons keep to [0, 1] ({run.id})"
    low, high = float(images.min()), float(images.max())
    if run.config.recipe == "assignment":
        return Finding(claim, None, f"the report's rule sets no bounds: {low:.2f} to {high:.2f}; "
                       "percentiles are those of the clamped images")  # fmt: skip
    return Finding(claim, low >= 0 and high <= 1, f"from {low:.3f} to {high:.3f}")


def _dead(run: Run, data: Dataset, device: Device) -> Finding:
    """Ask every neuron about every test image; dead is what is zero on all of them."""
    told, config = run.result["neurons"], run.config
    network, _ = load_networks(config, device)
    images, _ = device.place(data.test)
    response = NaturalResponse.measure(network, images, config.targets, device)
    names = [f"{neuron.layer} {neuron.index}" for neuron in config.targets]
    dead = [name for m, name in enumerate(names) if response.dead(m)]
    stated = [f"{neuron['layer']} {neuron['index']}" for neuron in told if neuron["dead"]]
    words = f"{len(dead)} of {len(names)} are zero on every test image"
    if dead:
        words += f": {_listed(dead)}"
    if dead != stated:
        words += f"; the run says {_listed(stated) or 'none'}"
    return Finding(f"Dead neurons are said to be dead ({run.id})", dead == stated, words)


def _listed(items: list) -> str:
    shown = ", ".join(str(item) for item in items[:10])
    return shown + (f" and {len(items) - 10} more" if len(items) > 10 else "")
