"""The command line as scripts see it: real processes, exit codes, both streams."""

import io
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.conftest import a_few
from tests.processes import call, start
from tui.cli.main import invoke

SHORT = ["run", "train", "--model", "baseline", "--dataset", "digits", "--epochs", "2"]


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


@pytest.mark.extended
def test_quiet_leaves_only_results(tmp_path):
    code, out, err = call(*SHORT, "--artifacts", tmp_path, "--quiet")
    assert (code, err) == (0, "")
    assert "baseline" in out


@pytest.mark.extended
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
        (["run", "train", "--epochs", "many"], 2, "valid int"),
        (["run", "train", "--learning-rate", "nan"], 2, "finite"),
        (["run", "train", "--no-such-option"], 2, "--no-such-option"),
        (["run", "sleep"], 2, "sleep"),
        (["no-such-command"], 2, "no-such-command"),
        (["data", "fetch", "cifar"], 2, "cifar"),
        (["--seed", "7", "run", "train"], 2, "Give --seed after run"),
        (["runs", "--artifacts", "x", "list"], 2, "Give --artifacts after list"),
        (["runs", "--json", "list"], 2, "Give --json after list"),
        (["runs", "--json", "show", "x"], 2, "Give --json after show"),
        (["runs", "--json", "figures", "x"], 2, "figures has no --json; leave it out."),
        (["--ascii", "runs"], 2, "runs has no --ascii; leave it out."),
        (["--ascii", "attach", "x"], 2, "Give --ascii after attach"),
        (["run", "train", "--threads", "1000", "--dataset", "digits"], 1, "processors"),
        (["run", "train", "--device", "cuda:99", "--dataset", "digits"], 1, "--device cpu"),
        (["run", "train", "--device", "toaster", "--dataset", "digits"], 1, "knows no such device"),
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


def test_what_is_unexpected_says_how_to_learn_more_of_it(capsys, monkeypatch):
    def fail(artifacts):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("tui.cli.runs.summaries", fail)  # that command has no --debug
    assert invoke(["runs"]) == 1
    err = capsys.readouterr().err
    assert err == (
        "mnist-tui: unexpected ZeroDivisionError: by nothing (MNIST_TUI_DEBUG=1 shows where)\n"
    )
    monkeypatch.setenv("MNIST_TUI_DEBUG", "1")
    assert invoke(["runs"]) == 1
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


def test_a_misspelt_variable_is_told_once_and_others_are_not(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MNIST_TUI_ARTEFACTS", "/elsewhere")
    monkeypatch.setenv("MNIST_TUI_ARTIFACTS", str(tmp_path))
    monkeypatch.setenv("MNIST_TUI_NEURON", "3")
    monkeypatch.setenv("MNIST_TUI_TEST_ANYTHING", "1")
    assert invoke(["runs"]) == 0
    [line] = capsys.readouterr().err.splitlines()
    assert "MNIST_TUI_ARTEFACTS sets no option; did you mean MNIST_TUI_ARTIFACTS?" in line


@pytest.mark.parametrize(
    ("number", "code"),
    a_few([(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], 1, several=True),
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
    assert "progress is kept in" in err
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


@pytest.mark.parametrize("stream", a_few(["stdout", "stderr"], 1))
def test_a_reader_that_leaves_stops_the_run_and_keeps_it(tmp_path, stream):
    arguments = ["--json"] if stream == "stdout" else []
    process = start("run", "train", "--model", "baseline", "--dataset", "digits", "--epochs", 200,
                    *arguments, "--artifacts", tmp_path)  # fmt: skip
    reader = getattr(process, stream)
    reader.readline()
    reader.close()
    other = process.stderr if stream == "stdout" else process.stdout
    assert "Traceback" not in other.read()
    assert process.wait(60) == 141
    [run] = tmp_path.iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "stopped"


def test_runs_lists_and_shows(tmp_path, capsys):
    assert invoke(["runs", "--artifacts", str(tmp_path / "empty")]) == 0
    assert "No runs in" in capsys.readouterr().out
    invoke([*SHORT, "--quiet", "--artifacts", str(tmp_path)])
    capsys.readouterr()
    [run] = tmp_path.iterdir()
    for arguments in (["runs"], ["runs", "list"]):
        invoke([*arguments, "--artifacts", str(tmp_path)])
        assert run.name in capsys.readouterr().out
    invoke(["runs", "--json", "--artifacts", str(tmp_path)])
    [told] = json.loads(capsys.readouterr().out)
    assert (told["run"], told["section"], told["status"]) == (run.name, "train", "finished")
    for wanted, count in (("model:baseline age<1h", 1), ("-model:baseline", 0)):
        invoke(["runs", "list", "--filter", wanted, "--json", "--artifacts", str(tmp_path)])
        assert len(json.loads(capsys.readouterr().out)) == count
    invoke(["runs", "--filter", "none", "--artifacts", str(tmp_path)])
    assert "None of 1 runs matches the filter" in capsys.readouterr().out
    assert invoke(["runs", "--filter", "mdel:x", "--artifacts", str(tmp_path)]) == 2
    assert "fields are section" in capsys.readouterr().err
    assert invoke(["runs", "show", "baseline", "--artifacts", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    for words in (run.name, "learning rate", "0.01", "weights.pt", "figures/loss.png"):
        assert words in shown


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [("n", 1, "nothing removed"), ("y", 0, ""), ("", 130, "interrupted")],
)
def test_who_does_not_want_a_run_removed_is_not_told_of_an_interruption(
    tmp_path, capsys, monkeypatch, answer, code, words
):
    folder = tmp_path / "20260102-030405-000-train-baseline"
    folder.mkdir()
    (folder / "run.json").write_text("{}")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal(f"{answer}\n" if answer else ""))
    monkeypatch.setattr("sys.stderr", Terminal())
    assert invoke(["runs", "rm", folder.name, "--artifacts", str(tmp_path)]) == code
    assert words in sys.stderr.getvalue()
    assert ("interrupted" in sys.stderr.getvalue()) is (code == 130)
    assert folder.exists() is (code != 0)
    assert ("removed" in capsys.readouterr().out) is (code == 0)


@pytest.mark.extended
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
    (tmp_path / "artifacts").mkdir()
    assert invoke(["doctor"]) == 0
    out = capsys.readouterr().out
    for words in ("terminal", "colours", "a run takes", "digits", "torch", "artifacts", "locks"):
        assert words in out
    assert invoke(["data", "list", "--data-root", "nowhere"]) == 0
    out = capsys.readouterr().out
    assert "nowhere/MNIST/raw: not found" in out
    assert "1,260 train" in out


def test_data_list_names_damage(capsys, tmp_path, mnist_root):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in (mnist_root / "MNIST" / "raw").glob("*.gz"):
        (raw / path.name).write_bytes(path.read_bytes()[:-9])
    assert invoke(["data", "--data-root", str(tmp_path)]) == 0
    assert "DAMAGED" in capsys.readouterr().out


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """An artifacts folder with one short run of each model on the digits."""
    artifacts = tmp_path_factory.mktemp("trained")
    for model in ("baseline", "two-conv-fc"):
        code = invoke(["run", "train", "--model", model, "--dataset", "digits", "--epochs", "3",
                       "--quiet", "--artifacts", str(artifacts)])  # fmt: skip
        assert code == 0
    return artifacts


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["adversarial", "--label", "10"], 2, "--label must be between 0 and 9, not 10"),
        (["adversarial", "--epsilon", "-0.1"], 2, "--epsilon must be at least 0"),
        (["adversarial", "--epsilon", "1.5"], 2, "--epsilon must be at most 1"),
        (["adversarial", "--all", "--label", "1"], 2, "not both"),
        (["adversarial", "--steps", "0"], 2, "--steps must be at least 1"),
        (["adversarial", "--run", "none"], 1, "No run 'none'"),
        (["visualize", "--layer", "pool3"], 2, "--layer must be one of"),
        (["visualize", "--layer", "logits", "--neuron", "10"], 2, "between 0 and 9"),
        (["visualize", "--all", "--neuron", "1"], 2, "not both"),
        (["visualize", "--run", "train-baseline", "--layer", "pool2"], 1, "baseline has no pool2"),
    ],
)
def test_bad_input_of_the_other_sections(arguments, code, words, trained, capsys):
    before = sorted(trained.iterdir())
    assert invoke(["run", *arguments, "--quiet", "--artifacts", str(trained)]) == code
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
    assert sorted(trained.iterdir()) == before


def test_a_run_of_the_wrong_section_or_state_or_with_damaged_weights(trained, tmp_path, capsys):
    import shutil

    artifacts = tmp_path / "copy"
    shutil.copytree(trained, artifacts)
    [run] = artifacts.glob("*-two-conv-fc")
    arguments = ["--dataset", "digits", "--quiet", "--artifacts", str(artifacts)]
    visualize = ["run", "visualize", "--layer", "pool1", "--neuron", "0", "--steps", "2"]
    assert invoke([*visualize, *arguments]) == 0
    capsys.readouterr()
    wrong = max(artifacts.glob("*-visualize-*"))
    assert invoke([*visualize, "--run", wrong.name, *arguments]) == 1
    assert "is of section visualize" in capsys.readouterr().err
    info = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(info | {"status": "stopped"}))
    assert invoke([*visualize, "--run", run.name, *arguments]) == 1
    assert "is stopped; --run needs a finished one" in capsys.readouterr().err
    (run / "run.json").write_text(json.dumps(info))
    [other] = artifacts.glob("*-baseline")
    shutil.copy(other / "weights.pt", run / "weights.pt")
    assert invoke([*visualize, *arguments]) == 1
    assert "does not hold the weights of a two-conv-fc" in capsys.readouterr().err
    (run / "weights.pt").write_bytes((run / "weights.pt").read_bytes()[:-500])
    assert invoke([*visualize, *arguments]) == 1
    err = capsys.readouterr().err
    assert "is damaged" in err
    assert err.count("\n") == 1


def test_a_section_takes_the_newest_network_and_says_which(trained):
    code, out, err = call("run", "adversarial", "--label", 3, "--steps", 5, "--dataset", "digits",
                          "--artifacts", trained)  # fmt: skip
    assert code == 0
    [used] = trained.glob("*-train-two-conv-fc")
    assert f"using the network of {used.name}" in err
    assert "mean" in out
    run = max(trained.glob("*-adversarial-*"))
    figures = {path.name for path in (run / "figures").iterdir()}
    assert figures == {"label-3.png", "noises.png", "success.png", "by-source.png"}
    result = json.loads((run / "result.json").read_text())
    assert result["model_run"] == used.name
    assert set(result["transfer_runs"]) == {"baseline"}
    assert set(result["targets"][0]) == {
        "label", "epsilon", "success", "by_source", "distortion", "random_noise_success",
        "transfer",
    }  # fmt: skip


@pytest.mark.extended
def test_a_chosen_run_brings_its_dataset_and_model(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # no MNIST here
    assert invoke(["run", "visualize", "--run", "train-baseline", "--layer", "logits", "--steps",
                   "3", "--quiet", "--offline", "--artifacts", str(trained)]) == 0  # fmt: skip
    run = max(trained.glob("*-visualize-*"))
    info = json.loads((run / "run.json").read_text())
    assert (info["dataset"]["name"], info["config"]["model"]) == ("digits", "baseline")
    assert {path.name for path in (run / "figures").iterdir()} == {
        "logits.png", "logits-activation.png", "logits-exemplars.png",
    }  # fmt: skip


@pytest.mark.extended
def test_without_a_network_one_is_trained_first(tmp_path, monkeypatch):
    from engine.sections.train import config

    monkeypatch.setitem(config._RECIPES["assignment"], "batch_size", 1260)  # 1 step an epoch
    assert invoke(["run", "visualize", "--layer", "logits", "--steps", "2", "--dataset", "digits",
                   "--quiet", "--artifacts", str(tmp_path)]) == 0  # fmt: skip
    sections = [path.name.split("-")[3] for path in sorted(tmp_path.iterdir())]
    assert sections == ["train", "visualize"]


@pytest.mark.extended
@pytest.mark.parametrize("section", a_few(["adversarial", "visualize"], 0, 1))
def test_signals_stop_the_other_sections_too(section, trained):
    process = start("run", section, "--steps", 100_000, "--dataset", "digits", "--json",
                    "--artifacts", trained)  # fmt: skip
    for line in process.stdout:
        if json.loads(line)["event"] == "progress":
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
    run = max(trained.glob(f"*-{section}-*"))
    assert json.loads((run / "run.json").read_text())["status"] == "stopped"
    assert (run / "checkpoint.pt").is_file()


def test_version_and_help(capsys):
    assert invoke(["--version"]) == 0
    assert capsys.readouterr().out.startswith("mnist-tui 0.")
    assert invoke(["--version", "runs"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert invoke(["run"]) == 2
    assert capsys.readouterr().err.startswith("Usage: mnist-tui run")


def test_attach_opens_the_app_with_the_options_that_the_app_takes(tmp_path, monkeypatch):
    folder = tmp_path / "20260102-030405-000-train-baseline"
    folder.mkdir()
    (folder / "run.json").write_text("{}")
    opened = []
    monkeypatch.setattr("tui.app.open.open_app", lambda *a, **b: opened.append((a, b)) or 0)
    monkeypatch.setattr("tui.cli.main.on_terminal", lambda *streams: True)
    monkeypatch.setattr("tui.cli.resume.on_terminal", lambda *streams: True)
    monkeypatch.setenv("MNIST_TUI_DATASET", "digits")
    monkeypatch.setenv("MNIST_TUI_OFFLINE", "1")
    options = ["--seed", "7", "--artifacts", str(tmp_path)]
    assert invoke(options) == 0
    assert invoke(["attach", folder.name, *options]) == 0
    [(app_config,), app], [(config,), attached] = opened
    assert config == app_config
    assert (config.dataset, config.offline, config.seed) == ("digits", True, 7)
    shared = {"dataset", "offline", "seed", "artifacts"}
    assert app["said"] & shared == attached["said"] & shared == shared
    assert attached["run"].id == folder.name


def one_line(capsys):
    out, err = capsys.readouterr()
    [line] = err.splitlines()
    return out + line


def test_a_folder_of_runs_that_is_a_file_is_no_empty_one(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for arguments in (["runs"], ["runs", "show", "x"], ["report"]):
        assert invoke([*arguments, "--artifacts", str(tmp_path / "file")]) == 1
        assert "is not a folder; choose one with --artifacts" in one_line(capsys)


def test_a_refused_variable_is_named(capsys, monkeypatch):
    monkeypatch.setenv("MNIST_TUI_SEED", "many")
    assert invoke(["runs"]) == 2
    assert "MNIST_TUI_SEED: Invalid value for '--seed'" in one_line(capsys)
    assert invoke(["--seed", "more"]) == 2
    assert "MNIST_TUI_SEED" not in one_line(capsys)


def test_only_what_is_near_is_suggested(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MNIST_TUI_Q", "1")
    assert invoke(["runs", "--artifacts", str(tmp_path)]) == 0
    assert capsys.readouterr().err == "mnist-tui: MNIST_TUI_Q sets no option.\n"


def test_a_complaint_is_not_as_long_as_what_it_complains_of(capsys):
    assert invoke(["run", "train", "--epochs", "x" * 5000]) == 2
    line = one_line(capsys)
    assert len(line) < 600
    assert "'--epochs': 'xxx" in line
    assert "is not a valid int" in line


def test_a_current_folder_that_is_gone_or_cannot_be_named(tmp_path, capsys, monkeypatch):
    before = os.getcwd()
    try:
        gone = tmp_path / "gone"
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()
        assert invoke(["doctor"]) == 1
        assert "The current folder cannot be used" in one_line(capsys)
        assert invoke(["--version"]) == 0
        capsys.readouterr()
        strange = os.fsencode(tmp_path) + b"/\xff"
        os.mkdir(strange)
        os.chdir(strange)
        os.symlink("..", "artifacts")
        assert invoke([*SHORT, "--quiet"]) == 1
        assert "a name that is not UTF-8" in one_line(capsys)
        assert invoke([*SHORT, "--quiet", "--artifacts", str(tmp_path / "a")]) == 0
    finally:
        os.chdir(before)


def test_what_is_no_plan_is_not_driven(capsys, monkeypatch):
    for text in ("", "[", "[" * 100_000, "{}", '[{"configs": 3}]'):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        assert invoke(["run", "drive"]) == 1
        assert "no runs to drive" in one_line(capsys)


def test_a_download_that_fails_is_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert invoke(["data", "fetch", "mnist", "--data-root", str(tmp_path)]) == 1
    assert "could not be downloaded" in one_line(capsys)
