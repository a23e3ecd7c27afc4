"""What the dialog of compared runs says, in what order and how wide."""

import pytest
from textual.geometry import Size

from engine.analysis.compare import compare
from tests.engine.analysis.test_judgement import trainings
from tui.app.look import Look
from tui.app.screens import Compare

HEADINGS = ("Test accuracy over seeds", "Differences in test accuracy", "The other results", "rank")


@pytest.fixture
def found(tmp_path):
    return trainings(tmp_path)


def lines(runs, width):
    return Compare(compare(runs), Look())._ranked(Size(width, 20)).plain.split("\n")


def test_settings_and_verdicts_come_before_many_runs(found):
    said = lines(found, 500)
    places = [next(n for n, line in enumerate(said) if line.startswith(h)) for h in HEADINGS]
    assert places == sorted(places)
    assert said[places[1] + 1].startswith("✓ two-conv is better than baseline by 2.33 points")


def test_single_runs_come_before_what_is_said_of_them(found):
    said = lines([found[0], found[4]], 500)
    assert "Test accuracy over seeds" not in said
    assert said[-2:] == [
        "Differences in test accuracy",
        "· baseline and two-conv cannot be compared: one seed is too few to tell what is luck, "
        "and there is no sound answers.npz of both",
    ]


@pytest.mark.parametrize("width", [30, 54, 110])
def test_sentences_are_wrapped_to_the_room_they_have(found, width):
    said = lines(found, width)
    first = said.index("Differences in test accuracy")
    sentence = said[first + 1 : said.index("", first)]
    assert max(map(len, sentence)) <= width
    assert sentence[0].startswith("✓ two-conv is better")
    assert all(line.startswith("  ") for line in sentence[1:])
