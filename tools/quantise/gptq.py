"""Rounding of weights to integers."""

from __future__ import annotations

import numpy as np

DAMPING = 0.01      # of the mean diagonal of the covariance


def nearest(rows: np.ndarray, limit: int) -> np.ndarray:
    return np.clip(np.rint(rows), -limit, limit)


def gptq(rows: np.ndarray, limit: int, covariance: np.ndarray) -> np.ndarray:
    """Integers for rows [c_out, terms] of weights in units of their step, as float64.

    Column by column, in falling order of variance, the rounding error of a weight is made up for by
    the weights that are not rounded yet, as the covariance [terms, terms] of the inputs tells (Frantar
    et al., ICLR 2023).
    """
    terms = rows.shape[1]
    damped = covariance + np.eye(terms) * max(DAMPING * np.mean(np.diag(covariance)), 1e-9)
    order = np.argsort(-np.diag(damped), kind="stable")
    upper = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    left = rows[:, order].astype(np.float64)
    rounded = np.empty_like(left)
    for k in range(terms):
        rounded[:, k] = nearest(left[:, k], limit)
        error = (left[:, k] - rounded[:, k]) / upper[k, k]
        left[:, k + 1:] -= np.outer(error, upper[k, k + 1:])
    result = np.empty_like(rounded)
    result[:, order] = rounded
    return result


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
