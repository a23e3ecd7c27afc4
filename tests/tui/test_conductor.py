from engine.config import AdversarialConfig, TrainConfig
from tui.conductor import Conductor


def test_a_training_that_others_wait_for_is_what_runs():
    """Stop, pause and progress must reach the training, not the task that waits for it."""
    conductor = Conductor()
    [waiting] = conductor.start([AdversarialConfig()], "a command")
    assert conductor.running is waiting
    [training] = conductor.start([TrainConfig()], "a command")
    training.state = "running"
    assert conductor.running is training
    assert conductor.waiting == 1
    training.state = "finished"
    assert conductor.running is waiting
    assert conductor.waiting == 0
