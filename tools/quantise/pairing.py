"""Which channels are neighbours, chosen so that their weights keep to int8_blob.PAIR_LIMIT by themselves.

The order of the channels inside a network is free, as long as all that write and read a map agree.
"""

from __future__ import annotations

import numpy as np

import convert_path  # noqa: F401
import int8_blob
from network import Network
from op_table import OpKind
from ranges import Scales

Tensors = dict[str, np.ndarray]
Channels = tuple[int, int, int]     # map id, first channel, end

STARTS = 4
_DEPTHWISE = (OpKind.DEPTHWISE3X3, OpKind.GLOBAL_DEPTHWISE)


def reorder(network: Network, tensors: list[Tensors],
            scales: dict[int, Scales]) -> tuple[list[Tensors], dict[int, Scales]]:
    """The same network with other orders of channels, and the scales of its maps in them."""
    tensors = [dict(tensor) for tensor in tensors]
    scales = {map_id: Scales(s.scale.copy(), s.zero.copy()) for map_id, s in scales.items()}
    for bound in _bound_together(network):
        cost = sum(_cost_of_reader(network, layer, tensors[layer.index]["weights"], scales[map_id], first, end)
                   for map_id, first, end in bound for layer in network.readers(map_id)
                   if int8_blob.pair_limit(network, layer) is not None)
        if not np.any(cost):
            continue
        order = np.array(best_pairs(cost)).reshape(-1)
        for channels in bound:
            _apply(network, tensors, scales, channels, order)
    return tensors, scales


def _bound_together(network: Network) -> list[list[Channels]]:
    """Ranges of channels that must have one order, those that may have any: not of the picture or of outputs."""
    ranges_of: dict[int, list[Channels]] = {}
    for layer in network.layers:
        ranges_of.setdefault(layer.out, []).append((layer.out, layer.channels_out.start, layer.channels_out.stop))
    group = {channels: {channels} for found in ranges_of.values() for channels in found}
    fixed = {channels for map_id, found in ranges_of.items() for channels in found if not network.readers(map_id)}

    def bind(a: int, b: int) -> None:
        of_a, of_b = ranges_of.get(a, []), ranges_of[b]
        if [channels[1:] for channels in of_a] != [channels[1:] for channels in of_b]:
            fixed.update(of_a, of_b)
            return
        for x, y in zip(of_a, of_b, strict=True):
            joined = group[x] | group[y]
            for channels in joined:
                group[channels] = joined

    for layer in network.layers:
        if layer.op.kind in _DEPTHWISE:
            bind(layer.op.in0, layer.out)
        if layer.addend is not None:
            bind(layer.addend, layer.out)
    groups = {id(channels): sorted(channels) for channels in group.values()}
    return [channels for channels in groups.values() if fixed.isdisjoint(channels)]


def _cost_of_reader(network: Network, layer, weights: np.ndarray, scales: Scales, first: int, end: int) -> np.ndarray:
    """[channels, channels]: squares of what is beyond the limit when two channels are neighbours, over all filters."""
    folded = weights * scales.scale
    largest = np.maximum(np.abs(folded).max(axis=(1, 2, 3), keepdims=True), 1e-30)
    rows = (folded / largest * int8_blob.DENSE_LIMIT)[..., first:end].reshape(-1, end - first)
    limit = int8_blob.pair_limit(network, layer).sum
    cost = np.zeros((end - first, end - first))
    for channel in range(end - first):
        one = rows[:, channel:channel + 1]
        beyond = np.where(one * rows > 0, np.abs(one + rows) - limit, 0)
        cost[channel] = (np.maximum(beyond, 0) ** 2).sum(axis=0)
    return cost


def best_pairs(cost: np.ndarray) -> list[list[int]]:
    """Every index in one pair, with a small sum of cost[a, b]: the best of a few greedy choices, each improved
    by exchanges between two pairs until none helps."""
    random = np.random.default_rng(0)
    best: tuple[float, list[list[int]]] | None = None
    for _ in range(STARTS):
        left = [int(i) for i in random.permutation(len(cost))]
        pairs = []
        while left:
            one = left.pop()
            other = min(left, key=lambda i: cost[one, i])
            left.remove(other)
            pairs.append([one, other])
        _exchange(cost, pairs)
        total = sum(cost[a, b] for a, b in pairs)
        if best is None or total < best[0]:
            best = (total, pairs)
    return sorted(sorted(pair) for pair in best[1])


def _exchange(cost: np.ndarray, pairs: list[list[int]]) -> None:
    improved = True
    while improved:
        improved = False
        for x in range(len(pairs)):
            for y in range(x + 1, len(pairs)):
                (a, b), (c, d) = pairs[x], pairs[y]
                crossed, parallel = cost[a, c] + cost[b, d], cost[a, d] + cost[b, c]
                if min(crossed, parallel) < cost[a, b] + cost[c, d] - 1e-9:
                    pairs[x], pairs[y] = ([a, c], [b, d]) if crossed < parallel else ([a, d], [b, c])
                    improved = True


def _apply(network: Network, tensors: list[Tensors], scales: dict[int, Scales], channels: Channels,
           order: np.ndarray) -> None:
    map_id, first, end = channels
    for layer in network.writers(map_id):
        if layer.channels_out.start != first:
            continue
        tensor = tensors[layer.index]
        for name, values in tensor.items():
            tensor[name] = values[..., order] if name == "weights" and not layer.dense else values[order]
    for layer in network.readers(map_id):
        if layer.dense:
            weights = tensors[layer.index]["weights"].copy()
            weights[..., first:end] = weights[..., first + order]
            tensors[layer.index]["weights"] = weights
    scales[map_id].scale[first:end] = scales[map_id].scale[first + order]
    scales[map_id].zero[first:end] = scales[map_id].zero[first + order]
