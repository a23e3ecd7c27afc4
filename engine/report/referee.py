"""The referee: what a reviewer would doubt, checked from the files and not asserted."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import torch

from engine.analysis.verify import agrees, verify
from engine.data.dataset import Dataset, Part
from engine.errors import EngineError, MissingNetwork
from engine.numerics.device import Device
from engine.numerics.intervals import rate_interval
from engine.report.choose import Chosen
from engine.runs.events import Progress
from engine.runs.store import Run, finished_runs
from engine.sections.adversarial.craft import CraftState, craft
from engine.sections.experiments import load_networks
from engine.sections.train.chance import chance_words, guessing_rate
from engine.sections.visualize.neurons import NaturalResponse

STEPS_AGAIN = 5  # steps of crafting that are done again without any test image
CLOSE = 0.02  # nats: another device or precision may be as far off in the first steps
SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim, whether it holds (None: nothing to check it on), and what was found."""

    claim: str
    holds: bool | None
    words: str


Verdict = tuple[bool | None, str] | None  # None: the claim is none of this run's


def referee(chosen: Chosen, data: Dataset, device: Device) -> Iterator[Finding]:
    """Yield the findings about the runs of a report. What cannot be checked does not hold."""
    claim = "No test image is among the training or validation images"
    yield from _checked(claim, partial(_split, data))
    for run in chosen.all:
        claim = f"{_COMES_OUT_AGAIN[run.info['section']]} ({run.id})"
        yield from _checked(claim, partial(_comes_out_again, run, data, device))
    for run in chosen.trainings:
        claim = f"The network has learned: its accuracy is above what guessing gives ({run.id})"
        yield from _checked(claim, partial(_learned, run))
    for run in chosen.noises:
        for claim, check in _OF_NOISES.items():
            yield from _checked(f"{claim} ({run.id})", partial(check, run, data, device))
    for run in {run.config.run: run for run in chosen.noises}.values():
        claim = f"Success does not fall as the budget grows (network {run.config.run})"
        yield from _checked(claim, partial(_budgets, run))
    for run in chosen.neurons:
        for claim, check in _OF_NEURONS.items():
            yield from _checked(f"{claim} ({run.id})", partial(check, run, data, device))


def _checked(claim: str, check: Callable[[], Verdict]) -> Iterator[Finding]:
    """Yield what a check finds, or that it could not be done on such files."""
    try:
        verdict = check()
    except MissingNetwork as error:
        verdict = None, f"cannot be checked: {error}"
    except EngineError as error:
        verdict = False, f"cannot be checked: {error}"
    if verdict is not None:
        yield Finding(claim, *verdict)


def _split(data: Dataset) -> Verdict:
    """No image that was trained on, or validated on, is judged on."""
    seen = {image.tobytes() for part in (data.train, data.validation) for image in part.images}
    twice = sum(image.tobytes() in seen for image in data.test.images)
    return twice == 0, f"{len(data.test):,} test images looked up by their bytes, {twice} found"


def _comes_out_again(run: Run, data: Dataset, device: Device) -> Verdict:
    checks = list(verify(run, data, device))
    wrong = [f"{check.subject}: {check.words}" for check in checks if check.holds is False]
    if wrong:
        return False, "; ".join(wrong)
    unknown = [f"{check.subject}: {check.words}" for check in checks if check.holds is None]
    if agrees(checks):
        return True, "; ".join([_figure(run), *unknown])
    return None, "; ".join(unknown)


def _figure(run: Run) -> str:
    result = run.result
    match run.info["section"]:
        case "train":
            return f"{result['model']}: {result['test']['accuracy']:.2%} again"
        case "adversarial":
            return f"{len(result['targets'])} targets, every rate, size and interval again"
        case _:
            return f"{len(result['neurons'])} neurons, every activation and percentile again"


def _learned(run: Run) -> Verdict:
    """Validation accuracy is for sure above that of one and the same answer to everything."""
    result = run.result
    accuracy, n = result["validation"]["accuracy"], result["validation"]["n"]
    low, high = rate_interval(accuracy, n)
    return not chance_words(result), (
        f"{accuracy:.2%} of {n:,} validation images (95 %: {low:.2%} to {high:.2%}), where always "
        f"giving the most frequent answer scores {guessing_rate(result):.2%}"
    )


def _untouched(run: Run, data: Dataset, device: Device) -> Verdict:
    """Test images are untouched by crafting.

    The first steps are crafted again from a dataset without test images; the losses must be equal.
    """
    config = run.config
    blank = Part(np.zeros_like(data.test.images), data.test.labels)
    without = dataclasses.replace(data, test=blank)
    told = _first_losses(run.events())
    network, _ = load_networks(config, device, others=False)
    state = CraftState.begin(config, device)
    again = _first_losses(craft(config, without, device, network, {}, state))
    apart = float(np.abs(told - again).max()) if told.shape == again.shape else np.inf
    words = (
        f"the first {len(again)} steps, done again with every test image black, differ from the "
        f"journal by {apart:.2g} nats at most"
    )
    return apart <= CLOSE, words


def _first_losses(events: Iterable) -> np.ndarray:
    """Return the losses of the first steps, [S, L]."""
    found: list[np.ndarray] = []
    for event in events:
        if isinstance(event, Progress):
            found.extend(event.series["loss"])
        if len(found) >= STEPS_AGAIN:
            break
    return np.array(found[:STEPS_AGAIN], np.float32)


def _clamped(run: Run, data: Dataset, device: Device) -> Verdict:
    """Images are clamped to [0, 1].

    Clamped images move by less than the noise, and that is the distance that must be stated.
    """
    targets = run.result["targets"]
    noise = torch.from_numpy(run.array())
    images = torch.tensor(data.test.images).unsqueeze(1).float() / 255
    wrong, without = [], []
    for target, one in zip(targets, noise, strict=True):
        others = images[torch.from_numpy(data.test.labels != target["label"])]
        moved = ((others + one).clamp(0, 1) - others).flatten(1).norm(dim=1).mean().item()
        if abs(moved - target["distortion"]["effective_l2"]) > 1e-3 * max(moved, 1e-3):
            wrong.append(target["label"])
        without.append(one.norm().item() / max(moved, 1e-9))
    return (
        not wrong,
        f"labels {_listed(wrong)}: the stated distance is not that of clamped images"
        if wrong
        else f"stated distances are those of clamped images; unclamped, images would move "
        f"{np.mean(without):.1f} times as far",
    )


def _left_out(run: Run, data: Dataset, device: Device) -> Verdict:
    """Images of the target digit are left out."""
    wrong = [
        target["label"] for target in run.result["targets"]
        if target["success"]["n"] != int((data.test.labels != target["label"]).sum())
        or target["by_source"][target["label"]] is not None
    ]  # fmt: skip
    return (
        not wrong,
        f"labels {_listed(wrong)} count other images than those of the nine other digits"
        if wrong
        else "each rate counts the test images of the nine other digits, and no other",
    )


def _intervals(run: Run, data: Dataset, device: Device) -> Verdict:
    """Rates come with their 95 % intervals."""
    targets = run.result["targets"]
    wrong = [target["label"] for target in targets if not _interval_holds(target["success"])]
    return (
        not wrong,
        f"labels {_listed(wrong)}: not the Wilson interval of the rate"
        if wrong
        else "Wilson intervals, computed again from rate and count",
    )


def _random_noise(run: Run, data: Dataset, device: Device) -> Verdict:
    """Random noise of the same size does not do it."""
    targets = run.result["targets"]
    weak = [t["label"] for t in targets if t["success"]["low"] <= t["random_noise_success"]]
    highest = max(target["random_noise_success"] for target in targets)
    return (
        not weak,
        f"labels {_listed(weak)}: random noise does as well"
        if weak
        else f"it makes at most {highest:.1%} say the target",
    )


def _within_budget(run: Run, data: Dataset, device: Device) -> Verdict:
    """The noise keeps to its budget."""
    epsilon = run.config.epsilon
    if epsilon is None:
        return None
    size = float(np.abs(run.array()).max())
    return (size <= epsilon + SLACK, f"largest pixel {size:.4f}, ε {epsilon:g}")


def _interval_holds(success: dict) -> bool:
    low, high = rate_interval(success["rate"], success["n"])
    return abs(low - success["low"]) < SLACK and abs(high - success["high"]) < SLACK


def _budgets(noises: Run) -> Verdict:
    """Hold all finished noises against a network that differ in nothing but their budget."""
    families: dict[str, dict[float, Run]] = {}
    for run, info in finished_runs(noises.path.parent):
        config = info["config"]
        if info["section"] == "adversarial" and config["run"] == noises.config.run:
            same = {name: config[name] for name in ("recipe", "steps", "batch_size", "seed")}
            if config["epsilon"] is not None and not run.damage:
                families.setdefault(repr(same), {}).setdefault(config["epsilon"], run)
    runs = max(families.values(), key=len, default={})
    budgets = sorted(runs)
    if len(budgets) < 2:
        return None, f"it takes two budgets; {len(budgets)} were run on it alike"
    falls = []
    for less, more in pairwise(budgets):
        small = {t["label"]: t["success"] for t in runs[less].result["targets"]}
        for target in runs[more].result["targets"]:
            label, large = target["label"], target["success"]
            if label in small and large["high"] < small[label]["low"]:
                falls.append(f"label {label} from ε {less:g} to {more:g}")
    steps = ", ".join(f"{budget:g}" for budget in budgets)
    held = f"ε {steps}: never by more than the intervals allow"
    return not falls, "; ".join(falls) or held


def _images_in_range(run: Run, data: Dataset, device: Device) -> Verdict:
    """Images of neurons keep to [0, 1]."""
    images = run.array()
    low, high = float(images.min()), float(images.max())
    if run.config.recipe == "assignment":
        return (
            None,
            f"the report's rule sets no bounds: {low:.2f} to {high:.2f}; "
            "percentiles are those of the clamped images",
        )
    return low >= 0 and high <= 1, f"from {low:.3f} to {high:.3f}"


def _dead(run: Run, data: Dataset, device: Device) -> Verdict:
    """Dead neurons are said to be dead.

    Every neuron is asked about every test image; dead is what is zero on all of them.
    """
    told, config = run.result["neurons"], run.config
    network, _ = load_networks(config, device, others=False)
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
    return dead == stated, words


def _listed(items: list) -> str:
    shown = ", ".join(str(item) for item in items[:10])
    return shown + (f" and {len(items) - 10} more" if len(items) > 10 else "")


_COMES_OUT_AGAIN = {
    "train": "Test accuracy comes out again from the weights",
    "adversarial": "Success comes out again from the noise, on clamped images",
    "visualize": "Activations and dead neurons come out again from the images",
}
_OF_NOISES = {
    "Test images are untouched by crafting": _untouched,
    "Images are clamped to [0, 1]": _clamped,
    "Images of the target digit are left out": _left_out,
    "Rates come with their 95 % intervals": _intervals,
    "Random noise of the same size does not do it": _random_noise,
    "The noise keeps to its budget": _within_budget,
}
_OF_NEURONS = {
    "Images of neurons keep to [0, 1]": _images_in_range,
    "Dead neurons are said to be dead": _dead,
}
