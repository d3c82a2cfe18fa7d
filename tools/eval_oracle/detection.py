#!/usr/bin/env python3
"""The detection protocols of faceio/eval in plain numpy, written from their published descriptions.

    detection.py INPUT.json     reads a list of cases, prints the list of their results

A case is a dict with "kind": "boxes", "wider" or "landmarks" and "pictures", a list of dicts with "file",
the truth of that kind and "predictions" (null when the picture has no list). Boxes are [x1, y1, x2, y2, ...].
Undefined results are null. `random_case` and `evaluate` are what tests/eval/oracle_test.py calls.
"""

from __future__ import annotations

import json
import sys

import numpy as np

SUBSETS = ("easy", "medium", "hard", "all")
LEFT_OUT, FALSE_POSITIVE = -2, -1  # otherwise the index of the face


def overlaps(box: np.ndarray, boxes: np.ndarray, pixel: float) -> np.ndarray:
    """IoU of one box with many; a side measures x2 - x1 + pixel."""
    sides = np.minimum(box[2:4], boxes[:, 2:4]) - np.maximum(box[:2], boxes[:, :2]) + pixel
    common = np.where((sides > 0).all(axis=1), sides[:, 0] * sides[:, 1], 0.0)
    area = (box[2] - box[0] + pixel) * (box[3] - box[1] + pixel)
    areas = (boxes[:, 2] - boxes[:, 0] + pixel) * (boxes[:, 3] - boxes[:, 1] + pixel)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(common > 0, common / (area + areas - common), 0.0)


def match(predictions: np.ndarray, truth: np.ndarray, ignored: np.ndarray, iou_threshold: float,
          pixel: float) -> list[int]:
    """For each prediction, in the order given: LEFT_OUT, FALSE_POSITIVE or the index of its face."""
    outcomes, taken = [], set()
    for prediction in predictions:
        outcome = FALSE_POSITIVE
        if len(truth):
            overlap = overlaps(prediction[:4], truth, pixel)
            best = int(np.argmax(overlap))
            if overlap[best] >= iou_threshold:
                if ignored[best]:
                    outcome = LEFT_OUT
                elif best not in taken:
                    taken.add(best)
                    outcome = best
        outcomes.append(outcome)
    return outcomes


def voc_area(recall: np.ndarray, precision: np.ndarray) -> float:
    """PASCAL VOC 2010: area under the monotone envelope, all points."""
    recall = np.concatenate([[0.0], recall, [1.0]])
    precision = np.concatenate([[0.0], precision, [0.0]])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum((recall[1:] - recall[:-1]) * envelope[1:]))


def table(rows: list, columns: int) -> np.ndarray:
    return np.array(rows, dtype=float).reshape(-1, columns)


def by_score(predictions: np.ndarray) -> np.ndarray:
    """Row numbers by descending score; equal scores keep their order."""
    return np.argsort(-predictions[:, 4], kind="stable")


def evaluate_boxes(case: dict) -> dict:
    scores, right, faces = [], [], 0
    for picture in case["pictures"]:
        truth = table(picture["truth"], 5)
        ignored = truth[:, 4] != 0
        faces += int(np.sum(~ignored))
        predictions = table(picture["predictions"] or [], 5)
        predictions = predictions[by_score(predictions)]
        outcomes = match(predictions, truth[:, :4], ignored, case["iou_threshold"], case["pixel"])
        for prediction, outcome in zip(predictions, outcomes):
            if outcome != LEFT_OUT:
                scores.append(prediction[4])
                right.append(outcome != FALSE_POSITIVE)
    if faces == 0:
        return {"faces": None, "average_precision": None, "curve": None, "recall_at_fppi": None}
    scores, right = np.array(scores), np.array(right, dtype=bool)
    curve = []
    for threshold in np.unique(scores)[::-1]:
        accepted = scores >= threshold
        hits = int(np.sum(right & accepted))
        misses = int(np.sum(~right & accepted))
        curve.append([float(threshold), hits, misses, hits / (hits + misses), hits / faces])
    points = table(curve, 5)
    at_fppi = [max([p[4] for p in curve if p[2] / len(case["pictures"]) <= limit], default=0.0)
               for limit in case["fppi"]]
    return {"faces": faces, "average_precision": voc_area(points[:, 4], points[:, 3]), "curve": curve,
            "recall_at_fppi": at_fppi}


def evaluate_wider(case: dict) -> dict:
    undefined = {"faces": None, "average_precision": None, "curve": None, "sums": None}
    port = case["protocol"] == "python_port"
    subset = SUBSETS.index(case["subset"])
    tables = [None if p["predictions"] is None else table(p["predictions"], 5) for p in case["pictures"]]
    if port and any(t is None for t in tables):
        return undefined
    scores = np.concatenate([t[:, 4] for t in tables if t is not None] or [np.zeros(0)])
    largest = max([0.0 if port else float(np.finfo(np.float32).tiny), *scores])
    smallest = min([1.0 if port else float(np.finfo(np.float32).max), *scores])
    if len(scores) and largest == smallest:
        return undefined
    thresholds = 1 - np.arange(1, 1001) / 1000
    proposals, hits = np.zeros(1000, dtype=int), np.zeros(1000, dtype=int)
    faces = 0
    for picture, predictions in zip(case["pictures"], tables):
        truth = table(picture["faces"], 8)
        kept = truth[:, 4 + subset] != 0
        faces += int(np.sum(kept))
        if predictions is None or len(predictions) == 0 or len(truth) == 0:
            continue
        if not port:
            predictions = predictions[by_score(predictions)]
        outcomes = np.array(match(predictions, truth[:, :4], ~kept, 0.5, 1.0))
        normalised = (predictions[:, 4] - smallest) / (largest - smallest)
        # Predictions 0 .. r count, r the last one that reaches the threshold.
        reaches = normalised[None, :] >= thresholds[:, None]
        accepted = np.where(reaches.any(axis=1), len(normalised) - np.argmax(reaches[:, ::-1], axis=1), 0)
        proposals += np.concatenate([[0], np.cumsum(outcomes != LEFT_OUT)])[accepted]
        hits += np.concatenate([[0], np.cumsum(outcomes >= 0)])[accepted]
    if faces == 0:
        return undefined
    precision = np.divide(hits, proposals, out=np.zeros(1000), where=proposals > 0)
    return {"faces": faces, "average_precision": voc_area(hits / faces, precision),
            "curve": [[int(proposals[k]), int(hits[k])] for k in range(0, 1000, 9)],
            "sums": [float(np.sum(thresholds)), int(np.sum(proposals)), int(np.sum(hits)),
                     float(np.sum(precision))]}


def evaluate_landmarks(case: dict) -> dict:
    errors, faces, without_box = [], 0, 0
    for picture in case["pictures"]:
        boxes = table(picture["boxes"], 5)
        predictions = table(picture["predictions"] or [], 15)
        predictions = predictions[by_score(predictions)]
        outcomes = match(predictions, boxes[:, :4], boxes[:, 4] != 0, case["iou_threshold"], 0.0)
        found = {outcome: row for outcome, row in zip(outcomes, predictions) if outcome >= 0}
        without_box += sum(1 for row in picture["landmarks"] if row[0] < 0)
        for row in sorted(row for row in picture["landmarks"] if row[0] >= 0):
            if boxes[row[0], 4] != 0:
                continue
            faces += 1
            if row[0] in found:
                truth, predicted = table(row[1:], 2), table(found[row[0]][5:], 2)
                distances = np.sqrt(np.sum((truth - predicted) ** 2, axis=1))
                errors.append(float(np.mean(distances) / np.sqrt(np.sum((truth[0] - truth[1]) ** 2))))
    if not errors:
        return {"faces": None, "missed": None, "without_box": None, "errors": None, "mean": None,
                "median": None, "failure_rates": None, "cumulative": None}
    values = np.array(errors)
    failure_rates = [[1 - np.mean(values <= t), 1 - np.sum(values <= t) / faces] for t in case["thresholds"]]
    cumulative = [[e, (i + 1) / len(errors), (i + 1) / faces] for i, e in enumerate(sorted(errors))]
    return {"faces": faces, "missed": faces - len(errors), "without_box": without_box, "errors": errors,
            "mean": float(np.mean(values)), "median": float(np.median(values)),
            "failure_rates": [[float(v) for v in row] for row in failure_rates], "cumulative": cumulative}


def evaluate(case: dict) -> dict:
    """Numbers, lists and nulls of one case."""
    return {"boxes": evaluate_boxes, "wider": evaluate_wider,
            "landmarks": evaluate_landmarks}[case["kind"]](case)


def random_boxes(rng: np.random.Generator, count: int) -> list[list[float]]:
    """Boxes on a coarse grid, so that they overlap, coincide and tie often."""
    corner, side = rng.integers(0, 20, (count, 2)) * 2.0, rng.integers(2, 12, (count, 2)) * 2.0
    if count > 1 and rng.random() < 0.3:
        corner[1], side[1] = corner[0], side[0]
    return [[*map(float, c), *map(float, c + s)] for c, s in zip(corner, side)]


def random_score(rng: np.random.Generator, style: str) -> float:
    return {"coarse": lambda: int(rng.integers(0, 8)) / 8, "fine": lambda: float(rng.random()),
            "logit": lambda: float(rng.normal(0, 4)), "negative": lambda: -1 - float(rng.random()),
            "large": lambda: 2 + float(rng.random()) * 5}[style]()


def random_predictions(rng: np.random.Generator, truth: list, style: str) -> list | None:
    """Shifted copies of the truth, some twice, and boxes of nobody in random order; null once in ten."""
    if rng.random() < 0.1:
        return None
    boxes = random_boxes(rng, int(rng.integers(0, 3)))
    for box in truth:
        for _ in range(int(rng.integers(0, 3))):
            shift = rng.integers(-2, 3, 4) * rng.choice([0.5, 2.0])
            boxes.append([float(v) for v in np.array(box[:4]) + shift])
    rng.shuffle(boxes)
    return [[*box, random_score(rng, style)] for box in boxes]


def random_points(rng: np.random.Generator, box: list[float], spread: float) -> list[float]:
    places = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
    points = np.array(box[:2]) + places * (np.array(box[2:4]) - np.array(box[:2]))
    return [float(v) for v in (points + rng.normal(0, spread, (5, 2))).reshape(-1)]


def random_landmark_picture(rng: np.random.Generator, boxes: list, predictions: list | None) -> dict:
    landmarks = [[i, *random_points(rng, box, 0.3)] for i, box in enumerate(boxes) if rng.random() < 0.8]
    unboxed = random_boxes(rng, int(rng.integers(0, 2)))
    landmarks += [[-1, *random_points(rng, box, 0.3)] for box in unboxed]
    rng.shuffle(landmarks)
    return {"boxes": boxes, "landmarks": landmarks,
            "predictions": predictions and [[*p, *random_points(rng, p, 1.0)] for p in predictions]}


def random_case(rng: np.random.Generator) -> dict:
    """A small case of a random kind: ties, duplicates, ignored faces, pictures without any."""
    kind = str(rng.choice(["boxes", "wider", "landmarks"]))
    style = str(rng.choice(["coarse", "fine", "logit", "negative", "large"]))
    case = {"kind": kind, "iou_threshold": float(rng.choice([0.3, 0.5, 0.75])), "pictures": []}
    if kind == "boxes":
        case.update(pixel=int(rng.integers(0, 2)), fppi=[0.0, 0.25, 0.5, 1.0, 2.0])
    elif kind == "wider":
        case.update(subset=str(rng.choice(SUBSETS)), protocol=str(rng.choice(["matlab_kit", "python_port"])))
    else:
        case.update(thresholds=[0.05, 0.1, 0.2])
    for i in range(int(rng.integers(1, 5))):
        boxes = random_boxes(rng, int(rng.integers(0, 5)))
        predictions = random_predictions(rng, boxes, style)
        ignorable = [[*box, int(rng.random() < 0.3)] for box in boxes]
        if kind == "boxes":
            picture = {"truth": ignorable, "predictions": predictions}
        elif kind == "wider":
            faces = [[*box, *map(int, rng.random(4) < 0.6)] for box in boxes]
            picture = {"faces": faces, "predictions": predictions}
        else:
            picture = random_landmark_picture(rng, ignorable, predictions)
        case["pictures"].append({"file": f"{i}.jpg", **picture})
    return case


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    json.dump([evaluate(case) for case in cases], sys.stdout)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
