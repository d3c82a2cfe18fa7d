"""The source models in their own engines, with the published processing written out in numpy.

Nothing here comes from faceio: networks run in onnxruntime and LiteRT, crops are cut by OpenCV.
"""

from __future__ import annotations

import dataclasses
import functools

import cv2
import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

from program import Faces

# Deng et al., ArcFace, CVPR 2019 (InsightFace): eyes, nose, mouth corners in a 112x112 px crop.
TEMPLATE_PX = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366],
                        [41.5493, 92.3655], [70.7299, 92.2041]])
CROP_SIDE_PX = 112

# biubug6/Pytorch_Retinaface, data/config.py and test_widerface.py.
MEAN_BGR = np.array([104, 117, 123], np.float32)
ANCHORS_PX = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
CENTRE_VARIANCE, SIZE_VARIANCE = 0.1, 0.2
NMS_IOU = 0.4
MAX_CANDIDATES = 5000


def session(model: bytes) -> onnxruntime.InferenceSession:
    """onnxruntime on one thread, otherwise as it comes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@functools.lru_cache(maxsize=1)
def anchors(width_px: int, height_px: int) -> np.ndarray:
    """[A, 3]: centre x, centre y, side in pixels; scale, row, column, size from slow to fast."""
    rows = []
    for stride, sides in ANCHORS_PX.items():
        y, x, side = np.meshgrid(np.arange(-(-height_px // stride)),
                                 np.arange(-(-width_px // stride)), sides, indexing="ij")
        scale = np.stack([(x + 0.5) * stride, (y + 0.5) * stride, side], axis=-1)
        rows.append(scale.reshape(-1, 3))
    return np.concatenate(rows).astype(float)


def iou(box: np.ndarray, boxes: np.ndarray, pixel: float) -> np.ndarray:
    """IoU of one x1 y1 x2 y2 box with many. A side measures x2 - x1 + pixel, pixel 1 or 0."""
    size = np.maximum(np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]) + pixel,
                      0)
    common = size[:, 0] * size[:, 1]
    area = np.prod(box[2:] - box[:2] + pixel)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2] + pixel, axis=1)
    return common / (area + areas - common)


@dataclasses.dataclass(frozen=True)
class Candidates:
    """Anchors above a score in falling order, and which of them greedy suppression keeps."""

    faces: Faces
    kept: np.ndarray         # [N] bool
    better_iou: np.ndarray   # [N]: IoU with the kept better box nearest to the NMS threshold, or -1


class Detector:
    def __init__(self, model: bytes) -> None:
        self.session = session(model)
        self.input_name = self.session.get_inputs()[0].name

    @staticmethod
    def network_input(picture: np.ndarray) -> np.ndarray:
        """[1, 3, H, W] float32 of a [H, W, 3] uint8 RGB picture."""
        batch = np.empty((1, 3, *picture.shape[:2]), np.float32)
        # Plane by plane, which is several times faster than a transposed copy.
        for plane, mean, out in zip(reversed(cv2.split(picture)), MEAN_BGR, batch[0], strict=True):
            np.subtract(plane, mean, out=out)
        return batch

    def run(self, picture: np.ndarray) -> tuple[np.ndarray, ...]:
        """loc [A, 4], face score [A], landmarks [A, 10] of a [H, W, 3] uint8 RGB picture."""
        loc, conf, landmarks = self.session.run(["loc", "conf", "landmarks"],
                                                {self.input_name: self.network_input(picture)})
        return loc[0], conf[0, :, 1], landmarks[0]


def candidates(outputs: tuple[np.ndarray, ...], size: tuple[int, int],
               min_score: float) -> Candidates:
    """Decodes and suppresses the outputs of Detector.run for a picture of width, height pixels.

    Where scores are equal the lower anchor comes first; boxes are not clamped to the picture.
    """
    loc, scores, landmarks = outputs
    chosen = np.flatnonzero(scores > np.float32(min_score))
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")][:MAX_CANDIDATES]
    anchor, loc = anchors(*size)[chosen], loc[chosen].astype(float)
    centre, side = anchor[:, :2], anchor[:, 2:]
    box_centre = centre + loc[:, :2] * CENTRE_VARIANCE * side
    box_size = side * np.exp(loc[:, 2:] * SIZE_VARIANCE)
    points = landmarks[chosen].astype(float).reshape(-1, 5, 2)
    faces = Faces(size, scores[chosen].astype(float),
                  np.concatenate([box_centre - box_size / 2, box_centre + box_size / 2], axis=1),
                  centre[:, np.newaxis] + points * CENTRE_VARIANCE * side[:, np.newaxis])

    kept = np.ones(len(chosen), bool)
    better_iou = np.full(len(chosen), -1.0)
    for i in range(len(chosen)):
        if not kept[i]:
            continue
        overlap = iou(faces.boxes[i], faces.boxes[i + 1:], 1)
        kept[i + 1:] &= overlap <= NMS_IOU
        nearer = np.abs(overlap - NMS_IOU) < np.abs(better_iou[i + 1:] - NMS_IOU)
        better_iou[i + 1:][nearer] = overlap[nearer]
    return Candidates(faces, kept, better_iou)


def detect(outputs: tuple[np.ndarray, ...], size: tuple[int, int], min_score: float) -> Faces:
    """The faces that candidates() keeps."""
    found = candidates(outputs, size, min_score)
    faces, kept = found.faces, found.kept
    return Faces(size, faces.scores[kept], faces.boxes[kept], faces.landmarks[kept])


def align(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """[112, 112, 3] crop of a picture: least-squares similarity onto the template, bilinear.

    landmarks is [5, 2] in picture pixels; outside of the picture is black.
    """
    # u = a x - b y + tx, v = b x + a y + ty, unknown (a, b, tx, ty).
    x, y = landmarks.T
    zero, one = np.zeros(5), np.ones(5)
    equations = np.concatenate([np.stack([x, -y, one, zero], axis=1),
                                np.stack([y, x, zero, one], axis=1)])
    a, b, tx, ty = np.linalg.lstsq(equations, TEMPLATE_PX.T.reshape(-1), rcond=None)[0]
    matrix = np.array([[a, -b, tx], [b, a, ty]])
    return cv2.warpAffine(picture, matrix, (CROP_SIDE_PX, CROP_SIDE_PX), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def recogniser_input(crops: np.ndarray) -> np.ndarray:
    """[N, 112, 112, 3] float32 network input of uint8 RGB crops."""
    return (crops.astype(np.float32) - np.float32(127.5)) / np.float32(128)


class Recogniser:
    """The TFLite file in LiteRT, one thread. It is drawn for two faces a run."""

    FACES_A_RUN = 2

    def __init__(self, model: bytes) -> None:
        self._interpreter = Interpreter(model_content=model, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def run(self, network_input: np.ndarray) -> np.ndarray:
        """[2, 192], not normalised, of [2, 112, 112, 3] network input."""
        self._interpreter.set_tensor(self._input, network_input)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)

    def embed(self, crop: np.ndarray) -> np.ndarray:
        """[192], unit length, of a [112, 112, 3] uint8 RGB crop."""
        raw = self.run(recogniser_input(np.stack([crop] * self.FACES_A_RUN)))[0].astype(float)
        return raw / np.linalg.norm(raw)
