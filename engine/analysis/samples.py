"""What the weights of a finished training say of a few images, for a close look at them."""

import os

import numpy as np

from engine.files.reader import DamagedFile
from engine.networks.architectures import ARCHITECTURES, WEIGHTS_FILE
from engine.runs.run import Run


def probabilities_of(run: Run, images: np.ndarray) -> np.ndarray | None:
    """Return the probabilities [N, K] of images [N, H, W] in [0, 1], by a run's weights.

    It may be called beside a training: nothing random is drawn and no device is opened. None of a
    network that is not one of the course report's (its code is not run for a look), and where there
    are no weights. Raises EngineError where they, or the images, are damaged.
    """
    config, path = run.read_config(), run.path / WEIGHTS_FILE
    side, classes = config.side, config.classes
    assert side is not None  # a resolved config has both
    assert classes is not None
    if config.title not in ARCHITECTURES or not os.path.lexists(path):
        return None
    if images.shape[1:] != (side, side):
        raise DamagedFile(run.journal, "its samples are not of the size that the network takes")
    import torch

    from engine.networks.network import load_network

    network = load_network(path, config.title, torch.device("cpu"), side, classes)
    with torch.no_grad():
        logits = network(torch.tensor(images, dtype=torch.float32)[:, None])
    found: np.ndarray = logits.softmax(1).numpy()
    return found
