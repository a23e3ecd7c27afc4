import pytest
import torch

from engine.networks.architectures import ARCHITECTURES
from engine.networks.network import Network
from engine.numerics.sgd import SGD


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_equals_torch_with_weight_decay_of_twice_l2_on_the_weights_only(nesterov, momentum):
    ours, theirs = (Network(ARCHITECTURES["two-conv"], seed=1) for _ in range(2))
    sgd = SGD(ours, momentum=momentum, l2=0.01, nesterov=nesterov)
    groups = [
        {"params": [p for p in theirs.parameters() if p.ndim > 1], "weight_decay": 0.02},
        {"params": [p for p in theirs.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    reference = torch.optim.SGD(
        groups, lr=0.05, momentum=momentum, nesterov=nesterov and momentum > 0
    )
    rate = torch.tensor(0.05, dtype=torch.float64)
    for step in range(4):
        images = torch.rand(8, 1, 28, 28, generator=torch.Generator().manual_seed(step))
        sgd.step(torch.autograd.grad(ours(images).logsumexp(1).mean(), sgd.parameters), rate)
        reference.zero_grad()
        theirs(images).logsumexp(1).mean().backward()
        reference.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_penalty_is_lambda_times_the_sum_of_squared_weights_as_keras_has_it():
    network = Network(ARCHITECTURES["baseline"])
    with torch.no_grad():
        network.conv1.bias.fill_(100.0)  # biases do not count
    sgd = SGD(network, momentum=0.9, l2=0.01, nesterov=False)
    by_hand = 0.01 * (network.conv1.weight.square().sum() + network.logits.weight.square().sum())
    assert sgd.penalty().item() == pytest.approx(by_hand.item(), rel=1e-6)
    gradient = torch.autograd.grad(by_hand, network.logits.weight)[0]
    assert torch.allclose(gradient, 2 * 0.01 * network.logits.weight)
