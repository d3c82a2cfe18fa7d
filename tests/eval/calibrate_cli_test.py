#!/usr/bin/env python3
"""faceio calibrate, the verdict of compare, and --explain, end to end.

    calibrate_cli_test.py --program FACEIO --work DIR

The fixture is made from the committed picture of one face, so its error rates mean nothing; they are compared
with a count over the embeddings that the program prints. The shipped calibration is computed again when the LFW
pictures are at ../shared/data. Exit code 77: the program cannot be run.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import unittest
import zlib

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_ASTRONAUT = _ROOT / "tests/golden/det_astronaut_640x480.png"
_CROP = _ROOT / "tests/golden/rec_astronaut_112.png"
_SHIPPED = _ROOT / "weights/mobilefacenet_192.calibration"
_LFW = _ROOT.parent / "shared/data/lfw/deepfunneled250"
_SKIPPED = 77
_QUALITY_KEYS = {"eye_distance_px", "yaw_deg", "pitch_deg", "roll_deg", "alignment_residual_px", "sharpness",
                 "embedding_norm", "detector_score"}

_program = pathlib.Path()
_work = pathlib.Path()


def run(*arguments) -> subprocess.CompletedProcess:
    environment = dict(os.environ, FACEIO_WEIGHTS=str(_ROOT / "weights"))
    return subprocess.run([str(_program), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=environment, check=False)


def fresh_folder(name: str) -> pathlib.Path:
    folder = _work / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def png_rows(path: pathlib.Path) -> list[bytes]:
    """Rows of an 8-bit RGB PNG without interlace (PNG specification, sections 5 and 9)."""
    content, at, header, packed = path.read_bytes(), 8, None, b""
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at:at + 8])
        body = content[at + 8:at + 8 + length]
        at += 12 + length
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
    width, height, depth, colour, _, _, interlace = header
    assert (depth, colour, interlace) == (8, 2, 0), "the fixture expects 8-bit RGB"
    raw, stride, above, rows = zlib.decompress(packed), 3 * width, bytes(3 * width), []
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            left, up = (line[i - 3] if i >= 3 else 0), above[i]
            corner = above[i - 3] if i >= 3 else 0
            if kind == 4:
                guess = left + up - corner
                nearest = min((left, up, corner), key=lambda value: abs(guess - value))
                line[i] = (line[i] + nearest) & 255
            else:
                line[i] = (line[i] + (0, left, up, (left + up) // 2)[kind]) & 255
        above = bytes(line)
        rows.append(above)
    return rows


def write_ppm(path: pathlib.Path, rows: list[bytes]) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"P6 %d %d 255\n" % (len(rows[0]) // 3, len(rows)) + b"".join(rows))
    return path


class Fixture:
    """The face of the astronaut in 200 x 200 pixels, and distorted faces made of it."""

    def __init__(self):
        left, top, side = 110, 20, 200
        self.face = [row[3 * left:3 * (left + side)] for row in png_rows(_ASTRONAUT)[top:top + side]]

    def distorted(self, person: int, picture: int) -> list[bytes]:
        """Contrast, tint and stripes by person, a shift and brightness by picture."""
        rows = []
        for y, row in enumerate(self.face[2 * picture:] + self.face[:2 * picture]):
            stripe = 1.0 if (y // (3 + person)) % 2 else 1.0 - 0.08 * person
            tables = [bytes(min(255, int((value * stripe) ** (1.0 + 0.02 * person) * tint) + 9 * picture)
                            for value in range(256))
                      for tint in (1.0 - 0.05 * person, 1.0, 0.9)]
            channels = [row[channel::3].translate(tables[channel]) for channel in range(3)]
            rows.append(bytes(value for pixel in zip(*channels) for value in pixel))
        return rows

    def reduced(self, factor: int) -> list[bytes]:
        """The mean of each factor x factor pixels."""
        side = len(self.face) // factor
        return [bytes(sum(self.face[factor * y + dy][3 * (factor * x + dx) + channel]
                          for dy in range(factor) for dx in range(factor)) // factor ** 2
                      for x in range(side) for channel in range(3)) for y in range(side)]


def calibration_text(model: str, thresholds: dict[str, float], impostors: int = 30_000_000) -> str:
    rates = "pairs 0 0.5 people 0 0.5"
    rows = "".join(f"row {far} threshold {threshold} far 0 {rates} tar 0.25 {rates}\n"
                   for far, threshold in thresholds.items())
    return (f"faceio calibration 1\nmodel 0x{model}\nsource invented faces\npeople 4\npictures 8\n"
            f"genuine_pairs 4\nimpostor_pairs {impostors}\nconfidence 0.95\n{rows}")


class TestCase(unittest.TestCase):
    def check_refused(self, part: str, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 2, done)
        self.assertIn(part, done.stderr)
        self.assertEqual(done.stdout, "")

    def check_json(self, *arguments) -> dict:
        done = run(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 1)
        return json.loads(lines[0])


class CalibrateTest(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = fresh_folder("people")
        fixture = Fixture()
        cls.pictures = [write_ppm(cls.folder / f"person {person}" / f"{picture}.ppm",
                                  fixture.distorted(person, picture))
                        for person in range(5) for picture in range(2)]
        (cls.folder / "person 0" / "notes.txt").write_text("not a picture")
        (cls.folder / "person 1" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
        write_ppm(cls.folder / "person 2" / "wall.ppm", [b"\x80" * 300] * 100)
        (cls.folder / "empty").mkdir()

    def test_rates_are_those_of_a_count(self):
        written = _work / "people.calibration"
        result = self.check_json("calibrate", self.folder, "--far", "0.1,0.2", "--gallery", "50", "--label",
                                 "one face distorted", "-o", written, "--json")
        self.assertEqual((result["people"], result["pictures"]), (5, 10))
        self.assertEqual((result["genuine_pairs"], result["impostor_pairs"]), (5, 40))
        for key, name in (("unreadable", "person 1/broken.jpg"), ("no_face", "person 2/wall.ppm"),
                          ("other_files", "person 0/notes.txt")):
            self.assertEqual(result[key], [str(self.folder / name)])

        lines = run("embed", "--json", "--min-score", "0.5", *self.pictures).stdout.splitlines()
        faces = [json.loads(line)["faces"] for line in lines]
        self.assertEqual([len(found) for found in faces], [1] * 10)
        embeddings = [found[0]["embedding"] for found in faces]
        scores = {True: [], False: []}
        for a in range(10):
            for b in range(a):
                cosine = math.fsum(x * y for x, y in zip(embeddings[a], embeddings[b]))
                scores[a // 2 == b // 2].append(cosine)
        strangers = sorted(scores[False], reverse=True)
        self.assertEqual([row["far"] for row in result["rows"]], [0.2, 0.1])
        for row, accepted in zip(result["rows"], (8, 4)):  # of 40
            self.assertAlmostEqual(row["threshold"], strangers[accepted], delta=2e-6)
            self.assertGreater(strangers[accepted - 1] - strangers[accepted], 1e-5, "the fixture has a tie")
            self.assertEqual(row["observed_far"], accepted / 40)
            genuine = sum(score > strangers[accepted] for score in scores[True])
            self.assertEqual(row["tar"], genuine / 5)
            self.assertAlmostEqual(row["fpir"], 1 - (1 - accepted / 40) ** 50, delta=1e-9)
            for interval in ("observed_far_pairs_interval", "observed_far_people_interval"):
                low, high = row[interval]
                self.assertLess(low, row["observed_far"])
                self.assertGreater(high, row["observed_far"])

        text = written.read_text().splitlines()
        self.assertEqual(text[0], "faceio calibration 1")
        self.assertEqual(text[1], f"model 0x{result['model_id']}")
        self.assertEqual(text[2:7], ["source one face distorted", "people 5", "pictures 10", "genuine_pairs 5",
                                     "impostor_pairs 40"])
        self.assertEqual([line.split()[:2] for line in text[8:]], [["row", "0.2"], ["row", "0.1"]])
        judged = self.check_json("compare", self.pictures[0], self.pictures[0], "--json",
                                 "--calibration", written)
        self.assertEqual((judged["same"], judged["far"]), (True, 0.1))
        self.assertAlmostEqual(judged["threshold"], strangers[4], delta=2e-6)

        table = run("calibrate", self.folder, "--far", "0.1").stdout
        self.assertIn("\n1e-1 ", table)
        self.assertIn("40 pairs of strangers", table)

    def test_aligned_crops(self):
        folder = fresh_folder("aligned")
        for person in range(2):
            (folder / str(person)).mkdir()
            shutil.copy(_CROP, folder / str(person) / "a.png")
            shutil.copy(_ASTRONAUT, folder / str(person) / "large.png")
        done = run("calibrate", folder, "--aligned", "--far", "0.9")
        self.assertEqual(done.returncode, 2)
        self.assertIn("large.png", done.stderr)  # 640 x 480 is no crop
        self.assertIn("FAR 0.9 needs 4 impostor pairs (3 / FAR), the data has 1", done.stderr)

    def test_refusals(self):
        self.check_refused("FAR 0.001 needs 3000 impostor pairs", "calibrate", self.folder)
        self.check_refused("needs 30 impostor pairs (3 / FAR), the data has 0", "calibrate",
                           fresh_folder("none"), "--far", "0.1")
        self.check_refused("is not a folder", "calibrate", _ASTRONAUT)
        self.check_refused("is not between 0 and 1", "calibrate", self.folder, "--far", "nan")
        self.check_refused("is not between 0 and 1", "calibrate", self.folder, "--far", "0")
        self.check_refused("--far", "calibrate", self.folder, "--far", "much")
        self.check_refused("one line of text", "calibrate", self.folder, "--far", "0.1",
                           "--label", "two\nlines")
        copies = fresh_folder("copies")
        for person in range(5):
            (copies / str(person)).mkdir()
            for picture in range(2):
                shutil.copy(self.pictures[0], copies / str(person) / f"{picture}.ppm")
        self.check_refused("are there duplicates in the data?", "calibrate", copies, "--far", "0.1")
        done = run("calibrate", self.folder, "--far", "0.1", "-o", _work / "no folder" / "x.calibration")
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot be written", done.stderr)


class VerdictTest(TestCase):
    @classmethod
    def setUpClass(cls):
        models = run("models").stdout.split("model id: ")
        cls.model = models[2][:16]
        cls.folder = fresh_folder("verdict")

    def calibration(self, thresholds: dict[str, float], model: str | None = None) -> pathlib.Path:
        path = self.folder / "made.calibration"
        path.write_text(calibration_text(model or self.model, thresholds))
        return path

    def compare(self, path: pathlib.Path, *more) -> dict:
        return self.check_json("compare", _ASTRONAUT, _ASTRONAUT, "--json", "--calibration", path, *more)

    def test_same_and_different(self):
        path = self.calibration({"0.01": 0.25, "0.0001": 0.5, "0.00001": 1.0005})
        result = self.compare(path)
        self.assertAlmostEqual(result["cosine"], 1.0, delta=1e-5)
        del result["cosine"]
        self.assertEqual(result, {"same": True, "far": 1e-4, "threshold": 0.5, "calibration": str(path)})
        self.assertEqual(self.compare(path, "--far", "0.00001")["same"], False)
        self.assertEqual(self.compare(path, "--far", "1e-2")["threshold"], 0.25)
        text = run("compare", _ASTRONAUT, _ASTRONAUT, "--calibration", path).stdout
        self.assertIn("SAME at FAR 1e-4 (threshold 0.500, calibrated on invented faces: 8 pictures of 4 "
                      "people)", text)
        text = run("compare", _ASTRONAUT, _ASTRONAUT, "--calibration", path, "--far", "1e-5").stdout
        self.assertIn("DIFFERENT at FAR 1e-5 (threshold 1.00", text)
        self.assertNotIn("ule of thumb", text)

    def test_smallest_far_where_the_usual_one_is_missing(self):
        self.assertEqual(self.compare(self.calibration({"0.01": 0.25, "0.002": 0.5}))["far"], 0.002)

    def test_refusals(self):
        compare = ("compare", _ASTRONAUT, _ASTRONAUT, "--calibration")
        other = self.calibration({"0.01": 0.25}, "0123456789abcdef")
        self.check_refused("is a calibration of model 0123456789abcdef", *compare, other)
        self.check_refused("no calibration for FAR 0.3; this one supports 0.01", *compare,
                           self.calibration({"0.01": 0.25}), "--far", "0.3")
        short = self.folder / "short.calibration"
        short.write_text("\n".join(calibration_text(self.model, {"0.01": 0.25}).splitlines()[:5]))
        self.check_refused("ends early: the line 'genuine_pairs ...' is missing", *compare, short)
        short.write_text(calibration_text(self.model, {"0.01": 0.25}, 299))
        self.check_refused("FAR 0.01 needs 300 impostor pairs", *compare, short)
        self.check_refused("no such file", *compare, self.folder / "absent.calibration")

    def test_the_calibration_beside_the_weights(self):
        shipped = self.check_json("compare", _ASTRONAUT, _ASTRONAUT, "--json")
        self.assertEqual((shipped["same"], shipped["far"]), (True, 1e-4))
        self.assertEqual(pathlib.Path(shipped["calibration"]).name, _SHIPPED.name)
        weights = self.folder / "copy.fiow"
        shutil.copy(_ROOT / "weights/mobilefacenet_192.fiow", weights)
        beside = self.folder / "copy.calibration"
        beside.unlink(missing_ok=True)
        compare = ("compare", _ASTRONAUT, _ASTRONAUT, "--recogniser", weights)
        none = {"same": None, "far": None, "threshold": None, "calibration": None}
        result = self.check_json(*compare, "--json")
        del result["cosine"]
        self.assertEqual(result, none)
        self.assertIn("Rule of thumb", run(*compare).stdout)
        self.check_refused("--far needs a calibration: there is none at", *compare, "--far", "0.01")
        beside.write_text(calibration_text("0123456789abcdef", {"0.01": 0.25}))
        self.assertIsNone(self.check_json(*compare, "--json")["same"])
        self.check_refused("is a calibration of model", *compare, "--far", "0.01")
        beside.write_text(calibration_text(self.model, {"0.01": 0.25}))
        self.assertEqual(self.check_json(*compare, "--json")["calibration"], str(beside))


class ExplainTest(TestCase):
    def test_compare(self):
        calibration = fresh_folder("explain") / "made.calibration"
        calibration.write_text(calibration_text(run("models").stdout.split("model id: ")[2][:16],
                                                {"0.01": 0.25, "0.0001": 0.75}))
        small = write_ppm(_work / "explain" / "small.ppm", Fixture().reduced(3))
        arguments = ("compare", _ASTRONAUT, small, "--explain", "--calibration", calibration)
        result = self.check_json(*arguments, "--json")
        self.assertAlmostEqual(result["margin"], result["cosine"] - 0.75, delta=1e-8)
        self.assertEqual(len(result["reasons"]), 2)
        self.assertIn("0 of 30000000 pairs of strangers and 25.0 % of 4 pairs of one person",
                      result["reasons"][0])
        self.assertEqual([set(face["quality"]) for face in result["faces"]], [_QUALITY_KEYS] * 2)
        large, little = (face["quality"] for face in result["faces"])
        # The landmarks of the astronaut: (192.26, 93.78) and (232.78, 97.66), so 40.70 px and 5.46 degrees.
        self.assertAlmostEqual(large["eye_distance_px"], 40.70, delta=0.05)
        self.assertAlmostEqual(large["roll_deg"], 5.46, delta=0.1)
        self.assertAlmostEqual(little["eye_distance_px"], 40.70 / 3, delta=1.5)
        self.assertLess(little["sharpness"], large["sharpness"])
        self.assertFalse(any("between the eyes" in limit for limit in result["faces"][0]["limits"]))
        self.assertTrue(any("px between the eyes: below" in limit for limit in result["faces"][1]["limits"]))
        text = run(*arguments).stdout
        self.assertIn(result["reasons"][0], text)
        self.assertIn("px between the eyes: below", text)

    def test_aligned_crops_tell_less(self):
        result = self.check_json("compare", "--aligned", _CROP, _CROP, "--explain", "--json")
        for face in result["faces"]:
            known = {key for key, value in face["quality"].items() if value is not None}
            self.assertEqual(known, {"sharpness", "embedding_norm"})

    def test_embed(self):
        face = self.check_json("embed", "--explain", "--json", _ASTRONAUT)["faces"][0]
        self.assertEqual(set(face["quality"]), _QUALITY_KEYS)
        self.assertEqual(face["quality"]["detector_score"], face["score"])
        self.assertEqual(face["limits"], [])
        self.assertIn("eyes 40.7 px apart", run("embed", "--explain", _ASTRONAUT).stdout)
        plain = self.check_json("embed", "--json", _ASTRONAUT)["faces"][0]
        self.assertNotIn("quality", plain)


class ShippedCalibrationTest(TestCase):
    def test_lfw_gives_it(self):
        if not _LFW.is_dir():
            self.skipTest(f"{_LFW} is absent: the shipped calibration is not computed again")
        rows = [line.split() for line in _SHIPPED.read_text().splitlines() if line.startswith("row ")]
        result = self.check_json("calibrate", _LFW, "--far", ",".join(row[1] for row in rows), "--json")
        self.assertEqual(result["no_face"] + result["unreadable"], [])
        self.assertEqual([row["far"] for row in result["rows"]], [float(row[1]) for row in rows])
        for here, shipped in zip(result["rows"], rows):
            # Instruction sets round differently.
            self.assertAlmostEqual(here["threshold"], float(shipped[3]), delta=1e-3)
            self.assertAlmostEqual(here["tar"], float(shipped[shipped.index("tar") + 1]), delta=1e-3)


def main() -> int:
    global _program, _work
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    arguments, rest = parser.parse_known_args()
    _program, _work = arguments.program.resolve(), (arguments.work / "calibrate_cli").resolve()
    if not os.access(_program, os.X_OK):
        print(f"{_program} cannot be run; build the target faceio_cli")
        return _SKIPPED
    _work.mkdir(parents=True, exist_ok=True)
    return 0 if unittest.main(argv=[sys.argv[0], "-v", *rest], exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
