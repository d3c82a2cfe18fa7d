"""Scale and zero point of every channel of every map, from what the channel holds in calibration."""

from __future__ import annotations

import dataclasses

import numpy as np

import convert_path  # noqa: F401
from network import MapKind, Network
from requantisation import NARROW_MAX, WIDE_LIMIT

EXTREMES = 1000     # the largest and the smallest values of a channel are all kept,
SAMPLES = 4000      # of those between them a random choice
WIDE_HEADROOM = 1.25
SMALLEST = 1e-3     # of the largest: the least range and column weight that counts
_FACTORS = np.concatenate([np.linspace(0.25, 0.6, 8), np.linspace(0.64, 1, 13)])
_SIDE_FACTORS = (0.7, 0.8, 0.9, 1.1)


@dataclasses.dataclass(frozen=True)
class Statistics:
    """[C]: exact limits of each channel, zero included. [C, n]: values, each standing for `weight` of all."""

    low: np.ndarray
    high: np.ndarray
    values: np.ndarray
    weight: np.ndarray  # [n], sums to 1

    def magnitude(self) -> np.ndarray:
        return np.maximum(-self.low, self.high)


@dataclasses.dataclass
class Scales:
    """real = scale (q - zero), per channel. zero is whole, but for the recogniser's picture."""

    scale: np.ndarray
    zero: np.ndarray


def gather(outputs: list[np.ndarray]) -> Statistics:
    """Statistics of one layer's outputs [h, w, C]. Without the extremes, least squares clips too much."""
    values = np.concatenate([y.reshape(-1, y.shape[2]) for y in outputs])
    count, channels = values.shape
    low, high = np.minimum(values.min(axis=0), 0), np.maximum(values.max(axis=0), 0)
    if count <= 2 * EXTREMES + SAMPLES:
        return Statistics(low.astype(np.float64), high.astype(np.float64), values.T.astype(np.float64),
                          np.full(count, 1 / count))
    chosen = np.random.default_rng(0).choice(count - 2 * EXTREMES, SAMPLES, replace=False) + EXTREMES
    kept = []
    for c in range(channels):
        ordered = np.sort(values[:, c])
        kept.append(np.concatenate([ordered[:EXTREMES], ordered[-EXTREMES:], ordered[chosen]]))
    weight = np.concatenate([np.ones(2 * EXTREMES), np.full(SAMPLES, (count - 2 * EXTREMES) / SAMPLES)])
    return Statistics(low.astype(np.float64), high.astype(np.float64), np.stack(kept).astype(np.float64),
                      weight / count)


def join(parts: list[Statistics]) -> Statistics:
    """Statistics of a map that several layers write, from those of its slices in order."""
    return Statistics(np.concatenate([p.low for p in parts]), np.concatenate([p.high for p in parts]),
                      np.concatenate([p.values for p in parts]), parts[0].weight)


def choose(network: Network, weights: dict[int, np.ndarray], map_id: int, found: Statistics) -> Scales:
    """Scales of a stored map; weights[i] are those of op i."""
    readers = network.readers(map_id)
    dense = [weights[layer.index] for layer in readers if layer.dense]
    depthwise = [weights[layer.index] for layer in readers if not layer.dense]
    if network.kind[map_id] == MapKind.WIDE:
        largest = found.magnitude()
        if dense:
            largest = np.full_like(largest, largest.max())
        largest = np.maximum(largest, largest.max() * SMALLEST)
        return Scales(WIDE_HEADROOM * largest / WIDE_LIMIT, np.zeros_like(largest))
    low, high = least_squares_limits(found)
    if not dense:
        return Scales(*_between(low, high))
    return equalised(found, low, high, dense, depthwise)


def _between(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    smallest = np.maximum(np.max(high - low) * SMALLEST, 1e-12)
    scale = np.maximum(high - low, smallest) / NARROW_MAX
    return scale, np.clip(np.rint(-low / scale), 0, NARROW_MAX)


def _squared_error(found: Statistics, scale: np.ndarray, zero: np.ndarray) -> np.ndarray:
    """[C] mean squared error of rounding to these scales."""
    scale, zero = scale[:, np.newaxis], zero[:, np.newaxis]
    q = np.clip(np.rint(found.values / scale) + zero, 0, NARROW_MAX)
    return ((scale * (q - zero) - found.values) ** 2) @ found.weight


def least_squares_limits(found: Statistics) -> tuple[np.ndarray, np.ndarray]:
    """[C] limits that give the least squared error: both ends shrunk alike, then each end alone."""
    best = np.full(len(found.low), np.inf)
    low, high = found.low.copy(), found.high.copy()

    def attempt(new_low: np.ndarray, new_high: np.ndarray) -> None:
        error = _squared_error(found, *_between(new_low, new_high))
        better = error < best
        best[better], low[better], high[better] = error[better], new_low[better], new_high[better]

    for factor in _FACTORS:
        attempt(found.low * factor, found.high * factor)
    first_low, first_high = low.copy(), high.copy()
    for factor in _SIDE_FACTORS:
        attempt(first_low * factor, first_high)
        attempt(first_low, first_high * factor)
    return low, high


def equalised(found: Statistics, low: np.ndarray, high: np.ndarray, dense: list[np.ndarray],
              depthwise: list[np.ndarray]) -> Scales:
    """Scales that share the damage between activations and the weights of dense readers.

    A dense reader rounds row by row, so a channel with a large scale costs the other channels'
    weights. The shape of the scales is sqrt(range / largest relative weight), Nagel et al., ICCV 2019;
    their common factor has the least squared error behind the readers.
    """
    spread = high - low
    spread = np.maximum(spread, max(spread.max() * SMALLEST, 1e-12))
    column = np.zeros_like(spread)
    energy = np.zeros_like(spread)
    for w in dense:
        largest = np.abs(w).reshape(len(w), -1, w.shape[-1]).max(axis=1)            # [c_out, c_in]
        column = np.maximum(column, (largest / np.maximum(largest.max(axis=1, keepdims=True), 1e-12)).max(axis=0))
        energy += (w.astype(np.float64) ** 2).sum(axis=(0, 1, 2))
    for w in depthwise:
        energy += (w.astype(np.float64) ** 2).sum(axis=(0, 1))
    shape = np.sqrt(spread / np.maximum(column, column.max() * SMALLEST))
    widest = ((found.high - found.low) / shape).max() / NARROW_MAX
    best = None
    for factor in _FACTORS:
        scale = shape * widest * factor
        room = scale * NARROW_MAX - (high - low)
        # A channel with room is centred; one without loses the same part of both ends.
        bottom = np.where(room >= 0, np.minimum(low - room / 2, 0),
                          low * scale * NARROW_MAX / np.maximum(high - low, 1e-12))
        zero = np.clip(np.rint(-bottom / scale), 0, NARROW_MAX)
        error = float(_squared_error(found, scale, zero) @ energy)
        if best is None or error < best[0]:
            best = (error, Scales(scale, zero))
    return best[1]
