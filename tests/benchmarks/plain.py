"""The same work as people write it in PyTorch: a DataLoader loop, one noise or neuron at a time.

Contiguous layout, float32, ``torch.optim``, batches of 1,000 to evaluate, as in pytorch/examples.
"""

import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.transforms import ToTensor

from engine.data.dataset import Split
from engine.data.open import open_dataset
from engine.networks.architectures import ARCHITECTURES
from engine.sections.visualize.neurons import masks
from tests.benchmarks.task import Task

STEPS = 100


class Images(TorchDataset):
    """MNIST as torchvision hands it out: an image and its label at a time."""

    def __init__(self, part: Split) -> None:
        self.part, self.transform = part, ToTensor()

    def __len__(self) -> int:
        return len(self.part)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = self.part.images[index][:, :, None]
        return self.transform(image), int(self.part.labels[index])


class Plain(nn.Module):
    """One of the three networks, ReLU before pooling, no word of memory layouts."""

    def __init__(self, model: str) -> None:
        super().__init__()
        architecture = ARCHITECTURES[model]
        self.hidden = architecture.hidden
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 32, 3, padding=1) if architecture.blocks == 2 else None
        if self.hidden:
            self.fc = nn.Linear(architecture.flat_features, self.hidden)
        self.out = nn.Linear(self.hidden or architecture.flat_features, 10)

    def pools(self, x: Tensor) -> dict[str, Tensor]:
        """Return the outputs of the pooling layers."""
        layers = {"pool1": F.max_pool2d(F.relu(self.conv1(x)), 2)}
        if self.conv2 is not None:
            layers["pool2"] = F.max_pool2d(F.relu(self.conv2(layers["pool1"])), 2)
        return layers

    def forward(self, x: Tensor) -> Tensor:
        x = list(self.pools(x).values())[-1].flatten(1)
        if self.hidden:
            x = F.relu(self.fc(x))
        return self.out(x)


def measure(task: Task) -> float:
    """Return the seconds that a task takes, warm-up left out."""
    torch.set_num_threads(task.threads or torch.get_num_threads())
    data = open_dataset("mnist", task.data_root)
    match task.what:
        case "epoch":
            return _train(task, task.model, data, interval=None)
        case "section":
            return sum(_train(task, model, data, interval=10) for model in task.models)
        case "evaluation":
            network = Plain(task.model).eval()
            _evaluate(network, data.test)
            begin = time.perf_counter()
            _evaluate(network, data.test)
            return time.perf_counter() - begin
        case "noise":
            return _noises(task, data)
        case "neurons":
            return _neurons(task, data)
    raise ValueError(task.what)


def _train(task: Task, model: str, data, interval: int | None) -> float:
    network = Plain(model)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=0.02)
    loader = DataLoader(Images(data.train), batch_size=task.batch_size, shuffle=True)
    begin = time.perf_counter()
    step = 0
    for _ in range(task.epochs):
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(network(images), labels)
            loss.backward()
            optimizer.step()
            step += 1
            if interval and step % interval == 0:
                _evaluate(network, data.validation)
    _evaluate(network, data.test)
    return time.perf_counter() - begin


@torch.no_grad()
def _evaluate(network: nn.Module, part: Split) -> float:
    images = torch.from_numpy(part.images)[:, None]
    right = 0
    for start in range(0, len(part), 1000):
        answers = network(images[start : start + 1000].float() / 255).argmax(1)
        right += (answers.numpy() == part.labels[start : start + 1000]).sum()
    return right / len(part)


def trained(task: Task, model: str) -> Plain:
    """Return the network of a run in plain layout."""
    path = Path(task.artifacts) / task.runs[model] / "weights.pt"
    state = torch.load(path, weights_only=True)
    names = {"hidden.": "fc.", "logits.": "out."}
    for ours, theirs in names.items():
        state = {name.replace(ours, theirs): value for name, value in state.items()}
    network = Plain(model)
    network.load_state_dict(state)
    return network.requires_grad_(False).eval()


def _noises(task: Task, data) -> float:
    """Craft and judge one noise after another, by the tuned recipe."""
    network = trained(task, "two-conv-fc")
    others = [trained(task, model) for model in task.runs if model != "two-conv-fc"]
    images = torch.from_numpy(data.train.images)[:, None].float() / 255
    labels = torch.from_numpy(data.train.labels.astype(np.int64))
    begin = time.perf_counter()
    for target in range(task.count):
        noise = torch.zeros(1, 1, 28, 28, requires_grad=True)
        optimizer = torch.optim.Adam([noise], lr=0.05, betas=(0.9, 0.95))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
        for _ in range(STEPS):
            chosen = torch.randint(len(labels), (128,))
            batch = images[chosen][labels[chosen] != target]
            infused = (batch + noise).clamp(0, 1)
            wanted = torch.full((len(batch),), target)
            loss = F.cross_entropy(network(infused), wanted)
            loss = loss + 0.01 * (infused - batch).square().sum((1, 2, 3)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                noise.clamp_(-1, 1)
        _judge(network, others, noise.detach(), target, data.test)
    return time.perf_counter() - begin


@torch.no_grad()
def _judge(network: Plain, others: list[Plain], noise: Tensor, target: int, test: Split) -> None:
    """Success with its size, that of random noise of the same size, and on the other networks."""
    clean = torch.from_numpy(test.images[test.labels != target])[:, None].float() / 255

    def success(judged: Plain, added: Tensor) -> float:
        answers = [judged((part + added).clamp(0, 1)).argmax(1) for part in clean.split(1000)]
        return (torch.cat(answers) == target).float().mean().item()

    def moved(added: Tensor) -> float:
        return ((clean + added).clamp(0, 1) - clean).flatten(1).norm(dim=1).mean().item()

    success(network, noise)
    size = moved(noise)
    random = torch.randn(1, 1, 28, 28)
    random *= size / random.norm()
    for _ in range(50):
        now = moved(random)
        if abs(now / size - 1) < 1e-4:
            break
        random *= size / now
    success(network, random)
    for other in others:
        success(other, noise)


def _neurons(task: Task, data) -> float:
    """Climb for one neuron after another, by the tuned recipe, and hold it against the test set."""
    from engine.numerics.augmentation import AMOUNTS, affine, warp
    from engine.sections.visualize.config import VisualizeConfig
    from engine.sections.visualize.rules import TunedAscent, blur, total_variation

    network = trained(task, "two-conv-fc")
    config = VisualizeConfig(layers=None if task.count == 74 else ("logits",))
    config = config.resolve(run="a-run", model="two-conv-fc")
    rule, random = TunedAscent, np.random.default_rng(0)
    begin = time.perf_counter()
    for neuron in config.targets[: task.count]:
        mask = torch.from_numpy(masks([neuron]))
        parameter = torch.randn(1, 1, 28, 28, requires_grad=True)
        optimizer = torch.optim.Adam([parameter], lr=rule.RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
        for _ in range(STEPS):
            image = torch.sigmoid(rule.GAIN * blur(parameter, 1.0) * mask)
            if neuron.position is None:
                amounts = random.uniform(-1, 1, (AMOUNTS, rule.VIEWS))
                views = warp(image.repeat(rule.VIEWS, 1, 1, 1), affine(amounts, rule.VIEW_LIMITS))
                logits = network(views + rule.VIEW_NOISE * torch.randn_like(views))
                lead = (logits[:, neuron.index] - logits.mean(1)).mean()
                cost = rule.TOTAL_VARIATION * total_variation(image) - lead
            else:
                activation = network.pools(image)[neuron.layer][0, neuron.index, *neuron.position]
                cost = rule.INNER_TOTAL_VARIATION * total_variation(image) - activation
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            _respond(network, neuron, data.test)
    return time.perf_counter() - begin


def _respond(network: Plain, neuron, test: Split) -> Tensor:
    """Return how a neuron answers to all test images."""
    found = []
    for part in torch.from_numpy(test.images)[:, None].split(1000):
        seen = part.float() / 255
        if neuron.position is None:
            found.append(network(seen)[:, neuron.index])
        else:
            found.append(network.pools(seen)[neuron.layer][:, neuron.index, *neuron.position])
    return torch.cat(found).argsort(descending=True)[:9]
