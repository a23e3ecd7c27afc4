"""The robustness atlas: what it says of noises whose success is known."""

import numpy as np
import pytest

from engine.sweeps.atlas.atlas import atlas_of, doubling_in_words, shown_budget
from engine.sweeps.atlas.figures import _spread_out, draw_atlas
from engine.sweeps.plan import NETWORK
from engine.sweeps.schema import PlannedRun
from engine.sweeps.states import RunState

BUDGETS = (0.1, 0.3, None)


def noises(network, seed, epsilon, steps, rate, transfer):
    """Return the state of a finished run: two targets, the second a bit better."""
    config = {"model": network, "epsilon": epsilon, "steps": steps, "recipe": "tuned"}
    planned = PlannedRun(
        run_id=f"{network}-{seed}-{epsilon}-{steps}", section="adversarial", config=config,
        dataset="0" * 64, setting={NETWORK: network, "epsilon": epsilon}, seed=seed,
    )  # fmt: skip
    targets = [
        {"label": label, "success": {"rate": rate + label / 10}, "transfer": transfer}
        for label in (0, 1)
    ]
    return RunState(planned, "finished", result={"targets": targets})


@pytest.fixture
def states():
    found = []
    for seed in (0, 1, 2):
        for place, epsilon in enumerate(BUDGETS):
            rate = 0.2 + 0.2 * place + 0.01 * seed
            for steps in (100, 200):
                # Twice the steps: of "weak" much more, of "sound" what chance makes of it.
                more = 0.0 if steps == 100 else 0.001 * (seed - 1)
                found.append(noises("sound", seed, epsilon, steps, rate + more, {"weak": 0.5}))
                more = 0.0 if steps == 100 else 0.05 + 0.001 * seed
                found.append(noises("weak", seed, epsilon, steps, rate + more, {"sound": 0.25}))
    return found


def test_success_by_budget_over_the_seeds(states):
    atlas = atlas_of(states)
    assert (atlas.steps, atlas.networks, atlas.budgets) == (100, ["sound", "weak"], list(BUDGETS))
    points = atlas.curve("sound")
    assert [point.epsilon for point in points] == list(BUDGETS)
    # Means of rate + 0.05 over three seeds that differ by one point each.
    assert [point.success.mean for point in points] == pytest.approx([0.26, 0.46, 0.66])
    assert points[0].success.n == 3
    assert points[0].success.high - points[0].success.mean == pytest.approx(0.01 * 4.3027 / 3**0.5,
                                                                            rel=1e-4)  # fmt: skip
    assert points[0].targets[1].mean == pytest.approx(0.31)


def test_transfer_from_each_network_to_each(states):
    found = atlas_of(states).transfer(0.3)
    assert found["sound", "weak"].mean == 0.5
    assert found["weak", "sound"].mean == 0.25
    assert found["sound", "sound"].mean == pytest.approx(0.46)


def test_twice_the_steps_tell_a_weak_attack_from_a_sound_one(states):
    doubled = atlas_of(states).doubled()
    assert {(one.network, one.beyond) for one in doubled} == {("sound", False), ("weak", True)}
    assert doubled[0].steps == (100, 200)
    words = doubling_in_words(doubled)
    assert "200 steps instead of 100 change success by at most +5.1" in words
    assert "beyond what the seeds explain: weak at ε 0.1, weak at ε 0.3, weak at ε none" in words
    sound = doubling_in_words([one for one in doubled if one.network == "sound"])
    assert sound.endswith("nothing beyond what the seeds explain.")
    alone = doubling_in_words(atlas_of(s for s in states if s.planned.seed == 0).doubled())
    assert alone.endswith("one seed cannot tell whether that is luck.")
    assert doubling_in_words([]) == "Twice the steps were not tried."


def test_one_budget_is_no_atlas(states):
    assert atlas_of(state for state in states if state.planned.setting["epsilon"] == 0.3) is None
    assert atlas_of([]) is None


def test_the_budget_shown_is_the_one_next_to_three_tenths():
    assert shown_budget([0.1, 0.25, None]) == 0.25
    assert shown_budget([None]) is None


def test_its_figures(states, tmp_path):
    paths = list(draw_atlas(atlas_of(states), tmp_path / "figures", "digits"))
    assert [path.name for path in paths] == ["success_by_budget.png", "transfer.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    alone = atlas_of(state for state in states if state.planned.setting[NETWORK] == "sound")
    assert [path.name for path in draw_atlas(alone, tmp_path / "b", "")] == [
        "success_by_budget.png", "transfer.png",
    ]  # fmt: skip  # noise for one network is tested on others, too


def test_numbers_beside_lines_do_not_stand_on_one_another():
    heights = np.array([0.5, 0.5, 0.5, 0.1, 0.98, 0.99, 1.0])
    spread = _spread_out(heights, 0.035)
    assert np.diff(np.sort(spread)).min() >= 0.035 - 1e-9
    assert (np.argsort(spread) == np.argsort(heights, kind="stable")).all()
    assert np.abs(spread - heights).max() <= 0.07
    assert spread[3] == heights[3]
