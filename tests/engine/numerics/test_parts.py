"""Images a part at a time, with stand-ins for a GPU's memory."""

import pytest
import torch
from torch import nn

from engine.networks.architectures import ARCHITECTURES
from engine.networks.network import Network
from engine.numerics import parts
from engine.numerics.inference import predict
from engine.numerics.parts import CACHED, LEAST, MOST, PROBED, by_parts

GIB = 2**30


class Card:
    """A GPU's memory: what each image takes of it, and how much is free."""

    def __init__(self, free: int, each: int) -> None:
        self.free, self.each = free, each
        self.holds = free  # what really can be had of it
        self.sizes: list[int] = []
        self.probed = self.given_back = 0
        self.recording = False

    def ask(self, part):
        self.sizes.append(len(part))
        if len(part) * self.each > self.holds:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return part * 2

    def peak(self, ask, images):
        self.probed += 1
        ask(images)
        return len(images) * self.each

    def give_back(self):
        self.given_back += 1


@pytest.fixture
def card(monkeypatch):
    """A card of 4 GB, where an image of 100 KB fits 10,000 times, and a large one does not."""
    card = Card(3 * GIB, 100 * 1024)
    monkeypatch.setattr(parts, "on_gpu", lambda images: True)
    monkeypatch.setattr(parts, "recording", lambda: card.recording)
    monkeypatch.setattr(parts, "free_memory", lambda device: card.free)
    monkeypatch.setattr(parts, "peak", card.peak)
    monkeypatch.setattr(parts, "give_back", card.give_back)
    return card


IMAGES = torch.arange(10_000, dtype=torch.int32).unsqueeze(1)


def doubled(card, network, images=IMAGES):
    card.sizes.clear()
    return torch.equal(torch.cat(by_parts(card.ask, images, network, "a way")), images * 2)


def test_where_there_is_room_parts_are_large_and_always_the_same(card):
    network = nn.Linear(1, 1)
    for free in (3 * GIB, 40 * GIB):
        card.free = card.holds = free
        assert doubled(card, network)
        assert [size for size in card.sizes if size != PROBED] == [MOST, MOST]
    assert card.probed == 1


def test_parts_fit_into_half_of_what_is_free(card):
    card.each = 1024 * 1024  # of a wide network of one's own
    assert doubled(card, nn.Linear(1, 1))
    assert card.sizes[1:4] == [1024, 1024, 1024]
    card.free = 0
    assert doubled(card, nn.Linear(1, 1), IMAGES[:100])
    assert max(card.sizes[1:]) == LEAST


def test_what_does_not_fit_after_all_is_halved_and_remembered(card):
    network = nn.Linear(1, 1)
    card.holds = 200 * 1024 * 1024  # the card is in other hands than the driver says
    assert doubled(card, network)
    assert card.sizes[1:4] == [5000, 2500, 1250]
    assert card.given_back == 2
    assert doubled(card, network)
    assert set(card.sizes) == {1250}
    card.holds = 0
    with pytest.raises(torch.OutOfMemoryError):
        doubled(card, network)
    assert card.sizes[-1] == LEAST


def test_while_a_graph_is_recorded_nothing_is_measured_or_tried_again(card):
    network = nn.Linear(1, 1)
    card.each, card.holds = 1024, 2000 * 1024
    assert doubled(card, network)  # as a warm-up does
    card.recording, card.probed = True, 0
    assert doubled(card, network)
    assert set(card.sizes) == {1250}
    assert card.probed == 0
    card.holds = 0
    with pytest.raises(torch.OutOfMemoryError):
        doubled(card, network)
    assert len(card.sizes) == 1


def test_a_network_s_answers_are_those_of_all_images_at_once(card, cpu):
    network = Network(ARCHITECTURES["two-conv"])
    images = torch.randint(0, 256, (500, 1, 28, 28), dtype=torch.uint8)
    whole = torch.cat([predict(network, part, cpu) for part in images.split(500)])
    card.each = GIB // 100
    assert torch.allclose(predict(network, images, cpu), whole, atol=1e-5)


def test_a_cpu_takes_what_its_caches_hold(monkeypatch):
    sizes = []
    by_parts(lambda part: sizes.append(len(part)), IMAGES[:500], nn.Linear(1, 1), "a way")
    assert sizes == [CACHED, CACHED, 100]
