"""Run directories of other datasets and networks: few classes, many, large layers."""

import json

import numpy as np

from engine.networks.layout import LOGITS, Layer, Layout
from engine.runs.events import Finished, Preview, Progress, Started, to_json
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.adversarial.results import shown_classes
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig
from tests.tui.example_runs import ENVIRONMENT

MODEL = "MyNet-1a2b3c4d"
SHAPES = ("circle", "[red]square[/]", "five-pointed star")
THINGS = tuple(f"thing {n}" for n in range(100))
STEPS = 20


class Made:
    """Writes a training, noises and images of one network on one dataset."""

    def __init__(self, artifacts, name, classes, side, model=MODEL, flat=500):
        self.artifacts, self.classes, self.side, self.model = artifacts, classes, side, model
        self.rng = np.random.default_rng(side)
        count = len(classes)
        self.dataset = {
            "name": name, "sha256": f"{side:064x}", "train": 300, "validation": 60, "test": 90,
            "classes": list(classes), "image": [side, side],
        }  # fmt: skip
        layers = (
            Layer("features.0", (5, side // 2, side // 2), (0, 4, 0, 4)),
            Layer("head", (flat,)),
            Layer(LOGITS, (count,)),
        )
        self.found = {
            "dataset": f"/data/{name}.npz", "device": "cpu", "precision": "fp32", "threads": 2,
            "classes": count, "side": side, "layout": Layout(layers).to_json(),
        }  # fmt: skip
        self.number = side

    def images(self, count):
        return self.rng.integers(0, 256, (count, self.side, self.side), np.uint8)

    def shares(self, *shape):
        values = self.rng.random((*shape, len(self.classes)))
        return values / values.sum(-1, keepdims=True)

    def write(self, config, events, results, **times):
        self.number += 1
        name = f"20260203-0405{self.number % 60:02}-{self.number:03}-{config.section}-{self.model}"
        folder = self.artifacts / name
        folder.mkdir(parents=True)
        info = {
            "schema": 2, "run_id": name, "section": config.section, "status": "finished",
            "config": config.to_json(), "dataset": self.dataset, "environment": ENVIRONMENT,
            "command": "mnist-tui run", "companions": [], "message": "",
            "started_at": "2026-02-03T04:05:05+00:00", "finished_at": "2026-02-03T04:06:05+00:00",
        }  # fmt: skip
        if config.section == "train":
            info["model_file"] = "1a2b3c4d" + "0" * 56
        (folder / "run.json").write_text(json.dumps(info))
        started = Started(
            step=0, run=name, section=config.section, title=config.title, steps=STEPS,
            config=config.to_json(), dataset=self.dataset, environment=ENVIRONMENT,
        )  # fmt: skip
        events = [started, *events, Finished(step=STEPS, results=results)]
        lines = [json.dumps(to_json(event.at(1e9 + n))) for n, event in enumerate(events)]
        (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
        (folder / "result.json").write_text(json.dumps(results | {"seconds": 5.0} | times))
        return name

    def trained(self, accuracy=0.8765):
        config = TrainConfig(model=self.model, artifacts=str(self.artifacts), epochs=1)
        count = len(self.classes)
        labels = np.arange(16) % count
        answers = np.where(np.arange(16) < 12, labels, (labels + 1) % count)
        events = [
            Preview(step=0, name="samples", images=self.images(16),
                    values={"label": labels, "prediction": answers,
                            "probability": np.full(16, 0.5)}),
        ]  # fmt: skip
        for step in (10, 20):
            series = {"loss": np.linspace(2, 1, 10, dtype=np.float32) / step}
            values = {"validation_loss": 1.0, "penalty": 0.1, "validation_accuracy": step / 25}
            events.append(Progress(step=step, series=series, values=values))
        test = {"accuracy": accuracy, "loss": 0.4, "n": 90}
        samples = [
            {"index": n, "label": int(label), "prediction": int(label), "probability": 0.9}
            for n, label in enumerate(labels)
        ]
        results = {
            "model": self.model, "parameters": 12_345, "test": test, "validation": test,
            "samples": samples, "confusion": np.eye(count, dtype=int).tolist(),
        }  # fmt: skip
        config = config.resolve(**self.found, model=self.model)
        return self.write(config, events, results, images_per_second=1000.0)

    def crafted(self, run, labels=None):
        config = AdversarialConfig(
            run=run, artifacts=str(self.artifacts), steps=STEPS, labels=labels
        ).resolve(**self.found, model=self.model, other_runs={})
        sources, rows = shown_classes(len(self.classes)), len(config.labels)
        before = {"before": np.array(sources), "probabilities": self.shares(len(sources))}
        events = [Preview(step=0, name="sources", images=self.images(len(sources)), values=before)]
        after = np.tile(np.array(config.labels)[:, None], (1, len(sources)))
        after[:, -1] = 0
        noise = Preview(
            step=STEPS, name="noise", images=self.images(rows), low=-0.7, high=0.7,
            values={"after": after, "probabilities": self.shares(rows, len(sources))},
        )  # fmt: skip
        for step in (10, 20):
            rates = np.full((10, rows), step / 20, np.float32)
            events.append(Progress(step=step, series={"loss": 1 / (1 + rates), "success": rates}))
        events += [
            Preview(step=STEPS, name="test_sources", images=self.images(len(sources)),
                    values=before), noise,
        ]  # fmt: skip
        targets = [
            {"label": label, "epsilon": None,
             "success": {"rate": 0.9, "low": 0.8, "high": 1.0, "n": 60},
             "by_source": [None if n == label else 0.9 for n in range(len(self.classes))],
             "distortion": {"linf": 0.7, "l2": 3.0, "effective_linf": 0.7, "effective_l2": 2.0},
             "random_noise_success": 0.01, "transfer": {}}
            for label in config.labels
        ]  # fmt: skip
        results = {
            "model_run": run, "transfer_runs": {}, "model": self.model, "clean_accuracy": 0.9,
            "targets": targets,
        }  # fmt: skip
        return self.write(config, events, results)

    def visualized(self, run, layers=("head", LOGITS), neurons=None):
        config = VisualizeConfig(
            run=run, artifacts=str(self.artifacts), steps=STEPS, layers=layers, neurons=neurons
        ).resolve(**self.found, model=self.model, other_runs={})
        targets = config.targets
        events = []
        for step in (10, 20):
            events.append(Preview(step=step, name="images", images=self.images(len(targets))))
            rows = np.linspace(0, step, 10)[:, None] + np.arange(len(targets))
            events.append(Progress(step=step, series={"activation": rows.astype(np.float32)}))
        events.append(Preview(step=STEPS, name="exemplars", images=self.images(9 * len(targets))))
        results = {
            "model_run": run, "model": self.model,
            "neurons": [
                {"layer": n.layer, "index": n.index, "position": n.position,
                 "activation_start": 0.1, "activation_end": 7.0, "activation_clamped": 7.0,
                 "percentile": 0.99, "dead": False, "restarts": 0,
                 "receptive_field": [self.side, self.side], "top_test_images": list(range(9))}
                for n in targets
            ],
        }  # fmt: skip
        return self.write(config, events, results)


def write_few(artifacts):
    """Write runs of three classes, whose names try to be markup, on images of 12x12."""
    made = Made(artifacts, "shapes", SHAPES, 12, flat=500)
    run = made.trained()
    made.crafted(run)
    made.visualized(run, layers=("features.0", "head", LOGITS))
    return run


def write_many(artifacts):
    """Write runs of a hundred classes on images of 64x64, and a layer of 500 neurons."""
    made = Made(artifacts, "things", THINGS, 64)
    run = made.trained()
    made.crafted(run)
    made.visualized(run, layers=(LOGITS,))
    return run
