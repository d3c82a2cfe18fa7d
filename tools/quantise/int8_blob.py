"""Int8 blobs: entries of a quantised network, and every promise of docs/int8.md that a blob can break."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np

import convert_path  # noqa: F401
import blob
import gptq
import integer_reference
import models
import selftest
from blob import PANEL, Dtype, Entry, Layout, Role
from network import Layer, MapKind, Network
from op_table import OpKind, model_id
from requantisation import INT16_MAX, MAX_SHIFT, NARROW_MAX, WIDE_LIMIT

DENSE_LIMIT = 127
DEPTHWISE_LIMIT = 16383
PAIR_LIMIT = 128            # 2 products of uint8: 255 * 128 fits int16
WINOGRAD_MAX_ABS_SUM = 29127
INTEGER_TOLERANCE = 0.5     # elements are integers: the next one is wrong
FLOAT_TOLERANCE = 1e-30     # floats have one right value, and a tolerance must be positive

_VECTOR_DTYPE = {
    Role.BIAS: Dtype.I32, Role.REQUANTISE_SHIFT: Dtype.I32, Role.REQUANTISE_POSITIVE: Dtype.I16,
    Role.REQUANTISE_NEGATIVE: Dtype.I16, Role.REQUANTISE_OFFSET: Dtype.I16, Role.REQUANTISE_ADDEND: Dtype.I16,
    Role.OUTPUT_SCALE: Dtype.F32,
}
_LARGEST_INPUT = {MapKind.PICTURE: NARROW_MAX, MapKind.NARROW: NARROW_MAX, MapKind.WIDE: WIDE_LIMIT}
_3X3 = (OpKind.CONV3X3, OpKind.DEPTHWISE3X3)


def has_winograd(network: Network, layer: Layer) -> bool:
    """True for the filters that Winograd's algorithm computes."""
    return (layer.op.kind == OpKind.CONV3X3 and layer.op.stride == 1 and layer.op.c_in % PANEL == 0
            and layer.op.c_out % PANEL == 0 and network.kind[layer.op.in0] == MapKind.NARROW)


def pair_limit(network: Network, layer: Layer) -> gptq.PairLimit | None:
    """What neighbouring weights of a layer keep to, if anything: docs/int8.md, Weights."""
    if not layer.dense or has_winograd(network, layer) or network.kind[layer.op.in0] == MapKind.WIDE:
        return None
    side = 3 if layer.op.kind == OpKind.CONV3X3 else 1
    return gptq.PairLimit(PAIR_LIMIT, side * layer.op.c_in)


def expected_roles(network: Network, layer: Layer) -> set[Role]:
    roles = {Role.WEIGHTS, Role.BIAS}
    if layer.op.kind in _3X3:
        roles.add(Role.BORDER)
    if network.kind[layer.out] == MapKind.OUTPUT:
        return roles | {Role.OUTPUT_SCALE}
    roles |= {Role.REQUANTISE_SHIFT, Role.REQUANTISE_POSITIVE, Role.REQUANTISE_NEGATIVE}
    if network.kind[layer.out] == MapKind.NARROW:
        roles.add(Role.REQUANTISE_OFFSET)
    if layer.addend is not None:
        roles.add(Role.REQUANTISE_ADDEND)
    return roles


def build(network: Network, tensors: list[dict[str, np.ndarray]], picture: np.ndarray,
          provenance: dict, preprocessing: list[float]) -> bytes:
    """The bytes of a blob; picture is the self-test's, in the blob's channel order."""
    entries = []
    for layer in network.layers:
        for name, values in tensors[layer.index].items():
            entries.append(_entry(network, layer, Role[name.upper()], values))
    for index, output in enumerate(integer_reference.forward(network, tensors, picture)):
        positions = selftest.sample_positions(output.size)
        samples = output.reshape(-1)[positions].astype("<f4")
        tolerance = FLOAT_TOLERANCE if output.dtype == np.float32 else INTEGER_TOLERANCE
        entries.append(Entry(index, Role.SELFTEST_OUTPUT, Dtype.F32, Layout.SAMPLES,
                             (len(samples),) + output.shape, samples.tobytes(), blob.FLAG_OPTIONAL,
                             tolerance))
    entries.append(Entry(blob.WHOLE_MODEL, Role.SELFTEST_INPUT, Dtype.U8, Layout.DENSE, picture.shape,
                         np.ascontiguousarray(picture).tobytes(), blob.FLAG_OPTIONAL))
    text = json.dumps(provenance, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    entries.append(Entry(blob.WHOLE_MODEL, Role.PROVENANCE, Dtype.U8, Layout.DENSE, (len(text),), text,
                         blob.FLAG_OPTIONAL))
    entries.append(Entry(blob.WHOLE_MODEL, Role.PREPROCESSING, Dtype.F32, Layout.DENSE, (5,),
                         np.array(preprocessing, "<f4").tobytes()))
    return blob.write_blob(model_id(network.ops), entries)


def _entry(network: Network, layer: Layer, role: Role, values: np.ndarray) -> Entry:
    if role == Role.WEIGHTS and layer.dense:
        return Entry(layer.index, role, Dtype.I8, Layout.QUADS16, values.shape, blob.pack_quads(values))
    if role == Role.WEIGHTS:
        return Entry(layer.index, role, Dtype.I16, Layout.DEPTHWISE16, values.shape,
                     blob.pack_depthwise(values, Dtype.I16))
    dtype = _VECTOR_DTYPE.get(role)
    if role == Role.BORDER:
        dtype = Dtype.I16 if network.kind[layer.op.in0] == MapKind.WIDE else Dtype.U8
    return Entry(layer.index, role, dtype, Layout.DENSE, values.shape, blob.pack_vector(values, dtype))


def read(network: Network, content: bytes) -> tuple[list[dict[str, np.ndarray]], dict[Role, np.ndarray]]:
    """Tensors of every op, and whole-model entries, of a blob that keeps every rule.

    Raises ValueError that names the first broken one: of the format, of the entries' types and shapes,
    of the ranges of their values, or of the self-test.
    """
    def require(condition: object, message: str) -> None:
        if not condition:
            raise ValueError(f"int8 blob: {message}")

    found_id, entries = blob.read_blob(content)
    require(found_id == model_id(network.ops), "model_id is another network's")
    whole = {e.role: blob.tensor(e) for e in entries if e.op_index == blob.WHOLE_MODEL}
    tensors = models.tensors_of_blob(entries, len(network.ops))
    layer_of = {layer.index: layer for layer in network.layers}
    for entry in entries:
        if entry.op_index == blob.WHOLE_MODEL or entry.role == Role.SELFTEST_OUTPUT:
            continue
        layer = layer_of.get(entry.op_index)
        require(layer is not None, f"op {entry.op_index} has weights")
        name = f"{layer.op.name}, role {entry.role.name}"
        require(entry.role in expected_roles(network, layer), f"{name}: superfluous")
        require(entry == _entry(network, layer, entry.role, blob.tensor(entry)), f"{name}: type or padding")
    for layer in network.layers:
        _check_layer(network, layer, tensors[layer.index], require)

    outputs = integer_reference.forward(network, tensors, whole[Role.SELFTEST_INPUT])
    samples = {e.op_index: e for e in entries if e.role == Role.SELFTEST_OUTPUT}
    require(sorted(samples) == list(range(len(network.ops))), "an op has no self-test")
    for index, output in enumerate(outputs):
        positions = selftest.sample_positions(output.size)
        require(samples[index].dims == (len(positions),) + output.shape, f"self-test of op {index}: shape")
        require(np.array_equal(blob.tensor(samples[index]), output.reshape(-1)[positions].astype("<f4")),
                f"self-test of op {index}: values")
    return tensors, whole


def _check_layer(network: Network, layer: Layer, tensor: dict[str, np.ndarray],
                 require: Callable[[object, str], None]) -> None:
    op, name = layer.op, layer.op.name
    require({Role[key.upper()] for key in tensor} == expected_roles(network, layer), f"{name}: roles missing")
    weights = tensor["weights"].astype(np.int64)
    kernel = {OpKind.CONV1X1: 1, OpKind.GLOBAL_DEPTHWISE: 7}.get(op.kind, 3)
    shape = (op.c_out, kernel, kernel, op.c_in) if layer.dense else (kernel, kernel, op.c_out)
    require(weights.shape == shape, f"{name}: weights {weights.shape}")
    require(np.abs(weights).max() <= (DENSE_LIMIT if layer.dense else DEPTHWISE_LIMIT), f"{name}: weights")
    for key, values in tensor.items():
        channels = op.c_in if key == "border" else op.c_out
        require(key == "weights" or values.shape == (channels,), f"{name}: {key} {values.shape}")

    rows = np.abs(weights).reshape(op.c_out, -1) if layer.dense else np.abs(weights).reshape(-1, op.c_out).T
    sums = rows.sum(axis=1)
    bias = np.abs(tensor["bias"].astype(np.int64))
    largest = bias + sums * _LARGEST_INPUT[network.kind[op.in0]]
    require(largest.max() < 2 ** 31, f"{name}: a sum can exceed int32")
    if has_winograd(network, layer):
        require(sums.max() <= WINOGRAD_MAX_ABS_SUM, f"{name}: a filter is too large for Winograd")
    pairs = pair_limit(network, layer)
    if pairs is not None:
        require(pairs.excess(weights.reshape(op.c_out, -1)).max() <= pairs.sum, f"{name}: neighbouring weights")
    if op.kind in _3X3:
        if network.kind[op.in0] == MapKind.WIDE:
            require(not tensor["border"].any(), f"{name}: a wide border is not zero")
    if network.kind[layer.out] == MapKind.OUTPUT:
        require((tensor["output_scale"] > 0).all(), f"{name}: output_scale")
        return
    shift = tensor["requantise_shift"]
    require(shift.min() >= 0 and shift.max() <= MAX_SHIFT, f"{name}: shift")
    for key in ("requantise_positive", "requantise_negative"):
        # -32768 squared does not fit the result of the instructions that multiply.
        require(tensor[key].min() >= -INT16_MAX, f"{name}: multiplier -32768")
