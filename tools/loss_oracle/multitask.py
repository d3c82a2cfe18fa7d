"""RetinaFace's matching of anchors and multi-task loss in plain numpy, from the paper and the published rules.

Sources: Deng et al. 2019 (arXiv 1905.00641), equation 1 and section 4.2, and what the PyTorch training code of the
mobilenet0.25 network does. Everything is computed in double, anchor by anchor, from inputs rounded to float as the
C++ library holds them. A case has "size" [width, height], "matching", "loss" and "pictures"; a picture has "faces",
rows of x, y, width, height and either nothing or ten landmark coordinates, and the three "heads", flat.
`random_case` and `evaluate` are what tests/eval/oracle_test.py calls.
"""

from __future__ import annotations

import math

import numpy as np

STRIDES = (8, 16, 32)
SIDES = ((16, 32), (64, 128), (256, 512))
CENTRE_VARIANCE, SIZE_VARIANCE = 0.1, 0.2
BACKGROUND, IGNORED = -1, -2
SMALLEST = 1e-30  # what floats still hold to all their digits
PUBLISHED_MATCHING = {"positive": 0.35, "negative": 0.35, "best_anchor": True, "least_best": 0.2, "redirect": True}
PAPER_MATCHING = {"positive": 0.5, "negative": 0.3, "best_anchor": False, "least_best": 0.2, "redirect": False}
PUBLISHED_LOSS = {"ratio": 7, "least": 0, "weights": [1.0, 2.0, 1.0]}
PAPER_LOSS = {"ratio": 3, "least": 0, "weights": [1.0, 0.25, 0.1]}


def anchors_of(width: int, height: int) -> np.ndarray:
    """[A, 3]: centre x, centre y, side."""
    rows = []
    for stride, sides in zip(STRIDES, SIDES):
        for i in range(math.ceil(height / stride)):
            for j in range(math.ceil(width / stride)):
                for side in sides:
                    rows.append([(j + 0.5) * stride, (i + 0.5) * stride, side])
    return np.array(rows)


def jaccard(face: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """IoU of one box (x, y, width, height) with every anchor."""
    low = np.maximum(anchors[:, :2] - anchors[:, 2:] / 2, face[:2])
    high = np.minimum(anchors[:, :2] + anchors[:, 2:] / 2, face[:2] + face[2:4])
    sides = np.clip(high - low, 0.0, None)
    common = sides[:, 0] * sides[:, 1]
    return common / (anchors[:, 2] ** 2 + face[2] * face[3] - common)


def match(anchors: np.ndarray, faces: list[np.ndarray], rule: dict) -> np.ndarray:
    result = np.full(len(anchors), BACKGROUND)
    if not faces:
        return result
    overlaps = np.stack([jaccard(face, anchors) for face in faces])  # [faces, anchors]
    best_anchor = overlaps.argmax(axis=1)  # argmax: the first of equals
    easy = overlaps.max(axis=1) >= rule["least_best"]
    if rule["best_anchor"] and rule["redirect"] and not easy.any():
        return result
    best_face, overlap = overlaps.argmax(axis=0), overlaps.max(axis=0)
    if rule["best_anchor"]:
        overlap[best_anchor[easy]] = 2.0
        for face, anchor in enumerate(best_anchor):
            if easy[face] or rule["redirect"]:
                best_face[anchor] = face
    result[overlap >= rule["negative"]] = IGNORED
    positive = overlap >= rule["positive"]
    result[positive] = best_face[positive]
    return result


def encode_box(anchor: np.ndarray, face: np.ndarray) -> np.ndarray:
    x, y, side = anchor
    centre = [face[0] + face[2] / 2 - x, face[1] + face[3] / 2 - y]
    sides = [math.log(face[2] / side), math.log(face[3] / side)]
    return np.array([v / (CENTRE_VARIANCE * side) for v in centre] + [v / SIZE_VARIANCE for v in sides])


def encode_landmarks(anchor: np.ndarray, points: np.ndarray) -> np.ndarray:
    x, y, side = anchor
    return np.array([(v - (y if k % 2 else x)) / (CENTRE_VARIANCE * side) for k, v in enumerate(points)])


def cross_entropy(logits: np.ndarray, label: int) -> tuple[float, np.ndarray]:
    """-log softmax(logits)[label] and its gradient. The logit of the label is taken off before anything is rounded:
    equal differences of logits have equal values, on which mining depends."""
    value = np.logaddexp(0.0, logits[1 - label] - logits[label])
    shifted = np.exp(logits - logits.max())
    gradient = shifted / shifted.sum()
    gradient[label] -= 1.0
    return float(value), gradient


def smooth_l1(said: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    total, gradient = 0.0, np.zeros(len(said))
    for k, difference in enumerate(said - target):
        if abs(difference) < 1.0:
            total += 0.5 * difference**2
            gradient[k] = difference
        else:
            total += abs(difference) - 0.5
            gradient[k] = math.copysign(1.0, difference)
    return total, gradient


def floats(values, *shape: int) -> np.ndarray:
    return np.array(values, dtype=np.float32).astype(float).reshape(*shape)


def evaluate(case: dict) -> dict:
    anchors = anchors_of(*case["size"])
    rule = case["loss"]
    class_weight, box_weight, landmark_weight = rule["weights"]
    sums = {"classes": 0.0, "box": 0.0, "landmarks": 0.0}
    positives = marked = negatives = 0
    matches, chosen, gradients = [], [], []
    for picture in case["pictures"]:
        faces = [floats(face, -1) for face in picture["faces"]]
        logits = floats(picture["classes"], -1, 2)
        boxes = floats(picture["box"], -1, 4)
        points = floats(picture["landmarks"], -1, 10)
        matched = match(anchors, faces, case["matching"])
        gradient = np.zeros((len(anchors), 16))

        positive = [a for a in range(len(anchors)) if matched[a] >= 0]
        background = [a for a in range(len(anchors)) if matched[a] == BACKGROUND]
        hardest = sorted(background, key=lambda a: (-cross_entropy(logits[a], 0)[0], a))
        hardest = hardest[: max(rule["ratio"] * len(positive), rule["least"])]
        for a in hardest:
            value, gradient[a, :2] = cross_entropy(logits[a], 0)
            sums["classes"] += value
        for a in positive:
            face = faces[matched[a]]
            value, gradient[a, :2] = cross_entropy(logits[a], 1)
            sums["classes"] += value
            value, gradient[a, 2:6] = smooth_l1(boxes[a], encode_box(anchors[a], face))
            sums["box"] += value
            if len(face) > 4:
                value, gradient[a, 6:] = smooth_l1(points[a], encode_landmarks(anchors[a], face[4:]))
                sums["landmarks"] += value
                marked += 1
        positives += len(positive)
        negatives += len(hardest)
        matches.append(matched.tolist())
        chosen.append(sorted(hardest))
        gradients.append(gradient)

    n, m = max(positives, 1), max(marked, 1)
    terms = {"classes": sums["classes"] / n, "box": sums["box"] / n, "landmarks": sums["landmarks"] / m}
    scale = np.array([class_weight / n] * 2 + [box_weight / n] * 4 + [landmark_weight / m] * 10)
    return {
        **terms,
        "total": class_weight * terms["classes"] + box_weight * terms["box"] + landmark_weight * terms["landmarks"],
        "counts": [positives, marked, negatives],
        "match": matches,
        "negatives": chosen,
        # Rows that are not zero, or nearly: the anchor, then class, box and landmark gradient. Times N, so that a
        # tolerance means the same in a picture of one face and in a crowd.
        "gradient": [[[a, *(row * n)] for a, row in enumerate(g * scale) if np.abs(row * n).max() > SMALLEST]
                     for g in gradients],
    }


def random_case(rng: np.random.Generator) -> dict:
    width, height = (int(v) for v in rng.integers(32, 100, 2))
    count = len(anchors_of(width, height))
    pictures = []
    for _ in range(int(rng.integers(1, 4))):
        faces = []
        for _ in range(int(rng.choice([0, 1, 1, 2, 3, 6]))):
            side = np.exp(rng.uniform(math.log(2.0), math.log(140.0), 1)) * rng.uniform(0.8, 1.25, 2)
            # The grid of the anchors, often: there, overlaps are equal and the first has to win.
            grid = rng.choice([0.001, 1.0, 4.0, 8.0])
            corner = rng.uniform([-10, -10], [width, height])
            face = np.concatenate([np.round(corner / grid) * grid, np.maximum(np.round(side / grid), 1) * grid])
            if rng.random() < 0.7:
                points = face[:2] + face[2:] * rng.uniform(-0.1, 1.1, (5, 2))
                face = np.concatenate([face, points.reshape(-1)])
            faces.append([round(float(v), 3) for v in face])
            if rng.random() < 0.1:
                faces.append(list(faces[-1]))
        decimals = int(rng.choice([0, 1, 3]))  # few: equal logits, where the first has to be chosen
        spread = rng.choice([1.0, 5.0, 60.0])

        def head(columns, scale):
            return [float(v) for v in np.round(rng.normal(0.0, scale, count * columns), decimals)]

        pictures.append({"faces": faces, "classes": head(2, spread), "box": head(4, 3.0), "landmarks": head(10, 3.0)})
    matching, loss = (dict(rule) for rule in
                      [(PUBLISHED_MATCHING, PUBLISHED_LOSS), (PAPER_MATCHING, PAPER_LOSS)][int(rng.integers(2))])
    if rng.random() < 0.4:
        positive = round(float(rng.uniform(0.1, 0.8)), 3)
        matching = {"positive": positive, "negative": round(positive * float(rng.choice([0.25, 0.5, 1.0])), 3),
                    "best_anchor": bool(rng.integers(2)), "least_best": float(rng.choice([0.0, 0.1, 0.2, 0.5])),
                    "redirect": bool(rng.integers(2))}
        loss = {"ratio": int(rng.integers(0, 20)), "least": int(rng.choice([0, 0, 5, 1000])),
                "weights": [round(float(v), 3) for v in rng.uniform(0.0, 3.0, 3)]}
    return {"size": [width, height], "matching": matching, "loss": loss, "pictures": pictures}
