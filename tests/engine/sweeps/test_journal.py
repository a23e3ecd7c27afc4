"""A sweep's journal: what is read of it, and that nothing is read twice."""

import json

import pytest

from engine.errors import EngineError
from engine.files.reader import LINE_LIMIT
from engine.runs.run import Run
from engine.sweeps import journal as module
from engine.sweeps.journal import Journal
from engine.sweeps.schema import MOST_OPTIONS, SweepEvent
from engine.sweeps.states import progress_of
from tests.engine.sweeps.made import planned_sweep


def begun(run):
    return SweepEvent(event="begun", time=1.0, run=run)


@pytest.fixture
def journal(tmp_path, monkeypatch):
    """A journal, and the lines that were read of it."""
    read, real = [], module.read_lines
    monkeypatch.setattr(
        module, "read_lines", lambda *given: [read.append(line) or line for line in real(*given)]
    )
    return Journal(tmp_path), tmp_path / "events.jsonl", read


def test_a_line_is_read_once_and_another_process_adds_some(journal, tmp_path):
    ours, _, read = journal
    assert ours.events() == []
    ours.append(begun("a"))
    Journal(tmp_path).append(begun("b"))
    assert [event.run for event in ours.events()] == ["a", "b"]
    Journal(tmp_path).append(begun("c"))
    assert [event.run for event in ours.events()] == ["a", "b", "c"]
    assert len(read) == 3


def test_damaged_lines_are_skipped_and_one_that_is_being_written_is_waited_for(journal):
    ours, path, _ = journal
    ours.append(begun("a"))
    with path.open("a") as file:
        file.write('nonsense\n{"event": "begun", ')
    assert [event.run for event in ours.events()] == ["a"]
    with path.open("a") as file:
        file.write('"time": 1.0, "run": "b"}\n')
    assert [event.run for event in ours.events()] == ["a", "b"]


def test_another_file_in_its_place_is_read_from_its_beginning(journal):
    ours, path, _ = journal
    for name in ("a", "b"):
        ours.append(begun(name))
    assert len(ours.events()) == 2
    other = path.with_name("other")
    other.write_text('{"event":"begun","time":1.0,"run":"another one, with a long name"}\n' * 9)
    other.replace(path)
    assert len(ours.events()) == 9
    path.write_bytes(b"")
    assert ours.events() == []


def test_a_first_line_without_an_end_is_not_read_whole(tmp_path, monkeypatch):
    lengths = []

    class File:
        def __enter__(self):
            return self

        def __exit__(self, *exception):
            pass

        def readline(self, limit=-1):
            lengths.append(limit)
            return b""

    monkeypatch.setattr("engine.sweeps.states.open_to_read", lambda *given: File())
    assert progress_of(Run(tmp_path)) == (0, 0)
    assert lengths == [LINE_LIMIT + 1]


def test_a_journal_of_lists_in_lists_tells_of_no_progress(tmp_path):
    (tmp_path / "events.jsonl").write_text("[" * 100_000 + "\n")
    assert progress_of(Run(tmp_path)) == (0, 0)


def test_a_plan_with_more_options_than_any_section_has_is_damaged(tmp_path):
    sweep = planned_sweep(tmp_path)
    path = sweep.path / "sweep.json"
    values = json.loads(path.read_text())
    many = {f"option_{place}": [1] for place in range(MOST_OPTIONS + 1)}
    axes = values | {"axes": many}
    setting = values | {"runs": [values["runs"][0] | {"setting": many}]}
    for changed in (axes, setting):
        path.write_text(json.dumps(changed))
        with pytest.raises(EngineError, match="damaged"):
            sweep.read()
