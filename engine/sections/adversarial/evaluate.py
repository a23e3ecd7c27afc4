"""Judging universal noise on the test images, always in float32 and always clamped.

For every target label: how often the network says it on images of other classes, with a Wilson
interval and by true class; how far the images really moved; what random noise that moves them as
far does; and what the other networks say.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.data.dataset import Dataset, Split
from engine.networks.stored import AnyNetwork
from engine.numerics.device import Device
from engine.numerics.inference import infuse, judge, predict, to_unit
from engine.numerics.intervals import wilson_interval
from engine.numerics.parts import CACHED, MOST
from engine.numerics.seeding import Stream, stream
from engine.runs.events import Event, Finished, Working
from engine.sections.adversarial.config import ResolvedAdversarialConfig
from engine.sections.adversarial.sources import Sources
from engine.sections.adversarial.state import Noises

MATCHED = 1e-4  # how closely, relatively, random noise is brought to the same effective L2


def evaluate(
    config: ResolvedAdversarialConfig, made: Noises, data: Dataset, device: Device
) -> Iterator[Event]:
    """Judge noises on the test images.

    Previews ``test_sources`` and ``noise``, as while crafting, on test images. Working: after each
    noise that was judged.
    """
    step = config.steps
    yield Working(step=step, doing="judging on the test images")
    images, truth = device.place(data.test)
    clean = judge(predict(made.network, images, device), truth)
    targets, answers = [], []
    for target, read in judge_noise(
        made.noise,
        config.labels,
        network=made.network,
        others=made.others,
        test=data.test,
        device=device,
        classes=config.classes,
        epsilon=config.epsilon,
        seed=config.seed,
    ):
        targets.append(target)
        answers.append(read)
        yield Working(step=step, doing=f"judging {len(targets)} of {len(config.labels)}")
    sources = Sources("test_sources", data.test, config, device)
    yield sources.clean(made.network, step)
    yield sources.infused(made.network, made.noise, step)
    results = {
        "model_run": config.run,
        "transfer_runs": dict(config.others),
        "model": config.model,
        "clean_accuracy": clean["accuracy"],
        "targets": targets,
    }
    kept = {"prediction": np.stack(answers), "sha256": np.array(data.sha256)}
    yield Finished(step=step, results=results, answers=kept)


def judge_noise(
    noise: Tensor,
    labels: tuple[int, ...],
    *,
    network: AnyNetwork,
    others: Mapping[str, AnyNetwork],
    test: Split,
    device: Device,
    classes: int,
    epsilon: float | None,
    seed: int,
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """Yield for each noise of [L, 1, H, W] its item of ``targets`` in result.json.

    With it come the network's answers to all test images with that noise: uint8 [N].
    """
    images, truth = device.place(test)
    for label, one in zip(labels, noise, strict=True):
        eligible = truth != label
        of_others, sources = images[eligible], truth[eligible].cpu().numpy()
        read = _read(network, of_others, one, device)
        answers = np.empty(len(truth), np.uint8)
        answers[eligible.cpu().numpy()] = read
        answers[~eligible.cpu().numpy()] = _read(network, images[~eligible], one, device)
        hits = read == label
        low, high = wilson_interval(int(hits.sum()), len(hits))
        moved_l2, moved_linf = effective_distortion(of_others, one)
        random = matched_random_noise(of_others, moved_l2, stream(seed, Stream.RANDOM_NOISE, label))
        target = {
            "label": label,
            "epsilon": epsilon,
            "success": {
                "rate": float(hits.mean()),
                "low": low,
                "high": high,
                "n": len(hits),
            },
            "by_source": [
                float(hits[sources == true].mean()) if (sources == true).any() else None
                for true in range(classes)
            ],
            "distortion": {
                "linf": one.abs().max().item(),
                "l2": one.norm().item(),
                "effective_linf": moved_linf,
                "effective_l2": moved_l2,
            },
            "random_noise_success": _rate(network, of_others, random, label, device),
            "transfer": {
                model: _rate(other, of_others, one, label, device)
                for model, other in others.items()
            },
        }
        yield target, answers


def _read(network: AnyNetwork, images: Tensor, noise: Tensor, device: Device) -> np.ndarray:
    """Return what the network says of uint8 images [N, 1, H, W] with the noise on them: [N]."""
    if not len(images):
        return np.empty(0, np.int64)
    answers: np.ndarray = predict(network, images, device, noise=noise).argmax(1).cpu().numpy()
    return answers


def _rate(network: AnyNetwork, images: Tensor, noise: Tensor, label: int, device: Device) -> float:
    """Return the share of images that the network reads as ``label`` with the noise on them."""
    return float((_read(network, images, noise, device) == label).mean())


def effective_distortion(images: Tensor, noise: Tensor) -> tuple[float, float]:
    """Return the mean L2 and L∞ by which noise [1, H, W] moves uint8 images, clamp included."""
    l2, linf = [], []
    for part in images.split(MOST if images.is_cuda else CACHED):
        clean = to_unit(part)
        moved = (infuse(clean, noise) - clean).flatten(1)
        l2.append(moved.norm(dim=1))
        linf.append(moved.abs().amax(1))
    return torch.cat(l2).mean().item(), torch.cat(linf).mean().item()


def matched_random_noise(images: Tensor, l2: float, random: np.random.Generator) -> Tensor:
    """Return Gaussian noise [1, H, W] that moves uint8 images by ``l2`` on the mean, clamped.

    The noise is scaled until it does: clamping eats more of a larger noise, so each correction
    falls a little short and a few are needed.
    """
    drawn = random.standard_normal(tuple(images.shape[1:])).astype(np.float32)
    noise = torch.from_numpy(drawn).to(images.device)
    noise *= l2 / noise.norm()
    for _ in range(50):
        moved, _ = effective_distortion(images, noise)
        if moved == 0 or abs(moved / l2 - 1) < MATCHED:
            break
        noise *= l2 / moved
    return noise
