"""Convolution, max-pooling and ReLU, where nearly all of the time goes.

Pooling comes before ReLU: the two commute, and ReLU then touches a quarter of the values.

On a CPU the values stay in the memory layout that oneDNN chooses (torch calls such tensors
``mkldnn``) from one block to the next. Torch's kernels for plain tensors pool one value at a time
and remember where it was as an int64; oneDNN's are vectorized and remember a byte. A training step
of ``baseline`` takes two thirds of the time, and so does an evaluation (measured on a Zen 4).
"""

import math
import platform

import torch
import torch.nn.functional as F
from torch import Tensor


def _kernels() -> tuple[torch.dtype, ...]:
    """Return the types that oneDNN has fast kernels for on this processor."""
    if platform.machine() not in ("x86_64", "AMD64") or not torch.backends.mkldnn.is_available():
        return ()
    bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return (torch.float32, torch.bfloat16) if bf16 else (torch.float32,)


_KERNELS = _kernels()
LARGE_MAPS = 100  # values in a map; of smaller ones the copy costs little


def blocked(images: Tensor) -> Tensor:
    """Return images [N, 1, H, W] in the blocks' fastest layout, bf16 under autocast."""
    cast = torch.is_autocast_enabled("cpu")  # which does not know oneDNN's operations below
    dtype = torch.get_autocast_dtype("cpu") if cast else images.dtype
    if images.device.type == "cpu" and dtype in _KERNELS:
        return images.to(dtype).to_mkldnn()
    # With channels-last strides, though one channel lies the same either way: the libraries take
    # the layout of all that follows from them.
    return images.reshape(len(images), *images.shape[2:], 1).permute(0, 3, 1, 2)


def dense(values: Tensor) -> Tensor:
    """Return a block's output as a tensor that every torch operation accepts."""
    return values.to_dense() if values.is_mkldnn else values


def convolve_and_pool(values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return [N, C', H/2, W/2]: a 3x3 convolution with zero padding 1, 2x2 maxima, ReLU.

    ``values`` [N, C, H, W] are what ``blocked`` returned, or another block.
    """
    if values.is_mkldnn:
        # Called by its name: conv2d refuses these tensors with bf16 weights where it is to train.
        weight, bias = weight.to(values.dtype), bias.to(values.dtype)
        ones = [1, 1]  # padding, stride, dilation
        values = torch.ops.aten.mkldnn_convolution(values, weight, bias, ones, ones, ones, 1)
    else:
        values = F.conv2d(values, weight, bias, padding=1)
    # The stride is written out: left to its default, oneDNN's gradient does not know it.
    return F.relu(F.max_pool2d(values, 2, 2))


def connect(values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return [N, F]: a dense layer over all of a block's output ``values`` [N, C, H, W].

    That is also a convolution with a kernel as large as the maps. In bf16 with large maps, oneDNN's
    is the faster one, as it reads its own layout: to copy the values into a plain tensor takes
    longer than the sums. A training step of ``baseline`` takes 18 % less time, a validation 21 %
    (measured on a Xeon with AMX; with AVX-512's bf16 alone they take as long as before).
    """
    large = math.prod(values.shape[2:]) >= LARGE_MAPS
    if not (values.is_mkldnn and values.dtype == torch.bfloat16 and large):
        return F.linear(dense(values).flatten(1), weight, bias)
    kernel = weight.view(len(weight), *values.shape[1:]).to(values.dtype)
    zeros, ones = [0, 0], [1, 1]  # padding; stride, dilation
    sums = torch.ops.aten.mkldnn_convolution(
        values, kernel, bias.to(values.dtype), zeros, ones, ones, 1
    )
    return dense(sums).flatten(1)
