"""Proof of ranges, rounding and the order of channels. Run with pytest, or `python tools/quantise/test_rounding.py`."""

from __future__ import annotations

import unittest

import convert_path  # noqa: F401
import numpy as np

import gptq
import pairing
import ranges


class RangesTest(unittest.TestCase):
    def test_statistics_keep_extremes_and_weigh_the_rest(self):
        random = np.random.default_rng(1)
        values = random.normal(size=(100, 200, 2)).astype(np.float32)
        values[5, 5] = [40, -50]
        found = ranges.gather([values[:50], values[50:]])
        self.assertEqual((found.high[0], found.low[1]), (40, -50))
        self.assertAlmostEqual(found.weight.sum(), 1)
        for c in range(2):
            ordered = np.sort(values[:, :, c].reshape(-1))
            self.assertTrue(np.isin(ordered[:1000], found.values[c]).all())
            self.assertTrue(np.isin(ordered[-1000:], found.values[c]).all())
        np.testing.assert_allclose((found.values ** 2) @ found.weight, (values ** 2).mean((0, 1)), rtol=0.02)

    def test_least_squares_clips_a_lone_outlier(self):
        values = np.concatenate([np.linspace(0, 1, 100_000), [100.0]])
        found = ranges.Statistics(np.array([0.0]), np.array([100.0]), values[None], np.full(100_001, 1 / 100_001))
        low, high = ranges.least_squares_limits(found)
        self.assertEqual(low[0], 0)
        self.assertTrue(1 <= high[0] < 100)

    def test_zero_is_an_element(self):
        """Padding and ReLU need real zero exactly, whatever the range."""
        values = np.linspace(2, 3, 1000)[None]
        found = ranges.Statistics(np.array([0.0]), np.array([3.0]), values, np.full(1000, 1e-3))
        scale, zero = ranges._between(*ranges.least_squares_limits(found))
        self.assertEqual(zero[0], 0)
        self.assertAlmostEqual(scale[0] * 255, 3, delta=0.1)

    def test_equalised_scales_follow_ranges_and_weights(self):
        random = np.random.default_rng(2)
        values = random.uniform(-1, 1, (3, 3000)) * np.array([[1.0], [4.0], [1.0]])
        found = ranges.Statistics(values.min(1), values.max(1), values, np.full(3000, 1 / 3000))
        weights = np.ones((8, 1, 1, 3))
        weights[..., 2] = 0.25
        scales = ranges.equalised(found, found.low, found.high, [weights], [])
        # sqrt(range / column): 1, sqrt(4), sqrt(1 / 0.25).
        np.testing.assert_allclose(scales.scale / scales.scale[0], [1, 2, 2], rtol=0.01)
        # The second channel fills its range; the others have room for twice as much, on both sides alike.
        self.assertEqual(scales.zero[1], 128)
        self.assertAlmostEqual(scales.zero[0], 127.5, delta=1.5)
        self.assertAlmostEqual(scales.scale[0] * 255, 4, delta=0.5)


class GptqTest(unittest.TestCase):
    def test_beats_rounding_to_nearest_where_inputs_correlate(self):
        random = np.random.default_rng(3)
        mixing = random.normal(size=(24, 24))
        inputs = np.rint(random.normal(size=(4000, 24)) @ mixing * 8)
        rows = random.uniform(-120, 120, (10, 24))
        covariance = gptq.Covariance(24)
        covariance.add(inputs[:1500])
        covariance.add(inputs[1500:])
        np.testing.assert_allclose(covariance.value(), np.cov(inputs.T, bias=True))
        rounded = gptq.gptq(rows, 127, covariance.value())
        np.testing.assert_array_equal(rounded, np.rint(rounded))
        self.assertLessEqual(np.abs(rounded).max(), 127)

        def damage(integers: np.ndarray) -> float:
            return float((((integers - rows) @ (inputs - inputs.mean(0)).T) ** 2).mean())

        self.assertLess(damage(rounded), 0.7 * damage(gptq.nearest(rows, 127)))

    def test_uncorrelated_inputs_leave_rounding_to_nearest(self):
        rows = np.random.default_rng(4).uniform(-127, 127, (5, 12))
        np.testing.assert_array_equal(gptq.gptq(rows, 127, np.diag(np.arange(1.0, 13))), np.rint(rows))

    def test_neighbours_of_one_sign_keep_to_the_limit(self):
        pairs = gptq.PairLimit(128, 9)
        self.assertEqual([pairs.partner(term) for term in (0, 1, 7, 8, 9, 10, 17)], [1, 0, 6, None, 10, 9, None])
        rows = np.zeros((3, 18))
        rows[0, [2, 3]] = 100, 90
        rows[1, [2, 3]] = -100, 90
        rows[2, [8, 9, 10]] = 127, -70, -61
        np.testing.assert_array_equal(pairs.excess(rows), [190, 0, 131])
        # Uncorrelated inputs: what is too much (62) is shared as the variances (3 to 1 here) say, the opposite way.
        variances = np.ones(18)
        variances[2] = 3
        rounded = gptq.gptq(rows, 127, np.diag(variances), pairs)
        np.testing.assert_array_equal(rounded[0, [2, 3]], [84, 44])
        np.testing.assert_array_equal(rounded[1], rows[1])
        self.assertEqual(rounded[2, 8], 127)
        self.assertEqual(rounded[2, 9] + rounded[2, 10], -128)

    def test_correlated_neighbours_are_made_up_for(self):
        random = np.random.default_rng(8)
        inputs = np.rint(random.normal(size=(4000, 24)) @ random.normal(size=(24, 24)) * 8)
        covariance = np.cov(inputs.T, bias=True)
        rows = random.uniform(-85, 85, (40, 24))
        pairs = gptq.PairLimit(128, 24)
        rounded = gptq.gptq(rows, 127, covariance, pairs)
        self.assertGreater(pairs.excess(rows).max(), 150)
        self.assertLessEqual(pairs.excess(rounded).max(), 128)
        cut = gptq.nearest(rows, 127)
        for first in range(0, 24, 2):
            both = cut[:, first] + cut[:, first + 1]
            same = cut[:, first] * cut[:, first + 1] > 0
            beyond = np.where(same, np.maximum(np.abs(both) - 128, 0), 0) * np.sign(both)
            cut[:, first] -= np.trunc(beyond / 2)
            cut[:, first + 1] -= beyond - np.trunc(beyond / 2)
        self.assertLess(gptq.damage(rows, rounded, covariance).mean(), 0.8 * gptq.damage(rows, cut, covariance).mean())


class PairingTest(unittest.TestCase):
    def test_pairs_of_the_least_cost(self):
        """Channels 0 and 3, 1 and 2 go together for nothing; every other pair costs."""
        cost = np.full((4, 4), 5.0)
        cost[0, 3] = cost[3, 0] = cost[1, 2] = cost[2, 1] = 0
        self.assertEqual(pairing.best_pairs(cost), [[0, 3], [1, 2]])


if __name__ == "__main__":
    unittest.main()
