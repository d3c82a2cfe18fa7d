"""The losses of faceio/train on embeddings in plain numpy, written from the equations of their papers.

A case is a dict with "kind" (softmax, margin, center) and the inputs of that kind; numbers of features, weights and
biases are those of float32, so that a program in single precision computes from the same ones. Everything here is
dense and in double: all logits, their softmax, and the chain rule through cos(theta), with 1 / sin(theta) in the
derivative of the target logit; cases keep 1e-4 away from angles where that is infinite. `random_case` and `evaluate`
are what tests/eval/oracle_test.py calls.
"""

from __future__ import annotations

import math

import numpy as np


def psi(case: dict, cosine: float) -> tuple[float, float]:
    """The target logit at cos(theta) = cosine, before scaling, and its derivative by cos(theta)."""
    theta = math.acos(cosine)
    sine = math.sqrt(1.0 - cosine * cosine)
    m1, m2, m3, way = case["m1"], case["m2"], case["m3"], case["extension"]
    # cos(m1 theta + m2) - m3, ArcFace's equation 4.
    value, slope = math.cos(m1 * theta + m2) - m3, m1 * math.sin(m1 * theta + m2) / sine
    if way == "monotonic":
        # SphereFace, equation 7: (-1)^k cos(m theta) - 2k for m theta in [k pi, (k + 1) pi].
        k = math.floor((m1 * theta + m2) / math.pi)
        value = (-1) ** k * math.cos(m1 * theta + m2) - 2 * k - m3
        slope = (-1) ** k * m1 * math.sin(m1 * theta + m2) / sine
    elif way == "arcface" and cosine <= math.cos(math.pi - m2):
        value, slope = cosine - math.sin(math.pi - m2) * m2, 1.0
    elif way == "easy_margin" and cosine <= 0.0:
        value, slope = cosine, 1.0
    # SphereFace's annealing: (lambda cos(theta) + psi(theta)) / (1 + lambda).
    share = case["lambda"]
    return (share * cosine + value) / (1.0 + share), (share + slope) / (1.0 + share)


def cross_entropy(logits: np.ndarray, labels: list) -> tuple[float, np.ndarray]:
    """The mean of -log softmax(logits)[label] and its derivative by logits."""
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_softmax = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    gradient = np.exp(log_softmax)
    gradient[rows, labels] -= 1.0
    return float(-log_softmax[rows, labels].mean()), gradient / len(labels)


def softmax(case: dict) -> dict:
    x, w = np.array(case["features"]), np.array(case["weights"])
    biased = bool(case["biases"])
    logits = x @ w.T + (np.array(case["biases"]) if biased else 0.0)
    loss, by_logit = cross_entropy(logits, case["labels"])
    return {"loss": loss, "features": (by_logit @ w).ravel().tolist(), "weights": (by_logit.T @ x).ravel().tolist(),
            "biases": by_logit.sum(axis=0).tolist() if biased else []}


def margin(case: dict) -> dict:
    x, w, labels, centers = np.array(case["features"]), np.array(case["weights"]), case["labels"], case["centers"]
    x_length, w_length = np.linalg.norm(x, axis=1, keepdims=True), np.linalg.norm(w, axis=1, keepdims=True)
    x_unit, w_unit = x / x_length, w / w_length
    all_cosines = x_unit @ w_unit.T
    n, classes = len(x), len(w) // centers
    grouped = all_cosines.reshape(n, classes, centers)
    nearest = grouped.argmax(axis=2)  # [N, C], sub-center ArcFace: the largest cosine of a class
    cosines = grouped.max(axis=2)
    values, by_cosine = cosines.copy(), np.ones_like(cosines)
    for i, y in enumerate(labels):
        values[i, y], by_cosine[i, y] = psi(case, cosines[i, y])
    scale = x_length if case["by_length"] else np.full((n, 1), case["scale"])
    loss, by_logit = cross_entropy(scale * values, labels)
    by_all = np.zeros((n, classes, centers))
    np.put_along_axis(by_all, nearest[:, :, None], (by_logit * scale * by_cosine)[:, :, None], axis=2)
    by_all = by_all.reshape(n, classes * centers)
    # d cos / dx = (w - cos x) / |x| for unit x and w, and the other way round.
    by_x = (by_all @ w_unit - (by_all * all_cosines).sum(axis=1, keepdims=True) * x_unit) / x_length
    by_w = (by_all.T @ x_unit - (by_all * all_cosines).sum(axis=0)[:, None] * w_unit) / w_length
    if case["by_length"]:
        by_x += (by_logit * values).sum(axis=1, keepdims=True) * x_unit
    return {"loss": loss, "features": by_x.ravel().tolist(), "weights": by_w.ravel().tolist()}


def center(case: dict) -> dict:
    x, labels = np.array(case["features"]), np.array(case["labels"])
    centers = np.array(case["weights"])
    offsets = x - centers[labels]
    moved = centers.copy()
    for j in range(len(centers)):
        # Wen et al., equation 4, and step 6 of algorithm 1.
        delta = (labels == j) @ (centers[j] - x) / (1 + (labels == j).sum())
        moved[j] = centers[j] - case["alpha"] * delta
    return {"loss": float(0.5 * (offsets**2).sum() / len(x)), "features": (offsets / len(x)).ravel().tolist(),
            "centers": moved.ravel().tolist()}


_KINDS = {"softmax": softmax, "margin": margin, "center": center}


def evaluate(case: dict) -> dict:
    return _KINDS[case["kind"]](case)


# Random cases.

_MARGINS = [  # m1, m2, m3, extension
    (1.0, 0.0, 0.0, "none"), (4.0, 0.0, 0.0, "monotonic"), (2.0, 0.0, 0.0, "monotonic"), (1.35, 0.0, 0.0, "monotonic"),
    (1.0, 0.0, 0.35, "none"), (1.0, 0.5, 0.0, "none"), (1.0, 0.5, 0.0, "arcface"), (1.0, 0.5, 0.0, "easy_margin"),
    (1.0, 0.5, 0.0, "monotonic"), (0.9, 0.4, 0.15, "none"), (1.0, 0.3, 0.2, "none"), (1.2, 0.3, 0.2, "monotonic"),
]


def _single(values: np.ndarray) -> list:
    return np.float32(values).astype(float).tolist()


def _at_angle(rng, axis: np.ndarray, theta: float) -> np.ndarray:
    along = axis / np.linalg.norm(axis)
    across = rng.normal(size=len(axis))
    for _ in range(2):
        across -= (across @ along) * along
    across /= np.linalg.norm(across)
    return rng.uniform(0.5, 3.0) * (math.cos(theta) * along + math.sin(theta) * across)


def random_case(rng) -> dict:
    kind = rng.choice(["margin"] * 6 + ["softmax", "center"])
    n, d, classes = int(rng.integers(1, 6)), int(rng.integers(2, 17)), int(rng.integers(2, 41))
    centers = int(rng.choice([1, 1, 2, 3])) if kind == "margin" else 1
    labels = rng.integers(0, classes, n).tolist()
    features, weights = rng.normal(size=(n, d)), rng.normal(size=(classes * centers, d))
    case = {"kind": str(kind), "labels": labels, "weights": _single(weights)}
    if kind == "softmax":
        case["biases"] = _single(rng.normal(size=classes)) if rng.random() < 0.5 else []
    elif kind == "center":
        case["alpha"] = float(rng.uniform(0.0, 1.0))
    else:
        m1, m2, m3, extension = _MARGINS[rng.integers(len(_MARGINS))]
        case |= {"m1": m1, "m2": m2, "m3": m3, "extension": extension, "lambda": float(rng.choice([0.0, 0.0, 5.0])),
                 "scale": float(rng.choice([1.0, 16.0, 30.0, 64.0])), "by_length": bool(rng.random() < 0.2),
                 "centers": centers}
        for i, y in enumerate(labels):
            kind_of_angle = rng.integers(3)
            if kind_of_angle < 2:
                theta = 10.0 ** rng.uniform(-4.0, -2.0)
                theta = theta if kind_of_angle == 0 else math.pi - theta
                features[i] = _at_angle(rng, weights[y * centers + rng.integers(centers)], theta)
    case["features"] = _single(features)
    return case
