#!/usr/bin/env python3
"""The recognition protocols of faceio/eval in plain numpy, written from their published descriptions.

    recognition.py INPUT.json     reads a list of cases, prints the list of their results

A case is a dict with "kind" and the inputs of that kind. A case that the protocol refuses (no impostor pair,
data too few for a FAR, ...) gives {"result": null}. `random_case` and `evaluate` are what
tests/eval/oracle_test.py calls.
"""

from __future__ import annotations

import json
import math
import sys

import numpy as np


class Refused(Exception):
    """The protocol has no answer for this input."""


def finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


# Verification: ROC and operating points.

def roc(genuine, impostor) -> np.ndarray:
    """[points, 3]: threshold, TAR, FAR; a pair is accepted when its score is >= the threshold."""
    if len(genuine) == 0 or len(impostor) == 0:
        raise Refused
    genuine, impostor = np.asarray(genuine, float), np.asarray(impostor, float)
    thresholds = np.concatenate([[np.inf], np.unique(np.concatenate([genuine, impostor]))[::-1]])
    return np.array([[t, np.mean(genuine >= t), np.mean(impostor >= t)] for t in thresholds])


def strict(points: np.ndarray, target: float) -> list:
    """The last point, hence that of the largest TAR and smallest threshold, with FAR <= target."""
    threshold, tar, far = points[points[:, 2] <= target][-1]
    return [finite(threshold), tar, far]


def nearest(genuine, impostor, target: float) -> list:
    """The IJB scripts: roc_curve of scikit-learn without its intermediate points, read from its end."""
    points = roc(genuine, impostor)
    scored = points[1:]
    accepted = np.round(scored[:, 1:] * [len(genuine), len(impostor)]).astype(int)
    if len(scored) > 2:
        bends = np.any(np.diff(accepted, 2, axis=0) != 0, axis=1)
        scored = scored[np.concatenate([[True], bends, [True]])]
    flipped = np.concatenate([points[:1], scored])[::-1]
    threshold, tar, far = flipped[np.argmin(np.abs(flipped[:, 2] - target))]
    return [finite(threshold), tar, far]


def equal_error_rate(points: np.ndarray) -> list:
    frr = 1.0 - points[:, 1]
    after = int(np.argmax(points[:, 2] >= frr))
    gap = np.array([frr[after - 1] - points[after - 1, 2], points[after, 2] - frr[after]])
    rate = np.interp(gap[0] / gap.sum(), [0, 1], points[after - 1:after + 1, 2])
    return [rate, points[after, 0]]


def evaluate_roc(case: dict) -> dict:
    genuine, impostor = case["genuine"], case["impostor"]
    points = roc(genuine, impostor)
    return {"points": [[finite(t), tar, far] for t, tar, far in points],
            "strict": [strict(points, far) for far in case["fars"]],
            "nearest": [nearest(genuine, impostor, far) for far in case["fars"]],
            "equal_error_rate": equal_error_rate(points)}


# Intervals.

def binomial_cdf(k: int, n: int, p: float) -> float:
    return math.fsum(math.comb(n, i) * p**i * (1 - p)**(n - i) for i in range(k + 1))


def solve(rising, target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


def clopper_pearson(hits: int, trials: int, confidence: float) -> list:
    if trials == 0:
        raise Refused
    tail = (1 - confidence) / 2
    low = solve(lambda p: 1 - binomial_cdf(hits - 1, trials, p), tail) if hits else 0.0
    high = solve(lambda p: 1 - binomial_cdf(hits, trials, p), 1 - tail) if hits < trials else 1.0
    return [low, high]


def percentiles(values, confidence: float) -> list:
    return [float(np.quantile(values, q)) for q in ((1 - confidence) / 2, (1 + confidence) / 2)]


def evaluate_intervals(case: dict) -> dict:
    return {"clopper_pearson": clopper_pearson(case["hits"], case["trials"], case["confidence"]),
            "percentiles": percentiles(case["values"], case["confidence"])}


# Bootstrap over people.

class SplitMix64:
    MASK = (1 << 64) - 1

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, bound: int) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & self.MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & self.MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & self.MASK
        return ((z ^ (z >> 31)) >> 32) * bound >> 32


class Bootstrap:
    """Pairs [score, person, person]; genuine when both people are one."""

    def __init__(self, pairs: list, people: int, options: dict) -> None:
        self.scores = np.array([pair[0] for pair in pairs], float)
        self.a = np.array([pair[1] for pair in pairs], int)
        self.b = np.array([pair[2] for pair in pairs], int)
        self.people, self.options = people, options

    def interval(self, rate) -> list:
        random, rates = SplitMix64(self.options["seed"]), []
        genuine = self.a == self.b
        for _ in range(self.options["replicates"]):
            draws = [random.below(self.people) for _ in range(self.people)]
            weight = np.bincount(draws, minlength=self.people)
            value = rate(np.where(genuine, weight[self.a], 0),
                         np.where(genuine, 0, weight[self.a] * weight[self.b]))
            if value is not None:
                rates.append(value)
        replicates = self.options["replicates"]
        if len(rates) < replicates - replicates // 10:
            raise Refused
        return percentiles(rates, self.options["confidence"])

    def far_at(self, threshold: float) -> list:
        accepted = self.scores >= threshold
        return self.interval(lambda g, i: i[accepted].sum() / i.sum() if i.sum() else None)

    def tar_at(self, threshold: float) -> list:
        accepted = self.scores >= threshold
        return self.interval(lambda g, i: g[accepted].sum() / g.sum() if g.sum() else None)

    def tar_at_far(self, target: float) -> list:
        def rate(genuine, impostor):
            if genuine.sum() == 0 or impostor.sum() == 0:
                return None
            best = 0.0
            for threshold in np.unique(self.scores):
                accepted = self.scores >= threshold
                if impostor[accepted].sum() / impostor.sum() <= target:
                    best = max(best, genuine[accepted].sum() / genuine.sum())
            return best
        return self.interval(rate)


def evaluate_bootstrap(case: dict) -> dict:
    bootstrap = Bootstrap(case["pairs"], case["people"], case["options"])
    return {"far_at": bootstrap.far_at(case["threshold"]), "tar_at": bootstrap.tar_at(case["threshold"]),
            "tar_at_far": bootstrap.tar_at_far(case["far"])}


# Pairs in folds (LFW).

def mean_std(folds: list) -> list:
    return [float(np.mean(folds)), float(np.std(folds)), [float(value) for value in folds]]


def evaluate_pairs(case: dict) -> dict:
    same = np.array(case["same"], bool)
    missing = np.array([score is None for score in case["scores"]])
    cosine = np.array([0.0 if score is None else score for score in case["scores"]], float)
    distance = np.maximum(2 - 2 * cosine, 0)
    fold = np.repeat(np.arange(case["folds"]), len(same) // case["folds"])
    points = roc(cosine[same & ~missing], cosine[~same & ~missing])

    def accepts(threshold):
        return distance < threshold if case["squared_distance"] else cosine >= threshold

    step = case["step"]
    thresholds = np.arange(0, 4, step) if case["squared_distance"] else -1 + np.arange(2 / step + 1) * step
    right = np.array([(accepts(t) == same) & ~missing for t in thresholds])
    best, wrong_too, left_out = [], [], []
    for f in range(case["folds"]):
        choice = int(np.argmax(right[:, fold != f].mean(axis=1)))
        best.append(float(thresholds[choice]))
        wrong_too.append(right[choice, fold == f].mean())
        scored = (fold == f) & ~missing
        left_out.append(right[choice, scored].mean() if scored.any() else None)
    return {"thresholds": best, "threshold_mean": float(np.mean(best)), "missing_wrong": mean_std(wrong_too),
            "missing_left_out": None if None in left_out else mean_std(left_out),
            "val": val_at_far(case["val_far"], distance, same, missing, fold),
            "tars": [[*strict(points, far), strict(points, far)[1] * np.mean(~missing[same])]
                     for far in case["fars"]]}


def val_at_far(target: float, distance, same, missing, fold) -> list | None:
    thresholds = np.arange(0, 4, 0.001)
    used, vals, vals_scored, fars = [], [], [], []
    for f in range(fold.max() + 1):
        train = (fold != f) & ~same & ~missing
        test_same, test_other = (fold == f) & same, (fold == f) & ~same & ~missing
        if not test_other.any() or not (test_same & ~missing).any() or not train.any():
            return None
        far = (distance[train][None, :] < thresholds[:, None]).mean(axis=1)
        threshold = 0.0
        if far.max() >= target:
            reached = int(np.argmax(far >= target))
            threshold = thresholds[reached]
            if reached > 0:
                share = (target - far[reached - 1]) / (far[reached] - far[reached - 1])
                threshold = thresholds[reached - 1] + share * (thresholds[reached] - thresholds[reached - 1])
        accepted = (distance < threshold) & ~missing
        used.append(float(threshold))
        vals.append(accepted[test_same].mean())
        vals_scored.append(accepted[test_same & ~missing].mean())
        fars.append(accepted[test_other].mean())
    return [used, mean_std(fars), mean_std(vals), mean_std(vals_scored)]


# Templates (IJB).

def evaluate_templates(case: dict) -> dict:
    embeddings = np.array(case["embeddings"], np.float32).astype(float)
    if case["weights"]:
        embeddings *= np.array(case["weights"])[:, None]
    medias = {}
    for (template, media), embedding in zip(case["faces"], embeddings):
        medias.setdefault(template, {}).setdefault(media, []).append(embedding)
    pooled = {t: sum(np.mean(faces, axis=0) for faces in group.values()) for t, group in medias.items()}
    pooled = {template: vector / np.linalg.norm(vector) for template, vector in pooled.items()}
    scores = [float(pooled[a] @ pooled[b]) for a, b, _ in case["pairs"]]
    genuine = [score for score, pair in zip(scores, case["pairs"]) if pair[2]]
    impostor = [score for score, pair in zip(scores, case["pairs"]) if not pair[2]]
    points = roc(genuine, impostor)

    order = list(dict.fromkeys(template for a, b, _ in case["pairs"] for template in (a, b)))
    subject = {template: {template} for template in order}
    for a, b, same in case["pairs"]:
        if same:
            merged = subject[a] | subject[b]
            for template in merged:
                subject[template] = merged
    number = {}
    for template in order:
        if template not in number:
            count = len(set(number.values()))
            number.update(dict.fromkeys(subject[template], count))
    scored = [[score, number[a], number[b]] for score, (a, b, _) in zip(scores, case["pairs"])]
    bootstrap = Bootstrap(scored, len(set(number.values())), case["options"])
    try:
        if any(b in subject[a] for a, b, same in case["pairs"] if not same):
            raise Refused
        people = [bootstrap.tar_at_far(far) for far in case["fars"]]
    except Refused:
        people = None
    return {"scores": scores, "people": people,
            "tars": [[strict(points, far), nearest(genuine, impostor, far)] for far in case["fars"]]}


# Many embeddings.

def all_scores(rows: dict, columns: dict) -> tuple[np.ndarray, np.ndarray]:
    scores = np.array(rows["values"], float) @ np.array(columns["values"], float).T
    return scores, np.array(rows["people"])[:, None] == np.array(columns["people"])[None, :]


def above(score: float) -> float:
    """The next float32."""
    return float(np.nextafter(np.float32(score), np.float32(np.inf)))


def evaluate_all_pairs(case: dict) -> dict:
    scores, same = all_scores(case["embeddings"], case["embeddings"])
    once = np.tril(np.ones_like(same), -1)
    genuine, impostor = scores[once & same], np.sort(scores[once & ~same])[::-1]
    return {"genuine": len(genuine), "impostors": len(impostor),
            "tail": impostor[:case["tail"]].tolist(),
            "points": [far_of_all_pairs(genuine, impostor, far, case) for far in case["fars"]]}


def far_of_all_pairs(genuine, impostor, target: float, case: dict) -> list | None:
    allowed = max(k for k in range(len(impostor) + 1) if k == 0 or k / len(impostor) <= target)
    if allowed == 0 or len(genuine) == 0:
        return None
    bins, last = 1 / 32768, 1 - 1 / 32768
    rejected = impostor[allowed]
    kept = allowed < min(case["tail"], len(impostor))
    if kept:
        threshold = above(rejected)
    elif rejected >= last:
        threshold = np.inf
    else:
        threshold = (np.floor(rejected / bins) + 1) * bins
    undecided = 0
    accepted = np.sum(genuine >= threshold)
    if len(genuine) > case["genuine_limit"] and threshold < np.inf:
        begin = min(np.floor(threshold / bins) * bins, last)
        inside = (genuine >= begin) & (genuine < (begin + bins if begin < last else np.inf))
        if threshold != begin:
            undecided = int(inside.sum())
            accepted = np.sum(genuine >= begin) - undecided
    return [finite(threshold), accepted / len(genuine), np.mean(impostor >= threshold), int(kept), undecided]


def evaluate_identification(case: dict) -> dict:
    scores, same = all_scores(case["probes"], case["gallery"])
    count = len(scores)
    mate = np.where(same, scores, -np.inf).max(axis=1)
    mated = mate > -np.inf
    if not mated.any():
        raise Refused
    others = np.where(same, -np.inf, scores)
    rank = 1 + (others >= mate[:, None]).sum(axis=1)
    falling = np.sort(scores[~same])[::-1]
    best = np.sort(others.max(axis=1))[::-1]
    ijb, at_fpr = [], []
    for rate in case["rates"]:
        place = math.ceil(rate * count)
        ijb.append(None if place > min(len(falling), case["tail"]) else
                   [falling[place - 1], np.mean(mate[mated] > falling[place - 1]),
                    np.sum(falling > falling[place - 1]) / count])
        allowed = max(k for k in range(count) if k / count <= rate)
        if allowed == 0:
            at_fpr.append(None)
            continue
        threshold = above(max(best[allowed], -2.0))
        hits = mated & (mate >= threshold) & (mate > others.max(axis=1))
        at_fpr.append([threshold, hits.sum() / mated.sum(), np.mean(best >= threshold)])
    return {"mated": int(mated.sum()), "ranks": [float(np.mean(rank[mated] <= k)) for k in (1, 5, 10)],
            "ijb": ijb, "at_fpr": at_fpr}


# Calibration.

def evaluate_calibration(case: dict) -> dict:
    genuine = [score for score, a, b in case["pairs"] if a == b]
    impostor = [score for score, a, b in case["pairs"] if a != b]
    points = roc(genuine, impostor)
    bootstrap = Bootstrap(case["pairs"], case["people"], case["options"])
    confidence = case["options"]["confidence"]
    rows = []
    for target in sorted(case["fars"], reverse=True):
        if len(impostor) * target < 3 * (1 - 1e-9):
            raise Refused
        threshold, tar, far = strict(points, target)
        if threshold is None:
            raise Refused
        rows.append([target, threshold,
                     far, clopper_pearson(round(far * len(impostor)), len(impostor), confidence),
                     bootstrap.far_at(threshold),
                     tar, clopper_pearson(round(tar * len(genuine)), len(genuine), confidence),
                     bootstrap.tar_at(threshold)])
    return {"rows": rows, "fpir": [1 - (1 - row[0])**case["gallery"] for row in rows]}


EVALUATE = {"roc": evaluate_roc, "intervals": evaluate_intervals, "bootstrap": evaluate_bootstrap,
            "pairs": evaluate_pairs, "templates": evaluate_templates, "all_pairs": evaluate_all_pairs,
            "identification": evaluate_identification, "calibration": evaluate_calibration}


def evaluate(case: dict) -> dict:
    try:
        return EVALUATE[case["kind"]](case)
    except Refused:
        return {"result": None}


# Random cases, small and full of ties.

def random_scores(rng, count: int, shift: float) -> list:
    scores = np.clip(rng.normal(shift, 0.3, count), -1, 1)
    if rng.random() < 0.6:
        scores = np.round(scores * 8) / 8
    return scores.tolist()


def random_fars(rng) -> list:
    return [0.0, float(rng.choice([0.125, 0.25, 0.5, 0.1])), float(rng.random())]


def random_options(rng) -> dict:
    return {"replicates": int(rng.integers(1, 12)), "seed": int(rng.integers(1 << 53)),
            "confidence": float(rng.choice([0.5, 0.9, 0.95]))}


def random_people_pairs(rng, people: int, genuine: int, impostors: int) -> list:
    pairs = [[score, person, person] for score in random_scores(rng, genuine, 0.5)
             for person in [int(rng.integers(people))]]
    for score in random_scores(rng, impostors, 0.0):
        a, b = rng.choice(people, 2, replace=False)
        pairs.append([score, int(a), int(b)])
    return pairs


def random_roc(rng) -> dict:
    return {"genuine": random_scores(rng, int(rng.integers(0, 12)), 0.4),
            "impostor": random_scores(rng, int(rng.integers(0, 12)), 0.0), "fars": random_fars(rng)}


def random_intervals(rng) -> dict:
    trials = int(rng.integers(0, 60))
    return {"hits": int(rng.integers(0, trials + 1)), "trials": trials,
            "confidence": float(rng.choice([0.5, 0.9, 0.95, 0.99])),
            "values": rng.normal(size=int(rng.integers(1, 10))).tolist()}


def random_bootstrap(rng) -> dict:
    people = int(rng.integers(3, 12))
    return {"pairs": random_people_pairs(rng, people, int(rng.integers(1, 12)), int(rng.integers(1, 20))),
            "people": people, "options": random_options(rng), "far": random_fars(rng)[1],
            "threshold": random_scores(rng, 1, 0.2)[0]}


def random_pairs(rng) -> dict:
    folds = int(rng.integers(2, 5))
    count = folds * int(rng.integers(2, 9))
    same = (rng.random(count) < 0.5).tolist()
    scores = [random_scores(rng, 1, 0.4 if s else 0.0)[0] for s in same]
    if rng.random() < 0.5:
        scores = [None if rng.random() < 0.2 else score for score in scores]
    squared = bool(rng.random() < 0.5)
    return {"folds": folds, "same": same, "scores": scores, "squared_distance": squared,
            "step": float(rng.choice([0.125, 0.0625] if rng.random() < 0.5 else [0.01])),
            "val_far": float(rng.choice([0.001, 0.25, 0.3, 0.9])), "fars": random_fars(rng)}


def random_templates(rng) -> dict:
    templates, length = int(rng.integers(3, 12)), int(rng.integers(2, 6))
    faces = [[template * 3, int(rng.integers(0, 3))]
             for template in range(templates) for _ in range(int(rng.integers(1, 5)))]
    faces = [faces[i] for i in rng.permutation(len(faces))]
    embeddings = rng.normal(size=(len(faces), length)).astype(np.float32)
    person = rng.integers(0, 6, templates)
    pairs = []
    for a in range(templates):
        for b in range(a):
            if rng.random() < 0.8:
                pairs.append([a * 3, b * 3, bool(person[a] == person[b])])
    if pairs and rng.random() < 0.1:
        pairs[0][2] = not pairs[0][2]
    return {"faces": faces, "embeddings": embeddings.astype(float).tolist(), "pairs": pairs,
            "weights": rng.random(len(faces)).tolist() if rng.random() < 0.5 else [],
            "fars": random_fars(rng), "options": random_options(rng)}


def random_embeddings(rng, count: int) -> dict:
    """Sixteen numbers of 1/4 or -1/4: unit length, and every dot product is exact."""
    base = rng.choice([-0.25, 0.25], size=(4, 16))
    rows = base[rng.integers(0, 4, count)] * np.where(rng.random((count, 16)) < 0.25, -1, 1)
    return {"values": rows.tolist(), "people": rng.integers(0, max(2, count // 2), count).tolist()}


def random_all_pairs(rng) -> dict:
    count = int(rng.integers(2, 20))
    return {"embeddings": random_embeddings(rng, count), "block": int(rng.integers(1, count + 1)),
            "tail": int(rng.integers(1, 60)), "genuine_limit": int(rng.choice([0, 2, 1000])),
            "fars": [0.5, *random_fars(rng)]}


def random_identification(rng) -> dict:
    gallery = int(rng.integers(1, 20))
    return {"probes": random_embeddings(rng, int(rng.integers(1, 12))),
            "gallery": random_embeddings(rng, gallery), "block": int(rng.integers(1, gallery + 1)),
            "tail": int(rng.integers(1, 30)), "rates": [0.25, float(rng.uniform(0.01, 0.99))]}


def random_calibration(rng) -> dict:
    people = int(rng.integers(5, 12))
    far = float(rng.choice([0.05, 0.1, 0.2]))
    return {"pairs": random_people_pairs(rng, people, int(rng.integers(10, 30)), int(rng.integers(25, 80))),
            "people": people, "options": random_options(rng), "fars": [far, far * 2],
            "gallery": int(rng.integers(1, 50))}


RANDOM = {"roc": random_roc, "intervals": random_intervals, "bootstrap": random_bootstrap,
          "pairs": random_pairs, "templates": random_templates, "all_pairs": random_all_pairs,
          "identification": random_identification, "calibration": random_calibration}


def random_case(rng) -> dict:
    kind = str(rng.choice(list(RANDOM)))
    return {"kind": kind, **RANDOM[kind](rng)}


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        print(json.dumps([evaluate(case) for case in json.load(file)]))


if __name__ == "__main__":
    main()
