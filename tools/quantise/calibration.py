"""From folders of photographs to the pictures that a network is calibrated with."""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib

import numpy as np
import PIL.Image
import PIL.ImageOps

import convert_path  # noqa: F401
import faces
import float_network
from network import Network

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
LONG_SIDE_PX = 640
MIN_SCORE = 0.8
MIN_SIDE_PX = 24            # of a face in the picture as it is, for either kind of crop
BIG_FACES = 60
BIG_FACE_SIDES_PX = (280, 520)
CROPS = 400


@dataclasses.dataclass(frozen=True)
class Photograph:
    """faces are in pixels of `picture`, the largest first."""

    picture: np.ndarray
    faces: list[faces.Face]


def files_of(folders: list[pathlib.Path]) -> list[pathlib.Path]:
    """The pictures in folders and below, folder by folder, each sorted by its path."""
    return [path for folder in folders
            for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix())
            if path.suffix.lower() in SUFFIXES]


def digest(paths: list[pathlib.Path]) -> str:
    """sha256 over the sha256 of every file, in order: which pictures were used, without naming them."""
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def read_picture(path: pathlib.Path) -> np.ndarray:
    """[H, W, 3] uint8 RGB, turned as the Exif orientation says."""
    with PIL.Image.open(path) as picture:
        return np.array(PIL.ImageOps.exif_transpose(picture).convert("RGB"))


def resize(picture: np.ndarray, width_px: int, height_px: int) -> np.ndarray:
    return np.array(PIL.Image.fromarray(picture).resize((width_px, height_px), PIL.Image.Resampling.BILINEAR))


def fit(picture: np.ndarray) -> np.ndarray:
    """The picture, shrunk where its long side exceeds LONG_SIDE_PX."""
    height, width = picture.shape[:2]
    factor = min(1.0, LONG_SIDE_PX / max(height, width))
    return picture if factor == 1 else resize(picture, round(width * factor), round(height * factor))


def photographs(paths: list[pathlib.Path], detector: Network, tensors: list, mean: np.ndarray) -> list[Photograph]:
    """Every picture with the faces that the floating-point detector finds in it; mean is in RGB order."""
    result = []
    for path in paths:
        picture = read_picture(path)
        small = fit(picture)
        outputs = {layer.op.name: y[0] for layer, y in
                   float_network.forward(detector, tensors, [small.astype(np.float64) - mean])}
        factor = picture.shape[1] / small.shape[1]
        found = [faces.Face(face.score, face.box * factor, face.landmarks * factor) for face in
                 faces.detect([outputs[f"head{level}"] for level in (1, 2, 3)], MIN_SCORE)]
        found = [face for face in found if face.side_px >= MIN_SIDE_PX]
        result.append(Photograph(picture, sorted(found, key=lambda face: -face.side_px)))
    return result


def _in_turn(found: list[Photograph], count: int) -> list[tuple[Photograph, faces.Face]]:
    """The largest face of every picture, then the second largest of every picture, and so on."""
    ranked = [(rank, index) for index, photograph in enumerate(found) for rank in range(len(photograph.faces))]
    return [(found[index], found[index].faces[rank]) for rank, index in sorted(ranked)[:count]]


def detector_inputs(found: list[Photograph]) -> list[np.ndarray]:
    """uint8 RGB pictures: all of them at LONG_SIDE_PX, and BIG_FACES squares with one large face each.

    The squares are there because landmarks of large faces suffer most when only group pictures
    calibrate.
    """
    inputs = [fit(photograph.picture) for photograph in found]
    sides = np.linspace(*BIG_FACE_SIDES_PX, BIG_FACES)
    largest = sorted(_in_turn(found, len(found)), key=lambda pair: -pair[1].side_px)
    for (photograph, face), side in zip(largest, sides):
        picture = photograph.picture
        half = face.side_px / side * LONG_SIDE_PX / 2
        centre = (face.box[:2] + face.box[2:]) / 2
        left, top = np.maximum(np.rint(centre - half), 0).astype(int)
        right, bottom = np.rint(centre + half).astype(int)
        square = picture[top:bottom, left:right]
        factor = side / face.side_px
        height, width = (min(round(side_px * factor), LONG_SIDE_PX) for side_px in square.shape[:2])
        inputs.append(resize(square, width, height))
    return inputs


def recogniser_inputs(found: list[Photograph]) -> list[np.ndarray]:
    """At most CROPS aligned uint8 RGB faces."""
    return [faces.align(photograph.picture, face.landmarks) for photograph, face in _in_turn(found, CROPS)]
