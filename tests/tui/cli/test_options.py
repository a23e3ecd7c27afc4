import shlex

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from engine.errors import UsageError
from engine.networks.architectures import ARCHITECTURES
from engine.options import flag
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig
from tui.cli import headless
from tui.cli import run as run_commands
from tui.cli.main import invoke
from tui.commands import command_line, environment_variable, read_value


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("epochs", " 3 ", 3), ("epochs", "", None), ("l2", "1e-3", 0.001), ("offline", "yes", True),
     ("artifacts", "a b", "a b"), ("seed", "", 0)],
)  # fmt: skip
def test_values_are_read_in_their_type(name, text, value):
    assert read_value(TrainConfig, name, text) == value


@pytest.mark.parametrize(("name", "text"), [("epochs", "3.5"), ("l2", "x"), ("offline", "maybe")])
def test_what_is_not_of_the_type_is_refused(name, text):
    with pytest.raises(UsageError, match=f"--{name} must be"):
        read_value(TrainConfig, name, text)


@pytest.mark.parametrize("name", ["artifacts", "data_root"])
def test_a_tilde_is_the_home_folder_where_no_shell_has_read_it(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_value(TrainConfig, name, "~/runs") == str(tmp_path / "runs")
    assert read_value(TrainConfig, name, "./~") == "./~"
    monkeypatch.setenv(environment_variable(name), "~/runs")
    [config] = parsed("mnist-tui run train --model baseline")
    assert getattr(config, name) == str(tmp_path / "runs")
    assert "~" not in command_line([config])
    [config] = parsed(f"mnist-tui run train --model baseline {flag(name)} '~'")
    assert getattr(config, name) == "~"  # quoted: the user means it


def test_the_commands_about_runs_expand_it_too(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MNIST_TUI_ARTIFACTS", "~/runs")
    assert invoke(["runs"]) == 0
    assert f"No runs in {tmp_path}/runs yet" in capsys.readouterr().out


def test_help_shows_the_recipes_defaults_next_to_the_options_they_set(capsys):
    assert invoke(["run", "train", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "[default: (MNIST: assignment 0.01, tuned 0.2)]" in told
    assert "Momentum of SGD. [default: (0.9)]" in told
    assert "The course report's three networks (default)." in told


def parsed(command):
    """Return the configs that the command line makes of a command."""
    seen = []
    real = headless.conduct
    headless.conduct = lambda requests, output: seen.extend(
        config for request in requests for config in request.configs
    )
    try:
        app = typer.Typer()
        app.add_typer(run_commands.app, name="run")
        result = CliRunner().invoke(app, shlex.split(command)[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    finally:
        headless.conduct = real
    return seen


texts = st.text(st.characters(codec="ascii", exclude_characters="\x00"), min_size=1).filter(
    lambda text: not text.startswith("-")
)


@given(
    models=st.sets(st.sampled_from(list(ARCHITECTURES)), min_size=1),
    epochs=st.none() | st.integers(1, 99),
    rate=st.none() | st.floats(1e-6, 1),
    artifacts=texts,
    offline=st.booleans(),
)
def test_a_training_s_command_line_reads_back(models, epochs, rate, artifacts, offline):
    options = {"epochs": epochs, "learning_rate": rate, "artifacts": artifacts}
    options["offline"] = offline
    configs = [TrainConfig(model=m, **options) for m in ARCHITECTURES if m in models]
    assert parsed(command_line(configs)) == configs


@given(labels=st.sets(st.integers(0, 9), min_size=1), epsilon=st.none() | st.floats(0, 1))
def test_a_noise_s_command_line_reads_back(labels, epsilon):
    config = AdversarialConfig(labels=tuple(sorted(labels)), epsilon=epsilon, run="a-run")
    assert parsed(command_line([config])) == [config]


@given(layers=st.none() | st.just(("pool2", "logits")), neurons=st.none() | st.just((1, 7)))
def test_a_visualization_s_command_line_reads_back(layers, neurons):
    config = VisualizeConfig(layers=layers, neurons=neurons, steps=3)
    assert parsed(command_line([config])) == [config]
