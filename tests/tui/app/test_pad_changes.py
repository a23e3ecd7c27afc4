"""The pad as what it shows changes under it: other networks, datasets, sizes, runs beside it."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from textual import events

from engine.errors import EngineError
from engine.pad.networks import trained_in
from engine.runs.run import Run
from engine.runs.store import list_runs
from tests.tui.app.test_pad import answered, attacked, drawn, opened
from tests.tui.pilot import live, until
from tests.tui.player import mouse, press
from tui.app.screens.pad import work
from tui.app.screens.pad.desk import Desk
from tui.app.screens.pad.neuron import NeuronLook

__all__ = ["attacked"]


@pytest.fixture
def two(trained, tmp_path):
    """A folder with that network twice."""
    folder = tmp_path / "two"
    shutil.copytree(trained, folder)
    [run] = list_runs(folder)
    other = folder / f"20990101-000000-000-{run.id.split('-', 3)[3]}"
    shutil.copytree(run.path, other)
    info = json.loads((other / "run.json").read_text())
    (other / "run.json").write_text(json.dumps(info | {"run_id": other.name}))
    return folder


def test_networks_stay_in_the_order_that_they_were_chosen_in(trained):
    """A training that has finished is listed first, and moves none of the others."""
    [one] = trained_in(trained)
    first, second, third = (
        replace(one, run=Run(one.run.path.with_name(f"run-{n}")), model=f"m{n}") for n in range(3)
    )
    desk = Desk(one.dataset)
    desk.take(work.Listed([first, second], {}), name="digits", wanted=True)
    desk.shown = [second, first]
    desk.look_into_next()
    assert desk.looked_into is second
    anew = [replace(each) for each in (third, first, second)]
    desk.take(work.Listed(anew, {}), name="digits", wanted=True)
    assert [each.model for each in desk.shown] == ["m1", "m0", "m2"]
    assert desk.looked_into is anew[2]


def test_mistakes_are_those_of_the_first_network(two):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        newer, older = pad.desk.here
        pad.desk.shown = [newer, older]
        pad.networks_changed()
        await until(pilot, lambda: pad.desk.starts.answers is not None)
        before = pad.desk.starts
        pad.list_networks()  # as after a run
        await until(pilot, lambda: pad.desk.shown[0] is not newer)
        assert pad.desk.starts.answers is before.answers
        pad.desk.shown = [older]
        pad.networks_changed()
        assert pad.desk.starts.answers is None  # the other's are not taken for them
        assert pad.why_not_wrong()
        await until(pilot, lambda: pad.desk.starts.answers is not None)
        assert pad.desk.starts.of == older.run.path

    live(two, story)


def test_answers_are_known_by_their_networks(two):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        newer, older = pad.desk.here
        pad.desk.shown = [newer, older]
        pad.networks_changed()
        await until(pilot, lambda: all(pad.answers))
        said = pad.answers
        pad.ask = lambda: None
        pad.desk.shown = [older, newer]
        pad.networks_changed()
        assert pad.answers == said[::-1]

    live(two, story)


def test_maps_that_were_hidden_are_of_what_is_drawn_now(trained):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        await until(pilot, lambda: pad.maps is not None)
        await pilot.press("m")
        await drawn(app, pilot, pad)
        await answered(pilot, pad)
        await pilot.press("m")
        await until(pilot, lambda: pad.maps is not None)
        assert (pad.mapped.question.image == pad.desk.noisy()).all()

    live(trained, story, size=(120, 50))


def test_what_was_drawn_while_the_terminal_was_too_small_is_asked_later(trained):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: app.main.too_small_now)
        pad.desk.start_from(1)
        pad.changed()
        await pilot.resize_terminal(120, 40)
        await answered(pilot, pad)

    live(trained, story)


def chart(pad):
    return str(pad.chart.render()).replace("\n", " ")


@pytest.mark.xdist_group("attacked")
@pytest.mark.extended
def test_a_noise_is_counted_again_after_another_dataset(attacked):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        here = pad.desk.dataset
        await pilot.press("b")
        await until(pilot, lambda: pad.curve is not None)
        pad.switch({"name": "other", "sha256": "0" * 64})
        assert pad.curve is None
        assert pad.answers == []
        pad.switch(here)
        await until(pilot, lambda: pad.desk.data is not None)
        await pilot.press("b")
        await until(pilot, lambda: pad.curve is not None)

    live(attacked, story)


@pytest.mark.xdist_group("attacked")
@pytest.mark.extended
def test_why_a_noise_is_not_counted_is_said_and_tried_again(attacked, monkeypatch):
    def fails(*_):
        raise EngineError("its weights are gone")
        yield

    async def story(app, pilot):
        pad = await opened(app, pilot)
        with monkeypatch.context() as patch:
            patch.setattr(work, "count", fails)
            await pilot.press("b")
            await until(pilot, lambda: "its weights are gone" in chart(pad))
        await pilot.press("minus")
        await until(pilot, lambda: pad.curve is not None)
        pad.counting = type(pad.counting)()
        with monkeypatch.context() as patch:
            patch.setattr(pad, "busy_beside", lambda trained: True)
            await pilot.press("minus")
            await until(pilot, lambda: "while something runs" in chart(pad))
        await until(pilot, lambda: pad.curve is not None)  # by itself
        pad.counting = type(pad.counting)()
        pad.desk.trained = [one for one in pad.desk.trained if one.run.id != pad.desk.noise.network]
        await pilot.press("minus")
        await until(pilot, lambda: "is not here" in chart(pad))

    live(attacked, story)


def test_a_finished_run_is_listed_when_the_next_one_begins(trained):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        first, second = (SimpleNamespace(state="running", active=False) for _ in range(2))
        known = []
        for finished, active in ((0, first), (1, first), (1, second), (2, second), (2, None)):
            for task in (first, second)[:finished]:
                task.state = "finished"
            conductor = SimpleNamespace(tasks=[first, second],
                                        driver=SimpleNamespace(active=active))  # fmt: skip
            pad.__class__ = type("Beside", (type(pad),), {
                "app": SimpleNamespace(conductor=conductor)})  # fmt: skip
            known.append(pad._runs_done())
            pad.__class__ = type(pad).__base__
        assert known == [0, 0, 1, 1, 2]

    live(trained, story)


@pytest.mark.xdist_group("attacked")
@pytest.mark.extended
def test_the_slider_is_let_go_where_the_button_was_released_elsewhere(attacked):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        await until(pilot, lambda: pad.desk.noise is not None)
        region = pad.slider.region
        app.post_message(mouse(events.MouseDown, region.x, region.y, 1))
        app.post_message(mouse(events.MouseMove, region.x + 10, region.y, 1))
        await until(pilot, lambda: pad.desk.strength > 0)
        strength = pad.desk.strength
        app.post_message(mouse(events.MouseMove, region.x + 20, region.y, 0))
        await pilot.pause(0.1)
        assert pad.desk.strength == strength
        assert app.mouse_captured is None

    live(attacked, story)


def test_a_neuron_s_error_is_not_told_of_another_and_goes_with_success(trained):
    async def story(app, pilot):
        pad = await opened(app, pilot)
        one, layer = pad.desk.looked_into, pad.desk.layer
        tells = []
        look = NeuronLook(one, layer, 0, pad.look.shades, None,
                          lambda neuron, tell: tells.append((neuron, tell)))  # fmt: skip
        await app.push_screen(look)
        await until(pilot, lambda: tells)
        await press(app, "right")
        (_, late), (neuron, now) = tells
        late(EngineError("of the first"))
        await pilot.pause()
        assert look.problem == ""
        now(EngineError("for once"))
        await pilot.pause()
        assert look.problem == "for once"
        now(work.Looked(one, SimpleNamespace(neuron=neuron, image=None, strongest=None, dead=False,
                                             source="")))  # fmt: skip
        await pilot.pause()
        assert look.problem == ""

    live(trained, story)


@pytest.mark.extended
def test_a_closed_look_at_a_neuron_is_sought_no_longer(trained, monkeypatch):
    steps = []

    def for_ever(*_):
        while True:
            steps.append(1)
            yield None

    monkeypatch.setattr(work, "look_at", for_ever)

    async def story(app, pilot):
        pad = await opened(app, pilot)
        await until(pilot, lambda: pad.maps is not None)
        await pilot.press("enter")
        await until(pilot, lambda: steps)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is pad)
        await pilot.pause(0.2)
        count = len(steps)
        await pilot.pause(0.2)
        assert len(steps) == count

    live(trained, story, size=(120, 50))


def test_training_from_the_pad_says_where_it_will_answer(trained, monkeypatch):
    async def story(app, pilot):
        pad, pane, told = await opened(app, pilot), app.main.experiments["train"], []
        monkeypatch.setattr(app.main, "start", lambda commands: told.append(commands))
        monkeypatch.setattr(pad, "notify", told.append)
        pane.marked.add(0)
        await pilot.press("r")
        assert "answers here" in told.pop()
        assert not pane.marked
        elsewhere = [[replace(pane.config, dataset="mnist")]]
        monkeypatch.setattr(pane, "configs_of_choice", lambda: elsewhere)
        await pilot.press("r")
        assert "mnist" in told.pop()

    live(trained, story)


def test_a_question_answers_what_asks_for_no_more(trained):
    [one] = trained_in(trained)
    image = np.zeros((28, 28), np.float32)
    asked = work.Question(image, [one], (one, "conv1"), 0.0)
    assert asked.answers(work.Question(image.copy(), [replace(one)], None, 1.0))
    for other in (
        work.Question(image + 1, [one], None, 0.0),
        work.Question(image, [], None, 0.0),
        work.Question(image, [one], (one, "conv2"), 0.0),
        work.Question(image[1:], [one], None, 0.0),
    ):
        assert not asked.answers(other)
