"""Scales coarse enough for 16-bit requantisation: docs/int8.md leaves its sums and multipliers no more."""

from __future__ import annotations

import numpy as np

import requantisation
from ranges import Scales
from requantisation import INT16_MAX, NARROW_MAX, WIDE_LIMIT

SUM_MARGIN = 1.1    # sums in other pictures, as multiples of the largest in calibration
_ABOVE = 1 + 1e-4   # past a power of two, rounding of the multiplier included


def make_room(step: np.ndarray, out: Scales, slope: np.ndarray, lowest: np.ndarray, highest: np.ndarray, *,
              wide: bool, dense: bool, added: bool) -> tuple[np.ndarray, Scales]:
    """Steps of the weights and scales of the output, per output channel, enlarged where they must be.

    The multiplier must fit, and so must the shifted sums of the branch of the activation that has the
    smaller multiplier, while the larger one decides on the shift. lowest and highest are the sums of
    the layer in calibration, in real units; slope is what negative ones are multiplied by. Sums count
    only as far as they change the output, which clamps, unless an addend moves it (`added`).
    """
    scale, zero = out.scale.copy(), out.zero.copy()

    def enlarge_output(factor: np.ndarray) -> None:
        # The zero point follows, so that the lower end of the range stays where it is.
        nonlocal scale, zero
        scale, zero = scale * factor, np.where(factor > 1, np.rint(zero / factor), zero)

    def needed() -> np.ndarray:
        reach = []
        for largest, branch in ((SUM_MARGIN * highest, np.ones_like(slope)), (-SUM_MARGIN * lowest, -slope)):
            limit = WIDE_LIMIT if wide else np.where(branch > 0, NARROW_MAX - zero, zero)
            clamped = limit * scale / np.maximum(np.abs(branch), 1e-12)
            reach.append(largest if added else np.minimum(largest, clamped))
        return np.maximum(*reach)

    finest = step * np.maximum(1, np.abs(slope)) * 2.0 ** requantisation.exponent(wide) / INT16_MAX
    enlarge_output(np.maximum(finest * _ABOVE / scale, 1))
    while True:
        shift, positive, negative = requantisation.multipliers(step / scale, slope, wide)
        short = needed() / (INT16_MAX * 2.0 ** shift * step)
        if short.max() <= 1:
            return step, Scales(scale, zero)
        # Coarser weights reach further with the same shift; a coarser output allows the next shift.
        mantissa = np.maximum(np.abs(positive), np.abs(negative)) / INT16_MAX
        by_weights = (short * mantissa < 1) & (not wide) & (~np.bool_(dense) | (short <= 2 * mantissa))
        step = step * np.where((short > 1) & by_weights, short * _ABOVE, 1)
        enlarge_output(np.where((short > 1) & ~by_weights, 2 * mantissa * _ABOVE, 1))
