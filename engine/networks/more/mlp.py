"""A multilayer perceptron: two hidden layers of 128 units with ReLU, no convolution.

After LeCun et al. (1998), "Gradient-based learning applied to document recognition", section
III-C; ReLU in place of the sigmoid is of Glorot, Bordes and Bengio (2011), "Deep sparse rectifier
neural networks".
"""

from torch import Tensor, nn

HIDDEN = 128


class MLP(nn.Module):
    """Images [N, 1, H, W] to logits [N, K] through two hidden layers."""

    def __init__(self, classes: int, height: int, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(height * width, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.ReLU(),
            nn.Linear(HIDDEN, classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, K]."""
        logits: Tensor = self.layers(images)
        return logits
