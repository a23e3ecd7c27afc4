import torch

from engine.numerics.cuda_graph import Replayed


def test_off_a_gpu_the_function_is_simply_called():
    calls = []

    def step(values):
        calls.append(values)
        return (values * 2,)

    replayed = Replayed(step, torch.device("cpu"))
    assert replayed(torch.ones(3))[0].tolist() == [2, 2, 2]
    assert replayed(torch.ones(2))[0].tolist() == [2, 2]
    assert len(calls) == 2  # no warm-up, nothing twice
