import numpy as np
import pytest

from engine.analysis.samples import probabilities_of
from engine.files.reader import DamagedFile
from engine.runs.history import History


def test_the_weights_say_of_the_samples_what_the_journal_ends_with(runs):
    run = runs["train"]
    history = History.of(run.events(), run.journal)
    found = probabilities_of(run, history.images("samples"))
    last = history.preview("samples").values
    assert found.shape == (16, 10)
    assert found.argmax(1).tolist() == list(last["prediction"])
    np.testing.assert_allclose(found.max(1), last["probability"], atol=1e-4)


def test_weights_that_are_missing_or_damaged(copied):
    run, images = copied["train"], np.zeros((1, 28, 28))
    weights = (run.path / "weights.pt").read_bytes()
    (run.path / "weights.pt").write_bytes(weights[:1000])
    with pytest.raises(DamagedFile):
        probabilities_of(run, images)
    (run.path / "weights.pt").write_bytes(weights)
    with pytest.raises(DamagedFile):  # images of another side than the network's
        probabilities_of(run, np.zeros((1, 20, 20)))
    (run.path / "weights.pt").unlink()
    assert probabilities_of(run, images) is None
