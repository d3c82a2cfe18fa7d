"""Op tables: the ordered records that describe a network, and the model id they hash to.

An op table is written twice in this project, here and in the C++ engine. The two agree exactly when
their model ids do, which is why every field that changes the result takes part in the hash.
"""

from __future__ import annotations

import dataclasses
import enum
import struct

NO_MAP = 0xFFFF
INPUT_MAP = 0

_FNV_OFFSET_BASIS = 14695981039346656037
_FNV_PRIME = 1099511628211


class OpKind(enum.IntEnum):
    CONV3X3 = 1
    CONV1X1 = 2
    DEPTHWISE3X3 = 3
    GLOBAL_DEPTHWISE = 4
    BATCHNORM = 5
    ADD = 6
    UPSAMPLE_NEAREST = 7


class Activation(enum.IntEnum):
    LINEAR = 0
    RELU = 1
    LEAKY_RELU = 2
    PRELU = 3


@dataclasses.dataclass(frozen=True)
class Op:
    """One record of an op table.

    Map ids: 0 is the input picture, every new map takes the next id in order of creation.
    pad_before is the padding at the top and left of a 3x3 window; bottom and right always have 1.
    out_channel_offset is not 0 only where several ops write one (concatenated) map.
    """

    kind: OpKind
    activation: Activation
    stride: int
    pad_before: int
    in0: int
    in1: int
    out: int
    out_channel_offset: int
    c_in: int
    c_out: int
    leaky_slope: float
    name: str

    @property
    def has_weights(self) -> bool:
        return self.kind not in (OpKind.ADD, OpKind.UPSAMPLE_NEAREST)


class TableBuilder:
    """Collects ops and hands out map ids."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self._next_map = INPUT_MAP + 1

    def new_map(self) -> int:
        self._next_map += 1
        return self._next_map - 1

    def append(self, kind: OpKind, name: str, in0: int, c_in: int, c_out: int, *, stride: int = 1,
               activation: Activation = Activation.LINEAR, pad_before: int | None = None,
               in1: int = NO_MAP, out: int | None = None, out_channel_offset: int = 0,
               leaky_slope: float = 0.0) -> int:
        """Appends one op and returns the id of the map it writes (new unless out is given)."""
        if pad_before is None:
            pad_before = 1 if kind in (OpKind.CONV3X3, OpKind.DEPTHWISE3X3) else 0
        out = self.new_map() if out is None else out
        self.ops.append(Op(kind, activation, stride, pad_before, in0, in1, out, out_channel_offset,
                           c_in, c_out, leaky_slope, name))
        return out


def model_id(ops: list[Op]) -> int:
    """FNV-1a 64 of the records in order; docs/weight_format.md lists the bytes of a record."""
    value = _FNV_OFFSET_BASIS
    for op in ops:
        record = struct.pack("<4B6Hf", op.kind, op.activation, op.stride, op.pad_before, op.in0,
                             op.in1, op.out, op.out_channel_offset, op.c_in, op.c_out,
                             op.leaky_slope)
        for byte in record + op.name.encode("utf-8") + b"\0":
            value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return value
