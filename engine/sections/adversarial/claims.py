"""What the referee asks of universal noise."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np
import torch

from engine.analysis.second_opinion import on_success
from engine.data.dataset import Dataset
from engine.files.text import listed
from engine.numerics.device import Device
from engine.runs.events import Event, Progress
from engine.runs.run import Run
from engine.runs.store import finished_runs
from engine.sections.adversarial.config import ResolvedAdversarialConfig
from engine.sections.adversarial.craft import craft
from engine.sections.adversarial.state import CraftState
from engine.sections.section import Claim, Verdict
from engine.sections.trained import load_network_of, network_run

STEPS_AGAIN = 5  # steps of crafting that are done again without any test image
CLOSE = 0.02  # nats: another device or precision may be as far off in the first steps
SLACK = 1e-6


def claims(
    config: ResolvedAdversarialConfig, run: Run, data: Dataset, device: Device
) -> Iterator[Claim]:
    """Yield what a reviewer would doubt about the noises of a run."""
    for words, check in _CLAIMS.items():
        yield Claim(f"{words} ({run.id})", partial(check, config, run, data, device))
    words = f"Success does not fall as the budget grows (network {config.run})"
    yield Claim(words, partial(_budgets, config, run))


def _untouched(
    config: ResolvedAdversarialConfig, run: Run, data: Dataset, device: Device
) -> Verdict | None:
    """Test images are untouched by crafting.

    The first steps are crafted again from a dataset without test images; the losses must be equal.
    """
    without = data.without_test()
    told = _first_losses(run.events())
    state = CraftState.begin(config, device, load_network_of(config, device), {})
    again = _first_losses(craft(config, without, device, state))
    apart = float(np.abs(told - again).max()) if told.shape == again.shape else np.inf
    words = (
        f"the first {len(again)} steps, done again with every test image black, differ from the "
        f"journal by {apart:.2g} nats at most"
    )
    return Verdict(apart <= CLOSE, words)


def _first_losses(events: Iterable[Event]) -> np.ndarray:
    """Return the losses of the first steps, [S, L]."""
    found: list[np.ndarray] = []
    for event in events:
        if isinstance(event, Progress):
            found.extend(event.series["loss"])
        if len(found) >= STEPS_AGAIN:
            break
    return np.array(found[:STEPS_AGAIN], np.float32)


def _clamped(
    config: ResolvedAdversarialConfig, run: Run, data: Dataset, device: Device
) -> Verdict | None:
    """Images are clamped to [0, 1].

    Clamped images move by less than the noise, and that is the distance that must be stated.
    """
    targets = run.read_result()["targets"]
    noise = torch.from_numpy(run.array())
    images = torch.tensor(data.test.images).unsqueeze(1).float() / 255
    wrong, without = [], []
    for target, one in zip(targets, noise, strict=True):
        others = images[torch.from_numpy(data.test.labels != target["label"])]
        moved = ((others + one).clamp(0, 1) - others).flatten(1).norm(dim=1).mean().item()
        if abs(moved - target["distortion"]["effective_l2"]) > 1e-3 * max(moved, 1e-3):
            wrong.append(target["label"])
        without.append(one.norm().item() / max(moved, 1e-9))
    return Verdict(
        not wrong,
        f"labels {listed(wrong)}: the stated distance is not that of clamped images"
        if wrong
        else f"stated distances are those of clamped images; unclamped, images would move "
        f"{np.mean(without):.1f} times as far",
    )


def _second_opinion(
    config: ResolvedAdversarialConfig, run: Run, data: Dataset, device: Device
) -> Verdict | None:
    """Success is counted again by other code."""
    return on_success(run, network_run(config), data)


def _random_noise(
    config: ResolvedAdversarialConfig, run: Run, data: Dataset, device: Device
) -> Verdict | None:
    """Random noise of the same size does not do it."""
    targets = run.read_result()["targets"]
    weak = [t["label"] for t in targets if t["success"]["low"] <= t["random_noise_success"]]
    highest = max(target["random_noise_success"] for target in targets)
    return Verdict(
        not weak,
        f"labels {listed(weak)}: random noise does as well"
        if weak
        else f"it makes at most {highest:.1%} say the target",
    )


def _within_budget(
    config: ResolvedAdversarialConfig, run: Run, data: Dataset, device: Device
) -> Verdict | None:
    """The noise keeps to its budget."""
    epsilon = config.epsilon
    if epsilon is None:
        return None
    size = float(np.abs(run.array()).max())
    return Verdict(size <= epsilon + SLACK, f"largest pixel {size:.4f}, ε {epsilon:g}")


def _budgets(asked: ResolvedAdversarialConfig, noises: Run) -> Verdict | None:
    """Compare all finished noises against a network that differ only in their budget."""
    families: dict[str, dict[float, Run]] = {}
    for run, info in finished_runs(noises.path.parent):
        config = info["config"]
        if info["section"] == "adversarial" and config["run"] == asked.run:
            same = {name: config[name] for name in ("recipe", "steps", "batch_size", "seed")}
            if config["epsilon"] is not None and not run.find_damage():
                families.setdefault(repr(same), {}).setdefault(config["epsilon"], run)
    runs = max(families.values(), key=len, default={})
    budgets = sorted(runs)
    if len(budgets) < 2:
        return Verdict(None, f"it takes two budgets; {len(budgets)} were run on it alike")
    falls = []
    for less, more in pairwise(budgets):
        small = {t["label"]: t["success"] for t in runs[less].read_result()["targets"]}
        for target in runs[more].read_result()["targets"]:
            label, large = target["label"], target["success"]
            if label in small and large["high"] < small[label]["low"]:
                falls.append(f"label {label} from ε {less:g} to {more:g}")
    steps = ", ".join(f"{budget:g}" for budget in budgets)
    held = f"ε {steps}: never by more than the intervals allow"
    return Verdict(not falls, "; ".join(falls) or held)


_CLAIMS: dict[str, Callable[[ResolvedAdversarialConfig, Run, Dataset, Device], Verdict | None]] = {
    "Test images are untouched by crafting": _untouched,
    "Images are clamped to [0, 1]": _clamped,
    "A second implementation counts the same success": _second_opinion,
    "Random noise of the same size does not do it": _random_noise,
    "The noise keeps to its budget": _within_budget,
}
