"""A section that another package adds does all that the three do, through the registry alone."""

import pytest

from engine import sections
from engine.analysis.compare import compare
from engine.analysis.export import export_csv
from engine.analysis.verify import agrees, verify
from engine.errors import EngineError, UsageError
from engine.files.reader import DamagedFile
from engine.laboratory import Laboratory
from engine.report.choose import choose
from engine.runs.control import Control
from engine.runs.events import Progress
from engine.runs.run import Run
from engine.runs.store import list_runs
from tests.engine.conftest import spoil_json
from tests.engine.sections.means import Means, MeansConfig


@pytest.fixture
def means():
    """The section, known for as long as a test takes."""
    sections.register(Means())
    yield
    sections.unregister("means")


@pytest.fixture
def laboratory():
    return Laboratory(warn=lambda words: None)


def run_of(laboratory, artifacts, seed=0, stop_at=None, resumed=None):
    """Drive a run of the section to its end, or up to a step."""
    control = Control()

    def listen(event):
        if stop_at is not None and isinstance(event, Progress) and event.step >= stop_at:
            control.stop("a test")

    listening = {"listen": listen, "control": control}
    if resumed is not None:
        return laboratory.resume(resumed, **listening).run()
    config = MeansConfig(dataset="digits", artifacts=str(artifacts), seed=seed, device="cpu")
    return laboratory.session(config, **listening).run()


def test_it_runs_and_leaves_what_every_run_leaves(means, laboratory, tmp_path):
    run = run_of(laboratory, tmp_path)
    assert [found.id for found in list_runs(tmp_path)] == [run.id]
    assert (run.read_info()["section"], run.read_info()["status"], run.find_damage()) == (
        "means",
        "finished",
        "",
    )
    assert run.read_result()["accuracy"] > 0.8
    assert run.array().shape == (10, 1, 28, 28)
    assert set(run.read_info()["sha256"]) == {
        "config",
        "events.jsonl",
        "result.json",
        "means.npy",
    }


def test_it_resumes_as_if_it_had_never_stopped(means, laboratory, tmp_path):
    whole = run_of(laboratory, tmp_path / "whole")
    stopped = run_of(laboratory, tmp_path / "parts", stop_at=7)
    assert stopped.read_info()["status"] == "stopped"
    resumed = run_of(laboratory, tmp_path / "parts", resumed=Run(stopped.path))
    assert (resumed.path / "means.npy").read_bytes() == (whole.path / "means.npy").read_bytes()
    assert list(export_csv(resumed)) == list(export_csv(whole))


def test_it_is_verified_from_its_files(means, laboratory, tmp_path):
    run = run_of(laboratory, tmp_path)
    data, device = laboratory.survey_of(run)
    assert agrees(verify(run, data, device))
    spoil_json(run, "result.json", lambda values: values.update(accuracy=0.5))
    assert not agrees(verify(Run(run.path), data, device))


def test_its_files_are_checked_by_its_own_rules(means, laboratory, tmp_path):
    run = run_of(laboratory, tmp_path)
    spoil_json(run, "result.json", lambda values: values.update(accuracy=1.5))
    with pytest.raises(DamagedFile, match="accuracy"):
        _ = Run(run.path).read_result()
    spoil_json(run, "run.json", lambda values: values["config"].update(images=0))
    with pytest.raises(DamagedFile, match="--images must be at least 1"):
        _ = Run(run.path).read_info()


def test_its_runs_are_compared_and_exported(means, laboratory, tmp_path):
    runs = [run_of(laboratory, tmp_path, seed) for seed in (1, 2)]
    comparison = compare(runs)
    assert comparison.differing == ["seed"]
    assert list(comparison.runs[0].numbers) == ["accuracy", "moved_last"]
    assert len(comparison.groups) == 1
    header = next(export_csv(runs[0])).strip()
    assert header == ",".join(["step", *(f"moved_{row}" for row in range(10))])


def test_the_report_is_about_its_own_three_parts(means, laboratory, tmp_path):
    run = run_of(laboratory, tmp_path)
    with pytest.raises(EngineError, match="No finished run"):
        choose(tmp_path, [])
    with pytest.raises(EngineError, match="is of section means, which is not reported"):
        choose(tmp_path, [run.id])


def test_without_it_its_runs_are_damaged_and_hide_no_others(laboratory, tmp_path):
    sections.register(Means())
    run = run_of(laboratory, tmp_path)
    sections.unregister("means")
    assert "There is no section 'means'" in Run(run.path).find_damage()


def test_a_name_is_taken_once(means):
    with pytest.raises(ValueError, match="there is a section 'means' already"):
        sections.register(Means())
    with pytest.raises(UsageError, match="There is no section 'x'"):
        sections.find("x")
