"""The two networks as TFLite files for LiteRT, drawn from the tensors of their published files.

The detector is published as ONNX only; the recogniser's TFLite file is made for two faces and
spells PReLU out in five operators. Here both have constant shapes, one picture and one operator for
each layer.
"""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

import inputs  # noqa: F401  (makes the converter's modules importable)
import mobilefacenet
import retinaface
from op_table import Activation, Op, OpKind

from onnx_models import DETECTOR_OUTPUTS, HEAD_SLICES

BUILTIN = schema.BuiltinOperator
OPTIONS = schema.BuiltinOptions
FUSED = schema.ActivationFunctionType


def detector(model: bytes, height_px: int, width_px: int) -> bytes:
    """float32 [1, H, W, 3] preprocessed BGR to loc, conf (after softmax), landmarks [1, A, n].

    H and W are multiples of 32.
    """
    graph = _Graph()
    ops = retinaface.op_table()
    maps = {0: graph.tensor([1, height_px, width_px, 3])}
    slices: dict[int, dict[int, int]] = {}   # concatenated map: channel offset to slice
    heads: dict[str, list[int]] = {name: [] for name in DETECTOR_OUTPUTS}
    offsets = {op.out for op in ops if op.out_channel_offset}
    for op, tensors in zip(ops, retinaface.load_tensors(model), strict=True):
        if op.in0 in slices and op.in0 not in maps:
            parts = slices[op.in0]
            maps[op.in0] = graph.concat([parts[at] for at in sorted(parts)], 3)
        x = maps[op.in0]
        if op.kind == OpKind.ADD:
            maps[op.out] = graph.add(x, maps[op.in1])
        elif op.kind == OpKind.UPSAMPLE_NEAREST:
            maps[op.out] = graph.enlarge_twice(x)
        elif op.name.startswith("head"):
            for name, (channels, values) in HEAD_SLICES.items():
                y = graph.conv(op, tensors["weights"][channels], tensors["bias"][channels], x)
                heads[name].append(graph.reshape(y, [1, -1, values]))
        else:
            y = graph.activated(op, tensors, x)
            if op.out in offsets:
                slices.setdefault(op.out, {})[op.out_channel_offset] = y
            else:
                maps[op.out] = y
    results = {name: graph.concat(levels, 1) for name, levels in heads.items()}
    results["conf"] = graph.softmax(results["conf"])
    return graph.file(maps[0], [results[name] for name in DETECTOR_OUTPUTS])


def recogniser(model: bytes) -> bytes:
    """float32 [1, 112, 112, 3] preprocessed RGB to embedding [1, 192], not normalised."""
    graph = _Graph()
    ops = mobilefacenet.op_table()
    maps = {0: graph.tensor([1, 112, 112, 3])}
    for op, tensors in zip(ops, mobilefacenet.load_tensors(model), strict=True):
        x = maps[op.in0]
        maps[op.out] = (graph.add(x, maps[op.in1]) if op.kind == OpKind.ADD else
                        graph.activated(op, tensors, x))
    return graph.file(maps[0], [graph.reshape(maps[ops[-1].out], [1, -1])])


class _Graph:
    def __init__(self) -> None:
        self._tensors: list[schema.TensorT] = []
        self._buffers = [schema.BufferT()]   # buffer 0 stands for "no data"
        self._operators: list[schema.OperatorT] = []
        self._codes: list[int] = []

    def tensor(self, shape: list[int], data: np.ndarray | None = None) -> int:
        result = schema.TensorT()
        result.name = f"tensor{len(self._tensors)}".encode()
        result.shape = np.array(shape, np.int32)
        result.type = schema.TensorType.FLOAT32
        result.buffer = 0
        if data is not None:
            if data.dtype == np.int32:
                result.type = schema.TensorType.INT32
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            result.buffer = len(self._buffers)
            self._buffers.append(buffer)
        self._tensors.append(result)
        return len(self._tensors) - 1

    def constant(self, data: np.ndarray) -> int:
        return self.tensor(list(data.shape), data)

    def shape(self, tensor: int) -> list[int]:
        return [int(side) for side in self._tensors[tensor].shape]

    def operator(self, code: int, operands: list[int], shape: list[int], options_type: int = 0,
                 options=None) -> int:
        if code not in self._codes:
            self._codes.append(code)
        result = schema.OperatorT()
        result.opcodeIndex = self._codes.index(code)
        result.inputs = np.array(operands, np.int32)
        output = self.tensor(shape)
        result.outputs = np.array([output], np.int32)
        result.builtinOptionsType = options_type
        result.builtinOptions = options
        self._operators.append(result)
        return output

    def add(self, a: int, b: int) -> int:
        return self.operator(BUILTIN.ADD, [a, b], self.shape(a), OPTIONS.AddOptions,
                             schema.AddOptionsT())

    def concat(self, parts: list[int], axis: int) -> int:
        shape = self.shape(parts[0])
        shape[axis] = sum(self.shape(part)[axis] for part in parts)
        options = schema.ConcatenationOptionsT()
        options.axis = axis
        return self.operator(BUILTIN.CONCATENATION, parts, shape, OPTIONS.ConcatenationOptions,
                             options)

    def reshape(self, x: int, shape: list[int]) -> int:
        rest = int(np.prod(self.shape(x))) // -int(np.prod(shape))
        shape = [rest if side == -1 else side for side in shape]
        options = schema.ReshapeOptionsT()
        options.newShape = np.array(shape, np.int32)
        return self.operator(BUILTIN.RESHAPE, [x, self.constant(np.array(shape, np.int32))], shape,
                             OPTIONS.ReshapeOptions, options)

    def softmax(self, x: int) -> int:
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        return self.operator(BUILTIN.SOFTMAX, [x], self.shape(x), OPTIONS.SoftmaxOptions, options)

    def enlarge_twice(self, x: int) -> int:
        batch, rows, columns, channels = self.shape(x)
        size = self.constant(np.array([2 * rows, 2 * columns], np.int32))
        return self.operator(BUILTIN.RESIZE_NEAREST_NEIGHBOR, [x, size],
                             [batch, 2 * rows, 2 * columns, channels],
                             OPTIONS.ResizeNearestNeighborOptions,
                             schema.ResizeNearestNeighborOptionsT())

    def activated(self, op: Op, tensors: dict[str, np.ndarray], x: int) -> int:
        fused = FUSED.RELU if op.activation == Activation.RELU else FUSED.NONE
        x = self.conv(op, tensors["weights"], tensors["bias"], x, fused)
        if op.activation == Activation.LEAKY_RELU:
            options = schema.LeakyReluOptionsT()
            options.alpha = op.leaky_slope
            return self.operator(BUILTIN.LEAKY_RELU, [x], self.shape(x), OPTIONS.LeakyReluOptions,
                                 options)
        if op.activation == Activation.PRELU:
            slope = self.constant(tensors["slope"].reshape(1, 1, -1))
            return self.operator(BUILTIN.PRELU, [x, slope], self.shape(x))
        return x

    def conv(self, op: Op, weights: np.ndarray, bias: np.ndarray, x: int,
             fused: int = FUSED.NONE) -> int:
        """weights as the converter gives them: [c_out, kh, kw, c_in], depthwise [kh, kw, c]."""
        batch, rows, columns, channels = self.shape(x)
        depthwise = op.kind in (OpKind.DEPTHWISE3X3, OpKind.GLOBAL_DEPTHWISE)
        options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
        options.padding = schema.Padding.SAME
        if op.stride == 2 and op.pad_before == 1:
            # SAME pads even sides at the far end only; this network pads the near end.
            pads = self.constant(np.array([[0, 0], [1, 0], [1, 0], [0, 0]], np.int32))
            x = self.operator(BUILTIN.PAD, [x, pads], [batch, rows + 1, columns + 1, channels],
                              OPTIONS.PadOptions, schema.PadOptionsT())
            options.padding = schema.Padding.VALID
        if op.kind == OpKind.GLOBAL_DEPTHWISE:
            rows, columns = 1, 1
            options.padding = schema.Padding.VALID
        options.strideH = options.strideW = op.stride
        options.fusedActivationFunction = fused
        if depthwise:
            options.depthMultiplier = 1
            weights = weights[np.newaxis]
        shape = [batch, -(-rows // op.stride), -(-columns // op.stride), len(bias)]
        operands = [x, self.constant(weights), self.constant(bias)]
        if depthwise:
            return self.operator(BUILTIN.DEPTHWISE_CONV_2D, operands, shape,
                                 OPTIONS.DepthwiseConv2DOptions, options)
        return self.operator(BUILTIN.CONV_2D, operands, shape, OPTIONS.Conv2DOptions, options)

    def file(self, graph_input: int, outputs: list[int]) -> bytes:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs = np.array([graph_input], np.int32)
        graph.outputs = np.array(outputs, np.int32)
        model = schema.ModelT()
        model.version = 3
        model.subgraphs, model.buffers = [graph], self._buffers
        model.operatorCodes = []
        for code in self._codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode = code
            entry.deprecatedBuiltinCode = min(code, 127)
            model.operatorCodes.append(entry)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
