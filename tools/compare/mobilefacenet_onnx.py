"""The recogniser's TFLite graph as ONNX files for onnxruntime, with PReLU drawn in three ways."""

from __future__ import annotations

import enum

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper

import inputs  # noqa: F401  (makes the converter's modules importable)
import mobilefacenet
from op_table import Activation, Op, OpKind

INPUT, OUTPUT = "input", "embedding"


class Prelu(enum.Enum):
    """What the graph holds where the network has a PReLU."""

    PUBLISHED = "relu(x) + c (x - |x|)"             # operator for operator as in the TFLite file
    NODE = "PRelu"                                  # one node
    DEPTHWISE = "x + (1 - a) relu(-x)"              # as 1x1 depthwise convolutions, which fuse


def draw(model: bytes, prelu: Prelu) -> bytes:
    """ONNX file: float32 [1, 3, 112, 112] preprocessed RGB to [1, 192], not normalised."""
    graph = _Graph(prelu)
    ops = mobilefacenet.op_table()
    name_of_map = {0: INPUT}
    for op, tensors in zip(ops, mobilefacenet.load_tensors(model), strict=True):
        inner = [name_of_map[op.in0]]
        if op.kind == OpKind.ADD:
            name_of_map[op.out] = graph.node("Add", [*inner, name_of_map[op.in1]], op.name)
        else:
            name_of_map[op.out] = graph.conv(op, tensors, inner[0])
    graph.nodes.append(onnx.helper.make_node("Flatten", [name_of_map[ops[-1].out]], [OUTPUT]))
    value = onnx.helper.make_tensor_value_info
    drawn = onnx.helper.make_graph(
        graph.nodes, mobilefacenet.NAME,
        [value(INPUT, onnx.TensorProto.FLOAT, [1, 3, 112, 112])],
        [value(OUTPUT, onnx.TensorProto.FLOAT, [1, 192])], graph.constants)
    file = onnx.helper.make_model(drawn, opset_imports=[onnx.helper.make_opsetid("", 17)],
                                  ir_version=8)
    onnx.checker.check_model(file)
    return file.SerializeToString()


class _Graph:
    def __init__(self, prelu: Prelu) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._prelu = prelu

    def node(self, kind: str, node_inputs: list[str], name: str, **attributes) -> str:
        # Converters may give an operator and a map one name; a slash keeps them apart.
        output = f"{name}/out"
        self.nodes.append(onnx.helper.make_node(kind, node_inputs, [output], name, **attributes))
        return output

    def constant(self, values: np.ndarray, name: str) -> str:
        self.constants.append(onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def conv(self, op: Op, tensors: dict[str, np.ndarray], x: str) -> str:
        weights = tensors["weights"]
        if op.kind in (OpKind.DEPTHWISE3X3, OpKind.GLOBAL_DEPTHWISE):
            weights = weights.transpose(2, 0, 1)[:, np.newaxis]
            groups = op.c_out
        else:
            weights = weights.transpose(0, 3, 1, 2)
            groups = 1
        after = 1 if op.kind in (OpKind.CONV3X3, OpKind.DEPTHWISE3X3) else 0
        x = self.node("Conv", [x, self.constant(weights, f"{op.name}/weights"),
                               self.constant(tensors["bias"], f"{op.name}/bias")], op.name,
                      kernel_shape=weights.shape[2:], strides=[op.stride] * 2, group=groups,
                      pads=[op.pad_before, op.pad_before, after, after])
        if op.activation == Activation.PRELU:
            return self._draw_prelu(x, tensors["slope"], f"{op.name}/prelu")
        return x

    def _draw_prelu(self, x: str, slope: np.ndarray, name: str) -> str:
        channels = len(slope)
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
                             f"{name}/{part}", kernel_shape=[1, 1], group=channels)

        negated = self.node("Relu", [scaled(x, np.full(channels, -1.0), "negate")], f"{name}/relu")
        return self.node("Add", [x, scaled(negated, 1 - slope, "scale")], name)
