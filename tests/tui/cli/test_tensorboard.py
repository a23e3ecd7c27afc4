"""``runs export --to tensorboard``: what is written is read back, record by record."""

import csv
import io
import shutil
import struct
from collections import defaultdict

import numpy as np
import pytest

from engine import sections
from engine.laboratory import Laboratory
from engine.runs.control import Control
from engine.runs.store import find_run
from engine.sweeps.executors.executor import Task
from engine.sweeps.executors.worker import execute
from engine.sweeps.plan import plan
from engine.sweeps.spec import Spec
from engine.sweeps.sweep import create_sweep
from tests.test_old_runs import NEURONS, NOISES, OLD, STOPPED, TUNED
from tui.cli.main import invoke


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    shutil.copytree(OLD, tmp_path / "artifacts")
    monkeypatch.chdir(tmp_path)

    def call(name, *arguments):
        code = invoke(["runs", "export", name, *arguments])
        return (code, *capsys.readouterr())

    return call


def records(folder):
    """Yield the events of a folder's only file; each checksum must be right."""
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import masked_crc32c

    [path] = folder.iterdir()
    with open(path, "rb") as file:
        while header := file.read(8):
            (length,), (check,) = struct.unpack("<Q", header), struct.unpack("<I", file.read(4))
            assert check == masked_crc32c(header)
            content, (check,) = file.read(length), struct.unpack("<I", file.read(4))
            assert check == masked_crc32c(content)
            yield Event.FromString(content)


def read(folder):
    """Return scalars and images by tag, as pairs of step and value, and what else there is."""
    scalars, images, others = defaultdict(list), defaultdict(list), {}
    for event in records(folder):
        for value in event.summary.value:
            if value.HasField("image"):
                images[value.tag].append((event.step, value.image))
            elif value.HasField("metadata"):
                others[value.tag] = value.metadata.plugin_data.content
            else:
                scalars[value.tag].append((event.step, value.simple_value))
    return scalars, images, others


@pytest.mark.parametrize("run", [TUNED, NOISES, NEURONS, STOPPED[0]])
def test_every_number_of_the_csv_is_there_at_its_step(call, tmp_path, run):
    assert call(run, "--to", "tensorboard") == (0, f"{tmp_path}/{run}.tensorboard\n", "")
    scalars, _, _ = read(tmp_path / f"{run}.tensorboard")
    names, *rows = csv.reader(io.StringIO(call(run)[1]))
    for column, name in enumerate(names[1:], start=1):
        tag = next(tag for tag in scalars if tag.replace("/", "_") == name)
        written = [(int(row[0]), float(row[column])) for row in rows if row[column]]
        assert [step for step, _ in scalars[tag]] == [step for step, _ in written]
        assert np.allclose([v for _, v in scalars[tag]], [v for _, v in written], rtol=1e-6)


def test_times_are_those_of_the_journal(call, tmp_path):
    call(TUNED, "--to", "tensorboard")
    told = {event.step: event.time for event in find_run(OLD, TUNED).events()
            if event.kind == "progress"}  # fmt: skip
    times = {event.step: event.wall_time for event in records(tmp_path / f"{TUNED}.tensorboard")
             if event.step in told}  # fmt: skip
    assert times == pytest.approx(told)


def test_noises_neurons_and_digits_are_images(call, tmp_path):
    for run in (TUNED, NOISES, NEURONS):
        call(run, "--to", "tensorboard")
    of = {run: read(tmp_path / f"{run}.tensorboard")[1] for run in (TUNED, NOISES, NEURONS)}
    noise = [tag for tag in of[NOISES] if tag.startswith("noise/")]
    assert len(noise) == len(np.load(OLD / NOISES / "noise.npy"))
    assert any(tag.startswith("images/") for tag in of[NEURONS])
    step, image = of[NOISES][noise[0]][-1]
    assert step > 0
    assert image.encoded_image_string.startswith(b"\x89PNG")
    _, sheet = of[TUNED]["samples"][-1]
    assert sheet.width > 28 * 3


def test_settings_and_results_are_hparams(call, tmp_path):
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    call(TUNED, "--to", "tensorboard")
    scalars, _, others = read(tmp_path / f"{TUNED}.tensorboard")
    begun = HParamsPluginData.FromString(others["_hparams_/session_start_info"])
    assert begun.session_start_info.hparams["recipe"].string_value == "tuned"
    assert "artifacts" not in begun.session_start_info.hparams
    for name, value in sections.find("train").measured(find_run(OLD, TUNED).read_result()).items():
        assert scalars[f"result/{name}"][-1][1] == pytest.approx(value)
    call(STOPPED[0], "--to", "tensorboard")
    assert "_hparams_/session_end_info" not in read(tmp_path / f"{STOPPED[0]}.tensorboard")[2]


def test_a_sweep_is_a_folder_of_its_runs_with_the_settings_that_differ(tmp_path, call):
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    options = {"dataset": "digits", "epochs": 1, "artifacts": str(tmp_path / "artifacts"),
               "model": "linear"}  # fmt: skip
    spec = Spec(section="train", name="rates", options=options, grid={"learning_rate": (0.1, 0.2)})
    sweep = create_sweep(plan(spec, Laboratory(warn=print)), figures=False)
    assert "has begun no run yet" in call("rates", "--to", "tensorboard")[2]
    for planned in sweep.plan.runs:
        execute(Task(sweep.path, planned), Laboratory(warn=print), Control(), threads=1)
    told = call("rates", "--to", "tensorboard", "--output", "board")
    assert told == (0, f"{tmp_path / 'board'}\n", "")
    rates = []
    for planned in sweep.plan.runs:
        scalars, _, others = read(tmp_path / "board" / planned.run_id)
        begun = HParamsPluginData.FromString(others["_hparams_/session_start_info"])
        assert set(begun.session_start_info.hparams) == {"learning_rate", "seed"}
        rates.append(begun.session_start_info.hparams["learning_rate"].number_value)
        assert scalars["result/accuracy"]
    assert rates == [0.1, 0.2]


def test_the_same_bytes_each_time_and_only_what_is_ours_is_replaced(call, tmp_path):
    call(TUNED, "--to", "tensorboard")
    folder = tmp_path / f"{TUNED}.tensorboard"
    [path] = folder.iterdir()
    before = path.read_bytes()
    assert "exists already; --force" in call(TUNED, "--to", "tensorboard")[2]
    assert call(TUNED, "--to", "tensorboard", "--force")[0] == 0
    assert path.read_bytes() == before
    (folder / "notes.txt").touch()
    assert "holds other files" in call(TUNED, "--to", "tensorboard", "--force")[2]
    assert path.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([TUNED, "--output", "-"], 2, "Only CSV is printed; give --output a folder"),
        (["no-such-run"], 1, "No run 'no-such-run'"),
        ([TUNED, "--output", "artifacts/x/y"], 1, "No such file or directory"),
        ([TUNED, "--output", "artifacts", "--force"], 1, "holds other files"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(call, tmp_path, arguments, code, words):
    found, out, err = call(*arguments, "--to", "tensorboard")
    assert (found, out) == (code, "")
    assert words in err
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["artifacts"]


def test_without_the_extra_a_line_says_what_to_install(call, monkeypatch):
    monkeypatch.setattr("engine.analysis.export.tensorboard.find_spec", lambda name: None)
    assert "pip install 'mnist-tui[tensorboard]'" in call(TUNED, "--to", "tensorboard")[2]
