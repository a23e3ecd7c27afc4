"""Run directories with fixed numbers, for what is drawn from them: no engine, no clock."""

import json

import numpy as np

from engine.data.digits import open_digits
from engine.files.writer import npy_bytes, npz_bytes
from engine.networks.architectures import ARCHITECTURES, EXEMPLARS
from engine.runs.events import Failed, Finished, Preview, Progress, Started, to_json
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig

DATASET = {
    "name": "digits", "sha256": open_digits().sha256, "train": 1260, "validation": 180, "test": 357,
}  # fmt: skip
ENVIRONMENT = {
    "device": "cpu", "device_name": "a processor", "precision": "fp32", "threads": 2,
    "versions": {"mnist-tui": "0", "python": "3", "torch": "2", "numpy": "2"},
}  # fmt: skip
FOUND = {"dataset": "digits", "device": "cpu", "precision": "fp32", "threads": 2}
STEPS = 400
TRAINED = "20260102-030405-000-train-two-conv-fc"


def write_run(
    artifacts, number, config, events, status="finished", result=None, message="", answers=None
):
    """Write a run directory and return its id."""
    name = f"20260102-0304{number:02}-000-{config.section}-{config.title}"
    folder = artifacts / name
    folder.mkdir(parents=True)
    info = {
        "schema": 1, "run_id": name, "section": config.section, "status": status,
        "config": config.to_json(), "dataset": DATASET, "environment": ENVIRONMENT,
        "command": "mnist-tui run", "companions": [], "message": message,
        "started_at": "2026-01-02T03:04:05+00:00", "finished_at": "2026-01-02T03:05:05+00:00",
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(info))
    first = Started(step=0, run=name, section=config.section, title=config.title,
                    steps=steps_of(config), config=config.to_json(), dataset=DATASET,
                    environment=ENVIRONMENT)  # fmt: skip
    lines = [json.dumps(to_json(event.at(1e9 + n))) for n, event in enumerate([first, *events])]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    if result is not None:
        (folder / "result.json").write_text(json.dumps(result))
    if answers is not None:
        content = npz_bytes(answers | {"sha256": np.array(DATASET["sha256"])})
        (folder / "answers.npz").write_bytes(content)
    return name


def trained_answers(digits):
    """Return what a network says that takes sixteen test images for the next digit, more surely."""
    labels = digits.test.labels
    said = labels.copy()
    said[::23] = (said[::23] + 1) % 10
    probabilities = np.full((len(labels), 10), 0.01, np.float16)
    probabilities[np.arange(len(labels)), said] = np.where(said == labels, 0.8, 0.9)
    return {"label": labels, "prediction": said, "probabilities": probabilities}


def confusion_of(answers):
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (answers["label"], answers["prediction"]), 1)
    return counts.tolist()


def noise_answers(digits):
    """Return what it says with each of ten noises, which every thirtieth image resists."""
    answers = np.repeat(np.arange(10, dtype=np.uint8)[:, None], len(digits.test), 1)
    answers[:, ::30] = digits.test.labels[::30]
    return {"prediction": answers}


def steps_of(config):
    return STEPS if config.section == "train" else config.steps


def train_events(digits, last=STEPS, level=0.0, diverge=None):
    """Yield a training's events up to a step; ``level`` sets models apart."""
    rng = np.random.default_rng(7)
    labels = digits.validation.labels[:16]
    for step in range(0, last + 1, 10):
        if step % 50 == 0:
            answers = np.where(np.arange(16) < 4 + step / 32, labels, (labels + 1) % 10)
            yield Preview(step=step, name="samples",
                          images=digits.validation.images[:16] if step == 0 else None,
                          values={"label": labels, "prediction": answers,
                                  "probability": np.full(16, 0.1 + step / 500)})  # fmt: skip
        if step == 0:
            continue
        steps = np.arange(step - 9, step + 1)
        loss = 2.3 * np.exp(-steps / (60 + 40 * level)) + 0.1 + 0.05 * rng.standard_normal(10) ** 2
        if diverge is not None:
            loss = np.where(steps >= diverge, np.nan, loss)
        accuracy = 0.95 + 0.01 * level - 0.8 * np.exp(-step / 40)
        values = {"validation_loss": 2.2 * np.exp(-step / 70) + 0.12, "penalty": 0.1,
                  "validation_accuracy": accuracy}  # fmt: skip
        yield Progress(step=step, series={"loss": loss.astype(np.float32)}, values=values)


def train_figures(model, accuracy, loss=0.2):
    """Return the figures of a training."""
    test = {"accuracy": accuracy, "loss": loss, "n": 267}
    samples = [
        {"index": n, "label": n % 10, "prediction": n % 10, "probability": 0.9} for n in range(16)
    ]
    return {"model": model, "parameters": ARCHITECTURES[model].parameters, "test": test,
            "validation": test, "samples": samples,
            "confusion": np.eye(10, dtype=int).tolist()}  # fmt: skip


def trained(artifacts, digits, number, model, accuracy):
    """Write a finished training."""
    config = TrainConfig(model=model, artifacts=str(artifacts)).resolve(**FOUND)
    answers = trained_answers(digits)
    figures = train_figures(model, accuracy) | {"confusion": confusion_of(answers)}
    events = [*train_events(digits, level=number), Finished(step=STEPS, results=figures)]
    result = figures | {"seconds": 5.0, "images_per_second": 10_000.0}
    return write_run(artifacts, number, config, events, result=result, answers=answers)


def diverged(artifacts, digits, number):
    """Write a training that failed."""
    message = "Training diverged at step 203: the loss is no longer finite. Lower --learning-rate."
    config = TrainConfig(model="two-conv", learning_rate=9.0, artifacts=str(artifacts))
    events = [*train_events(digits, last=210, diverge=203), Failed(step=210, message=message)]
    return write_run(artifacts, number, config.resolve(**FOUND), events, "failed", message=message)


def blob(row, column, width=4.0):
    """Return a soft spot in an image [28, 28]."""
    y, x = np.mgrid[:28, :28]
    return np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * width**2))


def crafted(artifacts, digits, number, model_run):
    """Write ten finished noises."""
    config = AdversarialConfig(run=model_run, artifacts=str(artifacts), steps=40)
    config = config.resolve(**FOUND, model="two-conv-fc", other_runs={})
    noises = np.stack([blob(8 + n, 20 - n) - blob(20, 6 + n, 3.0) for n in range(10)]) * 0.8
    images = np.stack([digits.test.images[digits.test.labels == d][0] for d in range(10)])
    certain = np.full((10, 10), 0.01) + 0.9 * np.eye(10)
    events = [Preview(step=0, name="sources", images=images,
                      values={"before": np.arange(10), "probabilities": certain})]  # fmt: skip
    for step in range(1, 41):
        share = step / 40
        if step % 10 == 0:
            events.append(noise_preview(step, noises * share, share))
        rates = np.clip(share * 2 - np.arange(10) / 20, 0, 1)
        series = {"loss": 6 * np.exp(-4 * share) + np.arange(10) / 10, "success": rates}
        series = {name: row[None].astype(np.float32) for name, row in series.items()}
        events.append(Progress(step=step, series=series))
    events.append(Preview(step=40, name="test_sources", images=images,
                          values={"before": np.arange(10), "probabilities": certain}))  # fmt: skip
    events.append(noise_preview(40, noises, 1.0))
    targets = [
        {"label": n, "epsilon": None,
         "success": {"rate": 1 - n / 100, "low": 0.9, "high": 1.0, "n": 240},
         "by_source": [None if d == n else 1 - n * d / 100 for d in range(10)],
         "distortion": {"linf": 0.8, "l2": 6.0, "effective_linf": 0.8, "effective_l2": 5.0},
         "random_noise_success": 0.01, "transfer": {}}
        for n in range(10)
    ]  # fmt: skip
    figures = {"model_run": model_run, "transfer_runs": {}, "model": "two-conv-fc",
               "clean_accuracy": 0.95, "targets": targets}  # fmt: skip
    events.append(Finished(step=40, results=figures))
    name = write_run(artifacts, number, config, events, result=figures | {"seconds": 5.0},
                     answers=noise_answers(digits))  # fmt: skip
    (artifacts / name / "noise.npy").write_bytes(npy_bytes(noises[:, None].astype(np.float32)))
    return name


def noise_preview(step, noises, share):
    after = np.tile(np.arange(10)[:, None], (1, 10))
    after[:, int(9 * share) + 1 :] = 3
    probabilities = 0.01 + 0.9 * np.eye(10)[after]
    return Preview.quantized(step=step, name="noise", images=noises, low=-0.8, high=0.8,
                             after=after, probabilities=probabilities)  # fmt: skip


def visualized(artifacts, digits, number, model_run):
    """Write the finished images of all neurons."""
    config = VisualizeConfig(run=model_run, artifacts=str(artifacts), steps=40)
    config = config.resolve(**FOUND, model="two-conv-fc", other_runs={})
    targets = config.targets
    goal = np.stack([blob(*centre(neuron)) for neuron in targets])
    ends = 5 + np.arange(len(targets)) % 11
    events = []
    for step in range(0, 41, 5):
        share = step / 40
        if step % 10 == 0:
            events.append(Preview.quantized(step=step, name="images", images=goal * share + 0.1,
                                            low=0.0, high=1.0))  # fmt: skip
        if step:
            rows = [ends * (1 - np.exp(-4 * s / 40)) for s in range(step - 4, step + 1)]
            series = {"activation": np.array(rows, np.float32)}
            events.append(Progress(step=step, series=series))
    shown = digits.test.images[: len(targets) * EXEMPLARS % 200 + EXEMPLARS]
    exemplars = np.resize(shown, (len(targets) * EXEMPLARS, 28, 28))
    events.append(Preview(step=40, name="exemplars", images=exemplars))
    neurons = [
        {"layer": n.layer, "index": n.index, "position": n.position, "activation_start": 0.1,
         "activation_end": float(end), "activation_clamped": float(end), "percentile": 0.99,
         "dead": (n.layer, n.index) == ("pool1", 15), "restarts": n.index % 3,
         "receptive_field": [28, 28], "top_test_images": list(range(9))}
        for n, end in zip(targets, ends, strict=True)
    ]  # fmt: skip
    figures = {"model_run": model_run, "model": "two-conv-fc", "neurons": neurons}
    events.append(Finished(step=40, results=figures))
    return write_run(artifacts, number, config, events, result=figures | {"seconds": 5.0})


def centre(neuron):
    rows, columns = neuron.receptive_field(28)
    return (rows.start + rows.stop) / 2, (columns.start + columns.stop) / 2


def write_examples(artifacts, digits):
    """Write three trainings, one of them diverged once, ten noises and all neurons."""
    trained(artifacts, digits, 1, "baseline", 0.91)
    trained(artifacts, digits, 2, "two-conv", 0.94)
    network = trained(artifacts, digits, 5, "two-conv-fc", 0.96)
    assert network == TRAINED
    crafted(artifacts, digits, 10, network)
    visualized(artifacts, digits, 11, network)
