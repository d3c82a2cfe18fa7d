"""Plain numpy forward pass of an op table: the independent truth the blobs' self-tests hold.

Sums run term by term through elementwise numpy operations only. Those are exactly rounded on every
machine, so float64 results, and with them the blobs, are the same bytes everywhere; a BLAS product
would not be.
"""

from __future__ import annotations

import numpy as np

from op_table import INPUT_MAP, Activation, Op, OpKind

Tensors = dict[str, np.ndarray]


def preprocess(picture: np.ndarray, mean: np.ndarray, scale: float, dtype=np.float64) -> np.ndarray:
    """(pixel - mean) * scale; picture uint8 [H, W, 3] in the network's channel order."""
    return (picture.astype(dtype) - mean.astype(dtype)) * dtype(scale)


def forward(ops: list[Op], tensors: list[Tensors], network_input: np.ndarray, dtype=np.float64,
            reverse_sums: bool = False) -> list[np.ndarray]:
    """Output [h, w, c_out] of every op, in the order of the table.

    tensors[i] holds op i's "weights" ([c_out, kh, kw, c_in], or [kh, kw, c] for depthwise ops),
    "bias" and "slope". network_input is [H, W, 3], preprocessed. reverse_sums adds the terms of
    each sum in the opposite order, to show how far rounding moves a result in a narrow dtype.
    """
    maps: dict[int, np.ndarray] = {INPUT_MAP: network_input.astype(dtype)}
    map_channels: dict[int, int] = {}
    for op in ops:
        map_channels[op.out] = max(map_channels.get(op.out, 0), op.out_channel_offset + op.c_out)
    outputs = []
    for op, tensor in zip(ops, tensors, strict=True):
        tensor = {role: values.astype(dtype) for role, values in tensor.items()}
        x = maps[op.in0]
        if op.kind in (OpKind.CONV3X3, OpKind.CONV1X1):
            y = _conv(x, tensor["weights"], tensor["bias"], op, reverse_sums)
        elif op.kind in (OpKind.DEPTHWISE3X3, OpKind.GLOBAL_DEPTHWISE):
            y = _depthwise(x, tensor["weights"], tensor["bias"], op, reverse_sums)
        elif op.kind == OpKind.ADD:
            y = x + maps[op.in1]
        elif op.kind == OpKind.UPSAMPLE_NEAREST:
            y = _upsample_nearest(x, maps[op.in1].shape[:2])
        else:
            raise ValueError(f"{op.name}: op kind {op.kind.name} is in neither network")
        y = _activate(y, op, tensor.get("slope"))
        outputs.append(y)
        if op.out not in maps:
            maps[op.out] = np.zeros(y.shape[:2] + (map_channels[op.out],), dtype)
        maps[op.out][:, :, op.out_channel_offset:op.out_channel_offset + op.c_out] = y
    return outputs


def _windows(x: np.ndarray, kernel: tuple[int, int], op: Op):
    """Yields (ky, kx, view of x under that kernel tap), zero padding included."""
    if op.kind in (OpKind.CONV3X3, OpKind.DEPTHWISE3X3):
        x = np.pad(x, ((op.pad_before, 1), (op.pad_before, 1), (0, 0)))
    kh, kw = kernel
    out_h = (x.shape[0] - kh) // op.stride + 1
    out_w = (x.shape[1] - kw) // op.stride + 1
    for ky in range(kh):
        for kx in range(kw):
            yield ky, kx, x[ky:ky + op.stride * (out_h - 1) + 1:op.stride,
                            kx:kx + op.stride * (out_w - 1) + 1:op.stride]


def _conv(x, weights, bias, op, reverse_sums):
    terms = [(window[:, :, ci:ci + 1], weights[:, ky, kx, ci])
             for ky, kx, window in _windows(x, weights.shape[1:3], op)
             for ci in range(weights.shape[3])]
    return _sum_of_products(terms, bias, reverse_sums)


def _depthwise(x, weights, bias, op, reverse_sums):
    terms = [(window, weights[ky, kx]) for ky, kx, window in _windows(x, weights.shape[:2], op)]
    return _sum_of_products(terms, bias, reverse_sums)


def _sum_of_products(terms, bias, reverse_sums):
    height, width = terms[0][0].shape[:2]
    total = np.empty((height, width, len(bias)), bias.dtype)
    total[:] = 0 if reverse_sums else bias
    product = np.empty_like(total)
    for values, weights in reversed(terms) if reverse_sums else terms:
        np.multiply(values, weights, out=product)
        total += product
    return total + bias if reverse_sums else total


def _upsample_nearest(x, size):
    rows = np.arange(size[0]) * x.shape[0] // size[0]
    columns = np.arange(size[1]) * x.shape[1] // size[1]
    return x[rows][:, columns]


def _activate(y, op, slope):
    if op.activation == Activation.RELU:
        return np.maximum(y, 0)
    if op.activation == Activation.LEAKY_RELU:
        return np.where(y < 0, y * y.dtype.type(np.float32(op.leaky_slope)), y)
    if op.activation == Activation.PRELU:
        return np.where(y < 0, y * slope, y)
    return y
