"""Following a sweep that anything may drive, from its files alone."""

import shutil

import pytest

from engine.errors import EngineError
from engine.runs.lock import RunLock
from engine.sweeps.watch import Watch
from tests.engine.sweeps.made import make_run, planned_sweep


@pytest.fixture
def sweep(tmp_path):
    return planned_sweep(tmp_path / "artifacts")


def test_what_has_finished_is_read_once_and_nothing_new_is_the_same_object(
    sweep, digits, monkeypatch
):
    make_run(sweep, digits, 0)
    watch = Watch(sweep)
    seen = watch.look()
    assert dict(seen.counts) == {"finished": 1, "waiting": 3}
    assert (seen.status, seen.done, seen.left) == ("stopped", 0.25, None)
    assert watch.look() is seen

    read = type(sweep).run
    asked = []

    def run(sweep, planned):
        made = read(sweep, planned)
        monkeypatch.setattr(made, "read_info", lambda: asked.append(made.id))
        return made

    with monkeypatch.context() as patch:
        patch.setattr(type(sweep), "run", run)
        assert watch.look() is seen
    assert asked == []


def test_an_active_run_has_progress_and_the_rest_a_guess_of_its_time(sweep, digits):
    make_run(sweep, digits, 0)
    path = make_run(sweep, digits, 1, status="running")
    (path / "result.json").unlink()
    journal = (path / "events.jsonl").read_text().splitlines(keepends=True)
    half = next(n for n, line in enumerate(journal) if '"step":80' in line.replace(" ", ""))
    (path / "events.jsonl").write_text("".join(journal[: half + 1]))
    watch = Watch(sweep)
    with RunLock(sweep.path), RunLock(path):
        seen = watch.look()
        assert seen.status == "running"
        [(run, (step, steps))] = seen.progress.items()
        assert run == path.name
        assert 0 < step < steps
        assert 0.25 < seen.done < 0.5
        assert seen.left == pytest.approx(5.0 * (4 - 4 * seen.done))
        again = watch.look()
        assert again is seen
        courses = watch.courses(seen, seen.states)
        assert set(courses) == {path.name, sweep.plan.runs[0].run_id}
        (path / "events.jsonl").write_text("".join(journal[: half + 4]))
        assert watch.look() is not seen
    assert watch.look().status == "stopped"


def test_curves_are_read_once_and_kept_fine_enough(sweep, digits):
    paths = [make_run(sweep, digits, place, 0.8 + place / 100) for place in range(4)]
    watch = Watch(sweep)
    seen = watch.look()
    assert [one.label for one in seen.settled] == ["learning rate 0.1", "learning rate 0.01"]
    bands = watch.bands(seen.settled, "validation_accuracy")
    assert [int(band.count.max()) for band in bands] == [2, 2]
    for path in paths:
        (path / "events.jsonl").unlink()
    assert watch.bands(seen.settled, "validation_accuracy")[0] is not None
    assert watch.bands(seen.settled, "nothing") == [None, None]
    assert Watch(sweep).bands(seen.settled, "loss") == [None, None]


def test_a_run_that_was_removed_is_no_longer_finished(sweep, digits):
    path = make_run(sweep, digits, 0)
    watch = Watch(sweep)
    assert watch.look().counts["finished"] == 1
    shutil.rmtree(path)
    assert watch.look().counts["finished"] == 0


def test_a_damaged_plan_is_an_error_in_words(sweep):
    (sweep.path / "sweep.json").write_text("{")
    with pytest.raises(EngineError, match=r"sweep\.json"):
        Watch(sweep).look()
