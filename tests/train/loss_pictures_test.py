#!/usr/bin/env python3
"""The pictures of examples/05_loss_pictures, measured with a ruler.

    loss_pictures_test.py --program 05_loss_pictures --work DIR

Angles, curves and shares are read off the drawn paths and compared with the papers' formulas and with what the
program prints. Exit code 77: the program cannot be run.
"""

from __future__ import annotations

import argparse
import math
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree as xml

_SKIPPED = 77
_FILES = {"toy.svg", "target_logits.svg", "angles.svg"}
_LOSSES = ("softmax", "normalised softmax", "ArcFace")

_program = pathlib.Path()
_work = pathlib.Path()


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([str(_program), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, encoding="utf-8", check=False)


def points(path: xml.Element) -> list[tuple[float, float]]:
    """Where the commands M, L, V and H of path data lead; others are passed over."""
    at, found = [0.0, 0.0], []
    for command, first, second in re.findall(r"([MLVH])(-?[\d.]+)(?: (-?[\d.]+))?", path.get("d")):
        if command in "ML":
            at = [float(first), float(second)]
        else:
            at["HV".index(command)] = float(first)
        found.append(tuple(at))
    return found


def ruler(paths: list[xml.Element], axis: str):
    """From a coordinate to the quantity of an axis, by its first and last grid lines."""
    lines = [p for p in paths if p.get("data-" + axis)]
    values = [float(p.get("data-" + axis)) for p in lines]
    places = [points(p)[0]["xy".index(axis)] for p in lines]
    (low, high), (a, b) = (values[0], values[-1]), (places[0], places[-1])
    return lambda coordinate: low + (coordinate - a) / (b - a) * (high - low)


def angle(a, b) -> float:
    difference = abs(math.atan2(a[1], a[0]) - math.atan2(b[1], b[0])) % (2 * math.pi)
    return math.degrees(min(difference, 2 * math.pi - difference))


def sphereface(theta: float) -> float:
    """Liu et al. 2017, equation 7, with m = 4."""
    k = min(math.floor(4 * theta / math.pi), 3)
    return (-1) ** k * math.cos(4 * theta) - 2 * k


# What the papers say of the logit of the right class.
_CURVES = {
    "softmax: cos θ": math.cos,
    "ArcFace 0.5": lambda t: math.cos(t + 0.5) if t <= math.pi - 0.5 else math.cos(t) - 0.5 * math.sin(0.5),
    "CosFace 0.35": lambda t: math.cos(t) - 0.35,
    "combined (1, 0.3, 0.2)": lambda t: math.cos(t + 0.3) - 0.2,
    "SphereFace 4, λ = 5": lambda t: (5 * math.cos(t) + sphereface(t)) / 6,
    "SphereFace 4, λ = 0": sphereface,
}


class Pictures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folders = [_work / name for name in ("once", "again")]
        cls.printed = []
        for folder in cls.folders:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            done = run(folder)
            assert done.returncode == 0, done.stderr
            cls.printed.append(done.stdout)
        cls.roots = {name: xml.parse(cls.folders[0] / name).getroot() for name in _FILES}

    def paths(self, name: str) -> list[xml.Element]:
        return list(self.roots[name].iter("{http://www.w3.org/2000/svg}path"))

    def printed_numbers(self, pattern: str) -> list[float]:
        found = re.search(pattern, self.printed[0], re.MULTILINE)
        self.assertIsNotNone(found, pattern)
        return [float(n) for n in found.groups()]

    def test_two_runs_write_the_same_bytes(self):
        for folder in self.folders:
            self.assertEqual({p.name for p in folder.iterdir()}, _FILES)
        for name in _FILES:
            once, again = [(folder / name).read_bytes() for folder in self.folders]
            self.assertEqual(once, again, name)
            self.assertIn(str(self.folders[0] / name), self.printed[0])

    def test_pictures_scale_explain_themselves_and_have_both_themes(self):
        for name, root in self.roots.items():
            self.assertTrue(root.get("viewBox") and not root.get("width"), name)
            self.assertEqual([child.tag.rpartition("}")[2] for child in root][:3], ["title", "desc", "style"], name)
            self.assertIn("prefers-color-scheme:dark", root[2].text, name)

    def drawn(self, loss: str):
        """Of one panel: center, tip of each ray, dots of each person; y points down."""
        mine = [p for p in self.paths("toy.svg") if p.get("data-loss") == loss]
        rays = {p.get("data-person"): points(p) for p in mine if "ray" in p.get("class")}
        dots = {p.get("data-person"): points(p) for p in mine if "dots" in p.get("class")}
        return rays, dots

    def test_eight_people_lie_where_the_printed_angles_say(self):
        for loss in _LOSSES:
            with self.subTest(loss):
                rays, dots = self.drawn(loss)
                self.assertEqual(sorted(rays), [str(person) for person in range(1, 9)])
                self.assertEqual(sorted(dots), sorted(rays))
                turned = {p: (tip[0] - origin[0], tip[1] - origin[1]) for p, (origin, tip) in rays.items()}
                own, right = [], 0
                for person, places in dots.items():
                    origin = rays[person][0]
                    self.assertEqual(len(places), 60)
                    for x, y in places:
                        place = (x - origin[0], y - origin[1])
                        own.append(angle(place, turned[person]))
                        right += min(turned, key=lambda other: angle(place, turned[other])) == person
                inter = [min(angle(turned[a], turned[b]) for b in turned if b != a) for a in turned]
                share, own_deg, inter_deg = self.printed_numbers(
                    rf"^  {loss} +([\d.]+) % right, ([\d.]+) degrees to the own class, ([\d.]+) to the nearest")
                # Softmax compares lengths too, and dots near its origin have no angle to a tenth of a unit.
                self.assertAlmostEqual(sum(own) / len(own), own_deg, delta=0.3 if loss == "softmax" else 0.05)
                self.assertAlmostEqual(sum(inter) / len(inter), inter_deg, delta=0.05)
                if loss != "softmax":
                    self.assertAlmostEqual(100 * right / len(own), share, delta=0.3)
                self.assertGreater(share, 95.0)

    def test_arcface_pulls_features_to_their_class(self):
        softmax, normalised, arcface = [
            self.printed_numbers(rf"^  {loss} .* right, ([\d.]+) degrees to the own class")[0] for loss in _LOSSES]
        self.assertLess(arcface, 0.6 * softmax)
        self.assertLess(arcface, 0.6 * normalised)

    def test_normalised_features_lie_on_the_ring(self):
        for loss in _LOSSES[1:]:
            rays, dots = self.drawn(loss)
            for person, places in dots.items():
                for place in places:
                    self.assertAlmostEqual(math.dist(place, rays[person][0]), 128.0, delta=0.11)

    def test_curves_are_the_papers(self):
        paths = self.paths("target_logits.svg")
        degrees, logit = ruler(paths, "x"), ruler(paths, "y")
        curves = {p.get("data-curve"): points(p) for p in paths if p.get("data-curve")}
        self.assertEqual(set(curves), set(_CURVES))
        for name, places in curves.items():
            self.assertEqual(places[0][0], min(x for x, _ in places))
            for x, y in places:
                theta = math.radians(round(2 * degrees(x)) / 2)  # half degrees are drawn
                self.assertAlmostEqual(logit(y), _CURVES[name](theta), delta=1e-3, msg=f"{name} at {theta}")
            reaches = 180.0 if name != "SphereFace 4, λ = 0" else 67.5  # sphereface(67.5 deg) = -cos(270 deg) - 2
            self.assertAlmostEqual(degrees(places[-1][0]), reaches, delta=0.6, msg=name)

    def test_curves_begin_at_hand_computed_values(self):
        for name, at_0, at_90 in (("ArcFace 0.5", 0.878, -0.479), ("CosFace 0.35", 0.650, -0.350),
                                  ("combined (1, 0.3, 0.2)", 0.755, -0.496), ("SphereFace 4, λ = 0", 1.0, -3.0),
                                  ("SphereFace 4, λ = 5", 1.0, -0.5)):
            self.assertEqual(self.printed_numbers(rf"^ +([-\d.]+) at 0, +([-\d.]+) at 90 degrees: {re.escape(name)}$"),
                             [at_0, at_90], name)

    def test_histograms_hold_all_pairs_around_the_printed_means(self):
        paths = self.paths("angles.svg")
        degrees = ruler(paths, "x")
        percent = ruler([p for p in paths if p.get("data-y")][:6], "y")  # of the upper panel
        for whose in ("same person", "different people"):
            upper, lower = [points(p) for p in paths if p.get("data-pairs") == whose]
            down = lower[0][1] - upper[0][1]
            for drawn, shift, when in ((upper, 0.0, "before"), (lower, down, "after")):
                mean = self.printed_numbers(rf"^  {when} .*{whose} ([\d.]+)")[0]
                # A bin goes up or down, then right; what closes the path is no bin.
                bins = [(degrees(left[0]), degrees(right[0]), percent(right[1] - shift))
                        for left, right in zip(drawn[1:-1:2], drawn[2::2])]
                self.assertAlmostEqual(bins[-1][1], 180.0, delta=0.1)
                self.assertAlmostEqual(sum(share for *_, share in bins), 100.0, delta=0.5)
                drawn_mean = sum((a + b) / 2 * share for a, b, share in bins) / 100.0
                self.assertAlmostEqual(drawn_mean, mean, delta=1.0)

    def test_the_head_separates_pairs_of_people_it_has_not_seen(self):
        pattern = r"^  {} .*same person ([\d.]+) degrees, different people ([\d.]+), overlap ([\d.]+) %"
        before, after = [self.printed_numbers(pattern.format(when)) for when in ("before", "after")]
        self.assertLess(after[0], 0.5 * before[0])
        self.assertGreater(after[1], 80.0)
        self.assertLess(after[2], 0.1 * before[2])

    def test_errors_are_sentences(self):
        missing = run(_work / "nowhere")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("nowhere", missing.stderr)
        self.assertIn("cannot be written", missing.stderr)
        self.assertEqual(run("a", "b").returncode, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    options = parser.parse_args()
    _program, _work = options.program.resolve(), options.work.resolve()
    if not _program.exists():
        print(f"skipped: {_program} is not there")
        sys.exit(_SKIPPED)
    unittest.main(argv=[sys.argv[0]])
