"""How far an engine's outputs are from the recorded fp32 ones of onnxruntime."""

from __future__ import annotations

import pathlib
import typing

import numpy as np

if typing.TYPE_CHECKING:   # at run time it needs all packages; tests of the figures need only numpy
    from models import Network

DETECTOR_TOLERANCE = 1e-3         # absolute, of every output of the network
DETECTOR_WHOLE_TOLERANCE = 0.05   # pixels, and scores
RECOGNISER_TOLERANCE = 1e-3       # of the largest value of the embedding
# Below fp32: of the output tensor that is farthest off.
MIN_COSINE = {"detector": 0.98, "recogniser": 0.99}
MIN_OVERLAP = 0.9                 # of a face's boxes, whole detector below fp32
MIN_SCORE = 0.6                   # of faceio's detector as it comes


Pair = tuple[np.ndarray, np.ndarray]   # what the engine gave, and what is recorded


def judge(network: Network, scope: str, precision: str,
          pairs: list[Pair]) -> tuple[float, float | None, bool]:
    """Largest absolute difference, cosine() (None for the whole detector), whether that is right.

    fp32 is judged by the difference, everything below by the cosine or, for the whole detector, by
    the overlap of the boxes.
    """
    worst = difference(pairs)
    is_whole_detector = network.task == "detector" and scope == "whole"
    nearness = None if is_whole_detector else cosine(pairs)
    if precision == "fp32":
        return worst, nearness, worst <= tolerance(network, scope)
    if is_whole_detector:
        return worst, nearness, overlap(pairs) >= MIN_OVERLAP
    return worst, nearness, nearness >= MIN_COSINE[network.task]


def tolerance(network: Network, scope: str) -> float:
    if network.task == "detector":
        return DETECTOR_TOLERANCE if scope == "network" else DETECTOR_WHOLE_TOLERANCE
    truth = network.truth["embedding"]
    largest = np.abs(truth if scope == "network" else truth / np.linalg.norm(truth)).max()
    return RECOGNISER_TOLERANCE * float(largest)


def pairs_of_peer(network: Network, path: pathlib.Path) -> list[Pair]:
    """One for each output; a second picture of a run is ignored."""
    found = np.load(path)
    return [(found[name].reshape(-1)[:truth.size], truth.reshape(-1))
            for name, truth in network.truth.items()]


def pairs_of_faceio(network: Network, scope: str, path: pathlib.Path) -> list[Pair]:
    """As pairs_of_peer, for the file that faceio_worker.cpp writes.

    Whole detector: one pair, coordinates in pixels and scores of all faces.
    """
    found = np.fromfile(path, np.float32)
    if network.task == "recogniser":
        truth = network.truth["embedding"].reshape(-1)
        return [(found, truth if scope == "network" else truth / np.linalg.norm(truth))]
    if scope == "network":
        by_anchor = found.reshape(-1, 16)
        logits = by_anchor[:, 4:6].astype(float)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        outputs = {"loc": by_anchor[:, :4], "conf": powers / powers.sum(axis=1, keepdims=True),
                   "landmarks": by_anchor[:, 6:]}
        return [(outputs[name], truth[0]) for name, truth in network.truth.items()]
    return [(found.reshape(-1, 15), expected_faces(network.truth))]


def expected_faces(truth: dict[str, np.ndarray]) -> np.ndarray:
    """[N, 15], best first: x1 y1 x2 y2, score, landmarks, decoded as published."""
    import reference   # loads engines, which may be absent when faceio's network alone is checked
    from models import DETECTOR_SIZE_PX
    height_px, width_px = DETECTOR_SIZE_PX
    faces = reference.detect((truth["loc"][0], truth["conf"][0, :, 1], truth["landmarks"][0]),
                             (width_px, height_px), MIN_SCORE)
    return np.concatenate([faces.boxes, faces.scores[:, np.newaxis],
                           faces.landmarks.reshape(len(faces), 10)], axis=1)


def difference(pairs: list[Pair]) -> float:
    """Largest absolute one; infinity for another shape (of faces: another number) and for NaN."""
    return max(_worst(found, truth) for found, truth in pairs)


def cosine(pairs: list[Pair]) -> float:
    """Of the angle between the values of a pair, the least of all; -1 for another shape, for NaN
    and where nothing differs from zero."""
    return min(_cosine(found, truth) for found, truth in pairs)


def overlap(pairs: list[Pair]) -> float:
    """Intersection over union of each face's two boxes, the least of all; 0 for another number of
    faces. Faces of nearly equal scores may have changed places: each recorded one counts with its
    best."""
    return min(_overlap(found, truth) for found, truth in pairs)


def _worst(found: np.ndarray, truth: np.ndarray) -> float:
    if found.shape != truth.shape:
        return float("inf")
    worst = np.abs(found.astype(float) - truth.astype(float)).max(initial=0.0)
    return float(worst) if np.isfinite(worst) else float("inf")


def _cosine(found: np.ndarray, truth: np.ndarray) -> float:
    if found.shape != truth.shape:
        return -1.0
    a, b = found.reshape(-1).astype(float), truth.reshape(-1).astype(float)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    # A length that is NaN fails the comparison too.
    return float(a @ b) / lengths if 0.0 < lengths < np.inf else -1.0


def _overlap(found: np.ndarray, truth: np.ndarray) -> float:
    if found.shape != truth.shape or not np.isfinite(found).all():
        return 0.0
    a, b = found[np.newaxis, :, :4].astype(float), truth[:, np.newaxis, :4].astype(float)
    sides = np.clip(np.minimum(a, b)[..., 2:] - np.maximum(a, b)[..., :2], 0.0, None)
    shared = sides.prod(axis=2)
    union = (a[..., 2:] - a[..., :2]).prod(axis=2) + (b[..., 2:] - b[..., :2]).prod(axis=2) - shared
    return float((shared / union).max(axis=1).min(initial=1.0))
