"""Receptive fields of any network, found by spoiling an image.

An image with NaN in one row is run: where NaN comes out, that row is seen. So is every row, and
every column; what is found is exact, whatever the weights. It needs convolutions that compute each
value from its own window: oneDNN's and NNPACK's, which transform tiles, are off meanwhile.

Some operations let no NaN through (``torch.where``, ``nan_to_num``). Whether any did is tried: a
layer must not change when all pixels outside its field do. Where it does, rows and columns are
found again with numbers in place of NaN; where that does not help either, the field is the image.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import torch
from torch import Tensor, nn

from engine.networks.outputs import each_output

MEMORY = 100 << 20  # bytes that a step of the network may take, about
TOLERANCE = 1e-5  # of the largest value of the centre neurons: less is rounding
# How other pixels differ, and how often it is tried: by as much as images do, and by far more.
# A neuron that is off for one pair of images, whatever lies outside, is on for another.
SCALES = (1.0, 100.0) * 4

Field = tuple[int, int, int, int]


def receptive_fields(
    module: nn.Module, side: int, layers: Mapping[str, tuple[int, ...]], values: int
) -> dict[str, Field]:
    """Return first row, end row, first and end column that each layer's centre neurons see.

    ``layers`` are the spatial ones, name to (C, H, W). ``values`` is the number of values that a
    step takes for one image. The network is in evaluation mode.
    """
    if not layers:
        return {}
    centres = _Centres(module, layers, max(1, MEMORY // (4 * values)))
    with _plain_kernels():
        seen = _seen_by_nan(centres, side)
        whole = doubtful = _changed_outside(centres, side, _boxes(seen))
        if doubtful:
            for scale in SCALES:
                for name, more in _seen_by_numbers(centres, side, scale).items():
                    if name in doubtful:
                        seen[name] |= more
            whole = _changed_outside(centres, side, _boxes(seen))
    return {
        name: (0, side, 0, side) if name in whole or box is None else box
        for name, box in _boxes(seen).items()
    }


class _Centres:
    """The centre neurons of some layers, for images that are run a few at a time."""

    def __init__(
        self, module: nn.Module, layers: Mapping[str, tuple[int, ...]], at_once: int
    ) -> None:
        self.layers = layers
        self._module, self._at_once = module, at_once

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Return [N, C] for each layer."""
        # Made before: small tensors that stay between large ones that go would cost gigabytes.
        found = {name: torch.empty(len(images), shape[0]) for name, shape in self.layers.items()}
        for start in range(0, len(images), self._at_once):
            some = slice(start, start + self._at_once)

            def hear(name: str, _: nn.Module, output: Tensor, some: slice = some) -> None:
                if name in found:
                    height, width = self.layers[name][1:]
                    found[name][some] = output[:, :, height // 2, width // 2]

            with each_output(self._module, hear):
                self._module(images[some].clone())
        return found


def _seen_by_nan(centres: _Centres, side: int) -> dict[str, Tensor]:
    """Return for each layer which rows, and after them which columns, are seen: [2 side]."""
    with suppress(Exception):  # of a network that refuses such images
        spoilt = torch.where(_rows_and_columns(side), torch.nan, torch.rand(1, 1, side, side))
        return {name: values.isnan().any(1) for name, values in centres(spoilt).items()}
    return {name: torch.zeros(2 * side, dtype=torch.bool) for name in centres.layers}


def _seen_by_numbers(centres: _Centres, side: int, scale: float) -> dict[str, Tensor]:
    image, other = torch.rand(1, 1, side, side), scale * torch.randn(1, 1, side, side)
    spoilt = torch.where(_rows_and_columns(side), other, image)
    found = centres(torch.cat([image, spoilt]))
    return {name: _differ(values[1:], values[:1]) for name, values in found.items()}


def _changed_outside(centres: _Centres, side: int, boxes: Mapping[str, Field | None]) -> set[str]:
    """Return the layers that have no field, or change when the pixels outside of it do."""
    changed = {name for name, box in boxes.items() if box is None}
    fields = sorted({box for box in boxes.values() if box} - {(0, side, 0, side)})
    inside = torch.zeros(len(fields), 1, side, side, dtype=torch.bool)
    for mask, (top, bottom, left, right) in zip(inside, fields, strict=True):
        mask[:, top:bottom, left:right] = True
    for scale in SCALES if fields else ():
        image, other = torch.rand(1, 1, side, side), scale * torch.randn(1, 1, side, side)
        found = centres(torch.cat([image, torch.where(inside, image, other)]))
        for name, box in boxes.items():
            if box in fields:
                number = 1 + fields.index(box)
                if _differ(found[name][number : number + 1], found[name][:1]).item():
                    changed.add(name)
    return changed


def _rows_and_columns(side: int) -> Tensor:
    """Return masks [2 side, 1, side, side]: one row each, then one column each."""
    rows = torch.eye(side, dtype=torch.bool)[:, None, :, None].expand(-1, -1, -1, side)
    return torch.cat([rows, rows.transpose(2, 3)])


def _differ(values: Tensor, base: Tensor) -> Tensor:
    """Tell of each row of values [N, C] whether it differs from base [1, C]: [N]."""
    return ((values - base).abs() > TOLERANCE * base.abs().max()).any(1)


def _boxes(seen: Mapping[str, Tensor]) -> dict[str, Field | None]:
    """Return the field that each layer's rows and columns make, None where none is seen."""
    boxes: dict[str, Field | None] = {}
    for name, lines in seen.items():
        rows, columns = (half.nonzero().flatten().tolist() for half in lines.chunk(2))
        boxes[name] = (
            (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) if rows and columns else None
        )
    return boxes


@contextmanager
def _plain_kernels() -> Iterator[None]:
    """Compute convolutions without oneDNN and NNPACK."""
    onednn = torch._C._get_mkldnn_enabled()  # torch's context manager for it changes more
    torch._C._set_mkldnn_enabled(False)
    try:
        with torch.backends.nnpack.flags(enabled=False):
            yield
    finally:
        torch._C._set_mkldnn_enabled(onednn)
