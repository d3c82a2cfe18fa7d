"""Runs the faceio program and reads its JSON."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess

import numpy as np


@dataclasses.dataclass(frozen=True)
class Faces:
    """Faces of one picture, best first. Boxes are x1 y1 x2 y2, all coordinates picture pixels."""

    size: tuple[int, int]                  # width, height
    scores: np.ndarray                     # [N]
    boxes: np.ndarray                      # [N, 4]
    landmarks: np.ndarray                  # [N, 5, 2]
    embeddings: np.ndarray | None = None   # [N, 192], unit length

    def __len__(self) -> int:
        return len(self.scores)


class Program:
    def __init__(self, path: pathlib.Path, precision: str = "fp32") -> None:
        """`precision` is that of the weights. Raises RuntimeError when there is no such program."""
        self._precision = precision
        if not path.is_file():
            raise RuntimeError(f"no program at {path}: build it with `cmake --preset release && "
                               "cmake --build --preset release`, or name it with --faceio")
        self._path = path.resolve()  # a bare name would be looked for in PATH

    def detect(self, pictures: list[pathlib.Path], min_score: float) -> list[Faces]:
        """Faces above min_score of every picture file."""
        return self._faces("detect", pictures, min_score)

    def embed(self, pictures: list[pathlib.Path], min_score: float) -> list[Faces]:
        """Faces above min_score of every picture file, with embeddings."""
        return self._faces("embed", pictures, min_score)

    def embed_crops(self, crops: list[pathlib.Path]) -> np.ndarray:
        """Embeddings [N, 192] of picture files that are aligned 112x112 crops."""
        lines = self._lines("embed", "--aligned", "--json", *map(str, crops))
        return np.array([line["embedding"] for line in lines], float)

    def compare(self, a: pathlib.Path, b: pathlib.Path) -> float:
        """Cosine between the best faces of two picture files."""
        return self._lines("compare", "--json", str(a), str(b))[0]["cosine"]

    def _faces(self, command, pictures, min_score):
        lines = self._lines(command, "--json", "--min-score", repr(min_score),
                            *[str(path) for path in pictures])
        if len(lines) != len(pictures):
            raise RuntimeError(f"faceio {command} printed {len(lines)} lines for {len(pictures)} "
                               f"pictures, the first of them {pictures[0]}")
        return [_faces_of_line(line) for line in lines]

    def _lines(self, *arguments: str) -> list[dict]:
        try:
            done = subprocess.run([str(self._path), *arguments, "--precision", self._precision], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        except OSError as error:
            raise RuntimeError(f"{self._path} cannot be run: {error}; build it again") from error
        no_face = done.returncode == 1 and arguments[0] in ("detect", "embed")
        if done.returncode != 0 and not no_face:
            raise RuntimeError(f"{self._path} {' '.join(arguments[:4])} ... ended with "
                               f"{done.returncode}: {done.stderr.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines()]


def _faces_of_line(line: dict) -> Faces:
    faces = line["faces"]
    boxes = np.array([face["box"] for face in faces], float).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return Faces(
        size=(line["width"], line["height"]),
        scores=np.array([face["score"] for face in faces], float),
        boxes=boxes,
        landmarks=np.array([face["landmarks"] for face in faces], float).reshape(-1, 5, 2),
        embeddings=(np.array([face["embedding"] for face in faces], float)
                    if faces and "embedding" in faces[0] else None))
