"""What an op table becomes in int8: layers with their additions absorbed, maps and who reads them."""

from __future__ import annotations

import dataclasses
import enum

import convert_path  # noqa: F401
from op_table import INPUT_MAP, NO_MAP, Op, OpKind

# Outputs kept at 14 bits: there the networks lose most (docs/int8.md, Maps).
WIDE_OPS = {
    "retinaface_mnet025": ("stage1.0", "stage1.1.dw"),
    "mobilefacenet_192": ("conv1", "conv2_dw", "gdconv", "fc1"),
}
DENSE = (OpKind.CONV3X3, OpKind.CONV1X1)


class MapKind(enum.Enum):
    PICTURE = "picture"
    NARROW = "narrow"
    WIDE = "wide"
    OUTPUT = "output"


@dataclasses.dataclass(frozen=True)
class Layer:
    """A convolution, and the addition of `addend` to its result where it absorbs one.

    `group` lists the ops of the table that it computes: itself, or conv1x1, [upsample_nearest], add.
    An addend that is smaller than the result is upsampled to the nearest pixel.
    """

    op: Op
    group: tuple[int, ...]
    out: int
    addend: int | None = None

    @property
    def index(self) -> int:
        return self.group[0]

    @property
    def dense(self) -> bool:
        return self.op.kind in DENSE

    @property
    def channels_out(self) -> slice:
        """Channels of the map `out` that this layer writes."""
        return slice(self.op.out_channel_offset, self.op.out_channel_offset + self.op.c_out)


class Network:
    """The layers of an op table, in order, and kind, channels and readers of every stored map."""

    def __init__(self, ops: list[Op], wide_ops: tuple[str, ...] = ()) -> None:
        self.ops = ops
        self.layers = _layers(ops)
        self.channels = {INPUT_MAP: ops[0].c_in}
        self.kind = {INPUT_MAP: MapKind.PICTURE}
        for layer in self.layers:
            self.channels[layer.out] = max(self.channels.get(layer.out, 0), layer.channels_out.stop)
            if layer.op.name in wide_ops:
                self.kind[layer.out] = MapKind.WIDE
            else:
                read = any(layer.out in (other.op.in0, other.addend) for other in self.layers)
                self.kind[layer.out] = MapKind.NARROW if read else MapKind.OUTPUT

    def readers(self, map_id: int) -> list[Layer]:
        """The convolutions that read a map. Those that add it are not among them."""
        return [layer for layer in self.layers if layer.op.in0 == map_id]

    def writers(self, map_id: int) -> list[Layer]:
        return [layer for layer in self.layers if layer.out == map_id]

    def last_use(self) -> dict[int, int]:
        """Of every map, the position in `layers` of the last one that reads it, or writes it."""
        last = {}
        for position, layer in enumerate(self.layers):
            for map_id in (layer.op.in0, layer.addend, layer.out):
                if map_id is not None:
                    last[map_id] = position
        return last


def _layers(ops: list[Op]) -> list[Layer]:
    layers, absorbed = [], set()
    for index, op in enumerate(ops):
        if not op.has_weights:
            if index not in absorbed:
                raise ValueError(f"{op.name}: no conv1x1 to absorb it")
            continue
        readers = [i for i, other in enumerate(ops) if op.out in (other.in0, other.in1)
                   and not (other.kind == OpKind.UPSAMPLE_NEAREST and other.in0 != op.out)]
        if op.kind != OpKind.CONV1X1 or [ops[i].kind for i in readers] != [OpKind.ADD]:
            layers.append(Layer(op, (index,), op.out))
            continue
        addition = ops[readers[0]]
        addend = addition.in1 if addition.in0 == op.out else addition.in0
        group = [index]
        for i, other in enumerate(ops):
            if other.kind == OpKind.UPSAMPLE_NEAREST and other.out == addend:
                group.append(i)
                addend = other.in0
                break
        group.append(readers[0])
        absorbed.update(group[1:])
        layers.append(Layer(op, tuple(group), addition.out, addend))
    assert all(layer.op.in1 == NO_MAP for layer in layers)
    return layers
