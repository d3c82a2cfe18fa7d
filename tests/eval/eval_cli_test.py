#!/usr/bin/env python3
"""`faceio eval` end to end: figures that follow from the truth by hand, errors, pages, published figures.

    eval_cli_test.py --program FACEIO --work FOLDER

Pictures are made from those of tests/golden. The figures of LFW and AFW are checked when ../shared/data holds
those sets. Exit codes: 0 passed, 1 failed, 77 skipped.
"""

from __future__ import annotations

import argparse
import base64
import html.parser
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import zlib

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_GOLDEN = _ROOT / "tests" / "golden"
_DATA = _ROOT.parent / "shared" / "data"
_SKIPPED = 77
_VOID = {"meta", "img", "br", "hr", "link", "input"}

# The face of det_astronaut_640x480.png, drawn by hand around brow, ears and chin, and a place without face.
_FACE = (165, 60, 257, 172)
_NO_FACE = (500, 300, 590, 400)


class Failure(Exception):
    pass


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise Failure(what)


def near(actual, expected: float, tolerance: float, what: str) -> None:
    good = isinstance(actual, (int, float)) and abs(actual - expected) <= tolerance
    expect(good, f"{what}: expected {expected} +- {tolerance}, found {actual}")


def read_png(path: pathlib.Path) -> tuple[int, int, list[bytes]]:
    """Width, height and rows of an 8-bit RGB PNG without interlace."""
    data = path.read_bytes()
    at, packed, width, height = 8, b"", 0, 0
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
            expect((depth, colour, interlace) == (8, 2, 0), f"{path}: not a plain RGB PNG")
        if kind == b"IDAT":
            packed += body
        at += 12 + length
    raw, stride = zlib.decompress(packed), 3 * width
    rows, above = [], bytes(stride)
    for y in range(height):
        kind = raw[y * (stride + 1)]
        row = bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        for i in range(stride):
            left = row[i - 3] if i >= 3 else 0
            up, corner = above[i], above[i - 3] if i >= 3 else 0
            estimate = left + up - corner
            paeth = min((left, up, corner), key=lambda v: abs(estimate - v))
            row[i] = (row[i] + (0, left, up, (left + up) // 2, paeth)[kind]) & 255
        above = bytes(row)
        rows.append(above)
    return width, height, rows


def write_ppm(path: pathlib.Path, width: int, rows: list[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"P6 %d %d 255\n" % (width, len(rows)) + b"".join(rows))


def mirrored(rows: list[bytes]) -> list[bytes]:
    return [b"".join(row[i : i + 3] for i in range(len(row) - 3, -1, -3)) for row in rows]


class Page(html.parser.HTMLParser):
    """Tags must close in order, nothing may be loaded from elsewhere, and curves stay inside their drawing.

    `curves` holds the points of every curve of every plot, `labels` all text of the plots.
    """

    def __init__(self, path: pathlib.Path):
        super().__init__()
        self.open, self.tags, self.text, self.jpegs = [], [], "", 0
        self.plots, self.curves, self.labels, self.view = 0, [], [], None
        source = path.read_text(encoding="utf-8")
        expect("http:" not in source and "https:" not in source, f"{path}: names a web address")
        expect("url(" not in source and "@import" not in source, f"{path}: loads a style")
        self.feed(source)
        self.close()
        expect(not self.open, f"{path}: open at the end: {self.open}")

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.draw(tag, dict(attributes))
        expect(tag not in ("script", "link", "iframe", "object"), f"the page holds <{tag}>")
        for name, value in attributes:
            expect(name != "href", "the page holds a link")
            if name == "src":
                prefix = "data:image/jpeg;base64,"
                expect(value.startswith(prefix), f"src={value[:40]}")
                jpeg = base64.b64decode(value[len(prefix) :], validate=True)
                expect(jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9", "a thumbnail is no JPEG")
                self.jpegs += 1
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.draw(tag, dict(attributes))

    def handle_endtag(self, tag):
        expect(bool(self.open) and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}")
        self.open.pop()
        if tag == "svg":
            self.view = None

    def handle_data(self, data):
        self.text += data
        if self.view and self.open[-1] == "text":
            self.labels.append(data)

    def draw(self, tag, attributes):
        """Notes the plots, which carry the heading as their name, and the points of their curves."""
        if tag == "svg" and attributes.get("role") == "img":
            expect(bool(attributes.get("aria-label")), "a plot without a name")
            self.plots += 1
            self.view = tuple(map(float, attributes["viewbox"].split()))
        if self.view is None:
            return
        points = []
        if tag == "polyline":
            points = [tuple(map(float, point.split(","))) for point in attributes["points"].split()]
            self.curves.append(points)
        elif tag == "circle":
            points = [(float(attributes["cx"]), float(attributes["cy"]))]
            self.curves.append(points)
        elif tag == "text":
            points = [(float(attributes["x"]), float(attributes["y"]))]
        left, top, width, height = self.view
        for x, y in points:
            expect(left <= x <= left + width and top <= y <= top + height, f"{x},{y} lies off the plot")


class Runner:
    def __init__(self, program: str, work: pathlib.Path):
        self.program, self.work = program, work

    def write(self, name: str, *lines: str) -> str:
        path = self.work / name
        path.write_text("".join(line + "\n" for line in lines))
        return str(path)

    def run(self, *arguments) -> subprocess.CompletedProcess:
        command = [self.program, "eval", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def json(self, *arguments) -> dict:
        done = self.run(*arguments, "--json")
        expect(done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stderr}")
        expect(done.stdout.count("\n") == 1, f"{arguments}: not one line: {done.stdout}")
        return json.loads(done.stdout)

    def fails(self, sentence: str, *arguments) -> None:
        done = self.run(*arguments)
        expect(done.returncode == 2, f"{arguments}: exit code {done.returncode}, expected 2")
        expect(sentence in done.stderr, f"{arguments}: expected '{sentence}' in: {done.stderr}")


def box_line(name: str, box: tuple) -> str:
    return " ".join([name, *map(str, box)])


def make_pictures(work: pathlib.Path) -> pathlib.Path:
    """PEOPLE/*.jpg as LFW names them (formats are told by content), crops, and a picture without face."""
    images = work / "images"
    source = _GOLDEN / "det_astronaut_640x480.png"
    for name in ("Ann/Ann_0001.jpg", "Ann/Ann_0002.jpg", "a<b>&.png", "e/face.png"):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, images / name)
    width, height, rows = read_png(source)
    write_ppm(images / "Bob/Bob_0001.jpg", width, mirrored(rows))
    write_ppm(images / "grey.ppm", 64, [bytes([120]) * 192] * 64)
    (images / "broken.png").write_bytes(source.read_bytes()[:5000])
    (images / "text.png").write_text("no picture\n")
    crop_width, _, crop = read_png(_GOLDEN / "rec_astronaut_112.png")
    write_ppm(images / "crop.ppm", crop_width, crop)
    write_ppm(images / "crop_mirrored.ppm", crop_width, mirrored(crop))
    write_ppm(images / "crop_upside_down.ppm", crop_width, crop[::-1])
    return images


def check_boxes(run: Runner, images: pathlib.Path) -> None:
    name = "a<b>&.png"
    truth = run.write("boxes.txt", box_line(name, _FACE), box_line(name, _NO_FACE))
    page = run.work / "boxes.html"
    command = ("boxes", "--truth", truth, "--images", images, "--min-score", 0.5)
    found = run.json(*command, "--html", page)
    # One detection, right: precision 1 up to recall 1/2.
    for key in ("ap50", "recall"):
        near(found[key], 0.5, 1e-9, f"boxes: {key}")
    expect(found["recall_at_fppi"] == {"0.1": 0.5, "1": 0.5}, "boxes: recall at FPPI")
    expect((found["pictures"], found["faces"], found["detections"]) == (1, 2, 1), "boxes: counts")
    expect(found["input"] == "original" and found["latency_ms"] > 0, "boxes: input rule or latency")
    expect(re.fullmatch("[0-9a-f]{16}", found["detector"]) is not None, "boxes: model id")
    html_page = Page(page)
    expect(html_page.jpegs == 1 and name in html_page.text, "boxes: one missed face, named as it is")
    expect(html_page.plots == 1, f"boxes: {html_page.plots} plots")
    # One detection is one point, which a line does not show.
    expect([len(curve) for curve in html_page.curves] == [1], f"boxes: curves {html_page.curves}")
    expect({"recall", "precision"} <= set(html_page.labels), f"boxes: labels {html_page.labels}")
    expect("AP at IoU 0.5         0.5000" in run.run(*command).stdout, "boxes: table")
    # A box where nothing is: the detection is a false positive.
    wrong = run.write("wrong.txt", box_line(name, _NO_FACE))
    found = run.json("boxes", "--truth", wrong, "--images", images, "--html", page)
    expect(found["ap50"] == 0 and found["recall"] == 0, "boxes: wrong box")
    expect(Page(page).jpegs == 2, "boxes: one missed face and one false positive")
    both = run.write("both.txt", box_line(name, _FACE), box_line("broken.png", _FACE))
    found = run.json("boxes", "--truth", both, "--images", images, "--skip-unreadable")
    expect((found["ap50"], found["unreadable"], found["pictures"]) == (1, 1, 1), "boxes: skipped")
    rules = {"long:640": "long:640", "pyramid": "pyramid (long sides 640+1600 px)"}
    for rule, said in rules.items():
        found = run.json("boxes", "--truth", both, "--images", images, "--skip-unreadable", "--input", rule)
        expect(found["input"] == said, f"boxes: {rule} reads {found['input']}")


def check_box_errors(run: Runner, images: pathlib.Path) -> None:
    def fails(sentence, *lines, more=()):
        run.fails(sentence, "boxes", "--truth", run.write("bad.txt", *lines), "--images", images, *more)

    fails("holds no box")
    fails("bad.txt:2: has less than 5 fields", box_line("a.png", _FACE), "a.png 1 2 3")
    fails("bad.txt:1: 'nan' is not a number", "a.png 1 2 nan 4")
    fails("bad.txt:1: is a box without area", "a.png 1 2 1 4")
    fails("absent.png", box_line("absent.png", _FACE))
    fails("broken.png", box_line("broken.png", _FACE))
    fails("text.png", box_line("text.png", _FACE))
    fails("none of its pictures", box_line("text.png", _FACE), more=("--skip-unreadable",))
    for rule in ("long:", "long:640+", "long:1+640", "short:800:640", "long:640+640+640+640+640", "big"):
        fails("--input", box_line("e/face.png", _FACE), more=("--input", rule))
    fails("cannot be written", box_line("e/face.png", _FACE), more=("--html", "/no/such/folder/x.html"))
    run.fails("no such file", "boxes", "--truth", "/no/such/list", "--images", images)
    truth = run.write("good.txt", box_line("e/face.png", _FACE))
    run.fails("is no folder", "boxes", "--truth", truth, "--images", "/no/such/folder")


def wider_line(box: tuple, flags: str) -> str:
    x1, y1, x2, y2 = box
    return f"{x1} {y1} {x2 - x1} {y2 - y1} 0 0 0 0 0 0 {flags}"


def prediction_line(box: tuple, score: float) -> str:
    x1, y1, x2, y2 = box
    return f"{x1} {y1} {x2 - x1} {y2 - y1} {score}"


def check_wider(run: Runner, images: pathlib.Path) -> None:
    # easy: the face, the other is ignored; hard: both; medium: none.
    truth = run.write("wider.txt", "e/face.png", "2", wider_line(_FACE, "1 0 1"), wider_line(_NO_FACE, "0 0 1"))
    lines = ("2", prediction_line(_FACE, 0.9), prediction_line((0, 0, 50, 50), 0.1))
    one_file = run.write("predictions.txt", "e/face.png", *lines)
    folder = run.work / "predictions" / "e"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "face.txt").write_text("\n".join(("face", *lines)) + "\n")
    # Scores scale to 1 and 0. At thresholds above 0 one right prediction, at 0 one of two: the envelope is 1
    # up to recall 1 (easy) or 1/2 (hard).
    for predictions in (one_file, folder.parent):
        for protocol in ("matlab", "python"):
            found = run.json("wider", "--truth", truth, "--predictions", predictions, "--protocol", protocol)
            expect(found["ap"] == {"easy": 1, "medium": None, "hard": 0.5, "all": 0.5}, f"wider: {found}")
            expect(found["faces"] == {"easy": 1, "medium": 0, "hard": 2, "all": 2}, f"wider: {found}")
    page = run.work / "wider.html"
    command = ("wider", "--truth", truth, "--predictions", one_file, "--subset", "hard")
    found = run.json(*command, "--images", images, "--html", page)
    expect(found["ap"] == {"hard": 0.5} and found["recall"] == {"hard": 0.5}, f"wider: {found}")
    expect(Page(page).jpegs == 2, "wider: one missed face and one false positive")
    run.fails("no face counts", *command[:-1], "medium")
    run.fails("--images DIR", "wider", "--truth", truth)
    # One detection only: the protocol divides by the range of scores.
    run.fails("all scores are", "wider", "--truth", truth, "--images", images)
    bad = run.write("bad_predictions.txt", "other.png", "0")
    run.fails("bad_predictions.txt:1: names a picture", "wider", "--truth", truth, "--predictions", bad)
    bad = run.write("bad_predictions.txt", "e/face.png", "3", prediction_line(_FACE, 0.9))
    run.fails("bad_predictions.txt:2: announces more", "wider", "--truth", truth, "--predictions", bad)
    bad = run.write("bad_predictions.txt", "e/face.png", "1", "1 2 3 4 nan")
    run.fails("'nan' is not a number", "wider", "--truth", truth, "--predictions", bad)


def golden_landmarks() -> list[tuple[float, float]]:
    """Those of rec_astronaut_landmarks5.npy, scaled to the picture of 480 pixels."""
    data = (_GOLDEN / "rec_astronaut_landmarks5.npy").read_bytes()
    values = [value * 480 / 512 for value in struct.unpack("<10d", data[-80:])]
    return list(zip(values[::2], values[1::2]))


def check_landmarks(run: Runner, images: pathlib.Path) -> None:
    points = golden_landmarks()
    eyes_px = ((points[0][0] - points[1][0]) ** 2 + (points[0][1] - points[1][1]) ** 2) ** 0.5
    truth = run.write("boxes.txt", box_line("e/face.png", _FACE), box_line("e/face.png", _NO_FACE))

    def lines(shift_px):
        return " ".join(f"{x + shift_px} {y}" for x, y in points)

    command = ("landmarks", "--truth", truth, "--images", images, "--landmarks")
    right = run.write("landmarks.txt", "e/face.png 0 " + lines(0))
    found = run.json(*command, right, "--html", run.work / "landmarks.html")
    expect(found["nme_mean"] < 0.05 and found["nme_mean"] == found["nme_median"], f"landmarks: {found}")
    expect((found["faces"], found["found"], found["failure_rate"]) == (1, 1, 0), f"landmarks: {found}")
    page = Page(run.work / "landmarks.html")
    expect(page.plots == 1 and len(page.curves) == 2, "landmarks: one plot, two curves")
    # All faces have a small error: from none to all, and on to the end of the axis.
    for curve in page.curves:
        expect(curve[0][1] > curve[-1][1] and curve[-2][1] == curve[-1][1], f"landmarks: curve {curve}")
    expect(page.labels[:6] == ["0", "0.05", "0.1", "0.15", "0.2", "0.25"], f"landmarks: {page.labels}")
    # Truth shifted by the distance of the eyes: the error becomes 1, give or take that of the detector.
    shifted = run.write("shifted.txt", "e/face.png 0 " + lines(eyes_px), "e/face.png 1 " + lines(0))
    far = run.json(*command, shifted, "--html", run.work / "far.html")
    near(far["nme_mean"], 1.0, found["nme_mean"] + 1e-6, "landmarks: shifted truth")
    # The face is found with too large an error, the other not at all.
    expect((far["failure_rate"], far["failure_rate_found_only"]) == (1, 1), f"landmarks: {far}")
    expect((far["faces"], far["found"]) == (2, 1), f"landmarks: {far}")
    # An error beyond the plot is not drawn at its edge: the share stays at 0.
    curves = Page(run.work / "far.html").curves
    expect(all(len({y for _, y in curve}) == 1 for curve in curves), f"landmarks: {curves}")
    run.fails("bad.txt:1: has 3 fields", *command, run.write("bad.txt", "e/face.png 0 1"))


def check_pairs(run: Runner, images: pathlib.Path) -> None:
    official = run.write("pairs.txt", "2 1", *(["Ann 1 2", "Ann 1 Bob 1"] * 2))
    command = ("pairs", "--pairs", official, "--images", images)
    found = run.json(*command, "--html", run.work / "pairs.html")
    # The same picture twice has cosine 1, its mirror image less.
    expect((found["accuracy"], found["std"], found["failed_detections"]) == (1, 0, 0), f"pairs: {found}")
    expect(set(found["tar"]) >= {"1e-3"} and found["tar"]["1e-3"] is None, f"pairs: {found['tar']}")
    expect(found["pairs_per_s"] > 0 and found["pictures"] == 3, f"pairs: {found}")
    page = Page(run.work / "pairs.html")
    expect(page.jpegs == 8 and page.plots == 2, "pairs: four pairs, two plots")
    # Two pairs of each kind: rates are 0, 0.5 and 1, so axes end below 0.5, and 0 stands there.
    decades = ["0", "1"]
    shares = ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    expected = decades + shares + ["false accept rate (FAR)", "true accept rate (TAR)"]
    expected += decades + decades + ["false accept rate (FAR)", "false reject rate (FRR)"]
    expect(page.labels == expected, f"pairs: labels {page.labels}")
    expect("100.00 %" in run.run(*command).stdout, "pairs: table")
    same = "Ann/Ann_0001.jpg Ann/Ann_0002.jpg"
    mirror, grey = "Ann/Ann_0001.jpg Bob/Bob_0001.jpg", "Ann/Ann_0001.jpg grey.ppm"
    # Labels exchanged: accepting all or nothing is the best threshold, right for one pair of two.
    swapped = run.write("swapped.txt", *([same + " 0", mirror + " 1"] * 2))
    found = run.json("pairs", "--pairs", swapped, "--images", images, "--folds", 2)
    expect((found["accuracy"], found["threshold"]) == (0.5, -1), f"pairs: {found}")
    # One genuine pair of three has no score.
    missing = run.write("missing.txt", *([same + " 1", mirror + " 0", grey + " 1"] * 2))
    found = run.json("pairs", "--pairs", missing, "--images", images, "--folds", 2)
    near(found["accuracy"], 2 / 3, 1e-8, "pairs: accuracy with a missed face")
    expect((found["accuracy_found_only"], found["failed_detections"]) == (1, 1), f"pairs: {found}")
    expect(found["pairs_without_score"] == 2, f"pairs: {found}")
    broken = run.write("broken.txt", *([same + " 1", mirror + " 0", "broken.png grey.ppm 1"] * 2))
    run.fails("broken.png", "pairs", "--pairs", broken, "--images", images, "--folds", 2)
    found = run.json("pairs", "--pairs", broken, "--images", images, "--folds", 2, "--skip-unreadable")
    expect((found["unreadable"], found["failed_detections"]) == (1, 1), f"pairs: {found}")


def check_aligned_pairs(run: Runner, images: pathlib.Path) -> None:
    page = run.work / "aligned.html"
    lines = ["crop.ppm crop_mirrored.ppm 1", "crop.ppm crop_upside_down.ppm 0"] * 10
    pairs = run.write("crops.txt", *lines)
    command = ("pairs", "--pairs", pairs, "--images", images, "--aligned", "--html", page)
    run.json(*command)
    cosine = float(re.search(r"cosine ([\d.-]+): crop.ppm, crop_mirrored", Page(page).text)[1])
    expect(cosine < 0.9995, f"pairs: a crop and its mirror image have cosine {cosine} without --flip")
    # With --flip both sums hold the same two embeddings. Ten impostor pairs show FAR 1e-1 and no less.
    found = run.json(*command, "--flip")
    expect("cosine 1.000: crop.ppm, crop_mirrored.ppm" in Page(page).text, "pairs: --flip adds nothing")
    expect(found["accuracy"] == 1 and "input" not in found, f"pairs: {found}")
    expect((found["tar"]["1e-1"], found["tar"]["1e-2"]) == (1, None), f"pairs: {found['tar']}")
    # Clopper-Pearson, 10 of 10: from 0.025^(1/10); 0 of 10: to 1 - 0.025^(1/10).
    near(found["tar_interval"]["1e-1"][0], 0.025**0.1, 1e-8, "pairs: interval of the TAR")
    near(found["far_interval"]["1e-1"][1], 1 - 0.025**0.1, 1e-8, "pairs: interval of the FAR")
    whole = run.write("whole.txt", *(["grey.ppm crop.ppm 1", "crop.ppm grey.ppm 0"] * 2))
    run.fails("112", "pairs", "--pairs", whole, "--images", images, "--folds", 2, "--aligned")


def check_pair_errors(run: Runner, images: pathlib.Path) -> None:
    def fails(sentence, *lines, more=()):
        run.fails(sentence, "pairs", "--pairs", run.write("bad.txt", *lines), "--images", images, *more)

    fails("is empty")
    fails("bad.txt:2: 'nan' is not a whole number", "crop.ppm crop.ppm 1", "crop.ppm crop.ppm nan")
    fails("bad.txt:1: announces 6 pairs", "1 3", "Ann 1 2")
    fails("do not divide into 10 equal folds", "crop.ppm crop.ppm 1")
    fails("states 2 folds itself", "2 1", *(["Ann 1 2", "Ann 1 Bob 1"] * 2), more=("--folds", "5"))
    fails("absent.ppm", *(["absent.ppm crop.ppm 1", "crop.ppm crop.ppm 0"] * 5))
    fails("excludes", "2 1", more=("--aligned", "--input", "long:640"))
    run.fails("no such file", "pairs", "--pairs", "/no/such/list", "--images", images)
    run.fails("required", "pairs", "--images", images)


def check_templates(run: Runner, images: pathlib.Path) -> None:
    points = golden_landmarks()
    straight = " ".join(f"{x} {y}" for x, y in points)
    swapped = [points[i] for i in (1, 0, 2, 4, 3)]
    turned = " ".join(f"{639 - x} {y}" for x, y in swapped)
    mirror = [f"Bob/Bob_0001.jpg {template} 1" for template in range(3, 13)]
    faces = run.write("faces.txt", "Ann/Ann_0001.jpg 1 1", "Ann/Ann_0002.jpg 2 2", *mirror)
    landmarks = run.write("points.txt", f"Ann/Ann_0001.jpg {straight} 0.9", f"Ann/Ann_0002.jpg {straight} 0.8",
                          *([f"Bob/Bob_0001.jpg {turned} 0.7"] * 10))
    pairs = run.write("template_pairs.txt", "1 2 1", *(f"1 {template} 0" for template in range(3, 13)))
    command = ("templates", "--faces", faces, "--pairs", pairs, "--images", images, "--landmarks")
    for more in ((), ("--score-weighting",)):
        found = run.json(*command, landmarks, *more)
        # The genuine pair has cosine 1; the ten impostors tie below it, so FAR 1e-1 accepts none.
        expect((found["tar"]["1e-1"], found["tar"]["1e-2"]) == (1, None), f"templates: {found}")
        expect((found["templates"], found["faces"]) == (12, 12), f"templates: {found}")
        expect((found["genuine_pairs"], found["impostor_pairs"]) == (1, 10), f"templates: {found}")
    expect(run.json(*command, landmarks, "--flip")["tar"]["1e-1"] == 1, "templates: --flip")
    expect("too few impostor pairs" in run.run(*command, landmarks).stdout, "templates: table")
    run.fails("ends after 1 of 12", *command, run.write("bad.txt", f"Ann/Ann_0001.jpg {straight} 0.9"))
    one_face = run.write("one.txt", "Ann/Ann_0001.jpg 1 1")
    point = run.write("point.txt", "Ann/Ann_0001.jpg " + "300 200 " * 5 + "1")
    run.fails("span no face", "templates", "--faces", one_face, "--pairs", pairs, "--images", images,
              "--landmarks", point)


def peak_bytes(command: list[str]) -> int:
    """Largest resident memory of a program."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    expect(process.returncode == 0, f"{command} ended with {process.returncode}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def check_template_memory(run: Runner, images: pathlib.Path) -> None:
    """A long list of pairs costs what the protocol keeps of it, 28 bytes a pair: two ids and a label, its
    score, and the score among those of its kind. Twice that is for arrays that grow; the text, with the
    fields of every line, would be hundreds."""
    program = pathlib.Path(run.program).read_bytes()
    if b"__asan_init" in program or b"__tsan_init" in program:
        print("a sanitizer keeps memory of its own: that of templates is not checked")
        return
    templates = range(10001, 10011)
    line = " ".join(f"{x} {y}" for x, y in golden_landmarks())
    faces = run.write("many_faces.txt", *(f"Ann/Ann_0001.jpg {t} {t}" for t in templates))
    landmarks = run.write("many_points.txt", *[f"Ann/Ann_0001.jpg {line} 0.9"] * len(templates))
    block = "".join(f"{a} {b} {int(a + b > 20015)}\n" for a in templates for b in templates)
    peaks = {}
    for pairs in (100, 2000000):
        path = run.work / "many_pairs.txt"
        with path.open("w") as file:
            for _ in range(pairs // 100):
                file.write(block)
        peaks[pairs] = peak_bytes([run.program, "eval", "templates", "--faces", faces, "--landmarks", landmarks,
                                   "--images", str(images), "--pairs", str(path), "--json"])
        path.unlink()
    each = (peaks[2000000] - peaks[100]) / 2000000
    expect(each < 56, f"templates: {each:.0f} bytes a pair, {peaks[2000000]} bytes in all")


def check_published(run: Runner) -> None:
    """The figures of onnxruntime and OpenCV with the same weights, to 0.1 (pairs) and 0.2 points (AP)."""
    afw, lfw = _DATA / "afw", _DATA / "lfw"
    if not (afw / "boxes.txt").exists() or not (lfw / "pairs.txt").exists():
        print(f"{_DATA} does not hold LFW and AFW: their figures are not checked")
        return
    found = run.json("boxes", "--truth", afw / "boxes.txt", "--images", afw / "images")
    near(found["ap50"], 0.9833, 0.002, "AFW: AP")
    near(found["recall"], 0.9961, 0.002, "AFW: recall")
    pairs = ("pairs", "--pairs", lfw / "pairs.txt")
    found = run.json(*pairs, "--images", lfw / "deepfunneled250")
    near(found["accuracy"], 0.9935, 0.001, "LFW deep-funneled: accuracy")
    near(found["tar"]["1e-3"], 0.9837, 0.001, "LFW deep-funneled: TAR at FAR 1e-3")
    expect(found["failed_detections"] == 0, "LFW deep-funneled: faces missed")
    crops = (*pairs, "--images", lfw / "aligned112", "--aligned")
    near(run.json(*crops)["accuracy"], 0.9933, 0.001, "LFW crops: accuracy")
    near(run.json(*crops, "--flip")["accuracy"], 0.9943, 0.001, "LFW crops with flip: accuracy")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    if not pathlib.Path(arguments.program).exists():
        print(f"{arguments.program}: the program is not built")
        return _SKIPPED
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    run = Runner(arguments.program, work)
    images = make_pictures(work)
    failed = 0
    for check in (check_boxes, check_box_errors, check_wider, check_landmarks, check_pairs,
                  check_aligned_pairs, check_pair_errors, check_templates, check_template_memory):
        try:
            check(run, images)
        except Failure as failure:
            print(f"{check.__name__}: {failure}")
            failed += 1
    try:
        check_published(run)
    except Failure as failure:
        print(failure)
        failed += 1
    print("failed" if failed else "passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
