"""The command line as scripts see it: real processes, exit codes, both streams."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tui.cli import invoke

RUN = [sys.executable, "-m", "tui.cli"]
SHORT = ["run", "train", "--model", "baseline", "--dataset", "digits", "--epochs", "2"]


def start(*arguments, **options):
    return subprocess.Popen(
        [*RUN, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        **options,
    )  # fmt: skip


def call(*arguments, **options):
    process = start(*arguments, **options)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_a_run_prints_results_on_one_stream_and_progress_on_the_other(tmp_path):
    code, out, err = call(*SHORT, "--artifacts", tmp_path)
    assert code == 0
    assert "baseline" in out
    assert str(next(tmp_path.iterdir())) in out
    assert "steps" in err
    assert "\x1b" not in out + err  # no colour, no cursor movement off a terminal


def test_json_prints_events_and_nothing_else(tmp_path):
    code, out, err = call(*SHORT, "--artifacts", tmp_path, "--json")
    assert code == 0
    events = [json.loads(line) for line in out.splitlines()]
    assert events[0]["event"] == "started"
    assert events[-1]["event"] == "finished"
    assert {event["run"] for event in events} == {next(tmp_path.iterdir()).name}
    journal = next(tmp_path.iterdir()).joinpath("events.jsonl").read_text().splitlines()
    assert [json.loads(line) | {"run": events[0]["run"]} for line in journal] == events
    assert err == ""


def test_quiet_leaves_only_results(tmp_path):
    code, out, err = call(*SHORT, "--artifacts", tmp_path, "--quiet")
    assert (code, err) == (0, "")
    assert "baseline" in out


def test_all_models_make_one_run_each_and_a_figure_of_them_all(tmp_path):
    code, _, _ = call("run", "train", "--all", "--dataset", "digits", "--epochs", 1,
                        "--quiet", "--artifacts", tmp_path)  # fmt: skip
    assert code == 0
    runs = sorted(tmp_path.iterdir())
    assert [run.name.split("-train-")[1] for run in runs] == ["baseline", "two-conv", "two-conv-fc"]
    assert (runs[-1] / "figures" / "models.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "train", "--model", "lenet"], 2, "--model must be one of baseline"),
        (["run", "train", "--all", "--model", "baseline"], 2, "not both"),
        (["run", "train", "--epochs", "0"], 2, "--epochs must be at least 1"),
        (["run", "train", "--epochs", "many"], 2, "many"),
        (["run", "train", "--learning-rate", "nan"], 2, "finite"),
        (["run", "train", "--no-such-option"], 2, "--no-such-option"),
        (["run", "sleep"], 2, "sleep"),
        (["no-such-command"], 2, "no-such-command"),
        (["data", "fetch", "cifar"], 2, "cifar"),
        (["run", "train", "--device", "cuda:99", "--dataset", "digits"], 1, "--device cpu"),
        (["run", "train", "--device", "toaster", "--dataset", "digits"], 1, "--device cpu"),
        (
            ["run", "train", "--dataset", "mnist", "--data-root", "/nowhere"],
            1,
            "No MNIST in /nowhere",
        ),
        (["runs", "show", "none"], 1, "No run 'none'"),
        (["runs", "figures", "none"], 1, "No run 'none'"),
    ],
)
def test_bad_input_is_one_clear_line_with_the_right_code(
    arguments, code, words, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert invoke(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []  # and nothing was begun


def test_an_artifacts_folder_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert invoke([*SHORT, "--artifacts", str(tmp_path / "file")]) == 1
    assert "Choose another folder with --artifacts" in capsys.readouterr().err


def test_divergence_is_a_failure_that_keeps_its_journal(tmp_path, capsys):
    code = invoke([*SHORT, "--quiet", "--learning-rate", "100", "--epochs", "20",
                   "--artifacts", str(tmp_path)])  # fmt: skip
    assert code == 1
    assert "Lower --learning-rate" in capsys.readouterr().err
    [run] = tmp_path.iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "failed"


def test_a_traceback_only_with_debug(tmp_path, capsys):
    arguments = ["runs", "show", "none", "--artifacts", str(tmp_path)]
    invoke(arguments)
    assert "Traceback" not in capsys.readouterr().err
    invoke(["run", "train", "--dataset", "mnist", "--data-root", "/nowhere", "--debug"])
    assert "Traceback" in capsys.readouterr().err


def test_options_come_from_the_environment_and_the_command_line_wins(tmp_path):
    environment = os.environ | {"MNIST_TUI_ARTIFACTS": str(tmp_path), "MNIST_TUI_EPOCHS": "3",
                                "MNIST_TUI_SEED": "7", "MNIST_TUI_MODEL": "baseline"}  # fmt: skip
    code, _, _ = call("run", "train", "--dataset", "digits", "--epochs", 1, "--quiet",
                      env=environment)  # fmt: skip
    assert code == 0
    config = json.loads((next(tmp_path.iterdir()) / "run.json").read_text())["config"]
    assert (config["seed"], config["epochs"], config["model"]) == (7, 1, "baseline")
    assert Path(config["artifacts"]).is_absolute()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signals_stop_a_run_cleanly(tmp_path, number, code):
    process = start("run", "train", "--model", "two-conv-fc", "--dataset", "digits", "--epochs",
                    10_000, "--json", "--artifacts", tmp_path)  # fmt: skip
    for line in process.stdout:
        if json.loads(line)["event"] == "progress":
            break
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert json.loads(out.splitlines()[-1])["event"] == "stopped"
    assert "what was done is kept in" in err
    [run] = tmp_path.iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "stopped"
    assert (run / "checkpoint.pt").is_file()


def test_a_stop_ends_the_whole_command_not_only_its_first_run(tmp_path):
    process = start("run", "train", "--all", "--dataset", "digits", "--epochs", 10_000, "--json",
                    "--artifacts", tmp_path)  # fmt: skip
    for line in process.stdout:
        if json.loads(line)["event"] == "progress":
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert len(list(tmp_path.iterdir())) == 1


def test_a_reader_that_leaves_is_no_traceback(tmp_path):
    process = start(*SHORT, "--json", "--artifacts", tmp_path)
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.wait(60)
    assert "Traceback" not in err


def test_runs_lists_and_shows(tmp_path, capsys):
    assert invoke(["runs", "--artifacts", str(tmp_path / "empty")]) == 0
    assert "No runs in" in capsys.readouterr().out
    invoke([*SHORT, "--quiet", "--artifacts", str(tmp_path)])
    capsys.readouterr()
    [run] = tmp_path.iterdir()
    for arguments in (["runs"], ["runs", "list"]):
        invoke([*arguments, "--artifacts", str(tmp_path)])
        assert run.name in capsys.readouterr().out
    assert invoke(["runs", "show", "baseline", "--artifacts", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    for words in (run.name, "learning rate", "0.01", "weights.pt", "figures/loss.png"):
        assert words in shown


def test_figures_are_drawn_again_from_the_directory_alone(tmp_path, capsys):
    invoke([*SHORT, "--quiet", "--artifacts", str(tmp_path / "here")])
    [run] = (tmp_path / "here").iterdir()
    moved = run.rename(tmp_path / run.name)
    before = {path.name: path.read_bytes() for path in (moved / "figures").iterdir()}
    for path in (moved / "figures").iterdir():
        path.unlink()
    (moved / "weights.pt").unlink()
    assert invoke(["runs", "figures", run.name, "--artifacts", str(tmp_path)]) == 0
    assert {path.name: path.read_bytes() for path in (moved / "figures").iterdir()} == before


def test_doctor_and_data_say_what_is_there(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert invoke(["doctor"]) == 0
    out = capsys.readouterr().out
    for words in ("terminal", "colours", "a run takes", "digits", "torch", "artifacts"):
        assert words in out
    assert invoke(["data", "list", "--data-root", "nowhere"]) == 0
    out = capsys.readouterr().out
    assert "nowhere/MNIST/raw: not there" in out
    assert "1,260 train" in out


def test_data_list_names_damage(capsys, tmp_path, mnist_root):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in (mnist_root / "MNIST" / "raw").glob("*.gz"):
        (raw / path.name).write_bytes(path.read_bytes()[:-9])
    assert invoke(["data", "--data-root", str(tmp_path)]) == 0
    assert "DAMAGED" in capsys.readouterr().out
