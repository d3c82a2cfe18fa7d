"""What int8 weights change: faces and landmarks beside fp32's, and embeddings of aligned crops.

Every face that fp32 finds above a score of 0.6 is looked for among int8's above 0.3, and the other way round. A
landmark's shift is in percent of the distance between the eyes, or of a quarter of the box's width when that is more.
"""

from __future__ import annotations

import pathlib
import sys

import numpy as np

import inputs
from program import Faces, Program
from reference import iou

sys.path.append(str(inputs.ROOT / "tools" / "eval_oracle"))
import recognition  # noqa: E402

MIN_SCORE, MIN_SCORE_OF_OTHER = 0.6, 0.3
MIN_IOU = 0.5
PICTURES_A_CALL = 100
# Faces whose eyes are nearer than this share of the box's width are seen from the side.
PROFILE_EYES = 0.3


def matches(of: Faces, among: Faces) -> list[tuple[int, int, float]]:
    """(face, its best counterpart, IoU) for every face of `of` above MIN_SCORE; counterpart -1: none."""
    found = []
    for i in np.flatnonzero(of.scores > MIN_SCORE):
        overlaps = iou(of.boxes[i], among.boxes, 0.0) if len(among) else np.zeros(0)
        best = int(np.argmax(overlaps)) if len(overlaps) else -1
        counts = best >= 0 and overlaps[best] >= MIN_IOU
        found.append((int(i), best if counts else -1, float(overlaps[best]) if counts else 0.0))
    return found


def compare_detectors(programs: dict[str, Program], pictures: list[pathlib.Path]) -> None:
    shifts, profiles, overlaps = [], [], []
    missed = extra = 0
    for start in range(0, len(pictures), PICTURES_A_CALL):
        batch = pictures[start:start + PICTURES_A_CALL]
        fp32, int8 = (programs[p].detect(batch, MIN_SCORE_OF_OTHER) for p in ("fp32", "int8"))
        for a, b in zip(fp32, int8):
            extra += sum(other < 0 for _, other, _ in matches(b, a))
            for face, other, overlap in matches(a, b):
                if other < 0:
                    missed += 1
                    continue
                width = a.boxes[face][2] - a.boxes[face][0]
                left, right = a.landmarks[face][:2]
                eyes = float(np.hypot(*(left - right)))
                shift = np.linalg.norm(a.landmarks[face] - b.landmarks[other], axis=1).mean()
                shifts.append(100 * shift / max(eyes, 0.25 * width))
                profiles.append(eyes < PROFILE_EYES * width)
                overlaps.append(overlap)
    shift, profile = np.array(shifts), np.array(profiles, bool)
    print(f"| {len(shift)} | {missed} | {extra} | {np.mean(overlaps):.3f} | {shift.mean():.2f} | "
          f"{np.median(shift[~profile]):.2f} | {np.percentile(shift, 95):.1f} |")


def pairs_of(path: pathlib.Path) -> list[tuple[str, str, bool]]:
    """File names and whether they show one person, of every line of LFW's pairs.txt."""
    pairs = []
    for line in path.read_text().splitlines()[1:]:
        words = line.split()
        same = len(words) == 3
        other = words[0] if same else words[2]
        pairs.append((f"{words[0]}_{int(words[1]):04}.jpg", f"{other}_{int(words[-1]):04}.jpg", same))
    return pairs


def compare_recognisers(programs: dict[str, Program], lfw: pathlib.Path) -> None:
    crops = sorted((lfw / "aligned112").rglob("*.jpg"))
    batches = [crops[i:i + 500] for i in range(0, len(crops), 500)]
    embeddings = {p: np.concatenate([program.embed_crops(batch) for batch in batches])
                  for p, program in programs.items()}
    cosine = np.einsum("ij,ij->i", embeddings["fp32"], embeddings["int8"])
    print(f"\n{len(cosine)} aligned LFW crops: cosine of int8 with fp32 mean {cosine.mean():.5f}, "
          f"1 % below {np.percentile(cosine, 1):.4f}, least {cosine.min():.4f}")
    index = {path.name: i for i, path in enumerate(crops)}
    pairs = pairs_of(lfw / "pairs.txt")
    print("\n| LFW pairs, crops given | accuracy, % | TAR at FAR 1e-3 |\n|---|---:|---:|")
    for template, probe in (("fp32", "fp32"), ("int8", "int8"), ("fp32", "int8")):
        scores = [float(embeddings[template][index[a]] @ embeddings[probe][index[b]]) for a, b, _ in pairs]
        result = recognition.evaluate_pairs({
            "same": [same for _, _, same in pairs], "scores": scores, "folds": 10, "squared_distance": True,
            "step": 0.01, "val_far": 1e-3, "fars": [1e-3]})
        mean, deviation, _ = result["missing_wrong"]
        print(f"| template {template}, probe {probe} | {100 * mean:.2f} ± {100 * deviation:.2f} | "
              f"{result['tars'][0][1]:.4f} |")


def main() -> int:
    arguments = inputs.parse_with_pictures(inputs.parser(__doc__))
    programs = {p: Program(arguments.faceio, p) for p in ("fp32", "int8")}
    print("| pictures | faces | missed | extra | IoU | landmark shift, % of eyes: mean | median, without profiles | p95 |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name in ("afw", "wider_val_416", "masked"):
        files = sorted(p for p in (arguments.data / name / "images").rglob("*") if p.suffix in (".jpg", ".png"))
        print(f"| {name} ", end="", flush=True)
        compare_detectors(programs, files)
    compare_recognisers(programs, arguments.data / "lfw")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as problem:
        sys.exit(f"precision.py: {problem}")
