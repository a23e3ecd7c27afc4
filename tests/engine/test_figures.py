"""Figures on disk, and those that the report takes from there."""

import re
import shutil
from itertools import combinations

import numpy as np
import pytest

from engine.data.known import FASHION_MNIST
from engine.figures import draw_figures
from engine.figures.settings import draw_settings
from engine.figures.style import NETWORKS, new_figure, save
from engine.networks.colours import SERIES
from engine.report.choose import Chosen, choose
from engine.report.document import render
from engine.runs.curves import Curve
from engine.runs.history import History
from engine.runs.run import Run
from engine.sections.adversarial import figures as adversarial
from tests.conftest import a_few
from tests.tui import example_runs as examples


def test_who_reads_a_figure_while_it_is_drawn_again_gets_a_whole_one(tmp_path):
    path = save(new_figure(2, 2, "old", "")[0], tmp_path, "one")
    old = path.read_bytes()
    with path.open("rb") as reader:
        save(new_figure(2, 2, "new", "")[0], tmp_path, "one")
        assert reader.read() == old
    assert path.read_bytes() != old
    assert list(tmp_path.iterdir()) == [path]


def test_settings_are_drawn_over_their_seeds(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("engine.figures.settings.save", lambda figure, *_: drawn.append(figure))
    steps, words = np.arange(1, 40), {"title": "x", "subtitle": "y", "ylabel": "z", "share": True}

    def seeds(count):
        return [Curve(steps, 1 - 1 / (steps + n)) for n in range(count)]

    settings = {"_odd $name$": seeds(3), "two-conv": seeds(2), "mlp": seeds(1), "none": []}
    draw_settings(settings, tmp_path, "one", **words, window=5)
    draw_settings({}, tmp_path, "nothing", **words)
    [place] = drawn[0].axes
    assert [text.get_text().strip() for text in place.get_legend().get_texts()] == [
        "_odd $name$ (3 seeds)", "two-conv (2 seeds)", "mlp (one seed)",
    ]  # fmt: skip
    assert not any(text.get_parse_math() for text in place.get_legend().get_texts())
    assert len(place.collections) == 1  # two seeds are too few for a band
    heights = place.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.min() >= 0
    assert heights.max() <= 1
    assert len({one.get_color() for one in place.lines}) == 3
    assert place.lines[1].get_color() == NETWORKS[1]
    assert drawn[1].axes[0].get_legend() is None
    monkeypatch.undo()
    path = draw_settings(settings, tmp_path / "figures", "one", **words)
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.extended
@pytest.mark.parametrize("kept", a_few([20, 0, -5]))
def test_a_figure_that_was_cut_is_drawn_again(copied, kept):
    run = copied["train"]
    path = run.path / "figures" / "loss.png"
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    page = render(Chosen((run,), (), ()), [], "again")
    assert path.read_bytes() == whole
    assert len(re.findall("<img ", page)) == 4


@pytest.mark.extended
def test_models_are_side_by_side_only_where_just_these_were_trained_together(copied):
    folder = copied["train"].path.parent
    together = choose(folder, []).trainings
    baseline, two_conv = together
    two_conv.update(companions=[baseline.id])
    list(draw_figures(two_conv))
    shutil.copytree(baseline.path, folder / "20990101-000000-000-baseline")
    later = choose(folder, []).trainings
    assert later[0].id != baseline.id
    for trainings, shown in ((together, True), (later, False), (together[:1], False)):
        page = render(Chosen(trainings, (), ()), [], "again")
        assert ("trained together" in page) == shown


def test_infused_images_are_titled_by_their_true_digit_and_the_answer(
    tmp_path, digits, monkeypatch
):
    run = Run(tmp_path / examples.crafted(tmp_path, digits, 1, "a network"))
    history = History.of(run.events())
    for name in ("sources", "test_sources"):
        history.previews[name].last.values["before"] = [
            5
        ] * 10  # no clean image is read as what it is
    figures = []
    monkeypatch.setattr(adversarial, "save", lambda figure, *name: figures.append(figure))
    list(adversarial.draw(history, np.zeros((10, 1, 28, 28)), tmp_path))
    answers = history.previews["noise"].last.values["after"][0]
    titles = [axes.get_title() for axes in figures[0].axes]
    for digit in range(1, 10):
        resists = "" if answers[digit] == 0 else "  resists"
        assert f"{digit} → {answers[digit]}{resists}" in titles
    [legend] = [axes.xaxis.label for axes in figures[0].axes if "→" in axes.get_xlabel()]
    assert legend.get_text() == "true digit → answer with the noise"
    figures[0].canvas.draw()
    place, whole = legend.get_window_extent(), figures[0].bbox
    assert whole.x0 < place.x0 < place.x1 < whole.x1
    assert whole.y0 < place.y0 < place.y1 < whole.y1


@pytest.mark.extended
def test_names_of_classes_keep_clear_of_one_another(tmp_path, digits, monkeypatch):
    names = [*FASHION_MNIST.classes[:8], "a name of just twenty-four", "x"]
    monkeypatch.setitem(examples.DATASET, "classes", names)
    run = Run(tmp_path / examples.crafted(tmp_path, digits, 1, "a network"))
    history = History.of(run.events())
    figures = []
    monkeypatch.setattr(adversarial, "save", lambda figure, *name: figures.append(figure))
    list(adversarial.draw(history, np.zeros((10, 1, 28, 28)), tmp_path))
    one_label, success = figures[0], figures[-2]
    one_label.canvas.draw()
    titles = [axes.title.get_window_extent() for axes in one_label.axes if "→" in axes.get_title()]
    assert len(titles) == 9
    assert not any(one.overlaps(other) for one, other in combinations(titles, 2))
    success.canvas.draw()
    bars = success.axes[0]
    below = [bars.xaxis.label, *bars.get_xticklabels()]
    [legend] = success.legends
    assert not any(legend.get_window_extent().overlaps(one.get_window_extent()) for one in below)


def test_each_place_in_a_palette_is_another_colour_of_figures():
    assert len(set(NETWORKS)) == SERIES
