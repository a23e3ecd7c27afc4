"""Which colour a network has."""

from engine.networks.architectures import ARCHITECTURES
from engine.networks.colours import SERIES, series_apart, series_of
from engine.networks.more import MORE

OURS = [*ARCHITECTURES, *MORE]


def test_each_of_our_networks_has_a_colour_of_its_own_and_keeps_it():
    assert [series_of(model) for model in OURS] == list(range(len(OURS)))


def test_anybodys_network_has_one_by_its_name_that_none_of_ours_has():
    places = {series_of(f"net{number}.py:Net") for number in range(50)}
    assert places == set(range(len(OURS), SERIES))
    assert series_of("Res") == series_of("Res") == 8


def test_two_that_share_a_colour_are_told_apart_where_there_are_enough():
    assert series_apart(["two-conv", "linear", "two-conv", "two-conv"]) == [1, 3, 0, 2]
    assert len(set(series_apart(["two-conv"] * SERIES))) == SERIES
    assert series_apart(["two-conv"] * (SERIES + 1))[-1] == 1
