"""A ledger for each test, and files of networks to be put into a folder."""

from pathlib import Path
from textwrap import dedent

import pytest

from engine.networks.code import Code, load, open_code
from engine.networks.ledger import trust


@pytest.fixture(autouse=True)
def own_ledger(tmp_path, monkeypatch):
    """No test trusts what another did."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def written(folder: Path, text: str, name: str = "Net", file: str = "net.py") -> Code:
    """Write a file and return its code, not yet trusted."""
    (folder / file).write_text(dedent(text))
    return open_code(f"{folder / file}:{name}")


def built(code: Code, classes: int = 3, side: int = 12, seed: int = 0):
    """Trust a file and build its network."""
    trust(code.sha256, "a test")
    return load(code, classes=classes, height=side, width=side, seed=seed)


HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn
"""

RESIDUAL = f"""{HEAD}

class Block(nn.Module):
    def __init__(self, channels, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(x + self.norm(self.conv(x)))


class Net(nn.Module):
    def __init__(self, classes, groups=1):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.block1 = Block(4, groups)
        self.block2 = Block(4, groups)
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(4, classes)

    def forward(self, x):
        x = self.block2(self.block1(self.stem(x)))
        return self.output(self.dropout(x.mean((2, 3))))


def depthwise(classes, **others):
    return Net(classes, groups=4)
"""

COUNTING = f"""{HEAD}

class Net(nn.Module):
    def __init__(self, classes, height, width):
        super().__init__()
        self.output = nn.Linear(height * width, classes)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def forward(self, x):
        if self.training:
            self.calls += 1
        return self.output(x.flatten(1))
"""


def linear(forward: str, more: str = "") -> str:
    """Return the file of a linear network with another forward, its lines indented by eight."""
    return f"""{HEAD}

class Net(nn.Module):
    def __init__(self, classes, height, width):
        super().__init__()
        self.output = nn.Linear(height * width, classes)
{more}
    def forward(self, x):
        {forward}
"""
