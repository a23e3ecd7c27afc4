"""The pad: strokes by mouse and keys, answers, test images, kept drawings."""

import shutil

import numpy as np
import pytest
import torch
from textual import events

from engine.data.drawings import read_drawings
from engine.numerics.device import Device
from engine.pad import STRENGTHS
from engine.pad.networks import trained_in
from engine.runs.run import Run
from engine.runs.store import list_runs
from engine.sections import find
from tests.tui.pilot import live, text, until
from tests.tui.player import click, mouse
from tui.app.keys.pad_actions import PAD_ACTIONS
from tui.app.palette import ActionCommands
from tui.app.preferences import Preferences
from tui.app.screens.pad import Pad
from tui.app.screens.pad.desk import Desk
from tui.app.screens.pad.neuron import NeuronLook
from tui.app.screens.pad.work import Listed
from tui.cli.main import invoke

STROKE = [(0.35, 0.25), (0.6, 0.25), (0.5, 0.5), (0.62, 0.7), (0.35, 0.75)]


async def opened(app, pilot):
    """Open the pad, and wait until it knows its networks and images."""
    await pilot.press("t")
    pad = app.screen
    assert isinstance(pad, Pad)
    await until(pilot, lambda: pad.listed)
    if pad.desk.here:
        await until(pilot, lambda: pad.desk.starts is not None)
        await until(pilot, lambda: any(pad.answers))
    return pad


async def drawn(app, pilot, pad, places=STROKE, button=1):
    """Draw with the mouse."""
    region = pad.canvas.region
    cells = [(region.x + int(x * region.width), region.y + int(y * region.height))
             for x, y in places]  # fmt: skip
    app.post_message(mouse(events.MouseDown, *cells[0], button))
    for cell in cells[1:]:
        app.post_message(mouse(events.MouseMove, *cell, button))
    app.post_message(mouse(events.MouseUp, *cells[-1], button))
    await pilot.pause(0.1)


async def answered(pilot, pad):
    """Wait for the answers to what is on the canvas now."""
    seen = pad.desk.noisy()
    await until(pilot, lambda: pad.asked is not None and (pad.asked.image == seen).all())


def asked_directly(artifacts, image):
    """Return what the network of the only training says."""
    [run] = [r for r in list_runs(artifacts) if r.read_info()["section"] == "train"]
    cpu = Device(torch_device=torch.device("cpu"), precision="fp32", threads=1)
    network = find("train").load(run.read_config(), run, cpu)
    with torch.no_grad():
        return network(torch.tensor(image)[None, None]).softmax(1)[0].numpy()


def test_a_stroke_by_mouse_is_answered_as_the_network_answers(trained):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        await drawn(app, pilot, pad)
        assert pad.desk.canvas.ink.max() == 1
        await answered(pilot, pad)
        direct = asked_directly(trained, pad.desk.seen())
        assert (pad.answers[0].probabilities == direct).all()
        predicted = str(direct.argmax())
        await until(pilot, lambda: str(pad.query_one("#column-0").render()).startswith(predicted))
        before = pad.desk.canvas.ink.sum()
        await drawn(app, pilot, pad, button=3)  # erases
        assert pad.desk.canvas.ink.sum() < before / 10
        await pilot.press("u", "u")
        assert pad.desk.canvas.blank
        assert app.faults.count == 0

    live(trained, story)


def test_a_stroke_by_keys(trained):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        await pilot.press("left", "up", "space", *["right"] * 6, *["J"] * 2, "space", "right")
        ink = pad.desk.canvas.ink.copy()
        rows, columns = np.nonzero(ink > 0.5)
        size = len(ink)
        assert np.ptp(columns) / size == pytest.approx(6 / 28 + 0.09, abs=0.03)
        assert np.ptp(rows) / size == pytest.approx(10 / 28 + 0.09, abs=0.03)
        await pilot.press("e", "space", *["left"] * 2, "space", "e")
        assert pad.desk.canvas.ink.sum() < ink.sum() - 50
        await pilot.press("delete")
        assert pad.desk.canvas.blank
        await pilot.press("u")
        assert not pad.desk.canvas.blank

    live(trained, story)


def test_test_images_come_as_they_are_wrong_ones_and_by_class(trained, digits):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        await pilot.press("i", "i")
        assert pad.desk.place == 1
        assert (pad.desk.seen() == digits.test.images[1].astype(np.float32) / 255).all()
        assert pad.desk.label == digits.test.labels[1]
        await until(pilot, lambda: pad.desk.starts.answers is not None)
        await pilot.press("f")
        answers = pad.desk.starts.answers
        assert answers[pad.desk.place] != digits.test.labels[pad.desk.place]
        await pilot.press("f", "y", "y", "y", "y")
        assert digits.test.labels[pad.desk.place] == 3
        await drawn(app, pilot, pad)
        assert pad.desk.label is None  # it is another image now

    live(trained, story)


def test_a_drawing_is_kept_with_its_label(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def story(app, pilot):
        pad = await opened(app, pilot)
        await pilot.press("w")
        assert app.screen is pad  # there is nothing to keep
        await drawn(app, pilot, pad)
        await pilot.press("w")
        await pilot.pause()
        await pilot.press("7")
        await until(pilot, lambda: (tmp_path / "drawings-digits.npz").exists())
        kept = read_drawings(tmp_path / "drawings-digits.npz")
        assert list(kept.split.labels) == [7]
        assert np.abs(kept.split.images[0] / 255 - pad.desk.seen()).max() < 0.003
        assert kept.dataset == "digits"
        await pilot.press("w", "escape")
        assert app.screen is pad

    live(trained, story)


def test_without_a_network_one_can_draw_and_is_told_the_key(tmp_path):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        await drawn(app, pilot, pad)
        assert not pad.desk.canvas.blank
        assert "press r to train" in str(pad.query_one("#pad-nobody").render())
        for key in ("i", "n", "b", "enter", "f", "v"):
            await pilot.press(key)
            assert app.screen is pad
        assert app.faults.count == 0

    live(tmp_path / "none", story)


@pytest.mark.extended
def test_thirty_networks_are_chosen_from(trained, tmp_path):
    [run] = list_runs(trained)
    for number in range(30):
        folder = tmp_path / f"202611{number % 28 + 1:02}-12{number:02}00-000-train-two-conv-fc"
        shutil.copytree(run.path, folder)
        info = (folder / "run.json").read_text().replace(run.id, folder.name)
        (folder / "run.json").write_text(info)
    assert Run(folder).find_damage() == ""

    async def story(app, pilot):
        pad = await opened(app, pilot)
        assert len(pad.desk.here) == 30
        assert len(pad.desk.shown) == 1  # the newest of its model
        await pilot.press("n", *["down", "space"] * 14, "enter")
        await until(pilot, lambda: len(pad.desk.shown) == 15)
        await until(pilot, lambda: len(pad.answers) == 15 and all(pad.answers))
        for size in ((60, 18), (80, 24), (120, 40), (240, 70)):
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)
            seen = [c for c in pad.query("Column") if c.display]
            assert 2 <= len(seen) <= 12
            assert all(c.region.right <= size[0] and c.region.width >= 10 for c in seen)
        assert app.faults.count == 0

    live(tmp_path, story)


@pytest.mark.extended
def test_at_every_size_all_of_it_fits(trained):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        await pilot.press("i")
        for size in ((60, 18), (80, 24), (40, 10), (120, 40), (200, 60), (240, 70), (60, 70)):
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)
            if size == (40, 10):
                assert pad.query_one("#pad-too-small").display
                continue
            for widget in (pad.canvas, pad.seen, pad.slider, pad.key_bar):
                shown = widget.display and all(node.display for node in widget.ancestors)
                if shown and widget.region.area:
                    assert widget.region in app.screen.region, (size, widget)
            canvas = pad.canvas.region
            assert canvas.width == pad.sizes.canvas
            assert canvas.height == pad.sizes.canvas // 2
            await pilot.press("m", "m")
        assert app.faults.count == 0

    live(trained, story)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A folder with a network that has learned something, and a noise for a 3."""
    folder = tmp_path_factory.mktemp("attacked")
    options = ["--dataset", "digits", "--artifacts", str(folder), "--quiet", "--threads", "1"]
    assert invoke(["run", "train", "--model", "baseline", "--epochs", "10", *options]) == 0
    assert invoke(["run", "adversarial", "--run", "baseline", "--label", "3", *options]) == 0
    return folder


@pytest.mark.xdist_group("attacked")
@pytest.mark.extended
def test_the_slider_flips_the_answer_and_at_one_has_the_run_s_own_success(attacked, digits):
    [run] = [r for r in list_runs(attacked) if r.read_info()["section"] == "adversarial"]
    [target] = run.read_result()["targets"]

    async def story(app, pilot):
        pad = await opened(app, pilot)
        await until(pilot, lambda: pad.desk.noise is not None)
        await pilot.press("i")
        await answered(pilot, pad)
        assert pad.answers[0].predicted == digits.test.labels[0]
        await pilot.press("b")
        assert pad.desk.strength == 1
        await answered(pilot, pad)
        assert pad.answers[0].predicted == 3
        await until(pilot, lambda: pad.curve is not None and pad.curve.whole)
        at = STRENGTHS.index(1.0)
        assert pad.curve.noise[at] == target["success"]["rate"]
        assert pad.curve.random[at] == target["random_noise_success"]
        await pilot.pause(0.2)
        told = str(pad.query_one("#pad-noise").border_subtitle)
        assert f"{target['success']['rate']:.1%}" in told
        await pilot.press("minus")
        assert pad.desk.strength == 0.95
        region = pad.slider.region
        for x, strength in ((region.x, 0.0), (region.x + region.width - 8, 2.0)):
            await click(app, x, region.y)
            await pilot.pause(0.05)
            assert pad.desk.strength == strength
        await pilot.press("plus", "z")
        assert pad.desk.strength == 0
        await answered(pilot, pad)
        assert pad.answers[0].predicted == digits.test.labels[0]
        await pilot.press("escape")
        await until(pilot, lambda: pad._counter.join(0) and pad._asker.join(0))
        assert app.faults.count == 0

    live(attacked, story)


@pytest.mark.xdist_group("attacked")
@pytest.mark.extended
def test_maps_change_with_the_drawing_and_a_neuron_is_looked_at(attacked):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        await until(pilot, lambda: pad.maps is not None)
        before = pad.maps
        assert before.shape == (32, 14, 14)
        await drawn(app, pilot, pad)
        await until(pilot, lambda: pad.maps is not before and pad.maps.shape == before.shape)
        await answered(pilot, pad)
        await pilot.press("v")
        await until(pilot, lambda: pad.maps is not None and pad.maps.shape == (10, 1, 1))
        await pilot.press("full_stop", "full_stop", "full_stop", "enter")
        await until(pilot, lambda: isinstance(app.screen, NeuronLook))
        look = app.screen
        assert look.neuron.index == 3
        await until(pilot, lambda: look.found is not None and look.found.look.image is not None)
        assert len(look.found.look.strongest) == 9
        await pilot.press("right")
        assert look.neuron.index == 4
        await pilot.press("escape")
        assert app.screen is pad
        assert app.faults.count == 0

    live(attacked, story)


def test_what_the_pad_can_do_is_in_the_palette_and_in_its_help(trained):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        found = [hit async for hit in ActionCommands(pad).discover()]
        sentences = {str(hit.text) for hit in found}
        assert sentences >= {action.sentence for action in PAD_ACTIONS}
        [clear] = [hit for hit in found if str(hit.text) == "Clear the canvas"]
        assert clear.help == "not now: The canvas is empty."
        await drawn(app, pilot, pad)
        [clear] = [hit async for hit in ActionCommands(pad).search("Clear the canvas")]
        assert clear.help == "pad.clear, key del"
        clear.command()
        await until(pilot, lambda: pad.desk.canvas.blank)
        await pilot.press("question_mark")
        words = text(app, "#keys-of-all")
        for action in PAD_ACTIONS:
            assert action.sentence.split()[0] in words
        assert "The canvas is empty." in words

    live(trained, story)


@pytest.mark.extended
def test_a_training_started_here_answers_when_it_has_finished(tmp_path):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        await drawn(app, pilot, pad)
        await pilot.press("r")
        await until(pilot, lambda: pad.desk.shown)
        await answered(pilot, pad)
        assert pad.answers[0].probabilities is not None
        assert not pad.desk.canvas.blank  # the drawing is still there
        assert app.faults.count == 0

    live(tmp_path / "none", story, preferences=Preferences(defaults={"epochs": 1}))


def test_a_dataset_that_was_asked_for_is_not_left_for_another(trained):
    """Networks of the embedded digits do not answer about another dataset's images."""
    [network] = trained_in(trained)
    listed = Listed([network], {network.dataset["sha256"]: []})
    desk = Desk()
    assert desk.take(listed, name="fashion-mnist", wanted=True) is None
    assert not desk.shown
    assert not desk.sha256
    for name, wanted in (("digits", True), ("auto", False)):
        desk = Desk()
        desk.set_dataset(desk.take(listed, name=name, wanted=wanted))
        assert desk.shown == [network]
    desk = Desk({"name": "other", "sha256": "0" * 64, "image": [8, 8], "classes": ["a", "b"]})
    desk.take(listed, name="auto", wanted=True)
    assert not desk.shown
    assert (desk.side, list(desk.classes)) == (8, ["a", "b"])
    assert [one["sha256"] for one in desk.datasets] == [network.dataset["sha256"], "0" * 64]
