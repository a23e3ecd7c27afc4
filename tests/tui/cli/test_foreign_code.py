"""Runs of others hold code: it is run where somebody says so, and nowhere else."""

import json
import os
import re
import shutil

import pytest

from engine.networks.ledger import ledger_path
from engine.runs.run import Run
from engine.runs.store import list_runs
from tests.networks import MARKING
from tui.cli.main import invoke

SHORT = ["--dataset", "digits", "--quiet", "--threads", "1", "--precision", "fp32"]


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """A folder of runs of every section, as it comes from somebody else."""
    home = tmp_path_factory.mktemp("sender")
    (home / "net.py").write_text(MARKING)
    artifacts = home / "artifacts"

    def run(*words):
        assert invoke(["run", *words, *SHORT, "--artifacts", str(artifacts)]) == 0
        return list_runs(artifacts)[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        patch.setenv("MARK", str(home / "mark"))
        patch.setattr("engine.figures.draw_figures", lambda run: iter(()))
        learns = ["--recipe", "tuned", "--epochs", "7", "--learning-rate", "0.05"]
        own = ["--model", f"{home / 'net.py'}:Net", *learns]
        train, other = run("train", *own), run("train", *own, "--seed", "1")
        adversarial = run("adversarial", "--run", train.id, "--label", "3", "--steps", "2")
        visualize = run("visualize", "--run", train.id, "--layer", "logits", "--steps", "2")
        run("train", "--model", "linear", "--epochs", "1")
    stopped = Run(shutil.copytree(other.path, artifacts / f"{other.id}-stopped"))
    info = other.read_info() | {"run_id": stopped.id, "status": "stopped", "finished_at": None}
    stopped.write_json("run.json", {k: v for k, v in info.items() if k != "sha256"})
    (stopped.path / "result.json").unlink()
    journal = stopped.path / "events.jsonl"
    kept = [line for line in journal.read_text().splitlines(True) if '"finished"' not in line]
    journal.write_text("".join(kept).replace(other.id, stopped.id))
    return {"train": train, "other": other, "adversarial": adversarial, "visualize": visualize,
            "stopped": stopped}  # fmt: skip


@pytest.fixture
def runs(sent, tmp_path, monkeypatch):
    """A copy of that folder, of a user who has trusted no code; by what they are."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "artifacts"
    shutil.copytree(sent["train"].path.parent, folder)
    return {name: Run(folder / run.id) for name, run in sent.items()}


@pytest.fixture
def call(runs, tmp_path, capsys):
    """Run a command on the copy; return its exit code, both its streams and whether code ran."""

    def call(words):
        capsys.readouterr()
        names = {name: run.id for name, run in runs.items()}
        code = invoke(
            [*words.format_map(names).split(), "--artifacts", str(tmp_path / "artifacts")]
        )
        out, err = capsys.readouterr()
        return code, out, err, (tmp_path / "mark").exists()

    return call


@pytest.mark.parametrize(
    "words",
    [
        "runs",
        "runs --json",
        "runs show {train}",
        "runs show {adversarial} --json",
        "compare {train} {other}",
        "runs export {train}",
        "runs export {visualize} --to csv --output v.csv",
        "runs export {train} --to npz",
        "runs export {train} --to safetensors",
        "runs figures {visualize}",
        "runs rm {train} --yes",
    ],
)
def test_what_lists_and_draws_imports_no_code(call, words):
    code, _, err, ran = call(words)
    assert (code, ran) == (0, False), err


@pytest.mark.parametrize("which", ["train", "adversarial", "visualize"])
def test_what_cannot_be_verified_without_code_says_so(call, which):
    code, out, err, ran = call(f"runs verify {{{which}}}")
    assert (code, ran) == (1, False), err
    assert out.splitlines()[-1] == "unknown  result: not checked (needs --trust)"
    assert "DIFFERS" not in out
    code, out, _, ran = call(f"runs verify {{{which}}} --again --json")
    told = json.loads(out)
    assert (code, ran, told["holds"]) == (1, False, False)
    assert told["again"]["verdict"] == "not comparable"
    assert "--trust" in told["again"]["words"]


@pytest.mark.parametrize(
    "words",
    [
        "runs verify {train} --again --trust",
        "runs verify {adversarial} --trust",
        "runs verify {visualize} --trust",
    ],
)
def test_what_is_trusted_is_verified(call, words):
    code, out, err, ran = call(words)
    assert (code, ran) == (0, True), out + err
    assert call("runs verify {train}")[0] == 0  # from now on


REFUSED = [
    "run adversarial --run {train} --label 3 --steps 2",
    "run visualize --run {train} --layer logits --steps 2",
    "resume {stopped}",
]


@pytest.mark.parametrize("words", [*REFUSED, "runs export {train} --to onnx"])
def test_what_needs_code_refuses_in_a_line(call, runs, words, tmp_path):
    if "onnx" in words:
        pytest.importorskip("onnxscript")
    before = sorted(tmp_path.rglob("*"))
    code, out, err, ran = call(words + " --quiet" * ("onnx" not in words))
    assert (code, out, ran) == (1, "", False)
    [line] = err.splitlines()
    assert re.search(
        r"model\.py:Net: its code has not been run on this machine before; read .*--trust", line
    )
    assert [one for one in sorted(tmp_path.rglob("*")) if "cache" not in str(one)] == before
    assert not (tmp_path / "state").exists()
    assert runs["stopped"].read_info()["status"] == "stopped"


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_trusted_is_run(call, words, monkeypatch):
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    code, _, err, ran = call(words + " --quiet --trust")
    assert (code, ran) == (0, True), err


@pytest.mark.extended
def test_a_network_of_another_s_run_is_trained_again_where_it_is_trusted(call, runs):
    model = runs["train"].read_config().model
    words = f"run train --model {model} --dataset digits --epochs 1 --quiet"
    code, _, err, ran = call(words)
    assert (code, ran) == (1, False)
    assert "--trust" in err
    code, _, err, ran = call(words + " --trust")
    assert (code, ran) == (0, True), err
    assert call(words)[0] == 0


@pytest.mark.extended
def test_the_report_says_what_was_not_checked(call, runs, tmp_path):
    code, out, err, ran = call("report --strict")
    assert (code, ran) == (0, False), err
    with open(out.strip()) as page:
        assert "not checked (needs --trust)" in page.read()
    code, _, err, ran = call("report --strict --trust")
    assert ran


def changed(run):
    """Change a run's code after it began, as somebody might who knows that it is trusted."""
    path = run.path / "model.py"
    path.write_text(path.read_text() + "# changed\n")


def linked(run):
    path = run.path / "model.py"
    path.rename(run.path.parent.parent / "net.py")
    path.symlink_to(run.path.parent.parent / "net.py")


def piped(run):
    path = run.path / "model.py"
    path.unlink()
    os.mkfifo(path)


def folder(run):
    path = run.path / "model.py"
    path.unlink()
    path.mkdir()


def removed(run):
    (run.path / "model.py").unlink()


@pytest.mark.parametrize("trust", ["", " --trust"])
@pytest.mark.parametrize("spoil", [changed, linked, piped, folder, removed])
def test_code_that_is_not_what_the_run_began_with_is_never_run(call, runs, spoil, trust):
    call("runs verify {train} --trust")
    assert call("runs verify {other}")[0] == 0
    os.unlink(os.environ["MARK"])
    for name in ("train", "stopped"):
        spoil(runs[name])
    code, out, err, ran = call("runs verify {train}" + trust)
    assert (code, ran) == (1, False)
    assert "model.py" in out + err
    for words in REFUSED:
        code, out, err, ran = call(f"{words} --quiet{trust}")
        assert (code, out, ran) == (1, "", False)
        [line] = err.splitlines()
        assert "model.py" in line
    assert call("runs")[0] == 0
    assert call("runs show {train}")[0] == 0


@pytest.mark.parametrize(
    "model", ["../x-12345678", "/x-12345678", "Net-12345678", "a b", "", "..", 7]
)
def test_a_name_that_is_not_that_of_the_file_is_damage(call, runs, model):
    call("runs verify {train} --trust")
    os.unlink(os.environ["MARK"])
    run = runs["train"]
    journal = run.path / "events.jsonl"
    before = run.read_config().model
    for path in (run.path / "run.json", journal):
        path.write_text(path.read_text().replace(f'"{before}"', json.dumps(model)))
    code, out, err, ran = call("runs verify {train} --trust")
    assert (code, ran) == (1, False)
    assert "damaged" in out + err
    for words in REFUSED[:2]:
        code, out, err, ran = call(f"{words} --quiet --trust")
        assert (code, out, ran) == (1, "", False)
        assert len(err.splitlines()) == 1
    assert call("runs")[0] == 0
    assert call("runs show {train}")[3] is False


@pytest.mark.parametrize("where", ["{run}/evil.py", "evil.py"])
def test_a_queue_that_came_with_a_run_has_no_code_run(call, runs, tmp_path, where, monkeypatch):
    """It names a file, as one that the user named would be named; the run itself is trusted."""
    monkeypatch.setattr("engine.figures.draw_figures", lambda run: iter(()))
    monkeypatch.chdir(tmp_path)
    stopped = runs["stopped"]
    call("runs verify {other} --trust")
    os.unlink(os.environ["MARK"])
    file = where.format(run=stopped.path)
    (tmp_path / file).write_text(MARKING + "# another file\n")
    config = {"section": "train", "model": f"{file}:Net", "dataset": "digits", "epochs": 1}
    queue = [{"command": "", "runs": [], "configs": [config], "report": False}]
    (stopped.path / ".queue").write_text(json.dumps(queue))
    code, _, err, _ = call("resume {stopped} --quiet")
    assert (code, stopped.read_status()) == (1, "finished")
    assert "evil.py:Net: its code has not been run on this machine before" in err.splitlines()[-1]
    assert f"{stopped.path.name}/evil.py" in err or where == "evil.py"
    assert not any("evil" in line for line in ledger_path().read_text().splitlines())
