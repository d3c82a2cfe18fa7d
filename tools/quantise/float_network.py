"""The network in floating point, layer by layer: what the integers are measured against."""

from __future__ import annotations

import numpy as np

import convert_path  # noqa: F401
from convolution import convolve, upsample_nearest
from network import Network
from op_table import INPUT_MAP, Activation, Op

Tensors = dict[str, np.ndarray]


def slope(op: Op, tensor: Tensors) -> np.ndarray:
    """[c_out]: what a layer's activation multiplies negative sums by."""
    if op.activation == Activation.PRELU:
        return tensor["slope"].astype(np.float64)
    value = {Activation.LINEAR: 1.0, Activation.RELU: 0.0, Activation.LEAKY_RELU: op.leaky_slope}
    return np.full(op.c_out, value[op.activation])


def sums(layer, tensor: Tensors, x: np.ndarray) -> np.ndarray:
    """Float64 sums of a layer with their bias, before the activation."""
    return convolve(x.astype(np.float64), tensor["weights"], layer.op) + tensor["bias"]


def finish(layer, tensor: Tensors, total: np.ndarray, addend: np.ndarray | None) -> np.ndarray:
    """The layer's output from its sums: activation, then the addend, upsampled where it is smaller."""
    y = np.where(total < 0, total * slope(layer.op, tensor), total)
    if addend is not None:
        y += upsample_nearest(addend, *y.shape[:2])
    return y


class Maps:
    """The maps of several pictures while a network runs over all of them, layer by layer."""

    def __init__(self, network: Network, pictures: list[np.ndarray]) -> None:
        self._network = network
        self._maps = {INPUT_MAP: pictures}
        self._last_use = network.last_use()

    def __getitem__(self, map_id: int) -> list[np.ndarray]:
        return self._maps[map_id]

    def addends(self, layer) -> list[np.ndarray | None]:
        if layer.addend is None:
            return [None] * len(self._maps[layer.op.in0])
        return self._maps[layer.addend]

    def store(self, layer, values: list[np.ndarray]) -> None:
        """Writes the channels of a layer's output, in the number type of `values`."""
        if self._network.channels[layer.out] == layer.op.c_out:
            self._maps[layer.out] = values
            return
        if layer.out not in self._maps:
            self._maps[layer.out] = [
                np.zeros(y.shape[:2] + (self._network.channels[layer.out],), y.dtype) for y in values]
        for whole, y in zip(self._maps[layer.out], values, strict=True):
            whole[:, :, layer.channels_out] = y

    def forget_used(self, position: int) -> None:
        """Frees the maps that no layer after this position reads."""
        for map_id in [m for m in self._maps if self._last_use[m] <= position]:
            del self._maps[map_id]


def forward(network: Network, tensors: list[Tensors], inputs: list[np.ndarray]):
    """Yields (layer, its outputs for every input, float32); inputs are preprocessed [H, W, 3]."""
    maps = Maps(network, inputs)
    for position, layer in enumerate(network.layers):
        tensor = tensors[layer.index]
        outputs = [finish(layer, tensor, sums(layer, tensor, x), addend).astype(np.float32)
                   for x, addend in zip(maps[layer.op.in0], maps.addends(layer), strict=True)]
        maps.store(layer, outputs)
        yield layer, outputs
        maps.forget_used(position)
