import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.files.numbers import plain  # fmt: skip
from engine.runs.events import (
    KINDS,
    Checkpoint,
    Failed,
    Finished,
    Notice,
    Preview,
    Progress,
    Resumed,
    Started,
    Stopped,
    from_json,
    to_json,
)

EXAMPLES = [
    Started(
        step=0, time=1.5, run="r", section="train", title="baseline", steps=7,
        config={"seed": 0}, dataset={"name": "digits"}, environment={"device": "cpu"},
    ),
    Progress(
        step=2, time=2.0, series={"loss": np.array([1.25, np.nan], np.float32)},
        values={"penalty": np.float32(0.1), "success": np.array([0.5, 1.0])},
    ),
    Preview(
        step=2, name="samples", images=np.arange(12, dtype=np.uint8).reshape(3, 2, 2),
        low=-1.0, high=2.0, values={"label": [1, 2, 3]},
    ),
    Preview(step=3, name="samples", values={"prediction": np.array([1, 2], np.int64)}),
    Checkpoint(step=4),
    Resumed(step=4),
    Stopped(step=5, reason="SIGINT"),
    Finished(step=7, results={"accuracy": 0.5}, images_seen=10),
    Failed(step=3, message="no"),
    Notice(step=3, message="slower"),
]  # fmt: skip


def test_there_is_an_example_of_every_kind():
    assert {event.kind for event in EXAMPLES} == set(KINDS)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.kind)
def test_round_trip_through_strict_json(event):
    line = json.dumps(to_json(event), allow_nan=False)
    again = from_json(json.loads(line))
    assert type(again) is type(event)
    assert json.dumps(to_json(again), allow_nan=False) == line


def test_preview_images_are_base64_with_shape_and_range():
    line = to_json(EXAMPLES[2])
    assert line["event"] == "preview"
    assert {k: line["images"][k] for k in ("shape", "low", "high")} == {
        "shape": [3, 2, 2], "low": -1.0, "high": 2.0,
    }  # fmt: skip
    again = from_json(line)
    assert np.array_equal(again.images, EXAMPLES[2].images)
    assert (again.low, again.high) == (-1.0, 2.0)


def test_what_is_not_finite_becomes_null_and_nan_again():
    line = to_json(EXAMPLES[1])
    assert line["series"]["loss"] == [1.25, None]
    assert np.isnan(from_json(line).series["loss"][1])


def test_measurements_of_a_run_that_diverged_are_nan_again_at_any_depth():
    nan = float("nan")
    progress = Progress(step=1, series={}, values={"validation_loss": nan, "success": [0.5, nan]})
    preview = Preview(step=1, name="samples", images=np.zeros((1, 2, 2), np.uint8), low=-nan,
                      values={"probability": np.array([nan, 0.5], np.float32), "label": [7, 1],
                              "probabilities": [[0.25, nan]], "words": ["a", "b"]})  # fmt: skip
    first, second = (from_json(json.loads(json.dumps(to_json(e)))) for e in (progress, preview))
    assert np.isnan(first.values["validation_loss"])
    assert np.array_equal(first.values["success"], [0.5, nan], equal_nan=True)
    assert np.array_equal(second.values["probability"], [nan, 0.5], equal_nan=True)
    assert np.array_equal(second.values["probabilities"], [[0.25, nan]], equal_nan=True)
    assert second.values["label"] == [7, 1]
    assert second.values["words"] == ["a", "b"]
    assert np.isnan(second.floats()).all()


def test_null_stays_where_it_says_that_there_is_nothing():
    figures = {"targets": [{"epsilon": None, "by_source": [None, 0.5]}]}
    started = Started(step=0, run="r", section="train", title="t", steps=1,
                      config={"threads": None}, dataset={}, environment={})  # fmt: skip
    assert from_json(to_json(Finished(step=1, results=figures))).results == figures
    assert from_json(to_json(started)).config == {"threads": None}
    assert from_json(to_json(Preview(step=1, name="samples"))).images is None


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_float32_survives_as_its_shortest_decimal(value):
    number = np.float32(value)
    assert np.float32(json.loads(json.dumps(plain(number)))) == number


def test_float32_is_written_short():
    assert repr(plain(np.float32(0.1))) == "0.1"


def test_quantized_maps_the_range_onto_bytes():
    preview = Preview.quantized(
        step=0, name="noise", images=np.array([[[-1.0, 0.0, 1.0, 9.0, np.nan]]]), low=-1, high=1
    )
    assert preview.images.tolist() == [[[0, 128, 255, 255, 0]]]


@pytest.mark.parametrize("line", [{}, {"event": "party", "step": 1}, {"event": None}])
def test_foreign_lines_are_refused(line):
    with pytest.raises(ValueError, match="no such event"):
        from_json(line)


@pytest.mark.parametrize(
    "line",
    [None, [], 3, "progress", {"event": []}, {"event": "finished", "step": 1},
     {"event": "progress", "step": 1}, {"event": "progress", "step": 1, "series": []},
     {"event": "progress", "step": 1, "series": {"loss": 1.0}},
     {"event": "progress", "step": "1", "series": {}},
     {"event": "progress", "step": 1, "series": {}, "values": []},
     {"event": "preview", "step": 1, "name": "samples", "images": "AAAA"},
     {"event": "preview", "step": 1, "name": "samples", "images": {"shape": [1, 1, 1]}},
     {"event": "stopped", "step": 1, "reason": None}],
)  # fmt: skip
def test_whatever_is_no_event_is_a_value_error(line):
    with pytest.raises(ValueError, match=r"event|cannot be"):
        from_json(line)
