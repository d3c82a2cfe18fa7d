"""Self-test data inside a blob: an input picture, and samples of every op's expected output."""

from __future__ import annotations

import pathlib

import numpy as np
from PIL import Image

SAMPLE_COUNT = 64
# docs/weight_format.md derives this from the float32 unit round-off; test_convert.py proves both
# sides of it: rounding stays below, a wrong kernel does not.
TOLERANCE_OF_MAX = 2.0 ** -12

_GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
_HEAD_TOP_PX, _HEAD_LEFT_PX, _HEAD_SIDE_PX = 40, 148, 128


def detector_input() -> np.ndarray:
    """uint8 [64, 64, 3] BGR: the head of the astronaut picture, halved by 2x2 means.

    Integer means keep the bytes independent of any image library's resampling.
    """
    rgb = np.asarray(Image.open(_GOLDEN / "det_astronaut_640x480.png").convert("RGB"))
    head = rgb[_HEAD_TOP_PX:_HEAD_TOP_PX + _HEAD_SIDE_PX,
               _HEAD_LEFT_PX:_HEAD_LEFT_PX + _HEAD_SIDE_PX, ::-1].astype(np.uint16)
    sums = head[0::2, 0::2] + head[0::2, 1::2] + head[1::2, 0::2] + head[1::2, 1::2]
    return ((sums + 2) // 4).astype(np.uint8)


def recogniser_input() -> np.ndarray:
    """uint8 [112, 112, 3] RGB: the aligned astronaut face."""
    return np.asarray(Image.open(_GOLDEN / "rec_astronaut_112.png").convert("RGB"))


def sample_positions(value_count: int) -> np.ndarray:
    """Linear indices over [h, w, c]; Knuth's multiplicative hash spreads them evenly."""
    steps = np.arange(min(SAMPLE_COUNT, value_count), dtype=np.uint64)
    return (steps * np.uint64(2654435761) % np.uint64(2 ** 32) % np.uint64(value_count)).astype(int)


def tolerance(output: np.ndarray) -> float:
    """Largest allowed absolute difference of a float32 engine from these expected values."""
    return float(np.float32(TOLERANCE_OF_MAX * np.abs(output).max()))
