"""How often a noise succeeds at other strengths than its own, and random noise of the same size.

Counted as a run's own success is (``sections.adversarial.evaluate``), in parts, so that whoever
asks can stop in between; at strength 1 the same number comes out.
"""

import hashlib
import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import platformdirs
import torch
from torch import Tensor

from engine.data.dataset import Split
from engine.errors import EngineError
from engine.files.reader import MB, read_bytes
from engine.files.writer import write_atomically
from engine.networks.architectures import WEIGHTS_FILE
from engine.networks.stored import AnyNetwork
from engine.numerics.device import Device
from engine.numerics.inference import predict
from engine.numerics.seeding import Stream, stream
from engine.pad import STRENGTHS
from engine.pad.networks import Trained, undisturbing
from engine.pad.noises import Noise
from engine.sections.adversarial.evaluate import effective_distortion, matched_random_noise

PART = 1_000  # images at a time on a CPU; it judges 200 at once, so the answers are those of all
LIMIT = 64 * 1024  # bytes of a curve in the cache


class Curve(msgspec.Struct, frozen=True):
    """Success at each of ``STRENGTHS``, of the first ``counted`` of ``images``; None: not yet."""

    noise: tuple[float | None, ...]
    random: tuple[float | None, ...]
    counted: int
    images: int

    @property
    def whole(self) -> bool:
        """Whether nothing is left to be counted."""
        return self.counted == self.images and None not in self.random

    def values(self, line: str) -> np.ndarray:
        """Return the line ``noise`` or ``random`` as float64 [S], NaN where it is not known."""
        return np.array([math.nan if v is None else v for v in getattr(self, line)])


def by_strength(network: AnyNetwork, noise: Noise, test: Split, device: Device) -> Iterator[Curve]:
    """Yield what is known so far: of more and more images, then random noise at each strength.

    Often, with nothing new at times, so that it can be stopped. The network is on ``device``; the
    images are those of other classes than the noise's.
    """
    return undisturbing(network, _by_strength(network, noise, test, device))


@torch.no_grad()
def _by_strength(network: AnyNetwork, noise: Noise, test: Split, device: Device) -> Iterator[Curve]:
    placed, truth = device.place(test)
    images = placed[truth != noise.label]
    image = torch.from_numpy(noise.image)[None].to(device.torch_device)
    hits, random, count = [0] * len(STRENGTHS), dict.fromkeys(STRENGTHS), len(images)
    curve = Curve((None,) * len(STRENGTHS), (None,) * len(STRENGTHS), 0, count)
    parts = images.split(PART) if device.torch_device.type == "cpu" else (images,)
    for part in parts:
        of_part = []
        for strength in STRENGTHS:
            of_part.append(_hits(network, part, strength * image, noise.label, device))
            yield curve
        hits = [sum(pair) for pair in zip(hits, of_part, strict=True)]
        counted = curve.counted + len(part)
        curve = Curve(tuple(n / counted for n in hits), curve.random, counted, count)
        yield curve
    for strength in sorted(STRENGTHS, key=lambda strength: abs(strength - 1)):
        scaled, total = strength * image, 0
        if strength:
            moved, _ = effective_distortion(images, scaled)
            drawn = stream(noise.seed, Stream.RANDOM_NOISE, noise.label)
            scaled = matched_random_noise(images, moved, drawn)
        for part in parts:
            total += _hits(network, part, scaled, noise.label, device)
            yield curve
        random[strength] = total / count
        curve = Curve(curve.noise, tuple(random.values()), count, count)
        yield curve


def _hits(network: AnyNetwork, images: Tensor, noise: Tensor, label: int, device: Device) -> int:
    """Return how many images [N, 1, H, W] the network takes for ``label`` with the noise."""
    return int((predict(network, images, device, noise=noise).argmax(1) == label).sum())


def name_of(trained: Trained, noise: Noise, device: Device) -> str:
    """Return what a curve is kept by: a hash of all that it depends on. Raises EngineError."""
    whole = hashlib.sha256()
    weights = read_bytes(trained.run.path / WEIGHTS_FILE, 1024 * MB)
    for part in (weights, np.ascontiguousarray(noise.image).tobytes()):
        whole.update(hashlib.sha256(part).digest())
    code = trained.run.read_info().get("model_file")
    rest = code, trained.dataset["sha256"], noise.label, noise.seed, device.torch_device.type
    whole.update(repr((rest, STRENGTHS)).encode())
    return whole.hexdigest()


def kept(name: str) -> Curve | None:
    """Return the curve of that name from the user's cache, None where there is none."""
    with suppress(EngineError, OSError, msgspec.MsgspecError):
        curve = msgspec.json.decode(read_bytes(_file(name), LIMIT), type=Curve)
        if curve.whole and len(curve.noise) == len(curve.random) == len(STRENGTHS):
            return curve
    return None


def keep(name: str, curve: Curve) -> None:
    """Write a whole curve into the user's cache, if that can be written."""
    with suppress(EngineError, OSError):
        path = _file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, msgspec.json.encode(curve), path.parent)


def _file(name: str) -> Path:
    return platformdirs.user_cache_path("mnist-tui") / "strength" / f"{name}.json"
