"""Layers of other networks may have hundreds of neurons: what is kept of them is bounded."""

import pytest

from engine.errors import EngineError
from engine.files.reader import LINE_LIMIT
from engine.networks.layout import LOGITS, Layer, Layout
from engine.sections.visualize.config import VisualizeConfig


def config(*layers, side=64):
    layout = Layout((*layers, Layer(LOGITS, (100,))))
    return VisualizeConfig(run="a-run", layers=layout.names).resolve(
        model="Net-01234567", layout=layout.to_json(), classes=100, side=side,
        device="cpu", precision="fp32", threads=1, dataset="mine.npz",
    )  # fmt: skip


def test_the_strongest_test_images_of_very_many_neurons_fit_in_a_line():
    resolved = config(Layer("maps", (256, 4, 4), (0, 64, 0, 64)), Layer("hidden", (500,)))
    shown = [resolved.targets[place] for place in resolved.exemplified]
    for layer in ("maps", "hidden", LOGITS):
        assert [one.index for one in shown if one.layer == layer] == list(range(64))
    pictures = 9 * len(shown) * resolved.side**2
    assert pictures * 4 / 3 < LINE_LIMIT
    many = config(*(Layer(f"hidden{n}", (64,)) for n in range(12)))
    assert 9 * len(many.exemplified) * many.side**2 * 4 / 3 < LINE_LIMIT
    assert {many.targets[place].layer for place in many.exemplified} == set(many.layers)


def test_all_are_kept_where_there_are_few():
    few = config(Layer("pool", (32, 7, 7), (0, 20, 0, 20)), Layer("hidden", (64,)), side=28)
    assert len(few.exemplified) == len(few.targets) - 100 + 64  # of the hundred logits


def test_thousands_of_neurons_are_chosen_from():
    with pytest.raises(EngineError, match=r"have 3,236 neurons; choose at most 2,000 of them"):
        _ = config(Layer("flat", (3136,)), side=28).targets
