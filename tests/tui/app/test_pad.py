"""The pad: strokes by mouse and keys, answers, test images, kept drawings."""

import shutil

import numpy as np
import pytest
import torch
from textual import events

from engine.data.drawings import read_drawings
from engine.runs.run import Run
from engine.runs.store import list_runs
from engine.sections import find
from tests.tui.pilot import live, until
from tests.tui.player import mouse
from tui.app.screens.pad import Pad

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
    from engine.pad.networks import _cpu

    network = find("train").load(run.read_config(), run, _cpu())
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
