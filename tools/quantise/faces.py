"""From the detector's head maps to faces, and from a face to its aligned crop, in plain numpy."""

from __future__ import annotations

import dataclasses

import numpy as np

# biubug6/Pytorch_Retinaface, data/config.py: sides of the two anchors at each stride, variances.
ANCHORS_PX = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
CENTRE_VARIANCE, SIZE_VARIANCE = 0.1, 0.2
NMS_IOU = 0.4

# Deng et al., ArcFace, CVPR 2019: eyes, nose, mouth corners in a 112x112 px crop.
TEMPLATE_PX = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366],
                        [41.5493, 92.3655], [70.7299, 92.2041]])
CROP_SIDE_PX = 112


@dataclasses.dataclass(frozen=True)
class Face:
    score: float
    box: np.ndarray         # x1 y1 x2 y2 in pixels
    landmarks: np.ndarray   # [5, 2] in pixels

    @property
    def side_px(self) -> float:
        return float(np.max(self.box[2:] - self.box[:2]))


def detect(heads: list[np.ndarray], min_score: float) -> list[Face]:
    """Faces in falling order of score; heads are the maps [h, w, 32] of strides 8, 16 and 32 px."""
    parts = []
    for (stride, sides), head in zip(ANCHORS_PX.items(), heads, strict=True):
        y, x, side = np.meshgrid(np.arange(head.shape[0]), np.arange(head.shape[1]), sides, indexing="ij")
        head = head.astype(np.float64)
        part = np.concatenate([
            ((x + 0.5) * stride)[..., None], ((y + 0.5) * stride)[..., None], side[..., None],
            head[..., :4].reshape(*x.shape, 2), head[..., 4:12].reshape(*x.shape, 4),
            head[..., 12:].reshape(*x.shape, 10)], axis=-1)
        parts.append(part.reshape(-1, 19))
    rows = np.concatenate(parts)
    scores = 1 / (1 + np.exp(rows[:, 3] - rows[:, 4]))
    rows, scores = rows[scores > min_score], scores[scores > min_score]
    order = np.argsort(-scores, kind="stable")
    rows, scores = rows[order], scores[order]
    centre = rows[:, :2] + rows[:, 5:7] * CENTRE_VARIANCE * rows[:, 2:3]
    size = rows[:, 2:3] * np.exp(rows[:, 7:9] * SIZE_VARIANCE)
    boxes = np.concatenate([centre - size / 2, centre + size / 2], axis=1)
    points = rows[:, None, :2] + rows[:, 9:].reshape(-1, 5, 2) * CENTRE_VARIANCE * rows[:, 2, None, None]

    found: list[Face] = []
    for score, box, landmarks in zip(scores, boxes, points, strict=True):
        if all(iou(box, face.box) <= NMS_IOU for face in found):
            found.append(Face(float(score), box, landmarks))
    return found


def iou(a: np.ndarray, b: np.ndarray) -> float:
    side = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
    common = side[0] * side[1]
    return float(common / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common))


def align(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """[112, 112, 3] uint8 crop: least-squares similarity onto the template, bilinear, black outside."""
    x, y = TEMPLATE_PX.T
    zero, one = np.zeros(5), np.ones(5)
    equations = np.concatenate([np.stack([x, -y, one, zero], axis=1), np.stack([y, x, zero, one], axis=1)])
    # From crop to picture. Least squares in the crop's own pixels weights all five points alike.
    a, b, tx, ty = np.linalg.lstsq(equations, landmarks.T.reshape(-1), rcond=None)[0]
    v, u = np.mgrid[:CROP_SIDE_PX, :CROP_SIDE_PX]
    return _bilinear(picture, a * u - b * v + tx, b * u + a * v + ty)


def _bilinear(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0))).astype(np.float64)
    x = np.clip(x + 1, 0, padded.shape[1] - 1.001)
    y = np.clip(y + 1, 0, padded.shape[0] - 1.001)
    column, row = x.astype(int), y.astype(int)
    fx, fy = (x - column)[..., None], (y - row)[..., None]
    top = padded[row, column] * (1 - fx) + padded[row, column + 1] * fx
    bottom = padded[row + 1, column] * (1 - fx) + padded[row + 1, column + 1] * fx
    return np.rint(top * (1 - fy) + bottom * fy).astype(np.uint8)
