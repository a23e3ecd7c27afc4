"""A fourth section, from outside of the package: it fits the mean image of each class."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypedDict

import numpy as np
from msgspec import Meta

from engine.config import RunConfig, resolved
from engine.files.values import Fraction
from engine.files.writer import npy_bytes
from engine.options import option
from engine.runs.curves import last
from engine.runs.events import Finished, Preview, Progress
from engine.sections.section import Experiment, PreviewRules, Section


@dataclass(frozen=True, kw_only=True, slots=True)
class MeansConfig(RunConfig):
    section: ClassVar[str] = "means"
    title = "nearest-mean"
    defaults: ClassVar = {"images": 20}
    images: int | None = option(None, "Images to look at in a step.", low=1, high=1000)

    def resolve(self, **found):
        return resolved(ResolvedMeansConfig, self, found)


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedMeansConfig(MeansConfig):
    images: int


@dataclass
class Sums:
    sums: np.ndarray  # [K, 1, H, W]
    counts: np.ndarray  # [K]
    step: int = 0

    def state_dict(self):
        return {"step": self.step, "sums": self.sums.tolist(), "counts": self.counts.tolist()}

    def load_state_dict(self, saved):
        self.step = saved["step"]
        self.sums, self.counts = np.array(saved["sums"]), np.array(saved["counts"])

    def made(self):
        return (self.sums / np.maximum(self.counts, 1)[:, None, None, None]).astype(np.float32)

    def files(self):
        return {"means.npy": npy_bytes(self.made())}


class Results(TypedDict):
    accuracy: Annotated[Fraction, Meta(description="of the nearest mean, on the test images")]


class Means(Section[ResolvedMeansConfig, np.ndarray]):
    name, about = "means", "Fit the mean image of each class."
    asked, config, results = MeansConfig, ResolvedMeansConfig, Results
    series, shares = ("moved",), ()
    pictured = "means"
    files, array_file = ("means.npy",), "means.npy"

    def begin(self, config, data, device):
        state = Sums(np.zeros((10, 1, 28, 28)), np.zeros(10))
        steps = math.ceil(len(data.train) / config.images)
        return Experiment(state=state, making=fit(config, data, state, steps), steps=steps,
                          checkpoint_interval=5)  # fmt: skip

    def load(self, config, run, device):
        return run.array()

    def evaluate(self, config, made, data, device):
        step = math.ceil(len(data.train) / config.images)
        images = data.test.images.reshape(len(data.test), 1, -1) / 255
        nearest = np.square(images - made.reshape(1, 10, -1)).sum(2).argmin(1)
        accuracy = float((nearest == data.test.labels).mean())
        yield Finished(step=step, results={"accuracy": accuracy})

    def rows(self, config):
        return 10

    def previews(self, config):
        return {"means": PreviewRules(self.rows(config))}

    def ranking(self, history):
        finished = history.finished.results if history.finished else {}
        return {"accuracy": finished.get("accuracy", math.nan),
                "moved_last": last(history.curves.get("moved"))}  # fmt: skip

    def headline(self, results: dict[str, Any]):
        return f"nearest mean: {results['accuracy']:.2%}"


def fit(config, data, state, steps):
    while state.step < steps:
        before = state.made()
        chosen = slice(state.step * config.images, (state.step + 1) * config.images)
        labels = data.train.labels[chosen]
        np.add.at(state.sums, labels, data.train.images[chosen][:, None] / 255)
        np.add.at(state.counts, labels, 1)
        state.step += 1
        moved = np.abs(state.made() - before).mean((1, 2, 3), dtype=np.float32)
        if state.step % 5 == 0 or state.step == steps:
            yield Preview.quantized(step=state.step, name="means", images=state.made()[:, 0],
                                    low=0.0, high=1.0)  # fmt: skip
        yield Progress(step=state.step, series={"moved": moved[None]})
