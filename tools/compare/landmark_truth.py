"""AFW's truth boxes and five points, from its two text files."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np

Key = tuple[str, int]   # picture and index of its truth box


@dataclasses.dataclass(frozen=True)
class Truth:
    boxes: dict[str, list[list[float]]]        # by picture, x1 y1 x2 y2 and 0: none is ignored
    landmarks: dict[str, list[list[float]]]    # by picture, index of the box or -1, x y five times

    def faces(self) -> list[Key]:
        """Faces with points and a box."""
        return [(name, row[0]) for name, rows in self.landmarks.items() for row in rows
                if row[0] != -1]

    def points(self, face: Key) -> np.ndarray:
        name, box = face
        return next(np.reshape(row[1:], (5, 2)) for row in self.landmarks[name] if row[0] == box)


def read_truth(folder: pathlib.Path) -> Truth:
    """Raises RuntimeError when a file is absent, or a line or an index is not what it should be."""
    boxes = {name: [[*row[:4], 0.0] for row in rows]
             for name, rows in _rows(folder / "boxes.txt", 7).items()}
    path = folder / "landmarks5.txt"
    landmarks = _rows(path, 11)
    for name, rows in landmarks.items():
        for row in rows:
            if row[0] != -1 and row[0] not in range(len(boxes.get(name, []))):
                raise RuntimeError(f"{path}: {name} has points of box {row[0]:g}, which boxes.txt "
                                   "lacks; do both lists belong together?")
            if row[1:3] == row[3:5]:
                raise RuntimeError(f"{path}: {name}, box {row[0]:g}: the eyes coincide, the error "
                                   "cannot be normalised by them; mend the line")
            row[0] = int(row[0])
        named = [row[0] for row in rows if row[0] != -1]
        if len(set(named)) != len(named):
            raise RuntimeError(f"{path}: {name} has points of a box twice; remove one")
    absent = [name for name in boxes if not (folder / "images" / name).is_file()]
    if absent:
        raise RuntimeError(f"{folder / 'images'} lacks {absent[0]}; get the pictures again")
    return Truth(boxes, landmarks)


def _rows(path: pathlib.Path, count: int) -> dict[str, list[list[float]]]:
    """Lines `file number ...` with `count` finite numbers, by file."""
    rows: dict[str, list[list[float]]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise RuntimeError(f"{path} cannot be read: {error.strerror}; get it again") from error
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        name, *fields = line.split()
        try:
            values = [float(field) for field in fields]
        except ValueError:
            values = []
        if len(values) != count or not np.isfinite(values).all():
            raise RuntimeError(f"{path}, line {number}: expected a file name and {count} numbers")
        rows.setdefault(name, []).append(values)
    if not rows:
        raise RuntimeError(f"{path} holds no line; get it again")
    return rows
