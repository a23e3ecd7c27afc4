"""The language that lists of runs are filtered by."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UsageError
from engine.runs.filter import FIELDS, filtered, parse
from engine.runs.summary import Summary

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC).timestamp()


def summary(run="20260102-100000-000-train-baseline", **values):
    return Summary(run, **{
        "section": "train", "status": "finished", "dataset": "fashion-mnist", "model": "baseline",
        "recipe": "tuned", "seed": "3", "result": "97.31%",
        "started_at": "2026-01-02T10:00:00+00:00", "seconds": 300.0, "epochs": 5,
        "measured": {"accuracy": 0.9731, "loss": 0.1},
    } | values)  # fmt: skip


RUN = summary()
BARE = Summary("20250101-000000-000-x")  # damaged


@pytest.mark.parametrize("text", [
    "", "baseline", "BASE tuned", "97.31", "model:base", "network=baseline", "state:fin",
    "status=finished", "section:train", "dataset=fashion-mnist", "id:100000", "recipe:tuned",
    "accuracy>0.97", "accuracy>97%", "accuracy>97", "accuracy=97.3%", "accuracy=0.97",
    "accuracy:97%", "accuracy>=.9731", "accuracy<=97.31%", "loss<0.2", "epochs=5", "seed=3",
    "seed:3", "age<3h", "age>1h30m", "age=2h", "duration=5m", "duration>=300", "-model:conv",
    "-section:visualize -two-conv", '"base"', 'model:"base', '-"nothing of it"',
    "-success>0.1", "model:base accuracy>0.97 age<1d", "-", "model:", '""',
])  # fmt: skip
def test_a_run_passes(text):
    found = parse(text)
    assert not found.mistake
    assert found.passes(RUN, NOW)


@pytest.mark.parametrize("text", [
    "two-conv", "model:conv", "model=base", "dataset=mnist", "accuracy>98%", "accuracy<0.97",
    "accuracy=98%", "success>0", "-base", "-model:base", "seed=30", "age<1h", "duration>5m",
    "epochs>5", "baseline two-conv", '"model:base"', '-"-baseline"',
])  # fmt: skip
def test_a_run_does_not_pass(text):
    found = parse(text)
    assert not found.mistake
    assert not found.passes(RUN, NOW)


def test_nothing_is_known_of_a_damaged_run_but_its_id_and_state():
    for text in ("accuracy<1", "age<9999w", "duration>0", "model=x", "epochs>0", "seed>=0"):
        assert not parse(text).passes(BARE, NOW)
    assert parse("state:damaged 2025").passes(BARE, NOW)


@pytest.mark.parametrize(("text", "words"), [
    ("acc>0.9", "no field 'acc'"), ("accuracy>high", "not 'high'"), ("accuracy>", "97%"),
    ("age<2x", "not '2x'"), ("seed:three", "not 'three'"), ("model>3", "model:WORD"),
    ("accuracy>9%%", "not '9%%'"), ("duration<", "1h30m"), ("loss=-1", "not '-1'"),
])  # fmt: skip
def test_a_mistake_is_said_and_filters_nothing(text, words):
    found = parse(f"baseline {text}")
    assert words in found.mistake
    assert "\n" not in found.mistake
    assert found.passes(RUN, NOW)
    assert not found.passes(BARE, NOW)  # the rest filters on
    with pytest.raises(UsageError):
        filtered([RUN], text)


def test_an_unknown_field_lists_those_that_there_are():
    assert all(field in parse("colour:red").mistake for field in FIELDS)


def test_a_run_that_is_active_lasts_until_now():
    begun = datetime.fromtimestamp(time.time() - 600, UTC).isoformat()
    active = summary(status="running", seconds=None, finished_at=None, started_at=begun)
    assert filtered([active, RUN], "duration>9m") == [active]
    assert filtered([active, RUN], "age<11m") == [active]


terms = st.tuples(
    st.sampled_from(["", "-", '"']),
    st.sampled_from([*FIELDS, "status", "nothing", ""]),
    st.sampled_from([":", "=", "<", ">=", "<=", ">", ""]),
    st.one_of(st.text(max_size=6), st.sampled_from(["97%", "1e9", "9" * 40, ".", "1h3", "-1"])),
).map("".join)  # fmt: skip


@given(st.one_of(st.text(), st.lists(terms).map(" ".join)))
def test_whatever_is_typed_nothing_raises(text):
    found = parse(text)
    assert isinstance(found.passes(RUN, NOW), bool)
    assert isinstance(found.passes(BARE, NOW), bool)
