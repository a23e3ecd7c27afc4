"""The few values of a run's main curve that a list shows."""

import json

import pytest

from engine.runs.course import MOST, POINTS, course


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def progress(step, value, **more):
    return {"event": "progress", "step": step, "time": 1.0, "series": {"loss": [0.5]},
            "values": {"accuracy": value}} | more  # fmt: skip


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "events.jsonl"


def test_it_goes_from_the_first_value_to_the_last_ones(journal):
    lines = [{"event": "started", "step": 0, "of": "accuracy" * 900}]
    for step in range(10, 2001, 10):
        lines.append(progress(step, step / 2000))
        if step % 100 == 0:
            lines.append({"event": "preview", "step": step, "images": {"base64": "x" * 9000}})
    values = course(write(journal, lines), "accuracy")
    assert len(values) == POINTS
    assert values[0] == 0.005
    assert list(values) == sorted(values)
    assert values[-1] > 0.85


def test_of_a_series_the_mean_at_its_last_step(journal):
    lines = [progress(s, 1, series={"success": [[9, 9], [s, s + 1]]}) for s in (1, 2, 3)]
    assert course(write(journal, lines), "success")[::4] == (1.5, 2.5, 3.5)


def test_gaps_where_values_are_not_finite(journal):
    values = course(write(journal, [progress(1, 0.5), progress(2, None)]), "accuracy")
    assert values[0] == 0.5
    assert values[1:] == (None,) * (POINTS - 1)


@pytest.mark.parametrize("content", [
    b"", b"\n\n\n", b"{", b"\xff" * 100, b'{"event": "progress", "accuracy"\n' * 50,
    b'{"event": "progress", "step": "x", "values": {"accuracy": 1}}\n',
    b'{"event": "progress", "step": 1, "values": [], "series": {"accuracy": []}}\n',
    b"x" * (2 * MOST), b"[" * 5000 + b'"progress" "accuracy"\n',
])  # fmt: skip
def test_what_is_no_journal_has_none(journal, content):
    journal.write_bytes(content)
    assert course(journal, "accuracy") == ()


def test_what_is_no_file_has_none(journal, tmp_path):
    assert course(journal, "accuracy") == ()
    journal.symlink_to(write(tmp_path / "other", [progress(1, 0.5)]))
    assert course(journal, "accuracy") == ()
