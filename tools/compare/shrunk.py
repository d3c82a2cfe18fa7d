"""How much recognition loses with few pixels: LFW pictures shrunk step by step, faceio's pipeline on each.

Prints, for every scale, the median distance between the eyes and the shares of pairs of one person and of
strangers whose cosine reaches the threshold of the shipped calibration at FAR 1e-4. Both pictures of a pair
are shrunk alike.
"""

from __future__ import annotations

import pathlib
import sys
import tempfile

import numpy as np
import PIL.Image

import inputs
from embed import MIN_SCORE, subject
from program import Program

PEOPLE = 350
PICTURES_A_PERSON = 4
SCALES = (1.0, 0.75, 0.6, 0.5, 0.4, 0.3, 0.25)
TARGET_FAR = 1e-4
PICTURES_A_CALL = 100


def selection(folder: pathlib.Path) -> list[pathlib.Path]:
    """Up to PICTURES_A_PERSON pictures of the first PEOPLE people that have two or more."""
    people = [person for person in sorted(folder.iterdir()) if len(list(person.glob("*.jpg"))) >= 2]
    return [path for person in people[:PEOPLE]
            for path in sorted(person.glob("*.jpg"))[:PICTURES_A_PERSON]]


def threshold_of(calibration: pathlib.Path) -> float:
    for line in calibration.read_text().splitlines():
        words = line.split()
        if words[0] == "row" and float(words[1]) == TARGET_FAR:
            return float(words[words.index("threshold") + 1])
    raise RuntimeError(f"{calibration} has no row for FAR {TARGET_FAR}")


def shrink(path: pathlib.Path, scale: float, to: pathlib.Path) -> None:
    with PIL.Image.open(path) as picture:
        side = [round(length * scale) for length in picture.size]
        method = PIL.Image.Resampling.BOX if scale <= 0.5 else PIL.Image.Resampling.BICUBIC
        shrunk = picture.convert("RGB") if scale == 1.0 else picture.convert("RGB").resize(side, method)
    inputs.write_lossless(np.array(shrunk), to)


def measure(program: Program, files: list[pathlib.Path], scale: float,
            threshold: float) -> tuple[int, float, float, float]:
    """Faces found, median pixels between the eyes, TAR and FAR at the threshold."""
    embeddings, people, eyes = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, len(files), PICTURES_A_CALL):
            batch = files[start:start + PICTURES_A_CALL]
            copies = [pathlib.Path(folder) / f"{start + i}.png" for i in range(len(batch))]
            for path, copy in zip(batch, copies):
                shrink(path, scale, copy)
            for path, faces in zip(batch, program.embed(copies, MIN_SCORE)):
                if len(faces) == 0:
                    continue
                face = subject(faces)
                embeddings.append(faces.embeddings[face])
                people.append(path.parent.name)
                left, right = faces.landmarks[face][:2]
                eyes.append(np.hypot(*(left - right)))
    vectors, names = np.array(embeddings), np.array(people)
    first, second = np.triu_indices(len(vectors), 1)
    accepted = np.einsum("ij,ij->i", vectors[first], vectors[second]) >= threshold
    genuine = names[first] == names[second]
    return len(vectors), float(np.median(eyes)), accepted[genuine].mean(), accepted[~genuine].mean()


def main() -> int:
    arguments = inputs.parse_with_pictures(inputs.parser(__doc__))
    files = selection(arguments.data / "lfw" / "deepfunneled250")
    threshold = threshold_of(inputs.ROOT / "weights" / "mobilefacenet_192.calibration")
    program = Program(arguments.faceio)
    print(f"{len(files)} pictures, threshold {threshold:.3f}")
    print("| scale | faces | px between the eyes | TAR | FAR |\n|---|---:|---:|---:|---:|")
    for scale in SCALES:
        found, eyes_px, tar, far = measure(program, files, scale, threshold)
        print(f"| {scale} | {found} | {eyes_px:.1f} | {tar:.4f} | {far:.1e} |", flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as problem:
        sys.exit(f"shrunk.py: {problem}")
