"""``--install-completion`` and what a shell then completes, in a home of its own."""

import os
import shutil
import subprocess
import sys

import pytest

from engine.runs.store import create_run
from tests.conftest import run_values, train_config

SCRIPTS = {"bash": ".bash_completions/mnist-tui.sh", "zsh": ".zfunc/_mnist-tui",
           "fish": ".config/fish/completions/mnist-tui.fish"}  # fmt: skip


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def call(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-m", "tui.cli", *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def completed(line, **variables):
    """Return what bash would be offered for the last word of a line."""
    words = line.split(" ")
    done = call(_MNIST_TUI_COMPLETE="complete_bash", COMP_WORDS=line,
                COMP_CWORD=str(len(words) - 1), **variables)  # fmt: skip
    assert done.returncode == 0
    return done.stdout.split()


@pytest.mark.parametrize("shell", SCRIPTS)
def test_completion_is_shown_and_installed(home, shell):
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = call("--show-completion", shell, **named)
    assert shown.returncode == 0
    assert f"_MNIST_TUI_COMPLETE=complete_{shell}" in shown.stdout
    assert list(home.iterdir()) == []
    installed = call("--install-completion", shell, **named)
    assert installed.returncode == 0, installed.stderr
    assert shown.stdout.strip() == (home / SCRIPTS[shell]).read_text().strip()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_finds_out_which_shell_it_is_and_completes(home):
    program = home / "bin" / "mnist-tui"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tui.cli "$@"\n')
    program.chmod(0o755)
    script = (
        "mnist-tui --install-completion >/dev/null && source ~/.bashrc && "
        "COMP_WORDS=(mnist-tui run train --recipe a) COMP_CWORD=4 && "
        '_mnist_tui_completion mnist-tui && echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["assignment"], done.stderr


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("mnist-tui run ", ["train", "adversarial", "visualize", "all"]),
        ("mnist-tui run train --dataset ", ["auto", "mnist", "digits"]),
        ("mnist-tui run train --model two", ["two-conv", "two-conv-fc"]),
        ("mnist-tui run train --batch", ["--batch-size"]),
        ("mnist-tui run visualize --layer p", ["pool1", "pool2"]),
        ("mnist-tui run adversarial --label ", [str(label) for label in range(10)]),
    ],
)
def test_commands_options_and_choices_complete(home, line, offered):
    assert set(offered) <= set(completed(line))


def test_runs_complete_from_the_chosen_folder(home):
    folder = home / "elsewhere"
    train = create_run(folder, "train-baseline")
    train.write_json("run.json", run_values(train_config(), "finished"))
    other = create_run(folder, "adversarial-baseline")
    other.write_json("run.json", run_values(train_config(), "finished"))
    line = f"mnist-tui runs show --artifacts {folder} "
    assert completed(line) == [other.id, train.id]
    assert completed(f"{line}{train.id[:20]}") == [train.id]
    assert completed("mnist-tui resume ", MNIST_TUI_ARTIFACTS=str(folder)) == [other.id, train.id]
    assert completed(f"mnist-tui run adversarial --artifacts {folder} --run ") == [train.id]
    assert completed(f"mnist-tui runs show --artifacts {folder}/none ") == []


def test_sweeps_complete_where_one_may_be_named(home):
    folder = home / "elsewhere"
    sweep = create_run(folder, "sweep-small")
    sweep.write("sweep.json", b"{")
    run = create_run(folder, "train-baseline")
    run.write_json("run.json", run_values(train_config(), "finished"))
    assert completed(f"mnist-tui sweep status --artifacts {folder} ") == [sweep.id]
    for command in ("report", "attach"):
        line = f"mnist-tui {command} --artifacts {folder} "
        assert completed(line) == [sweep.id, run.id]
