"""Makes ``digits.npz``. Needs scikit-learn, which nothing else here does:

pip install scikit-learn && python engine/embedded/make_digits.py
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits


def main() -> None:
    """Write the 1,797 8x8 digits as images uint8 [N, 8, 8] in 0..16 and labels uint8 [N]."""
    digits = load_digits()
    np.savez_compressed(
        Path(__file__).with_name("digits.npz"),
        images=digits.images.astype(np.uint8),
        labels=digits.target.astype(np.uint8),
    )


if __name__ == "__main__":
    main()
