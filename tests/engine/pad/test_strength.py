"""Noise at other strengths than its own."""

import numpy as np
import pytest

from engine.pad import STRENGTHS
from engine.pad.networks import Networks, load_on, trained_in
from engine.pad.noises import infused, noises_in
from engine.pad.strength import by_strength, keep, kept, name_of


@pytest.fixture(scope="module")
def there(runs, few, cpu):
    """The attacked network, its noises, and the last curve of each of these."""
    folder = runs["train"].path.parent
    noises = list(noises_in(folder))
    [trained] = [one for one in trained_in(folder) if one.run.id == noises[0].network]
    network = load_on(trained, cpu)
    curves = [list(by_strength(network, noise, few.test, cpu)) for noise in noises]
    return trained, noises, curves


def test_noises_are_listed_with_their_success(there, runs, few):
    _, noises, _ = there
    assert [noise.label for noise in noises] == [1, 7]
    assert all(noise.run.id == runs["adversarial"].id for noise in noises)
    assert {noise.dataset for noise in noises} == {few.sha256}


def test_at_strength_one_it_is_the_run_s_own_success(there, runs):
    _, noises, curves = there
    one = STRENGTHS.index(1.0)
    targets = runs["adversarial"].read_result()["targets"]
    for noise, curve, target in zip(noises, curves, targets, strict=True):
        last = curve[-1]
        assert last.whole
        assert last.noise[one] == noise.success == target["success"]["rate"]
        assert last.random[one] == noise.random == target["random_noise_success"]
        assert last.images == target["success"]["n"]
        assert last.noise[0] == last.random[0]  # nothing is on the images


def test_what_is_known_grows_and_it_can_be_stopped_anywhere(there):
    for curve in there[2]:
        assert not curve[0].whole
        counted = [step.counted for step in curve]
        assert counted == sorted(counted)
        unknown = [int(np.isnan(step.values("random")).sum()) for step in curve]
        assert unknown == sorted(unknown, reverse=True)
        assert np.isfinite(curve[-1].values("noise")).all()


def test_a_whole_curve_is_kept_by_all_that_it_depends_on(there, cpu):
    trained, noises, curves = there
    names = [name_of(trained, noise, cpu) for noise in noises]
    assert len(set(names)) == 2
    assert kept(names[0]) is None
    keep(names[0], curves[0][-1])
    assert kept(names[0]) == curves[0][-1]
    keep(names[1], curves[1][0])  # which is not whole
    assert kept(names[1]) is None


def test_the_answers_flip_as_on_the_run_s_own_images(there, few, cpu):
    """A noise on an image is the one that success counts."""
    trained, noises, _ = there
    image = few.test.images[0].astype(np.float32) / 255
    on = infused(image, noises[0], 1.0)
    assert (on == np.clip(image + noises[0].image, 0, 1)).all()
    assert infused(image, noises[0], 0.0) is image
    assert infused(image, None, 1.0) is image
    Networks().ask([trained], on)
