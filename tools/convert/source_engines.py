"""Runs the source models in their own engines: the truth that the conversion is compared with."""

from __future__ import annotations

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

from op_table import Op


def run_detector(model: bytes, network_input: np.ndarray) -> tuple[np.ndarray, ...]:
    """(loc [1, A, 4], conf [1, A, 2], landms [1, A, 10]) of the ONNX file, float32.

    network_input is [H, W, 3], preprocessed, in BGR; H and W are free.
    """
    options = onnxruntime.SessionOptions()
    # Fused and reordered kernels round differently; the plain graph is the reference.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    batch = network_input.astype(np.float32).transpose(2, 0, 1)[np.newaxis]
    return tuple(session.run(["loc", "conf", "landmarks"], {session.get_inputs()[0].name: batch}))


def run_recogniser(model: bytes, network_input: np.ndarray) -> np.ndarray:
    """Embedding [1, 192] of the TFLite file, float32, not normalised.

    network_input is [112, 112, 3], preprocessed, in RGB. The file is drawn for a batch of 2: both
    get the same face.
    """
    interpreter = Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    batch = np.stack([network_input.astype(np.float32)] * 2)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], batch)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[:1].copy()


def detector_outputs(ops: list[Op], outputs: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """(loc, conf, landms) in the ONNX file's shapes, from the op outputs of the op table."""
    heads = [y for op, y in zip(ops, outputs, strict=True) if op.name.startswith("head")]
    scores = np.concatenate([head[:, :, :4].reshape(-1, 2) for head in heads])
    loc = np.concatenate([head[:, :, 4:12].reshape(-1, 4) for head in heads])
    landms = np.concatenate([head[:, :, 12:].reshape(-1, 10) for head in heads])
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    conf = powers / powers.sum(axis=1, keepdims=True)
    return loc[np.newaxis], conf[np.newaxis], landms[np.newaxis]
