"""From int32 sums to 8-bit or 14-bit outputs: the arithmetic of docs/int8.md and its constants."""

from __future__ import annotations

import dataclasses

import numpy as np

INT16_MAX = 32767
WIDE_LIMIT = 8191
NARROW_MAX = 255
NARROW_EXPONENT = 19    # t counts sixteenths of a step: 15 bits of the multiplication and 4 of these
WIDE_EXPONENT = 15
MAX_SHIFT = 31


@dataclasses.dataclass(frozen=True)
class Constants:
    """Per output channel; offset is None for a wide output, addend where nothing is added."""

    shift: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    offset: np.ndarray | None = None
    addend: np.ndarray | None = None


def exponent(wide: bool) -> int:
    return WIDE_EXPONENT if wide else NARROW_EXPONENT


def multipliers(scale: np.ndarray, slope: np.ndarray, wide: bool) -> tuple[np.ndarray, ...]:
    """shift, positive, negative of real multipliers scale = s_w / s_out and the slope below zero.

    The larger of |positive| and |negative| gets 15 significant bits where 0 <= shift <= 31 allows.
    Raises ValueError where even shift 0 leaves it beyond int16: such an output needs a larger scale.
    """
    strongest = scale * np.maximum(1, np.abs(slope)) * 2.0 ** exponent(wide)
    shift = np.clip(15 - np.frexp(strongest)[1], 0, MAX_SHIFT)     # strongest < 2^exponent of frexp
    shift -= (np.rint(strongest * 2.0 ** shift) > INT16_MAX) & (shift > 0)
    unit = scale * 2.0 ** (shift + exponent(wide))
    positive, negative = np.rint(unit).astype(np.int64), np.rint(unit * slope).astype(np.int64)
    if max(np.abs(positive).max(), np.abs(negative).max()) > INT16_MAX:
        raise ValueError("an output scale is too fine for the accumulator's unit")
    return shift.astype(np.int64), positive, negative


def half_unit(shift: np.ndarray) -> np.ndarray:
    """What a bias holds so that its sum, shifted right, is rounded to nearest."""
    return np.where(shift > 0, 1 << np.maximum(shift - 1, 0), 0)


def offsets(zero: np.ndarray, addend_ratio: np.ndarray | None = None,
            addend_zero: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray | None]:
    """offset and addend of a narrow output; addend_ratio is s_addend / s_out.

    Raises ValueError where one of them is beyond int16.
    """
    offset = 16 * np.rint(zero).astype(np.int64) + 8
    addend = None
    if addend_ratio is not None:
        addend = np.rint(addend_ratio * 4096).astype(np.int64)
        offset -= np.rint(16 * addend_zero * addend_ratio).astype(np.int64)
        if addend.max() > INT16_MAX:
            raise ValueError("an addend's scale is more than 8 times the output's")
    if np.abs(offset).max() > INT16_MAX:
        raise ValueError("an offset does not fit int16")
    return offset, addend


def saturate_int16(value: np.ndarray) -> np.ndarray:
    return np.clip(value, -32768, INT16_MAX)


def requantise(total: np.ndarray, constants: Constants, addend_q: np.ndarray | None = None) -> np.ndarray:
    """Output elements of sums [..., C] that have their bias; addend_q is the added map, as large as them."""
    shifted = saturate_int16(total >> constants.shift)
    t = (shifted * np.where(shifted < 0, constants.negative, constants.positive) + (1 << 14)) >> 15
    if addend_q is not None:
        t = saturate_int16(t + ((addend_q * 128 * constants.addend + (1 << 14)) >> 15))
    if constants.offset is None:
        return np.clip(t, -WIDE_LIMIT, WIDE_LIMIT)
    return np.clip(saturate_int16(t + constants.offset) >> 4, 0, NARROW_MAX)
