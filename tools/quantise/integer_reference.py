"""docs/int8.md in plain int64: what an int8 blob computes, to the bit. No Winograd, no vectors."""

from __future__ import annotations

import dataclasses

import numpy as np

import convert_path  # noqa: F401
from convolution import convolve, upsample_nearest
from network import MapKind, Network
from op_table import INPUT_MAP
from requantisation import Constants, requantise

Tensors = dict[str, np.ndarray]


def constants_of(tensor: Tensors) -> Constants:
    names = (field.name for field in dataclasses.fields(Constants))
    return Constants(**{name: tensor[f"requantise_{name}"].astype(np.int64) for name in names
                        if f"requantise_{name}" in tensor})


def forward(network: Network, tensors: list[Tensors], picture: np.ndarray,
            dtype: type = np.int64) -> list[np.ndarray]:
    """Output of every op: int64 elements [h, w, c_out] of its slice, or float32 of a network output.

    tensors[i] holds the entries of op i by the names of their roles in lower case. picture is uint8
    [H, W, 3] in the blob's channel order. Ops that one layer computes have the same output. dtype
    np.float64 gives the same numbers sooner.
    """
    maps: dict[int, np.ndarray] = {INPUT_MAP: picture.astype(np.int64)}
    outputs: list[np.ndarray] = [None] * len(network.ops)
    last_use = network.last_use()
    for position, layer in enumerate(network.layers):
        tensor, op = tensors[layer.index], layer.op
        border = tensor["border"].astype(dtype) if "border" in tensor else 0
        total = convolve(maps[op.in0].astype(dtype), tensor["weights"], op, border).astype(np.int64)
        total += tensor["bias"].astype(np.int64)
        if total.max() >= 2 ** 31 or total.min() < -2 ** 31:
            raise OverflowError(f"{op.name}: a sum exceeds int32")
        if network.kind[layer.out] == MapKind.OUTPUT:
            result = total.astype(np.float32) * tensor["output_scale"].astype(np.float32)
        else:
            addend = None
            if layer.addend is not None:
                addend = upsample_nearest(maps[layer.addend], *total.shape[:2])
            result = requantise(total, constants_of(tensor), addend)
            if layer.out not in maps:
                maps[layer.out] = np.zeros(total.shape[:2] + (network.channels[layer.out],), np.int64)
            maps[layer.out][:, :, layer.channels_out] = result
        for index in layer.group:
            outputs[index] = result
        for map_id in [m for m in maps if last_use[m] == position]:
            del maps[map_id]
    return outputs
