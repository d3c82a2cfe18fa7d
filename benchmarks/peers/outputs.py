"""How far an engine's outputs are from the recorded ones of onnxruntime."""

from __future__ import annotations

import pathlib

import numpy as np

from models import DETECTOR_SIZE_PX, Network

DETECTOR_TOLERANCE = 1e-3         # absolute, of every output of the network
DETECTOR_WHOLE_TOLERANCE = 0.05   # pixels, and scores
RECOGNISER_TOLERANCE = 1e-3       # of the largest value of the embedding
MIN_SCORE = 0.6                   # of faceio's detector as it comes


def tolerance(network: Network, scope: str) -> float:
    if network.task == "detector":
        return DETECTOR_TOLERANCE if scope == "network" else DETECTOR_WHOLE_TOLERANCE
    truth = network.truth["embedding"]
    largest = np.abs(truth if scope == "network" else truth / np.linalg.norm(truth)).max()
    return RECOGNISER_TOLERANCE * float(largest)


def difference_of_peer(network: Network, path: pathlib.Path) -> float:
    """Largest absolute difference over all outputs; a second picture of a run is ignored.

    Infinity for a wrong size and for NaN.
    """
    found = np.load(path)
    return max(_difference(found[name].reshape(-1)[:truth.size], truth.reshape(-1))
               for name, truth in network.truth.items())


def difference_of_faceio(network: Network, scope: str, path: pathlib.Path) -> float:
    """As difference_of_peer, for the file that faceio_worker.cpp writes.

    Whole detector: over coordinates in pixels and scores of all faces. Infinity for another number
    of faces.
    """
    found = np.fromfile(path, np.float32)
    if network.task == "recogniser":
        truth = network.truth["embedding"].reshape(-1)
        return _difference(found, truth if scope == "network" else truth / np.linalg.norm(truth))
    if scope == "network":
        by_anchor = found.reshape(-1, 16)
        logits = by_anchor[:, 4:6].astype(float)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        outputs = {"loc": by_anchor[:, :4], "conf": powers / powers.sum(axis=1, keepdims=True),
                   "landmarks": by_anchor[:, 6:]}
        return max(_difference(outputs[name], truth[0]) for name, truth in network.truth.items())
    return _difference(found.reshape(-1, 15), expected_faces(network.truth))


def expected_faces(truth: dict[str, np.ndarray]) -> np.ndarray:
    """[N, 15], best first: x1 y1 x2 y2, score, landmarks, decoded as published."""
    import reference   # loads engines, which may be absent when faceio's network alone is checked
    height_px, width_px = DETECTOR_SIZE_PX
    faces = reference.detect((truth["loc"][0], truth["conf"][0, :, 1], truth["landmarks"][0]),
                             (width_px, height_px), MIN_SCORE)
    return np.concatenate([faces.boxes, faces.scores[:, np.newaxis],
                           faces.landmarks.reshape(len(faces), 10)], axis=1)


def _difference(found: np.ndarray, truth: np.ndarray) -> float:
    if found.shape != truth.shape:
        return float("inf")
    worst = np.abs(found.astype(float) - truth.astype(float)).max(initial=0.0)
    return float(worst) if np.isfinite(worst) else float("inf")
