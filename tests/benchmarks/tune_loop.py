"""Trainings under Ray Tune, with the kind of loop that its MNIST example has: DataLoader, one
epoch after another, accuracy reported after each."""

import argparse
import tempfile
from typing import Any

import numpy as np


def train(config: dict[str, Any]) -> None:
    """Train one of the course report's networks in plain PyTorch."""
    import torch
    from ray import tune
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    from engine.data.open import open_dataset

    torch.set_num_threads(1)
    torch.manual_seed(config["seed"])
    data = open_dataset(config["dataset"], config["data_root"])

    def loader(part: Any, *, shuffle: bool) -> DataLoader[Any]:
        images = torch.from_numpy(np.ascontiguousarray(part.images)).unsqueeze(1).float() / 255
        labels = torch.from_numpy(np.ascontiguousarray(part.labels)).long()
        return DataLoader(TensorDataset(images, labels), batch_size=128, shuffle=shuffle)

    blocks = 1 if config["model"] == "baseline" else 2
    layers: list[nn.Module] = []
    for block in range(blocks):
        layers += [nn.Conv2d(1 if block == 0 else 32, 32, 3, padding=1), nn.ReLU(),
                   nn.MaxPool2d(2)]  # fmt: skip
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * (28 >> blocks) ** 2, 10))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=0.02)
    batches, test = loader(data.train, shuffle=True), loader(data.test, shuffle=False)
    for _ in range(config["epochs"]):
        network.train()
        for images, labels in batches:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(images), labels).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            right = sum(int((network(x).argmax(1) == y).sum()) for x, y in test)
        tune.report({"accuracy": right / len(data.test)})


def main() -> None:
    """Run the trainings, as many at a time as there are cores."""
    import ray
    from ray import tune

    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--data-root")
    parser.add_argument("--model", required=True)
    parser.add_argument("--epochs", type=int, default=40)
    asked = vars(parser.parse_args())
    runs = asked.pop("runs")
    ray.init(include_dashboard=False, log_to_driver=False)
    space = asked | {"seed": tune.grid_search(list(range(runs)))}
    with tempfile.TemporaryDirectory() as folder:
        run_config = tune.RunConfig(storage_path=folder, verbose=0)
        found = tune.Tuner(train, param_space=space, run_config=run_config).fit()
    assert not found.errors


if __name__ == "__main__":
    main()
