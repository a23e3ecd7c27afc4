import json
from itertools import pairwise

import numpy as np
import pytest
import torch

from engine.errors import EngineError
from engine.runs.events import Finished, Preview, Progress, Working, to_json
from engine.sections.train.evaluate import draw_samples, evaluate
from engine.sections.train.loop import TrainState, learning_rate, train
from tests.conftest import train_config


def run(config, data, device, state=None):
    state = state or TrainState.begin(config, device)
    return list(events_of(config, data, device, state)), state


def events_of(config, data, device, state):
    yield from train(config, data, device, state)
    yield from evaluate(config, state.made(), data, device)


def collect(events, seen):
    for event in events:
        seen.append(event)


def lines(events):
    return [json.dumps(to_json(event)) for event in events]


def test_events_tell_every_loss_and_end_with_the_figures(few, cpu):
    config = train_config(validation_interval=4)
    events, state = run(config, few, cpu)
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.step for event in progress] == [2, 4, 6, 8, 10, 12]  # epochs are 2 steps
    assert [len(event.series["loss"]) for event in progress] == [2] * 6
    assert [("validation_loss" in event.values) for event in progress] == [False, True] * 3
    assert isinstance(events[-1], Finished)
    assert events[-1].images_seen == 6 * 60
    assert state.step == 12


def test_the_last_epoch_s_smaller_batch_is_kept(few, cpu):
    _, state = run(train_config(batch_size=50, epochs=1), few, cpu)
    assert state.step == 2


def test_progress_is_the_last_event_of_its_step_and_at_most_ten_apart(few, cpu):
    config = train_config(batch_size=3, epochs=3, validation_interval=50)
    events, _ = run(config, few, cpu)
    steps = [event.step for event in events if isinstance(event, Progress)]
    assert max(np.diff([0, *steps])) == 10
    journaled = [event for event in events if not isinstance(event, Working)]
    for before, after in pairwise(journaled[:-2]):
        if isinstance(before, Progress):
            assert after.step > before.step


def test_a_seed_gives_one_run_and_another_seed_another(few, cpu):
    first, a = run(train_config(seed=1), few, cpu)
    again, b = run(train_config(seed=1), few, cpu)
    other, _ = run(train_config(seed=2), few, cpu)
    assert lines(first) == lines(again)
    assert a.files() == b.files()
    assert lines(first) != lines(other)


@pytest.mark.parametrize("stop_at", [2, 6, 10])
def test_state_is_complete_at_each_progress(few, cpu, stop_at, tmp_path):
    """Stopping to ask, storing the state and going on from it gives the same run."""
    config = train_config(batch_size=7, epochs=3)
    whole, state = run(config, few, cpu)
    first, halfway = [], TrainState.begin(config, cpu)
    for event in events_of(config, few, cpu, halfway):
        first.append(event)
        if isinstance(event, Progress) and event.step >= stop_at:
            break
    torch.save(halfway.state_dict(), tmp_path / "checkpoint.pt")
    resumed = TrainState.begin(config, cpu)
    resumed.load_state_dict(torch.load(tmp_path / "checkpoint.pt", weights_only=True))
    rest, resumed = run(config, few, cpu, resumed)
    assert lines([*first, *rest]) == lines(whole)
    assert resumed.files() == state.files()


def test_loss_is_the_cross_entropy_alone(few, cpu):
    config = train_config(batch_size=60, epochs=1, l2=10.0)
    state = TrainState.begin(config, cpu)
    images, labels = cpu.place(few.train)
    expected = torch.nn.functional.cross_entropy(state.network(images.float() / 255), labels)
    events, _ = run(config, few, cpu, state)
    first = next(event for event in events if isinstance(event, Progress))
    assert first.series["loss"][0] == pytest.approx(expected.item(), rel=1e-5)


def test_a_network_learns_the_digits(digits, cpu):
    events, _ = run(train_config(epochs=10, batch_size=128), digits, cpu)
    assert events[-1].results["test"]["accuracy"] > 0.85


def test_result_figures_are_consistent(few, cpu):
    figures = run(train_config(), few, cpu)[0][-1].results
    counts = np.array(figures["confusion"])
    assert counts.sum() == figures["test"]["n"] == len(few.test)
    assert np.trace(counts) / len(few.test) == figures["test"]["accuracy"]
    assert counts.sum(1).tolist() == np.bincount(few.test.labels, minlength=10).tolist()
    assert [s["index"] for s in figures["samples"]] == draw_samples(len(few.test), 0).tolist()
    for sample in figures["samples"]:
        assert sample["label"] == few.test.labels[sample["index"]]
        assert 0.1 <= sample["probability"] <= 1


def test_result_figures_are_float32_whatever_the_precision(few, cpu):
    """bf16 training must not reach the judging: the figures are those of a float32 predict."""
    from dataclasses import replace

    from engine.numerics.inference import judge, predict

    bf16 = replace(cpu, precision="bf16")
    events, state = run(train_config(precision="bf16"), few, bf16)
    images, labels = cpu.place(few.test)
    assert events[-1].results["test"] == judge(predict(state.network, images, cpu), labels)


def test_test_samples_are_journaled_for_the_figures(few, cpu):
    events, _ = run(train_config(), few, cpu)
    preview = next(e for e in events if isinstance(e, Preview) and e.name == "test_samples")
    chosen = [sample["index"] for sample in events[-1].results["samples"]]
    assert np.array_equal(preview.images, few.test.images[chosen])


def test_divergence_is_told_with_its_step_and_a_remedy(few, cpu):
    config = train_config(learning_rate=100.0, epochs=50)
    seen = []
    events = events_of(config, few, cpu, TrainState.begin(config, cpu))
    words = r"diverged at step \d+.*Lower --learning-rate \(it was 100\)"
    with pytest.raises(EngineError, match=words):
        collect(events, seen)
    assert not np.isfinite(seen[-1].series["loss"]).all()  # the curve shows the break


def test_weights_that_are_not_finite_are_never_judged(few, cpu):
    """The last batch's loss was measured before the last update, or before a checkpoint."""
    config = train_config()
    state = TrainState.begin(config, cpu)
    events = events_of(config, few, cpu, state)
    while state.step < 12:
        next(events)
    next(state.network.parameters()).data[0] = torch.inf
    with pytest.raises(EngineError, match="diverged at step 12:"):
        list(events)


def test_one_cycle_rises_and_falls():
    config = train_config(recipe="tuned")
    rates = [learning_rate(config, step, 100) for step in range(100)]
    top = int(np.argmax(rates))
    assert all(np.diff(rates[: top + 1]) > 0)
    assert all(np.diff(rates[top:]) < 0)
    assert max(rates) == pytest.approx(config.learning_rate, rel=0.05)
    assert rates[-1] < config.learning_rate / 50
