"""Softmax regression: one weight for each pixel and class.

The linear classifier that LeCun et al. (1998), "Gradient-based learning applied to document
recognition", section III-C, start from.
"""

from torch import Tensor, nn


class Linear(nn.Module):
    """Images [N, 1, H, W] to logits [N, K] by one matrix."""

    def __init__(self, classes: int, height: int, width: int) -> None:
        super().__init__()
        self.output = nn.Linear(height * width, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, K]."""
        logits: Tensor = self.output(images.flatten(1))
        return logits
