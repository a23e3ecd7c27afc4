"""Runs are run again from the command line, and compared bit for bit."""

import json
import shutil

import pytest

from engine.runs.run import Run
from engine.runs.store import list_runs
from tui.cli.main import invoke


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    artifacts = tmp_path_factory.mktemp("again")
    assert invoke(["run", "train", "--model", "baseline", "--dataset", "digits", "--epochs", "2",
                   "--quiet", "--artifacts", str(artifacts)]) == 0  # fmt: skip
    [run] = list_runs(artifacts)
    return run


def again(run, *options):
    return invoke(
        ["runs", "verify", run.id, "--artifacts", str(run.path.parent), "--again", *options]
    )


@pytest.mark.extended
def test_a_sound_run_is_the_same_again(trained, capsys):
    assert again(trained) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == (
        "same  again: all 20 steps, the results, weights.pt and answers.npz"
    )


def test_a_program_reads_the_verdict_as_json(trained, capsys):
    assert again(trained, "--json", "--steps", "10") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["holds"] is True
    assert told["again"] == {
        "verdict": "same", "words": "the first 10 of 20 steps", "step": 10
    }  # fmt: skip


def test_a_faked_curve_whose_hash_was_faked_too_is_different(trained, tmp_path, capsys):
    copy = Run(shutil.copytree(trained.path, tmp_path / trained.id))
    journal = copy.path / "events.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    [_, second] = [line for line in lines if line["event"] == "progress"][:2]
    second["series"]["loss"][0] = 0.5
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    copy.update(sha256=copy.hashes(copy.read_info()["sha256"]))
    assert again(copy) == 1
    out = capsys.readouterr().out
    assert "DIFFERS" not in out
    assert "different  again: step 20: series.loss[0] is 0.5 in the journal, " in out


def test_another_thread_count_is_not_comparable(trained, tmp_path, capsys):
    copy = Run(shutil.copytree(trained.path, tmp_path / trained.id))
    environment = copy.read_info()["environment"] | {"threads": 99}
    copy.update(environments=[environment])
    assert again(copy) == 1
    assert "not comparable  again: threads is " in capsys.readouterr().out


def test_steps_need_again(trained, capsys):
    words = ["runs", "verify", trained.id, "--artifacts", str(trained.path.parent)]
    assert invoke([*words, "--steps", "5"]) == 2
    assert "--steps goes with --again" in capsys.readouterr().err
    assert again(trained, "--steps", "0") == 2


def test_the_report_says_it_on_the_referee_s_page(trained, capsys):
    words = ["report", trained.id, "--artifacts", str(trained.path.parent)]
    assert invoke([*words, "--again"]) == 0
    page = (trained.path / "report.html").read_text()
    assert "Run again, the experiment gives the same bits" in page
    assert "same: all 20 steps" in page
    assert invoke(words) == 0
    assert "gives the same bits" not in (trained.path / "report.html").read_text()
