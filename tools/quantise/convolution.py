"""Convolutions of [H, W, C] maps in numpy, in the number type of their input.

int64 is exact, and so is float64 for the integers of docs/int8.md, whose sums stay below 2^53; float64
goes through a BLAS and is twenty times as fast.
"""

from __future__ import annotations

import numpy as np

import convert_path  # noqa: F401
from network import DENSE
from op_table import Op, OpKind


def windows(x: np.ndarray, op: Op, border: np.ndarray | float) -> list[np.ndarray]:
    """What each tap of the kernel sees, row by row of the kernel: views of shape [h_out, w_out, C].

    border is the pixel around the map, one value or one for each channel.
    """
    if op.kind == OpKind.CONV1X1:
        return [x]
    if op.kind == OpKind.GLOBAL_DEPTHWISE:
        return [x[y:y + 1, x_:x_ + 1] for y in range(x.shape[0]) for x_ in range(x.shape[1])]
    before = op.pad_before
    padded = np.empty((x.shape[0] + before + 1, x.shape[1] + before + 1, x.shape[2]), x.dtype)
    padded[:] = border
    padded[before:-1, before:-1] = x
    height = (padded.shape[0] - 3) // op.stride + 1
    width = (padded.shape[1] - 3) // op.stride + 1
    return [padded[ky:ky + op.stride * (height - 1) + 1:op.stride,
                   kx:kx + op.stride * (width - 1) + 1:op.stride]
            for ky in range(3) for kx in range(3)]


def columns(x: np.ndarray, op: Op, border: np.ndarray | float) -> np.ndarray:
    """[h_out * w_out, terms]: what each output pixel of a dense convolution sums, in the order ky, kx, c."""
    taps = windows(x, op, border)
    joined = taps[0] if len(taps) == 1 else np.concatenate(taps, axis=2)
    return joined.reshape(-1, joined.shape[2])


def convolve(x: np.ndarray, weights: np.ndarray, op: Op, border: np.ndarray | float = 0) -> np.ndarray:
    """Sum of weights times input, [h_out, w_out, c_out], without bias."""
    weights = weights.astype(x.dtype)
    if op.kind in DENSE:
        taps = windows(x, op, border)
        height, width = taps[0].shape[:2]
        joined = taps[0] if len(taps) == 1 else np.concatenate(taps, axis=2)
        product = joined.reshape(height * width, -1) @ weights.reshape(len(weights), -1).T
        return product.reshape(height, width, -1)
    total = None
    for window, weight in zip(windows(x, op, border), weights.reshape(-1, weights.shape[-1]), strict=True):
        product = window * weight
        total = product if total is None else np.add(total, product, out=total)
    return total


def upsample_nearest(x: np.ndarray, height: int, width: int) -> np.ndarray:
    rows = np.arange(height) * x.shape[0] // height
    cols = np.arange(width) * x.shape[1] // width
    return x[rows][:, cols]
