"""The two networks as ONNX files, drawn from the tensors of their published files.

Shapes are constant, every constant is folded and no convolution is drawn twice, so that an engine
has nothing to clean up before it can be fast.
"""

from __future__ import annotations

import enum

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper

import inputs  # noqa: F401  (makes the converter's modules importable)
import mobilefacenet
import retinaface
from op_table import Activation, Op, OpKind

INPUT = "input"
DETECTOR_OUTPUTS = ("loc", "conf", "landmarks")
RECOGNISER_OUTPUTS = ("embedding",)

# Channels of a head of the op table, and the values of one anchor.
HEAD_SLICES = {"conf": (slice(0, 4), 2), "loc": (slice(4, 12), 4), "landmarks": (slice(12, 32), 10)}


class Prelu(enum.Enum):
    """What the graph holds where the network has a PReLU."""

    PUBLISHED = "published"   # relu(x) + c (x - |x|), operator for operator as in the TFLite file
    NODE = "node"             # PRelu
    DEPTHWISE = "depthwise"   # x + (1 - a) relu(-x), scaled by 1x1 depthwise convolutions


def detector(model: bytes, height_px: int, width_px: int) -> bytes:
    """float32 [1, 3, H, W] preprocessed BGR to loc, conf (after softmax), landmarks [1, A, n].

    H and W are multiples of 32.
    """
    graph = _Graph()
    ops = retinaface.op_table()
    maps = {0: INPUT}
    slices: dict[int, dict[int, str]] = {}   # concatenated map: channel offset to slice
    heads: dict[str, list[str]] = {name: [] for name in DETECTOR_OUTPUTS}
    offsets = {op.out for op in ops if op.out_channel_offset}
    for op, tensors in zip(ops, retinaface.load_tensors(model), strict=True):
        if op.in0 in slices and op.in0 not in maps:
            parts = slices[op.in0]
            maps[op.in0] = graph.node("Concat", [parts[at] for at in sorted(parts)],
                                      f"{op.name}/concat", axis=1)
        x = maps[op.in0]
        if op.kind == OpKind.ADD:
            maps[op.out] = graph.node("Add", [x, maps[op.in1]], op.name)
        elif op.kind == OpKind.UPSAMPLE_NEAREST:
            # Sides are multiples of 32, so every enlargement is by two.
            scales = graph.constant(np.array([1, 1, 2, 2], np.float32), f"{op.name}/scales")
            maps[op.out] = graph.node("Resize", [x, "", scales], op.name, mode="nearest",
                                      coordinate_transformation_mode="asymmetric",
                                      nearest_mode="floor")
        elif op.name.startswith("head"):
            for name, (channels, values) in HEAD_SLICES.items():
                y = graph.conv(op, tensors["weights"][channels], tensors["bias"][channels], x,
                               f"{op.name}/{name}")
                y = graph.node("Transpose", [y], f"{op.name}/{name}/nhwc", perm=[0, 2, 3, 1])
                shape = graph.constant(np.array([1, -1, values]), f"{op.name}/{name}/shape")
                heads[name].append(graph.node("Reshape", [y, shape], f"{op.name}/{name}/rows"))
        else:
            y = graph.activated(op, tensors, x)
            if op.out in offsets:
                slices.setdefault(op.out, {})[op.out_channel_offset] = y
            else:
                maps[op.out] = y
    for name, levels in heads.items():
        if name == "conf":
            graph.node("Softmax", [graph.node("Concat", levels, "logits", axis=1)], name, name,
                       axis=2)
        else:
            graph.node("Concat", levels, name, name, axis=1)
    anchors = sum(2 * (height_px // stride) * (width_px // stride) for stride in (8, 16, 32))
    return graph.file(retinaface.NAME, [1, 3, height_px, width_px],
                      {name: [1, anchors, HEAD_SLICES[name][1]] for name in DETECTOR_OUTPUTS})


def recogniser(model: bytes, prelu: Prelu) -> bytes:
    """float32 [1, 3, 112, 112] preprocessed RGB to embedding [1, 192], not normalised."""
    graph = _Graph(prelu)
    ops = mobilefacenet.op_table()
    maps = {0: INPUT}
    for op, tensors in zip(ops, mobilefacenet.load_tensors(model), strict=True):
        x = maps[op.in0]
        if op.kind == OpKind.ADD:
            maps[op.out] = graph.node("Add", [x, maps[op.in1]], op.name)
        else:
            maps[op.out] = graph.activated(op, tensors, x)
    graph.node("Flatten", [maps[ops[-1].out]], "flatten", RECOGNISER_OUTPUTS[0])
    return graph.file(mobilefacenet.NAME, [1, 3, 112, 112], {RECOGNISER_OUTPUTS[0]: [1, 192]})


def multiply_adds(ops: list[Op], height_px: int, width_px: int) -> int:
    """Of all convolutions, computed by their definition, for one picture."""
    sides = {0: (height_px, width_px)}
    count = 0
    for op in ops:
        rows, columns = sides[op.in1 if op.kind == OpKind.UPSAMPLE_NEAREST else op.in0]
        taps = {OpKind.CONV3X3: 9, OpKind.DEPTHWISE3X3: 9, OpKind.CONV1X1: 1,
                OpKind.GLOBAL_DEPTHWISE: rows * columns}.get(op.kind, 0)
        if op.kind == OpKind.GLOBAL_DEPTHWISE:
            rows, columns = 1, 1
        rows, columns = -(-rows // op.stride), -(-columns // op.stride)
        sides[op.out] = (rows, columns)
        depthwise = op.kind in (OpKind.DEPTHWISE3X3, OpKind.GLOBAL_DEPTHWISE)
        count += rows * columns * op.c_out * taps * (1 if depthwise else op.c_in)
    return count


class _Graph:
    def __init__(self, prelu: Prelu = Prelu.NODE) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._prelu = prelu

    def node(self, kind: str, node_inputs: list[str], name: str, output: str = "",
             **attributes) -> str:
        # Converters may give an operator and a map one name; a slash keeps them apart.
        output = output or f"{name}/out"
        self._nodes.append(onnx.helper.make_node(kind, node_inputs, [output], f"{name}/op",
                                                 **attributes))
        return output

    def constant(self, values: np.ndarray, name: str) -> str:
        self._constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def conv(self, op: Op, weights: np.ndarray, bias: np.ndarray, x: str, name: str) -> str:
        """weights as the converter gives them: [c_out, kh, kw, c_in], depthwise [kh, kw, c]."""
        depthwise = op.kind in (OpKind.DEPTHWISE3X3, OpKind.GLOBAL_DEPTHWISE)
        weights = (weights.transpose(2, 0, 1)[:, np.newaxis] if depthwise else
                   weights.transpose(0, 3, 1, 2))
        after = 1 if op.kind in (OpKind.CONV3X3, OpKind.DEPTHWISE3X3) else 0
        return self.node("Conv", [x, self.constant(weights, f"{name}/weights"),
                                  self.constant(bias, f"{name}/bias")], name,
                         kernel_shape=weights.shape[2:], strides=[op.stride] * 2,
                         group=op.c_out if depthwise else 1,
                         pads=[op.pad_before, op.pad_before, after, after])

    def activated(self, op: Op, tensors: dict[str, np.ndarray], x: str) -> str:
        x = self.conv(op, tensors["weights"], tensors["bias"], x, op.name)
        name = f"{op.name}/activation"
        if op.activation == Activation.RELU:
            return self.node("Relu", [x], name)
        if op.activation == Activation.LEAKY_RELU:
            return self.node("LeakyRelu", [x], name, alpha=op.leaky_slope)
        if op.activation == Activation.PRELU:
            return self._draw_prelu(x, tensors["slope"], name)
        return x

    def _draw_prelu(self, x: str, slope: np.ndarray, name: str) -> str:
        if self._prelu == Prelu.NODE:
            return self.node("PRelu", [x, self.constant(slope.reshape(-1, 1, 1), f"{name}/slope")],
                             name)
        if self._prelu == Prelu.PUBLISHED:
            half = self.constant((slope / 2).reshape(-1, 1, 1), f"{name}/half_slope")
            positive = self.node("Relu", [x], f"{name}/relu")
            negative = self.node("Sub", [x, self.node("Abs", [x], f"{name}/abs")], f"{name}/sub")
            return self.node("Add", [positive, self.node("Mul", [half, negative], f"{name}/mul")],
                             name)

        def scaled(y: str, factors: np.ndarray, part: str) -> str:
            weights = factors.astype(np.float32).reshape(-1, 1, 1, 1)
            return self.node("Conv", [y, self.constant(weights, f"{name}/{part}_factors")],
                             f"{name}/{part}", kernel_shape=[1, 1], group=len(slope))

        negated = self.node("Relu", [scaled(x, np.full(len(slope), -1.0), "negate")],
                            f"{name}/relu")
        return self.node("Add", [x, scaled(negated, 1 - slope, "scale")], name)

    def file(self, name: str, input_shape: list[int], outputs: dict[str, list[int]]) -> bytes:
        value, float_type = onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
        graph = onnx.helper.make_graph(
            self._nodes, name, [value(INPUT, float_type, input_shape)],
            [value(key, float_type, shape) for key, shape in outputs.items()], self._constants)
        file = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)],
                                      ir_version=8)
        onnx.checker.check_model(file, full_check=True)
        return file.SerializeToString()
