import csv
import io

import pytest

from engine.files.spreadsheet import csv_text


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "=", "-", "＝1", "-x", "+1e", "--1",
     '=HYPERLINK("http://x","y")'],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_is_quoted(cell):
    [[read]] = csv.reader(io.StringIO(csv_text([[cell]])))
    assert read.startswith("'")
    assert len(read) == len(cell) + 1


@pytest.mark.parametrize(
    "cell",
    ["-1", "+1.5", "-1e-7", "-.5", "5", "-inf", "nan", "a=1", "two-conv", "1,5", 'a "b"', "–"],
)
def test_numbers_and_words_stay_as_they_are(cell):
    [[read]] = csv.reader(io.StringIO(csv_text([[cell]])))
    assert read == cell


def test_values_are_written_as_numbers_and_control_characters_are_not():
    assert csv_text([["a\x1b\n", None, -1.5, -3, True]]) == (
        "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER},,-1.5,-3,True\n"
    )
