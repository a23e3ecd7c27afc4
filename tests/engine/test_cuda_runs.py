"""Whole runs on a GPU, where there is one: stopped, resumed, handed over, verified, and equal.

What does not need a GPU is asked of a CPU too, so that these tests are known to work.
"""

import json
import warnings

import numpy as np
import pytest
import torch

from engine.analysis.rerun import rerun
from engine.analysis.verify import agrees, verify
from engine.laboratory import Laboratory
from engine.runs.control import HAND_OVER, Control
from engine.runs.events import Notice, Progress
from engine.runs.run import Run
from engine.sections import find
from engine.sections.adversarial.config import AdversarialConfig
from engine.sections.train.config import TrainConfig
from engine.sections.visualize.config import VisualizeConfig
from tests.conftest import a_few
from tests.processes import kill_detached, wait_for
from tui.live.hand_over import take_over

A_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
SECTIONS = ["train", "adversarial", "visualize"]
FILES = {"train": "weights.pt", "adversarial": "noise.npy", "visualize": "images.npy"}

# By how much results on a GPU may differ from a CPU's: shares of the test images (one in a hundred
# is three or four of the digits), and activations by their size. In bf16, training itself differs.
SHARE = {"fp32": 0.01, "bf16": 0.03}
ACTIVATION = 0.05


@pytest.fixture(scope="module", params=["cpu", pytest.param("cuda", marks=A_GPU)])
def device(request):
    return request.param


@pytest.fixture(scope="module", autouse=True)
def no_figures():
    """They are drawn from files, and take longer than all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.figures.draw_figures", lambda run: iter(()))
        yield
    if torch.are_deterministic_algorithms_enabled():  # else its imports take seconds
        torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="module")
def laboratory():
    return Laboratory(warn=lambda line: None)


def asked(section, folder, device, network=None, precision="fp32", **options):
    """Return the config of a short run that gives the same bits each time."""
    shared = {"dataset": "digits", "device": device, "precision": precision, "threads": 1,
              "artifacts": str(folder), "deterministic": True}  # fmt: skip
    if section == "train":
        # Ten steps an epoch, of which the last takes fewer images, and the tuned recipe's changes.
        return TrainConfig(model="baseline", recipe="tuned", epochs=5, **shared | options)
    if section == "adversarial":
        return AdversarialConfig(run=network, labels=(1, 7), steps=12, **shared | options)
    return VisualizeConfig(run=network, layers=("logits",), steps=22, **shared | options)


def driven(laboratory, config, stop_at=None, reason="user", listen=lambda event: None):
    """Run a config, or resume a run; stop at a step."""
    control = Control()

    def hear(event):
        listen(event)
        if isinstance(event, Progress) and event.step == stop_at:
            control.stop(reason)

    make = laboratory.resume if isinstance(config, Run) else laboratory.session
    return make(config, listen=hear, control=control).run()


@pytest.fixture(scope="module")
def whole(laboratory, device, tmp_path_factory):
    """A run of each section that nothing interrupted."""
    folder = tmp_path_factory.mktemp(f"on-{device}")
    train = driven(laboratory, asked("train", folder, device))
    others = {
        section: driven(laboratory, asked(section, folder, device, train.id))
        for section in SECTIONS[1:]
    }
    return {"train": train, **others}


def bits(run):
    """What two equal runs share: their lines, and what they made."""
    lines = [json.loads(line) for line in (run.path / "events.jsonl").read_text().splitlines()]
    kept = [line for line in lines if line["event"] in ("progress", "preview", "finished")]
    made = (run.path / FILES[run.read_info()["section"]]).read_bytes()
    return [{k: v for k, v in line.items() if k != "time"} for line in kept], made


@pytest.mark.parametrize("section", SECTIONS)
def test_it_verifies_there_and_on_the_cpu(whole, laboratory, section):
    run = whole[section]
    assert not [event.message for event in run.events() if isinstance(event, Notice)]
    data, there = laboratory.survey_of(run)
    assert agrees(verify(run, data, there))
    _, cpu = laboratory.survey(asked("train", run.path.parent, "cpu"))
    assert agrees(verify(run, data, cpu))


@pytest.mark.parametrize("section", SECTIONS)
def test_the_same_bits_come_out_again(whole, laboratory, section):
    run = whole[section]
    data, there = laboratory.survey_of(run)
    outcome = rerun(run, data, there)
    assert outcome.verdict == "same", outcome.words


@pytest.mark.parametrize("section", SECTIONS)
def test_stopped_in_the_middle_and_resumed_it_is_the_same_run(whole, laboratory, device, section):
    folder = whole["train"].path.parent
    config = asked(section, folder, device, whole["train"].id)
    stopped = driven(laboratory, config, stop_at={"train": 20, "adversarial": 5}.get(section, 10))
    assert stopped.read_info()["status"] == "stopped"
    again = driven(laboratory, Run(stopped.path))
    assert again.read_info()["status"] == "finished"
    assert bits(again) == bits(whole[section])


@pytest.mark.extended
@pytest.mark.parametrize("section", a_few(SECTIONS, 0, 1))
def test_handed_over_it_is_the_same_run(whole, laboratory, device, section):
    """Another process goes on with it, in a CUDA context of its own."""
    folder = whole["train"].path.parent
    config = asked(section, folder, device, whole["train"].id)
    run = driven(laboratory, config, stop_at={"train": 20, "adversarial": 5}.get(section, 10),
                 reason=HAND_OVER)  # fmt: skip
    try:
        take_over(run)
        wait_for(lambda: Run(run.path).read_status() == "finished", 180)
    finally:
        kill_detached(folder)
    assert bits(run) == bits(whole[section])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_results_are_those_of_the_cpu_within_tolerances(laboratory, device, tmp_path, precision):
    if device == "cpu" and precision != "fp32":
        pytest.skip("a CPU is compared with itself once")

    def results(place, folder):
        train = driven(laboratory, asked("train", folder, place, precision=precision))
        networks.append(train.id)
        # Of the same network, so that what is made of it can be compared.
        made = [
            driven(laboratory, asked(section, tmp_path, place, networks[0], precision))
            for section in SECTIONS[1:]
        ]
        return [run.read_result() for run in (train, *made)]

    networks: list[str] = []
    here = results("cpu", tmp_path)
    there = here if device == "cpu" else results(device, tmp_path)
    share = SHARE[precision]
    assert here[0]["test"]["accuracy"] == pytest.approx(there[0]["test"]["accuracy"], abs=share)
    assert here[0]["test"]["loss"] == pytest.approx(there[0]["test"]["loss"], abs=2 * share)
    for one, other in zip(here[1]["targets"], there[1]["targets"], strict=True):
        assert one["success"]["rate"] == pytest.approx(other["success"]["rate"], abs=2 * share)
    rises = [
        np.array([neuron["activation_end"] for neuron in result["neurons"]])
        for result in (here[2], there[2])
    ]
    assert np.abs(rises[0] - rises[1]).max() <= ACTIVATION * np.abs(rises[0]).max()


@A_GPU
@pytest.mark.parametrize("section", SECTIONS)
def test_a_run_gives_its_memory_back(whole, laboratory, section):
    """Nothing of its graphs stays, and no run after it finds less room."""
    folder, network = whole["train"].path.parent, whole["train"].id
    held = []
    for _ in range(3):
        driven(laboratory, asked(section, folder, "cuda", network))
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        held.append(torch.cuda.memory_reserved())
    assert held[2] <= held[1]


@A_GPU
@pytest.mark.parametrize("section", SECTIONS)
def test_no_step_waits_for_the_device(whole, laboratory, section):
    """CUDA itself tells what waits: the one question an event, and the previews."""
    config = asked(section, whole["train"].path.parent, "cuda", whole["train"].id)
    session = laboratory.session(config, listen=lambda event: None, control=Control())
    making = find(section).experiment(session.config, session.data, session.device).making
    waits = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            for event in making:
                if isinstance(event, Progress):
                    waits.append(sum("synchronizing" in str(one.message) for one in told))
                    told.clear()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    assert max(waits[2:]) <= 4  # the first events record
