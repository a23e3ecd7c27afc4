import pytest

from engine.errors import Unsound
from engine.networks.layout import Layer, Layout, neurons_of

LAYOUT = Layout(
    (
        Layer("pool1", (32, 14, 14), (13, 17, 12, 17)),
        Layer("pool2", (32, 7, 7), (9, 19, 9, 19)),
        Layer("hidden", (500,)),
        Layer("logits", (10,)),
    )
)


def test_layers_shown_are_those_of_the_course_report():
    assert LAYOUT.shown == ("logits", "pool2", "pool1")
    assert Layout(LAYOUT.layers[-1:]).shown == ("logits",)


def test_layers_are_found_by_name():
    assert LAYOUT.names == ("pool1", "pool2", "hidden", "logits")
    assert LAYOUT.find("hidden").shape == (500,)
    assert LAYOUT.find("pool3") is None


def test_neurons_are_the_centre_of_a_channel_or_a_flat_value():
    neurons = neurons_of(LAYOUT.find("pool1"))
    assert [neuron.index for neuron in neurons] == list(range(32))
    assert neurons[3].position == (7, 7)
    assert neurons[3].receptive_field(28) == (slice(13, 17), slice(12, 17))
    flat = neurons_of(LAYOUT.find("hidden"))[3]
    assert flat.position is None
    assert flat.receptive_field(12) == (slice(0, 12), slice(0, 12))


def test_a_layout_survives_json():
    assert Layout.from_json(LAYOUT.to_json(), 28, 10) == LAYOUT


def logits(**changes):
    return {"name": "logits", "shape": [10], "field": None} | changes


def conv(**changes):
    return {"name": "conv", "shape": [4, 9, 9], "field": [0, 5, 0, 5]} | changes


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [conv(name=f"conv{number}") for number in range(500)] + [logits()],
        [conv(), conv(), logits()],
        [conv()],
        [logits(shape=[10, 2, 2], field=[0, 5, 0, 5])],
        [logits(shape=[11])],
        [logits(name=3)],
        [conv(name="a b"), logits()],
        [conv(name="conv\n"), logits()],
        [conv(name="a" * 101), logits()],
        [conv(shape=[4, 9]), logits()],
        [conv(shape=[4, 9, 0]), logits()],
        [conv(shape=[4, 9, 100_001]), logits()],
        [conv(shape=[4, 9, 1.5]), logits()],
        [conv(field=None), logits()],
        [conv(field=[0, 5, 0]), logits()],
        [conv(field=[0, 29, 0, 5]), logits()],
        [conv(field=[-1, 5, 0, 5]), logits()],
        [conv(field=[5, 5, 0, 5]), logits()],
        [conv(field=[0, 5, 6, 5]), logits()],
        [logits(field=[0, 5, 0, 5])],
        [{"name": "logits", "shape": [10]}],
    ],
)
def test_layouts_that_are_none_are_refused(layers):
    with pytest.raises(Unsound):
        Layout.from_json({"layers": layers}, 28, 10)


def test_what_is_no_layout_at_all_is_refused():
    with pytest.raises(Unsound):
        Layout.from_json({}, 28, 10)
