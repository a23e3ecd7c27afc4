"""A network of one's own in real processes: what it prints in the app, and a killed training."""

import signal

import pytest

from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.events import Progress
from engine.runs.store import list_runs
from engine.sections.train.config import TrainConfig
from engine.trust import trust_named
from tests.conftest import a_few
from tests.networks import NETWORKS
from tests.processes import comparable, progress_of, start, wait_for
from tests.terminal.terminal import Terminal

pytestmark = pytest.mark.extended

SHORT = {"dataset": "digits", "device": "cpu", "threads": 1, "precision": "fp32"}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with a user's state of its own, and no figures."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    return tmp_path


def session(home, text, listen=lambda event: None, control=None, **options):
    """Return a Session that trains the network of a file."""
    (home / "net.py").write_text(text)
    config = TrainConfig(model=f"{home / 'net.py'}:Net", artifacts=str(home / "runs"),
                         **SHORT | options)  # fmt: skip
    trust_named([config])
    laboratory = Laboratory(warn=lambda line: None)
    return laboratory.session(config, listen=listen, control=control or Control())


def test_what_a_network_prints_does_not_reach_the_app_s_screen(home):
    control = Control()

    def listen(event):
        if isinstance(event, Progress):
            control.stop("a test")

    text = NETWORKS["prints"].replace("print('", "print('SPILT ")
    run = session(home, text, listen, control, epochs=3).run()
    terminal = Terminal("--dataset", "digits", "--artifacts", str(home / "runs"))
    terminal.read(lambda t: "Models" in t.text and "quit" in t.text)
    terminal.press("4")
    terminal.read(lambda t: "stopped" in t.text)
    terminal.press("g")
    wait_for(lambda: run.read_status() == "finished")
    terminal.read(lambda t: "finished" in t.text)
    terminal.press("q")
    assert terminal.exit_code() == 0
    assert b"SPILT" not in terminal.output


@pytest.mark.parametrize("kind", a_few(NETWORKS, 0, 1))
def test_a_killed_training_resumes_as_if_it_had_not_been(home, kind):
    options = {"epochs": 40, "recipe": "tuned", "learning_rate": 0.05, "batch_size": 100}
    whole = session(home, NETWORKS[kind], **options).run()
    words = [f"--{name.replace('_', '-')}={value}" for name, value in (SHORT | options).items()]
    process = start(
        "run", "train", "--model", f"{home / 'net.py'}:Net", *words, "--artifacts", home / "runs",
        "--quiet",
    )  # fmt: skip
    wait_for(lambda: len(list_runs(home / "runs")) == 2)
    [run] = [one for one in list_runs(home / "runs") if one.id != whole.id]
    wait_for(lambda: (run.path / "checkpoint.pt").exists() and progress_of(run) > 30)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert run.read_status() == "interrupted"
    laboratory = Laboratory(warn=lambda line: None)
    laboratory.resume(run, listen=lambda event: None, control=Control()).run()
    assert comparable(run) == comparable(whole)
