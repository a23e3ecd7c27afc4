"""Getting a network that is not one of the course report's ready to be trained."""

import dataclasses
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from engine.errors import EngineError
from engine.networks.check import BATCH, check_network
from engine.networks.code import Code, load
from engine.networks.costs import Survey
from engine.networks.foreign import described, grad, printing_aside, seeded
from engine.networks.layout import Layout
from engine.networks.wrapped import Wrapped
from engine.numerics.device import Device


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known of a network before its training, and the device that it can be trained on.

    ``remark`` is what its user should know, "" if nothing.
    """

    layout: Layout
    device: Device
    remark: str = ""


def prepare(code: Code, classes: int, side: int, device: Device, last: int = BATCH) -> Prepared:
    """Try a copy of the network that ``code`` makes: what it is made of, and in which arithmetic.

    ``last`` is how many images an epoch's last batch has. Raises EngineError as ``survey_code``.
    """
    layout = survey_code(code, classes, side, last).layout
    if device.precision == "fp32":
        return Prepared(layout, device)
    fault = _fault_in_bf16(Wrapped(_made(code, classes, side), layout), classes, side, device, code)
    if not fault:
        return Prepared(layout, device)
    remark = f"{code.words} cannot be trained in bf16 ({fault}); it is trained in float32"
    return Prepared(layout, dataclasses.replace(device, precision="fp32"), remark)


def survey_code(code: Code, classes: int, side: int, last: int = BATCH) -> Survey:
    """Return what the network is made of that ``code`` makes.

    ``last`` as above. Raises EngineError where it cannot be trained, attacked and looked into.
    """
    make = partial(_made, code, classes, side)
    return check_network(make, classes, side, name=code.words, path=code.path, smallest=last)


def _made(code: Code, classes: int, side: int) -> nn.Module:
    return load(code, classes=classes, height=side, width=side)


def _fault_in_bf16(network: Wrapped, classes: int, side: int, device: Device, code: Code) -> str:
    """Return why a step in the device's arithmetic fails, "" if it does not."""
    network.to(device.torch_device)
    images = torch.rand(BATCH, 1, side, side, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(BATCH, device=device.torch_device) % classes
    try:
        with seeded(0), printing_aside(), device.arithmetic():
            logits = network(images.to(device.torch_device))
        loss = F.cross_entropy(logits.float(), labels)
        trained = [value for value in network.parameters() if value.requires_grad]
        gradients = grad(loss, trained, allow_unused=True)
    except EngineError:
        raise
    except Exception as error:  # whatever a kernel that is missing raises
        return described(error, code.path)
    finite = loss.isfinite() and all(gradient.isfinite().all() for gradient in gradients)
    return "" if finite else "its gradients are not finite"
