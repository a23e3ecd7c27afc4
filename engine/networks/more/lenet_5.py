"""LeNet-5, with ReLU and max-pooling where the original has tanh and trained averages.

LeCun, Bottou, Bengio and Haffner (1998), "Gradient-based learning applied to document recognition",
section II-B: convolutions of 5x5 to 6 and 16 channels, then 120 and 84 units; the third convolution
of the original covers all of the maps below and is a linear layer here. Every map of the second one
sees all six below; in the original each sees some of them.
"""

import torch.nn.functional as F
from torch import Tensor, nn

PAPER_SIDE = 32  # pixels that the original sees: 28 of the digit and a margin of 2


class LeNet5(nn.Module):
    """Images [N, 1, H, W] to logits [N, K]; small images get more margin."""

    def __init__(self, classes: int, height: int, width: int) -> None:
        super().__init__()
        margins = [max(2, (PAPER_SIDE - side + 1) // 2) for side in (height, width)]
        self.conv1 = nn.Conv2d(1, 6, 5, padding=(margins[0], margins[1]))
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool2 = nn.MaxPool2d(2)
        rows, columns = (
            ((side + 2 * margin - 4) // 2 - 4) // 2
            for side, margin in zip((height, width), margins, strict=True)
        )
        self.hidden1 = nn.Linear(16 * rows * columns, 120)
        self.hidden2 = nn.Linear(120, 84)
        self.output = nn.Linear(84, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, K]."""
        values = self.pool1(F.relu(self.conv1(images)))
        values = self.pool2(F.relu(self.conv2(values))).flatten(1)
        values = F.relu(self.hidden2(F.relu(self.hidden1(values))))
        logits: Tensor = self.output(values)
        return logits
