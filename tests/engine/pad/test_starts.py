"""Which test image comes next."""

import numpy as np

from engine.data.dataset import Split
from engine.pad.starts import Starts


def test_images_come_in_their_order_and_around():
    test = Split(np.zeros((4, 8, 8), np.uint8), np.array([0, 1, 0, 1], np.uint8))
    starts = Starts(test, answers=np.array([0, 0, 1, 1], np.uint8))
    assert [starts.after(None), starts.after(0), starts.after(3)] == [0, 1, 0]
    assert [starts.after(None, -1), starts.after(0, -1), starts.after(2, -1)] == [3, 3, 1]
    wrong = starts.only_wrong(True)
    assert list(wrong.places) == [1, 2]
    assert [wrong.after(0), wrong.after(2), wrong.after(1, -1)] == [1, 1, 2]
    assert list(wrong.of_class(1).places) == [1]
    assert list(starts.of_class(1).of_class(None).places) == [0, 1, 2, 3]
    nothing = Starts(test, answers=test.labels, wrong_only=True)
    assert nothing.after(0) is None
    assert len(Starts(test, wrong_only=True).places) == 4  # no answers are known
