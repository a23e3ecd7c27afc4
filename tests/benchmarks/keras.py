"""The same work in Keras on TensorFlow, as its documentation has it: ``fit`` and ``evaluate``."""

import os
import time

from engine.data.open import open_dataset
from engine.networks.architectures import ARCHITECTURES
from tests.benchmarks.task import Task

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def measure(task: Task) -> float:
    """Return the seconds that a task takes, building and tracing left out."""
    import tensorflow as tf

    threads = task.threads or len(os.sched_getaffinity(0))
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    data = open_dataset("mnist", task.data_root)
    parts = {
        name: (getattr(data, name).images[..., None].astype("float32") / 255,
               getattr(data, name).labels.astype("int64"))
        for name in ("train", "validation", "test")
    }  # fmt: skip
    match task.what:
        case "epoch":
            return _train(task, task.model, parts, interval=None)
        case "section":
            return sum(_train(task, model, parts, interval=10) for model in task.models)
        case "evaluation":
            network = _network(task.model)
            network.evaluate(*parts["test"], batch_size=1000, verbose=0)
            begin = time.perf_counter()
            network.evaluate(*parts["test"], batch_size=1000, verbose=0)
            return time.perf_counter() - begin
    raise ValueError(task.what)


def _network(model: str):
    import keras

    architecture = ARCHITECTURES[model]
    l2 = keras.regularizers.L2(0.01)
    layers = [keras.Input((28, 28, 1))]
    for _ in range(architecture.blocks):
        layers.append(
            keras.layers.Conv2D(32, 3, padding="same", activation="relu", kernel_regularizer=l2)
        )
        layers.append(keras.layers.MaxPooling2D())
    layers.append(keras.layers.Flatten())
    if architecture.hidden:
        layers.append(
            keras.layers.Dense(architecture.hidden, activation="relu", kernel_regularizer=l2)
        )
    layers.append(keras.layers.Dense(10, kernel_regularizer=l2))
    network = keras.Sequential(layers)
    network.compile(
        keras.optimizers.SGD(0.01, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return network


def _train(task: Task, model: str, parts: dict, interval: int | None) -> float:
    import keras

    network = _network(model)

    class Validate(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if interval and (batch + 1) % interval == 0:
                self.model.evaluate(*parts["validation"], batch_size=1000, verbose=0)

    images, labels = parts["train"]
    network.fit(images[:256], labels[:256], batch_size=task.batch_size, verbose=0)
    network.evaluate(*(values[:1000] for values in parts["validation"]), batch_size=1000, verbose=0)
    begin = time.perf_counter()
    network.fit(images, labels, batch_size=task.batch_size, epochs=task.epochs, verbose=0,
                callbacks=[Validate()])  # fmt: skip
    network.evaluate(*parts["test"], batch_size=1000, verbose=0)
    return time.perf_counter() - begin
