"""Layer by layer from floating point to integers, each layer seeing what the integers before it give."""

from __future__ import annotations

import dataclasses

import numpy as np

import convert_path  # noqa: F401
import float_network
import gptq
import headroom
import requantisation
from convolution import columns, convolve, upsample_nearest
from int8_blob import DENSE_LIMIT, DEPTHWISE_LIMIT, WINOGRAD_MAX_ABS_SUM, has_winograd, pair_limit
from network import Layer, MapKind, Network
from op_table import INPUT_MAP, OpKind
from ranges import Scales
from requantisation import NARROW_MAX, WIDE_LIMIT, Constants

# Steps that are tried for rows with large neighbours (int8_blob.PAIR_LIMIT), as multiples of the finest.
PAIR_STEP_RATIO = 2 ** (1 / 16)
PAIR_STEP_FACTORS = [PAIR_STEP_RATIO ** i for i in range(1, 17)]
SAMPLED_PIXELS = 200_000    # of all pictures together, for the covariance of a layer's inputs

Tensors = dict[str, np.ndarray]


@dataclasses.dataclass
class LayerReport:
    """signal_to_noise_db compares a layer's outputs with those of the floating-point network."""

    name: str
    signal_to_noise_db: float
    at_the_ends: float      # share of the outputs that are the smallest or the largest element


def quantise(network: Network, tensors: list[Tensors], scales: dict[int, Scales],
             pictures: list[np.ndarray]) -> tuple[list[Tensors], list[LayerReport]]:
    """Integer tensors of every op (none for those that a layer absorbs), by lower-case role names.

    pictures are uint8 in the blob's channel order. Scales of outputs are enlarged in place where
    requantisation needs it.
    """
    pixels = scales[INPUT_MAP]
    exact = float_network.Maps(network, [(p - pixels.zero) * pixels.scale for p in pictures])
    integer = float_network.Maps(network, list(pictures))
    result: list[Tensors] = [{} for _ in network.ops]
    reports = []
    for position, layer in enumerate(network.layers):
        sums = [float_network.sums(layer, tensors[layer.index], x) for x in exact[layer.op.in0]]
        found, outputs = _quantise_layer(network, layer, tensors[layer.index], scales, sums, integer)
        result[layer.index] = found
        expected = [float_network.finish(layer, tensors[layer.index], total, addend) for total, addend in
                    zip(sums, exact.addends(layer), strict=True)]
        reports.append(_report(network, layer, expected, outputs, scales))
        exact.store(layer, [y.astype(np.float32) for y in expected])
        integer.store(layer, outputs)
        exact.forget_used(position)
        integer.forget_used(position)
    return result, reports


def _quantise_layer(network: Network, layer: Layer, tensor: Tensors, scales: dict[int, Scales],
                    exact_sums: list[np.ndarray], integer: float_network.Maps) -> tuple[Tensors, list[np.ndarray]]:
    """Tensors of a layer, and its outputs: elements, or real values of a network output."""
    op, read = layer.op, scales[layer.op.in0]
    border = np.floor(read.zero + 0.5)
    # Inputs count from their zero points here; the bias then takes these in.
    inputs = [q - read.zero for q in integer[op.in0]]
    folded = tensor["weights"].astype(np.float64) * read.scale
    step = _finest_step(layer, folded)
    if network.kind[layer.out] != MapKind.OUTPUT:
        step = _make_room(network, layer, scales, step, float_network.slope(op, tensor), exact_sums)
    weights, step = _round_weights(network, layer, folded, step, inputs, border - read.zero)
    found = {"weights": weights.astype(np.int8 if layer.dense else np.int16)}
    if op.kind in (OpKind.CONV3X3, OpKind.DEPTHWISE3X3):
        found["border"] = border.astype(np.int16 if network.kind[op.in0] == MapKind.WIDE else np.uint8)

    sums = [convolve(x, weights, op, border - read.zero) for x in inputs]
    # The bias with which every channel has the mean that it has in the exact network.
    difference = np.sum([(a - b * step).sum(axis=(0, 1)) for a, b in zip(exact_sums, sums, strict=True)], axis=0)
    bias = difference / sum(a.shape[0] * a.shape[1] for a in sums)
    from_zero = (weights * read.zero).reshape(op.c_out, -1).sum(1) if layer.dense else (
        weights * read.zero).sum(axis=(0, 1))
    found["bias"] = np.rint(bias / step - from_zero).astype(np.int32)

    if network.kind[layer.out] == MapKind.OUTPUT:
        found["output_scale"] = step.astype(np.float32)
        return found, [(total + from_zero + found["bias"]) * step for total in sums]
    constants = _constants(network, layer, scales, step, float_network.slope(op, tensor))
    found["bias"] += requantisation.half_unit(constants.shift).astype(np.int32)
    for name, values in dataclasses.asdict(constants).items():
        if values is not None:
            found[f"requantise_{name}"] = values.astype(np.int32 if name == "shift" else np.int16)
    wide = network.kind[layer.out] == MapKind.WIDE
    outputs = []
    for total, addend in zip(sums, integer.addends(layer), strict=True):
        total = np.rint(total + from_zero + found["bias"]).astype(np.int64)
        if addend is not None:
            addend = upsample_nearest(addend, *total.shape[:2]).astype(np.int64)
        q = requantisation.requantise(total, constants, addend)
        outputs.append(q.astype(np.int16 if wide else np.uint8))
    return found, outputs


def _limit(layer: Layer) -> int:
    return DENSE_LIMIT if layer.dense else DEPTHWISE_LIMIT


def _finest_step(layer: Layer, folded: np.ndarray) -> np.ndarray:
    """[c_out]: the step of an output channel's weights with which its largest one is the limit."""
    largest = np.abs(folded).max(axis=(1, 2, 3) if layer.dense else (0, 1))
    return np.maximum(largest, max(largest.max() * 1e-6, 1e-30)) / _limit(layer)


def _make_room(network: Network, layer: Layer, scales: dict[int, Scales], step: np.ndarray, slope: np.ndarray,
               exact_sums: list[np.ndarray]) -> np.ndarray:
    out, part = scales[layer.out], layer.channels_out
    step, enlarged = headroom.make_room(
        step, Scales(out.scale[part], out.zero[part]), slope,
        np.minimum(np.min([total.min(axis=(0, 1)) for total in exact_sums], axis=0), 0),
        np.maximum(np.max([total.max(axis=(0, 1)) for total in exact_sums], axis=0), 0),
        wide=network.kind[layer.out] == MapKind.WIDE, dense=layer.dense, added=layer.addend is not None)
    out.scale[part], out.zero[part] = enlarged.scale, enlarged.zero
    return step


def _round_weights(network: Network, layer: Layer, folded: np.ndarray, step: np.ndarray, inputs: list[np.ndarray],
                   border: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integer weights, as float64, and their step, coarser where Winograd's sums need it."""
    op, limit = layer.op, _limit(layer)
    if not layer.dense:
        return gptq.nearest(folded / step, limit), step

    rows = folded.reshape(op.c_out, -1)
    covariance = gptq.Covariance(rows.shape[1])
    random = np.random.default_rng(0)
    share = max(SAMPLED_PIXELS // len(inputs), 1)
    for x in inputs:
        terms = columns(x, op, border)
        if len(terms) > share:
            terms = terms[np.sort(random.choice(len(terms), share, replace=False))]
        covariance.add(terms)
    if has_winograd(network, layer):
        while True:
            rounded = gptq.gptq(rows / step[:, np.newaxis], limit, covariance.value())
            excess = np.abs(rounded).sum(axis=1) / WINOGRAD_MAX_ABS_SUM
            if excess.max() <= 1:
                return rounded.reshape(folded.shape), step
            step = step * np.where(excess > 1, excess * 1.001, 1)
    rounded, step = _round_in_pairs(rows, step, limit, covariance.value(), pair_limit(network, layer))
    return rounded.reshape(folded.shape), step


def _round_in_pairs(rows: np.ndarray, step: np.ndarray, limit: int, covariance: np.ndarray,
                    pairs: gptq.PairLimit | None) -> tuple[np.ndarray, np.ndarray]:
    """Integers, and the steps with which the limit of pairs costs the least.

    A row with large neighbours loses by their clipping with a fine step, by rounding with a coarse one.
    """
    rounded = gptq.gptq(rows / step[:, np.newaxis], limit, covariance, pairs)
    if pairs is None:
        return rounded, step
    finest, step = step, step.copy()
    least = gptq.damage(rows / step[:, np.newaxis], rounded, covariance) * step ** 2
    for factor in PAIR_STEP_FACTORS:
        clipped = np.flatnonzero(pairs.excess(rows / (finest * factor / PAIR_STEP_RATIO)[:, np.newaxis]) > pairs.sum)
        if not len(clipped):
            break
        coarser = finest[clipped] * factor
        scaled = rows[clipped] / coarser[:, np.newaxis]
        attempt = gptq.gptq(scaled, limit, covariance, pairs)
        cost = gptq.damage(scaled, attempt, covariance) * coarser ** 2
        better = cost < least[clipped]
        chosen = clipped[better]
        rounded[chosen], step[chosen], least[chosen] = attempt[better], coarser[better], cost[better]
    return rounded, step


def _constants(network: Network, layer: Layer, scales: dict[int, Scales], step: np.ndarray,
               slope: np.ndarray) -> Constants:
    wide = network.kind[layer.out] == MapKind.WIDE
    out, part = scales[layer.out], layer.channels_out
    shift, positive, negative = requantisation.multipliers(step / out.scale[part], slope, wide)
    if wide:
        return Constants(shift, positive, negative)
    ratio = zero = None
    if layer.addend is not None:
        ratio, zero = scales[layer.addend].scale / out.scale[part], scales[layer.addend].zero
    return Constants(shift, positive, negative, *requantisation.offsets(out.zero[part], ratio, zero))


def _report(network: Network, layer: Layer, expected: list[np.ndarray], outputs: list[np.ndarray],
            scales: dict[int, Scales]) -> LayerReport:
    kind, part = network.kind[layer.out], layer.channels_out
    at_the_ends, real = 0, outputs
    if kind != MapKind.OUTPUT:
        low, high = (-WIDE_LIMIT, WIDE_LIMIT) if kind == MapKind.WIDE else (0, NARROW_MAX)
        at_the_ends = sum(np.count_nonzero((q == low) | (q == high)) for q in outputs)
        real = [(q - scales[layer.out].zero[part]) * scales[layer.out].scale[part] for q in outputs]
    signal = sum(float((y ** 2).sum()) for y in expected)
    noise = sum(float(((y - x) ** 2).sum()) for y, x in zip(expected, real, strict=True))
    return LayerReport(layer.op.name, float(10 * np.log10(signal / max(noise, 1e-300))),
                       at_the_ends / sum(y.size for y in expected))
