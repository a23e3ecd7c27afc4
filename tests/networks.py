"""Networks of one's own, one file each: small ones, that do what people's networks do."""

from textwrap import dedent, indent

HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn
"""

RESIDUAL = f"""{HEAD}

class Block(nn.Module):
    def __init__(self, channels, groups):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(x + self.norm(self.conv(x)))


class Net(nn.Module):
    def __init__(self, classes, groups=1):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 4, stride=4)
        self.block1 = Block(4, groups)
        self.block2 = Block(4, groups)
        self.dropout = nn.Dropout(0.2)
        self.output = nn.LazyLinear(classes)

    def forward(self, x):
        x = self.block2(self.block1(self.stem(x)))
        return self.output(self.dropout(x.flatten(1)))
"""


def small(build: str, forward: str, head: str = "") -> str:
    """Return the file of a small convolutional network that does one thing otherwise.

    ``build`` stands after its layers are made; ``forward`` may use images ``x`` and ``see(x)``, its
    logits.
    """
    return f"""{HEAD}{head}

class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 7, stride=4)
        self.output = nn.LazyLinear(classes)
{indent(dedent(build), " " * 8)}

    def see(self, x):
        return self.output(F.relu(self.conv(x)).flatten(1))

    def forward(self, x):
{indent(dedent(forward), " " * 8)}
"""


# Leaves a mark where and when it is imported.
MARKING = small(
    "", "return self.see(x)", "import os, pathlib\npathlib.Path(os.environ['MARK']).touch()\n"
)

NETWORKS = {
    "residual": RESIDUAL,
    "depthwise": RESIDUAL.replace("groups=1", "groups=4"),
    "counts": small(
        """
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(()), persistent=False)
        """,
        """
        if self.training:
            self.calls += 1
            with torch.no_grad():
                self.mean.lerp_(x.mean(), 0.5)
            x = x + 0.1 * self.mean + 0.01 * self.calls
        return self.see(x)
        """,
    ),
    "counts-all": small(
        """
        self.output = nn.Linear(3 * 36, classes)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        """,
        "self.calls += 1\nreturn self.see(x)",
    ),
    "in-place": small("", "x -= 0.5\nreturn self.see(x).relu_()"),
    "prints": small(
        "print('built')",
        """
        print('called')
        if x.requires_grad:
            x.register_hook(lambda _: print('backwards'))
        logits = self.see(x)
        if logits.requires_grad:
            logits.register_hook(lambda _: print('backwards'))
        return logits
        """,
        "print('imported')",
    )
    + """
    def train(self, mode=True):
        print('another mode')
        return super().train(mode)
""",
    "scalar": small("self.by = nn.Parameter(torch.tensor(2.0))", "return self.see(x) * self.by"),
    "frozen": small("self.conv.requires_grad_(False)", "return self.see(x)"),
    "unused": small("self.spare = nn.Linear(3, 4)", "return self.see(x)"),
    "tied": small(
        """
        self.first, self.second = nn.Linear(10, 10), nn.Linear(10, 10)
        self.second.weight = self.first.weight
        """,
        "return self.second(F.relu(self.first(self.see(x))))",
    ),
    "a view": small(
        """
        drawn = torch.rand(200, 200, 10)
        self.spare = nn.Parameter(drawn.view(-1)[:100])
        """,
        "return self.see(x)",
    ),
    "channels-last": small(
        """
        self.middle, self.output = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4 * 36, classes)
        self.to(memory_format=torch.channels_last)
        """,
        "return self.output(F.relu(self.middle(self.conv(x))).flatten(1))",
    ),
}  # fmt: skip
