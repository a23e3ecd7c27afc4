"""A trained network as an ONNX file, which runs without torch."""

import copy
import io
import logging
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from engine import sections
from engine.analysis.export.description import describe
from engine.errors import EngineError
from engine.files.text import visible
from engine.networks.network import Network
from engine.networks.wrapped import Wrapped
from engine.numerics.device import Device
from engine.runs.run import Run
from engine.runs.schema import side_of

OPSET = 20  # of ONNX's operators, from 2023; what torch's exporter writes by itself
NEEDED = ("onnx", "onnxscript")  # by torch's exporter; the extra `export` installs them

CPU = Device(torch_device=torch.device("cpu"), precision="fp32", threads=1)


def onnx_of(run: Run) -> bytes:
    """Return the ONNX file of a finished training. Raises EngineError."""
    if not all(map(find_spec, NEEDED)):
        raise EngineError(
            "ONNX needs packages that are not installed: pip install 'mnist-tui[export]'."
        )
    config = run.read_config()
    network = sections.find(config.section).load(config, run, CPU)
    return export_onnx(network, (side_of(config), side_of(config)), describe(run))


def export_onnx(network: nn.Module, size: tuple[int, int], metadata: Mapping[str, str]) -> bytes:
    """Return an ONNX file of a network: ``images`` [N, 1, H, W] in, ``logits`` [N, K] out, any N.

    ``size`` is (H, W). Nothing of the network is changed. Raises EngineError where torch cannot
    express it as a graph.
    """
    import onnx

    if isinstance(network, Network):
        network = _plain(network)
    elif isinstance(network, Wrapped):
        network = network.network
    network = copy.deepcopy(network).cpu().float().eval()
    # More than one image, since torch takes an extent of 1 for a constant.
    images = torch.rand(3, 1, *size, generator=torch.Generator().manual_seed(0))
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                (images,),
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                input_names=["images"],
                output_names=["logits"],
                dynamic_shapes=({0: torch.export.Dim("N")},),
            )
    except Exception as error:  # of many kinds, with what torch made of the code beneath
        cause = error.__cause__ or error
        reason = (str(cause).strip() or type(cause).__name__).splitlines()[0]
        raise EngineError(
            f"torch cannot export this network to ONNX ({visible(reason)[:160].rstrip('.')})."
        ) from None
    assert program is not None  # as it is without dynamo
    model = program.model_proto
    _strip(model)
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _plain(network: Network) -> nn.Module:
    """Return one of the report's networks in operations that ONNX has, with the same weights.

    Its own are oneDNN's on a CPU, and pool before ReLU, which comes to the same.
    """
    layers: dict[str, nn.Module] = {}
    for name, layer in network.named_children():
        if isinstance(layer, nn.Conv2d):
            layers |= {name: layer, f"{name}_relu": nn.ReLU(), f"{name}_pool": nn.MaxPool2d(2)}
            continue
        layers.setdefault("flat", nn.Flatten())
        layers[name] = layer
        if name != "logits":
            layers[f"{name}_relu"] = nn.ReLU()
    return nn.Sequential(OrderedDict(layers))


def _strip(message: Any) -> None:
    """Remove all that torch noted of the code behind a graph: its lines, paths of this machine."""
    for field, value in message.ListFields():
        if field.name in ("metadata_props", "doc_string"):
            message.ClearField(field.name)
        elif field.message_type is not None:
            for inner in [value] if hasattr(value, "ListFields") else value:
                _strip(inner)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let neither torch nor the network print anything, warn or log."""
    disabled, nowhere = logging.root.manager.disable, io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(nowhere), redirect_stderr(nowhere):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
