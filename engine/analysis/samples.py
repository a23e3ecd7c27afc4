"""What the weights of a finished training say of a few images, for a close look at them."""

import numpy as np

from engine.files.reader import MB, DamagedFile, read_state
from engine.networks.architectures import ARCHITECTURES, WEIGHTS_FILE
from engine.runs.run import Run

LIMIT = 64 * MB  # bytes of the weights


def probabilities_of(run: Run, images: np.ndarray) -> np.ndarray | None:
    """Return the probabilities [N, K] of images [N, H, W] in [0, 1], by a run's weights.

    It may be called beside a training: nothing random is drawn and no device is opened. None of a
    network that is not one of the course report's (its code is not run for a look), and where there
    are no weights. Raises EngineError where they are damaged.
    """
    if run.read_config().title not in ARCHITECTURES:
        return None
    import torch

    from engine.analysis.second_opinion import layers_of
    from engine.networks.network import AGAIN

    path = run.path / WEIGHTS_FILE
    try:
        weights = torch.load(read_state(path, LIMIT, AGAIN), map_location="cpu", weights_only=True)
        with torch.no_grad():
            logits = layers_of(weights, torch.tensor(images, dtype=torch.float32)[:, None])
        found: np.ndarray = logits["logits"].softmax(1).numpy()
    except FileNotFoundError:
        return None
    except (RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(path, type(error).__name__, AGAIN) from None
    return found
