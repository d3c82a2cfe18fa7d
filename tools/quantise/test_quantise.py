"""Proof of the quantiser. Run with pytest, or `python tools/quantise/test_quantise.py`.

The blobs of tools/convert must lie in weights/. Int8 blobs that lie there too are checked against
every rule of docs/int8.md.
"""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
import unittest

import convert_path
import numpy as np
import PIL.Image

import blob
import calibration
import convolution
import faces
import float_network
import headroom
import int8_blob
import integer_reference
import layers
import models
import pairing
import quantise
import ranges
import reference
import requantisation
from blob import Dtype, Entry, Layout, Role
from network import WIDE_OPS, MapKind, Network
from op_table import Activation, OpKind, TableBuilder
from requantisation import Constants

_WEIGHTS = convert_path.ROOT / "weights"


def column(*values) -> np.ndarray:
    """[n, 1, 1] map of these values."""
    return np.array(values, np.int64).reshape(-1, 1, 1)


class RequantisationTest(unittest.TestCase):
    """Answers worked out by hand from docs/int8.md."""

    def test_narrow(self):
        # One half below zero and the whole above, offset of zero point 10.
        constants = Constants(np.array([2]), np.array([16384]), np.array([8192]), np.array([168]))
        #  402 >> 2 = 100; 100 / 2 = 50;      (50 + 168) >> 4 = 13
        # -402 >> 2 = -101; -101 / 4 = -25.25 -> -25; (-25 + 168) >> 4 = 8
        #  131068 >> 2 = 32767 -> 16384 (16383.5 rounded up), clamped to 255; beyond int16 alike
        q = requantisation.requantise(column(402, -402, 131068, 2 ** 31 - 1, -2 ** 31), constants)
        self.assertEqual(q.reshape(-1).tolist(), [13, 8, 255, 255, 0])

    def test_products_are_rounded_half_up(self):
        constants = Constants(np.array([0]), np.array([16384]), np.array([16384]), None)
        # a / 2: 0.5 -> 1, -0.5 -> 0, 1.5 -> 2, -1.5 -> -1.
        q = requantisation.requantise(column(1, -1, 3, -3), constants)
        self.assertEqual(q.reshape(-1).tolist(), [1, 0, 2, -1])

    def test_wide_is_clamped_on_both_sides(self):
        constants = Constants(np.array([1]), np.array([32767]), np.array([-32767]), None)
        q = requantisation.requantise(column(2000, 16382, 16390, -2000, -16400), constants)
        # 1000 * 32767 / 32768 = 999.97 -> 1000; 8191 -> 8190.75 -> 8191; a negative slope turns back up.
        self.assertEqual(q.reshape(-1).tolist(), [1000, 8191, 8191, 1000, 8191])
        self.assertEqual(requantisation.requantise(
            column(-2 ** 31), dataclasses.replace(constants, negative=np.array([32767]))).item(), -8191)

    def test_addend(self):
        # q_addend 20 with s_addend / s_out = 0.5: 2048. 20 * 128 * 2048 / 2^15 = 160 sixteenths.
        offset, addend = requantisation.offsets(np.array([3]), np.array([0.5]), np.array([6]))
        self.assertEqual((offset.tolist(), addend.tolist()), ([16 * 3 + 8 - 48], [2048]))
        _, coarser = requantisation.offsets(np.array([3]), np.array([2.5]), np.array([6]))
        self.assertEqual(coarser.tolist(), [10240])
        constants = Constants(np.array([0]), np.array([16384]), np.array([16384]), offset, addend)
        # real: (20 - 6) / 2 = 7 steps of the addend and 64 / 2 / 16 = 2 of the sum, zero point 3: 12.
        self.assertEqual(requantisation.requantise(column(64), constants, column(20)).item(), 12)
        # The sum saturates before the addend comes in, and again after it.
        large = dataclasses.replace(constants, positive=np.array([32767]))
        self.assertEqual(requantisation.requantise(column(2 ** 20), large, column(255)).item(), 255)

    def test_multipliers(self):
        # M = 2^-10: M * 2^19 = 512; 2^5 more gives 16384, one shift more would give 32768.
        shift, positive, negative = requantisation.multipliers(
            np.array([2.0 ** -10] * 4), np.array([1.0, 0.0, 0.1, -4.0]), wide=False)
        self.assertEqual(shift.tolist(), [5, 5, 5, 3])
        self.assertEqual(positive.tolist(), [16384, 16384, 16384, 4096])
        self.assertEqual(negative.tolist(), [16384, 0, 1638, -16384])
        shift, positive, _ = requantisation.multipliers(np.array([2.0 ** -10]), np.ones(1), wide=True)
        self.assertEqual((shift.item(), positive.item()), (9, 16384))
        # Just below a power of two the multiplier would round up to 32768.
        shift, positive, _ = requantisation.multipliers(np.array([2.0 ** -9 * (1 - 1e-9)]), np.ones(1), False)
        self.assertEqual((shift.item(), positive.item()), (4, 16384))
        # A dead channel, and the coarsest multiplier.
        shift, positive, _ = requantisation.multipliers(np.array([1e-30]), np.ones(1), False)
        self.assertEqual((shift.item(), positive.item()), (31, 0))
        with self.assertRaises(ValueError):
            requantisation.multipliers(np.array([2.0 ** -4]), np.ones(1), False)
        self.assertEqual(requantisation.half_unit(np.array([0, 1, 5])).tolist(), [0, 1, 16])

    def test_against_real_arithmetic(self):
        random = np.random.default_rng(0)
        scale = 2.0 ** random.uniform(-18, -8, 64)
        slope = random.uniform(-8, 8, 64)
        zero = random.integers(0, 256, 64)
        shift, positive, negative = requantisation.multipliers(scale, slope, False)
        constants = Constants(shift, positive, negative, *requantisation.offsets(zero))
        total = (random.uniform(-300, 300, (1000, 64)) / (scale * np.maximum(1, np.abs(slope)))).astype(np.int64)
        q = requantisation.requantise(total + requantisation.half_unit(shift), constants)
        real = total * scale * np.where(total < 0, slope, 1) + zero
        error = np.abs(q - np.clip(real, 0, 255))
        self.assertLess(error.max(), 0.5 + 0.2)     # a sixteenth for either rounding, and the multiplier's own
        self.assertLess(np.mean(error > 0.5), 0.1)


class HeadroomTest(unittest.TestCase):
    def make_room(self, step, scale, zero, slope, lowest, highest, **kind):
        kind = {"wide": False, "dense": True, "added": False, **kind}
        arrays = [np.array([float(v)]) for v in (step, slope, lowest, highest)]
        out = ranges.Scales(np.array([float(scale)]), np.array([float(zero)]))
        step, out = headroom.make_room(arrays[0], out, *arrays[1:], **kind)
        return step.item(), out.scale.item(), out.zero.item()

    def test_nothing_changes_where_there_is_room(self):
        # 255 steps of 1 below zero: 4080 sixteenths of at most 16384 that either branch reaches.
        self.assertEqual(self.make_room(2 ** -10, 1, 128, 1, -128, 127), (2 ** -10, 1, 128))
        # The branch of slope 0.01 reaches 163 sixteenths, 10 steps; it needs 5.
        self.assertEqual(self.make_room(2 ** -10, 1, 5, 0.01, -500, 250), (2 ** -10, 1, 5))

    def test_a_multiplier_beyond_int16(self):
        _, scale, _ = self.make_room(1, 4, 0, 1, 0, 100)
        # 1 / scale * 2^19 <= 32767.
        self.assertAlmostEqual(scale, 2 ** 19 / 32767, delta=0.01)

    def test_a_weak_branch_that_would_saturate(self):
        # Slope -17: 17 * 2^9 = 8704 fits with shift 1, so sums up to 32767 * 2 / 1024 = 64 steps do not saturate.
        # Above zero the output ends after 100 steps; below, after 9.
        for dense in (True, False):
            step, scale, zero = self.make_room(2 ** -10, 1, 155, -17, -0.1, 200, dense=dense)
            shift, _, _ = requantisation.multipliers(np.array([step / scale]), np.array([-17.0]), wide=False)
            self.assertGreaterEqual(32767 * 2 ** shift.item() * step, (255 - zero) * scale)
            # 8-bit weights keep their steps where a coarser output costs less; 15-bit ones have some to spare.
            self.assertEqual((step > 2 ** -10, scale > 1), (not dense, dense))
            self.assertLess(scale * step, 1.6 * 2 ** -10)
        # An addend may bring such sums back into the range, so none of them may saturate.
        step, scale, _ = self.make_room(2 ** -10, 1, 128, 1, -100, 2000, added=True)
        shift, _, _ = requantisation.multipliers(np.array([step / scale]), np.ones(1), wide=False)
        self.assertGreaterEqual(32767 * 2 ** shift.item() * step, 2000)


class NetworkTest(unittest.TestCase):
    def network(self, model: models.Model) -> Network:
        return Network(model.op_table(), WIDE_OPS[model.name])

    def test_additions_are_absorbed(self):
        detector = self.network(models.DETECTOR)
        names = [op.name for op in detector.ops]
        groups = {layer.op.name: ([names[i] for i in layer.group], names[_writer(detector, layer.addend)])
                  for layer in detector.layers if layer.addend is not None}
        self.assertEqual(groups, {
            "fpn.output2": (["fpn.output2", "fpn.up3", "fpn.add2"], "fpn.output3"),
            "fpn.output1": (["fpn.output1", "fpn.up2", "fpn.add1"], "fpn.merge2")})
        self.assertEqual(len(detector.layers), 50)

        recogniser = self.network(models.RECOGNISER)
        names = [op.name for op in recogniser.ops]
        absorbing = [layer for layer in recogniser.layers if layer.addend is not None]
        self.assertEqual(len(absorbing), 12)
        first, second = absorbing[:2]
        self.assertEqual([names[i] for i in first.group], ["conv4.0.project", "conv4.0.add"])
        self.assertEqual(names[_writer(recogniser, first.addend)], "conv3.project")
        self.assertEqual(second.addend, first.out)

    def test_kinds_of_maps(self):
        for model, wide, outputs in ((models.DETECTOR, 2, 3), (models.RECOGNISER, 4, 1)):
            kinds = list(self.network(model).kind.values())
            self.assertEqual((kinds.count(MapKind.WIDE), kinds.count(MapKind.OUTPUT)), (wide, outputs))


def _writer(network: Network, map_id: int) -> int:
    return network.writers(map_id)[0].index


class ConvolutionTest(unittest.TestCase):
    """The converter's float64 reference sums term by term; integers make both exact."""

    def test_against_the_converters_reference(self):
        random = np.random.default_rng(0)
        for kind, size, fields in (
                (OpKind.CONV3X3, (7, 6), {"stride": 2}), (OpKind.CONV3X3, (6, 8), {"stride": 2, "pad_before": 0}),
                (OpKind.CONV3X3, (5, 4), {}), (OpKind.CONV1X1, (3, 5), {}), (OpKind.DEPTHWISE3X3, (7, 4), {}),
                (OpKind.DEPTHWISE3X3, (8, 6), {"stride": 2, "pad_before": 0}),
                (OpKind.GLOBAL_DEPTHWISE, (7, 7), {})):
            dense = kind in (OpKind.CONV3X3, OpKind.CONV1X1)
            kernel = {OpKind.CONV1X1: 1, OpKind.GLOBAL_DEPTHWISE: 7}.get(kind, 3)
            builder = TableBuilder()
            builder.append(kind, "op", 0, 5, 6 if dense else 5, **fields)
            shape = (6, kernel, kernel, 5) if dense else (kernel, kernel, 5)
            weights = random.integers(-127, 128, shape)
            x = random.integers(-255, 256, (*size, 5))
            bias = np.zeros(builder.ops[0].c_out)
            expected = reference.forward(builder.ops, [{"weights": weights, "bias": bias}], x)[0]
            for dtype in (np.int64, np.float64):
                actual = convolution.convolve(x.astype(dtype), weights, builder.ops[0])
                self.assertEqual(actual.dtype, dtype)
                np.testing.assert_array_equal(actual, expected)
                # A border of z around q is a border of zero around q - z.
                shifted = convolution.convolve((x + 9).astype(dtype), weights, builder.ops[0], 9)
                total = weights.reshape(6, -1).sum(1) if dense else weights.sum((0, 1))
                np.testing.assert_array_equal(shifted - 9 * total, expected)


def _requantise(**values: int) -> dict[str, np.ndarray]:
    return {f"requantise_{name}": np.array([value]) for name, value in values.items()}


class IntegerReferenceTest(unittest.TestCase):
    def test_a_residual_block_by_hand(self):
        builder = TableBuilder()
        x = builder.append(OpKind.CONV1X1, "first", 0, 1, 1)
        y = builder.append(OpKind.CONV1X1, "second", x, 1, 1)
        total = builder.append(OpKind.ADD, "sum", y, 1, 1, in1=x)
        builder.append(OpKind.CONV1X1, "last", total, 1, 1)
        network = Network(builder.ops)
        half = _requantise(positive=16384, negative=16384, shift=0)
        tensors = [
            # 10 * 32 = 320; half of it 160 sixteenths: 10, and zero point 2.
            {"weights": np.full((1, 1, 1, 1), 32), "bias": np.array([0]),
             **_requantise(offset=40), **half},
            # 12 * 16 + 64 = 256: 128 sixteenths; the addend: 12 * 128 * 4096 / 2^15 = 192. 328 >> 4 = 20.
            {"weights": np.full((1, 1, 1, 1), 16), "bias": np.array([64]),
             **_requantise(offset=8, addend=4096), **half},
            {},
            {"weights": np.full((1, 1, 1, 1), 3), "bias": np.array([-10]), "output_scale": np.float32([0.5])}]
        outputs = integer_reference.forward(network, tensors, np.array([[[10]]], np.uint8))
        self.assertEqual([float(output.item()) for output in outputs], [12, 20, 20, 25])

    def test_a_coarse_addend_is_read_at_its_nearest_pixel(self):
        builder = TableBuilder()
        fine = builder.append(OpKind.CONV1X1, "fine", 0, 1, 1)
        coarse = builder.append(OpKind.CONV3X3, "coarse", fine, 1, 1, stride=2)
        lateral = builder.append(OpKind.CONV1X1, "lateral", fine, 1, 1)
        up = builder.append(OpKind.UPSAMPLE_NEAREST, "up", coarse, 1, 1, in1=lateral)
        total = builder.append(OpKind.ADD, "sum", lateral, 1, 1, in1=up)
        builder.append(OpKind.CONV1X1, "last", total, 1, 1)
        network = Network(builder.ops)
        centre = np.zeros((1, 3, 3, 1), np.int64)
        centre[0, 1, 1, 0] = 32
        copy = {"weights": np.full((1, 1, 1, 1), 32), "bias": np.array([0]),
                **_requantise(positive=16384, negative=16384, shift=0, offset=8)}
        tensors = [copy, {**copy, "weights": centre, "border": np.array([0])},
                   {**copy, "weights": np.zeros((1, 1, 1, 1), int), **_requantise(addend=4096)}, {}, {},
                   {"weights": np.ones((1, 1, 1, 1), int), "bias": np.array([0]), "output_scale": np.float32([1])}]
        picture = np.arange(5, dtype=np.uint8).reshape(1, 5, 1)
        outputs = integer_reference.forward(network, tensors, picture)
        self.assertEqual(outputs[1].reshape(-1).tolist(), [0, 2, 4])
        # Source column floor(i * 3 / 5) of i = 0..4 is 0, 0, 1, 1, 2.
        self.assertEqual(outputs[-1].reshape(-1).tolist(), [0, 0, 2, 2, 4])
        self.assertTrue(outputs[2] is outputs[3] is outputs[4])


class FacesTest(unittest.TestCase):
    def test_align_turns_and_scales(self):
        """Landmarks that are the template turned by 90 degrees and doubled: the crop turns back."""
        picture = np.zeros((300, 300, 3), np.uint8)
        turned = np.stack([250 - 2 * faces.TEMPLATE_PX[:, 1], 20 + 2 * faces.TEMPLATE_PX[:, 0]], axis=1)
        for x, y in turned:
            picture[round(y) - 3:round(y) + 4, round(x) - 3:round(x) + 4] = 200
        crop = faces.align(picture, turned)
        for x, y in faces.TEMPLATE_PX:
            self.assertEqual(crop[round(y), round(x)].tolist(), [200, 200, 200])
        self.assertEqual(crop[0, 0].tolist(), [0, 0, 0])

    def test_detect_decodes_and_suppresses(self):
        heads = [np.zeros((8, 8, 32)), np.zeros((4, 4, 32)), np.zeros((2, 2, 32))]
        for head in heads:
            head[..., 0] = head[..., 2] = 9     # background
        heads[1][1, 2, 2:4] = [0, 3]            # second anchor: 128 px, centred at x 40, y 24
        heads[1][1, 2, 8:12] = [0.5, 0, 0, np.log(2) / 0.2]
        heads[1][1, 2, 22:24] = [1, -1]
        heads[1][1, 1, 2:4] = [0, 2]            # the same face again, 16 px further left
        heads[1][1, 1, 8:12] = [0.5, 0, 0, np.log(2) / 0.2]
        found = faces.detect(heads, 0.5)
        self.assertEqual(len(found), 1)
        self.assertAlmostEqual(found[0].score, 1 / (1 + np.exp(-3)))
        np.testing.assert_allclose(found[0].box, [46.4 - 64, 24 - 128, 46.4 + 64, 24 + 128])
        np.testing.assert_allclose(found[0].landmarks[0], [40 + 12.8, 24 - 12.8])
        np.testing.assert_allclose(found[0].landmarks[1], [40, 24])


class SmallNetworkTest(unittest.TestCase):
    """The whole path on a network of all kinds of layers and on random pictures."""

    def setUp(self):
        builder = TableBuilder()
        x = builder.append(OpKind.CONV3X3, "stem", 0, 3, 16, stride=2, activation=Activation.PRELU)
        x = builder.append(OpKind.DEPTHWISE3X3, "dw", x, 16, 16, activation=Activation.PRELU)
        x = builder.append(OpKind.CONV1X1, "pw", x, 16, 32, activation=Activation.LEAKY_RELU, leaky_slope=0.1)
        y = builder.append(OpKind.CONV3X3, "dense", x, 32, 32, activation=Activation.RELU)
        y = builder.append(OpKind.CONV1X1, "project", y, 32, 32)
        x = builder.append(OpKind.ADD, "add", y, 32, 32, in1=x)
        x = builder.append(OpKind.DEPTHWISE3X3, "second", x, 32, 32, stride=2, activation=Activation.PRELU)
        builder.append(OpKind.CONV1X1, "head", x, 32, 8)
        random = np.random.default_rng(5)
        self.network = Network(builder.ops, ("stem",))
        self.tensors = []
        for op in builder.ops:
            if not op.has_weights:
                self.tensors.append({})
                continue
            dense = op.kind in (OpKind.CONV3X3, OpKind.CONV1X1)
            kernel = 1 if op.kind == OpKind.CONV1X1 else 3
            shape = (op.c_out, kernel, kernel, op.c_in) if dense else (kernel, kernel, op.c_out)
            terms = np.prod(shape[1:]) if dense else kernel * kernel
            tensor = {"weights": random.normal(size=shape).astype(np.float32) / np.sqrt(terms),
                      "bias": random.normal(size=op.c_out).astype(np.float32) * 0.1}
            if op.activation == Activation.PRELU:
                # Steep on either side: the branch with the smaller multiplier reaches 1/16 of the other's range.
                tensor["slope"] = random.choice([-9, -0.5, 0.02, 0.3, 9], op.c_out).astype(np.float32)
            self.tensors.append(tensor)
        self.pictures = [random.integers(0, 256, size, dtype=np.uint8) for size in ((33, 40, 3), (24, 31, 3))]
        self.mean, self.scale = np.array([127.5] * 3), 1 / 64
        self.inputs = [(picture - self.mean) * self.scale for picture in self.pictures]

    def scales(self):
        found = {layer.out: ranges.gather(outputs) for layer, outputs in
                 float_network.forward(self.network, self.tensors, self.inputs)}
        weights = {i: t["weights"] for i, t in enumerate(self.tensors) if t}
        scales = {m: ranges.choose(self.network, weights, m, s) for m, s in found.items()
                  if self.network.readers(m)}
        return {0: ranges.Scales(np.full(3, self.scale), self.mean), **scales}

    def test_integers_follow_the_float_network(self):
        scales = self.scales()
        integer, reports = layers.quantise(self.network, self.tensors, scales, self.pictures)
        for report in reports:
            print(f"{report.name}: {report.signal_to_noise_db:.1f} dB")
            self.assertGreater(report.signal_to_noise_db, 30)

        # The bytes keep all promises, and hold what the quantiser saw while it worked.
        content = int8_blob.build(self.network, integer, self.pictures[0], {}, [0, *self.mean, self.scale])
        tensors, whole = int8_blob.read(self.network, content)
        self.assertEqual(whole[Role.PREPROCESSING].tolist(), [0, 127.5, 127.5, 127.5, 1 / 64])
        outputs = integer_reference.forward(self.network, tensors, self.pictures[0])
        exact = reference.forward(self.network.ops, self.tensors, self.inputs[0])
        noise = ((outputs[-1] - exact[-1]) ** 2).sum() / (exact[-1] ** 2).sum()
        self.assertLess(10 * np.log10(noise), -30)
        for a, b in zip(outputs, integer_reference.forward(self.network, tensors, self.pictures[0], np.float64),
                        strict=True):
            np.testing.assert_array_equal(a, b)
        # Every narrow and wide map is its own scale times its elements.
        for layer in self.network.layers[:-1]:
            real = scales[layer.out].scale * (outputs[layer.index] - scales[layer.out].zero)
            expected = exact[layer.group[-1]]
            self.assertLess(((real - expected) ** 2).sum() / (expected ** 2).sum(), 1e-3, layer.op.name)

        again, _ = layers.quantise(self.network, self.tensors, self.scales(), self.pictures)
        self.assertEqual(content, int8_blob.build(self.network, again, self.pictures[0], {},
                                                  [0, *self.mean, self.scale]))

    def test_another_order_of_channels_is_the_same_network(self):
        # Filters that like neighbours of one sign: as they are, most rows of "project" and "pw" break the limit.
        for layer in self.network.layers:
            if layer.op.name in ("pw", "project", "head"):
                weights = self.tensors[layer.index]["weights"]
                weights[:, :, :, 1::2] = weights[:, :, :, ::2]
        scales = self.scales()
        ordered, ordered_scales = pairing.reorder(self.network, self.tensors, scales)

        def excess(tensors, of_scales, name):
            layer = next(layer for layer in self.network.layers if layer.op.name == name)
            folded = tensors[layer.index]["weights"] * of_scales[layer.op.in0].scale
            rows = folded.reshape(len(folded), -1) / np.abs(folded).reshape(len(folded), -1).max(axis=1, keepdims=True)
            return np.maximum(int8_blob.pair_limit(self.network, layer).excess(rows * 127) - 128, 0).mean()

        for name in ("pw", "project", "head"):
            self.assertLess(excess(ordered, ordered_scales, name), 0.25 * excess(self.tensors, scales, name), name)
        for (layer, before), (_, after) in zip(float_network.forward(self.network, self.tensors, self.inputs[:1]),
                                               float_network.forward(self.network, ordered, self.inputs[:1]),
                                               strict=True):
            if layer.op.name != "head":     # the same channels, elsewhere
                before, after = [np.sort(y[0], axis=2) for y in (before, after)]
            np.testing.assert_allclose(after, before, rtol=0, atol=2e-4, err_msg=layer.op.name)

    def test_neighbours_are_checked(self):
        integer, _ = layers.quantise(self.network, self.tensors, self.scales(), self.pictures)
        index = next(layer.index for layer in self.network.layers if layer.op.name == "project")
        integer[index]["weights"][0, 0, 0, 4:6] = 65, 64
        content = int8_blob.build(self.network, integer, self.pictures[0], {}, [0, *self.mean, self.scale])
        with self.assertRaisesRegex(ValueError, "project: neighbouring weights"):
            int8_blob.read(self.network, content)

    def test_filters_are_small_enough_for_winograd(self):
        """32 * 9 weights of one magnitude: at +-127 their sum would be 36576."""
        layer = next(layer for layer in self.network.layers if layer.op.name == "dense")
        random = np.random.default_rng(6)
        filters = random.choice([-1.0, 1.0], (32, 3, 3, 32))
        inputs = [random.integers(-99, 99, (9, 8, 32)).astype(np.float64)]
        rounded, step = layers._round_weights(self.network, layer, filters, np.full(32, 1 / 127), inputs, np.zeros(32))
        sums = np.abs(rounded).sum(axis=(1, 2, 3))
        self.assertLessEqual(sums.max(), 29127)
        self.assertGreater(sums.min(), 28000)
        self.assertLess(np.abs(rounded * step[:, np.newaxis, np.newaxis, np.newaxis] - filters).max(), 0.02)

    def test_the_reader_refuses_what_breaks_a_rule(self):
        integer, _ = layers.quantise(self.network, self.tensors, self.scales(), self.pictures)
        content = int8_blob.build(self.network, integer, self.pictures[0], {}, [0, *self.mean, self.scale])
        model_id, entries = blob.read_blob(content)
        index = next(layer.index for layer in self.network.layers if layer.op.name == "dense")

        def changed(role: Role, values: np.ndarray) -> bytes:
            kept = [e for e in entries if (e.op_index, e.role) != (index, role)]
            if values is not None:
                layer = next(layer for layer in self.network.layers if layer.index == index)
                kept.append(int8_blob._entry(self.network, layer, role, values))
            return blob.write_blob(model_id, kept)

        tensor = integer[index]
        full = np.full_like(tensor["weights"], 127)
        cases = [
            ("missing", changed(Role.REQUANTISE_POSITIVE, None)),
            ("superfluous", changed(Role.REQUANTISE_ADDEND, tensor["requantise_positive"])),
            ("Winograd", changed(Role.WEIGHTS, full)),
            ("exceed int32", changed(Role.BIAS, np.full(32, 2 ** 31 - 1))),
            ("shift", changed(Role.REQUANTISE_SHIFT, np.full(32, 32))),
            ("self-test", changed(Role.REQUANTISE_OFFSET, tensor["requantise_offset"] + 16)),
            ("multiplier", changed(Role.REQUANTISE_NEGATIVE, np.full(32, -32768))),
        ]
        for message, broken in cases:
            with self.assertRaisesRegex(ValueError, message):
                int8_blob.read(self.network, broken)
        stray = Entry(index, Role.BORDER, Dtype.U8, Layout.DENSE, (32,), bytes(31) + b"\1")
        with self.assertRaises(ValueError):
            int8_blob.read(self.network, blob.write_blob(
                model_id, [e for e in entries if (e.op_index, e.role) != (index, Role.BORDER)] + [stray]))


class FloatNetworkTest(unittest.TestCase):
    def test_against_the_converters_reference(self):
        for model in models.ALL:
            source = quantise.load(model.name, _WEIGHTS)
            picture = model.selftest_input()
            rgb = picture if model.channel_order == "RGB" else picture[:, :, ::-1]
            _, entries = blob.read_blob((_WEIGHTS / f"{model.name}.fiow").read_bytes())
            ops = model.op_table()
            expected = reference.forward(ops, models.tensors_of_blob(entries, len(ops)), model.network_input(picture))
            for layer, (output,) in float_network.forward(source.network, source.tensors, source.inputs([rgb])):
                exact = expected[layer.group[-1]]
                self.assertLess(np.abs(output - exact).max(), 1e-5 * np.abs(exact).max(), layer.op.name)


class CalibrationTest(unittest.TestCase):
    def test_files_are_sorted_and_their_order_counts(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "b").mkdir()
            for index, path in enumerate(("z.png", "b/a.png", "b/c.JPG", "note.txt")):
                PIL.Image.new("RGB", (4, 3), (index, 0, 0)).save(folder / path, format="PNG")
            found = calibration.files_of([folder])
            self.assertEqual([path.relative_to(folder).as_posix() for path in found], ["b/a.png", "b/c.JPG", "z.png"])
            self.assertNotEqual(calibration.digest(found), calibration.digest(found[::-1]))

    def test_fit_shrinks_only(self):
        self.assertEqual(calibration.fit(np.zeros((1000, 500, 3), np.uint8)).shape, (640, 320, 3))
        self.assertEqual(calibration.fit(np.zeros((50, 60, 3), np.uint8)).shape, (50, 60, 3))

    def test_inputs_take_every_picture_before_a_second_face(self):
        def face(side: float) -> faces.Face:
            return faces.Face(1.0, np.array([100, 100, 100 + side, 100 + side]), faces.TEMPLATE_PX + 100)

        picture = np.zeros((400, 400, 3), np.uint8)
        found = [calibration.Photograph(picture, [face(90), face(50)]), calibration.Photograph(picture, [face(40)])]
        self.assertEqual([f.side_px for _, f in calibration._in_turn(found, 3)], [90, 40, 50])
        inputs = calibration.detector_inputs(found)
        self.assertEqual(len(inputs), 4)
        # 90 px enlarged to 280: the square of 640 / 280 * 90 px around it reaches over the picture's edge.
        self.assertEqual(inputs[2].shape[2], 3)
        self.assertLessEqual(max(inputs[2].shape), 640)


class Int8BlobTest(unittest.TestCase):
    def test_blobs_in_the_weights_folder(self):
        found = 0
        for model in models.ALL:
            path = _WEIGHTS / f"{model.name}.int8.fiow"
            if not path.exists():
                continue
            found += 1
            source = quantise.load(model.name, _WEIGHTS)
            _, whole = int8_blob.read(source.network, path.read_bytes())
            self.assertEqual(whole[Role.PREPROCESSING].tolist(), [0, *source.mean, source.scale])
            expected = model.selftest_input()
            if model.channel_order == "BGR":
                expected = expected[:, :, ::-1]
            np.testing.assert_array_equal(whole[Role.SELFTEST_INPUT], expected)
        if not found:
            self.skipTest("no int8 blob in weights/")


if __name__ == "__main__":
    unittest.main()
