"""Rounding of weights to integers."""

from __future__ import annotations

import dataclasses

import numpy as np

DAMPING = 0.01      # of the mean diagonal of the covariance


def nearest(rows: np.ndarray, limit: int) -> np.ndarray:
    return np.clip(np.rint(rows), -limit, limit)


@dataclasses.dataclass(frozen=True)
class PairLimit:
    """Two neighbouring terms whose weights have the same sign: their absolute values sum to at most `sum`.

    Neighbours are terms 0 and 1, 2 and 3 ... of each stretch of `row_terms` terms.
    """

    sum: int
    row_terms: int

    def partner(self, term: int) -> int | None:
        first = term - term % self.row_terms
        other = first + (term - first ^ 1)
        return other if other < first + self.row_terms else None

    def excess(self, rows: np.ndarray) -> np.ndarray:
        """[rows]: the largest sum of neighbours of one sign."""
        most = np.zeros(len(rows))
        for term in range(rows.shape[1]):
            other = self.partner(term)
            if other is not None:
                same = rows[:, term] * rows[:, other] > 0
                most = np.maximum(most, np.where(same, np.abs(rows[:, term] + rows[:, other]), 0))
        return most


def gptq(rows: np.ndarray, limit: int, covariance: np.ndarray, pairs: PairLimit | None = None) -> np.ndarray:
    """Integers for rows [c_out, terms] of weights in units of their step, as float64.

    Column by column, in falling order of variance, the error of a weight (of its rounding, and of the
    limits) is made up for by the weights that are not rounded yet, as the covariance [terms, terms] of
    the inputs tells (Frantar et al., ICLR 2023).
    """
    terms = rows.shape[1]
    damped = _damped(covariance)
    variance = np.diag(damped)
    order = np.argsort(-variance, kind="stable")
    place = np.argsort(order, kind="stable")
    upper = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    left = rows[:, order].astype(np.float64)
    rounded = np.empty_like(left)
    for k in range(terms):
        low, high = -float(limit), float(limit)
        other = pairs.partner(order[k]) if pairs else None
        if other is not None and place[other] < k:
            done = rounded[:, place[other]]
            low, high = np.maximum(low, -pairs.sum - np.minimum(done, 0)), np.minimum(high, pairs.sum - np.maximum(done, 0))
        elif other is not None:
            # What is too much for a pair is taken from both, more from the one that matters less.
            value, partner = left[:, k], left[:, place[other]]
            excess = np.where(value * partner > 0, np.maximum(np.abs(value + partner) - pairs.sum, 0), 0)
            share = variance[other] / (variance[order[k]] + variance[other])
            most = np.maximum(np.where(excess > 0, np.floor(np.abs(value) - share * excess), limit), 1)
            low, high = np.maximum(low, -most), np.minimum(high, most)
        rounded[:, k] = np.clip(np.rint(left[:, k]), low, high)
        error = (left[:, k] - rounded[:, k]) / upper[k, k]
        left[:, k + 1:] -= np.outer(error, upper[k, k + 1:])
    return rounded[:, place]


def damage(rows: np.ndarray, rounded: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """[rows]: variance of what rounding adds to the sums, in units of the step's square."""
    error = rows - rounded
    return np.einsum("ij,jk,ik->i", error, _damped(covariance), error)


def _damped(covariance: np.ndarray) -> np.ndarray:
    return covariance + np.eye(len(covariance)) * max(DAMPING * np.mean(np.diag(covariance)), 1e-9)


class Covariance:
    """Of the terms of a dense convolution, over a sample of its output pixels."""

    def __init__(self, terms: int) -> None:
        self._products = np.zeros((terms, terms))
        self._sum = np.zeros(terms)
        self._count = 0

    def add(self, columns: np.ndarray) -> None:
        """columns [pixels, terms]; integers, so that the sums are exact and in no order."""
        self._products += columns.T @ columns
        self._sum += columns.sum(axis=0)
        self._count += len(columns)

    def value(self) -> np.ndarray:
        mean = self._sum / self._count
        return self._products / self._count - np.outer(mean, mean)
