"""Times faceio beside onnxruntime on one core, in alternating rounds.

All engines share one pinned core and take turns, so that a change of its clock meets each of them.
faceio runs as a new process a round, which reports its own median; the others stay loaded.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
import onnxruntime

import inputs
import mobilefacenet_onnx
import reference
from mobilefacenet_onnx import Prelu
from program import Program

WIDTH_PX, HEIGHT_PX = 640, 480
MIN_SCORE = 0.6
SMALLEST_COSINE = 0.99999


@dataclasses.dataclass
class Row:
    task: str          # "detector" or "recogniser"
    engine: str
    scope: str         # "whole": uint8 picture in, result out; "network": float tensor in and out
    round_medians_ms: list[float] = dataclasses.field(default_factory=list)
    min_ms: float = float("inf")

    def add(self, median_ms: float, min_ms: float) -> None:
        self.round_medians_ms.append(median_ms)
        self.min_ms = min(self.min_ms, min_ms)

    @property
    def median_ms(self) -> float:
        """Median of the rounds' medians."""
        return statistics.median(self.round_medians_ms)


def pin_to_one_core(core: int | None) -> int:
    """Pins this process and its children; None takes the last core that the process may use."""
    chosen = max(os.sched_getaffinity(0)) if core is None else core
    os.sched_setaffinity(0, {chosen})
    cv2.setNumThreads(1)
    return chosen


def time_round(work: Callable[[], object], runs: int, faces_a_run: int) -> tuple[float, float]:
    """(median, min) milliseconds a face or picture."""
    for _ in range(3):
        work()
    times_ms = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times_ms.append((time.perf_counter() - begin) * 1e3 / faces_a_run)
    return statistics.median(times_ms), min(times_ms)


def detector_work(model: bytes, picture: np.ndarray) -> dict[str, Callable[[], object]]:
    detector = reference.Detector(model)
    batch = detector.network_input(picture)
    feeds = {detector.input_name: batch}

    def whole():
        return reference.detect(detector.run(picture), (WIDTH_PX, HEIGHT_PX), MIN_SCORE)

    return {"network": lambda: detector.session.run(None, feeds), "whole": whole}


def recogniser_work(session: onnxruntime.InferenceSession,
                    picture: np.ndarray) -> dict[str, Callable[[], object]]:
    """Whole is as in faceio bench: alignment of a picture of crop size, network, unit length."""
    feeds = {mobilefacenet_onnx.INPUT: _planes(picture)}

    def whole():
        crop = reference.align(picture, reference.TEMPLATE_PX)
        raw = session.run(None, {mobilefacenet_onnx.INPUT: _planes(crop)})[0][0]
        return raw / np.linalg.norm(raw)

    return {"network": lambda: session.run(None, feeds), "whole": whole}


def _planes(crop: np.ndarray) -> np.ndarray:
    return reference.recogniser_input(crop).transpose(2, 0, 1)[np.newaxis].copy()


def check_same_network(session: onnxruntime.InferenceSession, recogniser: reference.Recogniser,
                       crop: np.ndarray, what: str) -> None:
    """Raises RuntimeError when a drawing of the recogniser differs from the TFLite file."""
    raw = session.run(None, {mobilefacenet_onnx.INPUT: _planes(crop)})[0][0].astype(float)
    cosine = raw @ recogniser.embed(crop) / np.linalg.norm(raw)
    if not cosine >= SMALLEST_COSINE:
        raise RuntimeError(f"the recogniser drawn with {what} gives another embedding than the "
                           f"TFLite file: cosine {cosine:.6f}")


def measure(arguments: argparse.Namespace) -> tuple[dict, list[Row]]:
    program = Program(arguments.faceio)
    detector, recogniser = inputs.source_models(arguments.packages)
    golden = inputs.ROOT / "tests" / "golden"
    picture = inputs.read_picture(golden / "det_astronaut_640x480.png")
    face = inputs.read_picture(golden / "rec_astronaut_112.png")

    works: list[tuple[Row, Callable[[], object], int]] = []
    for scope, work in detector_work(detector, picture).items():
        works.append((Row("detector", "onnxruntime", scope), work, 1))
    litert = reference.Recogniser(recogniser)
    for prelu in Prelu:
        session = reference.session(mobilefacenet_onnx.draw(recogniser, prelu))
        check_same_network(session, litert, face, prelu.value)
        for scope, work in recogniser_work(session, face).items():
            works.append((Row("recogniser", f"onnxruntime, {prelu.value}", scope), work, 1))
    two_faces = reference.recogniser_input(np.stack([face] * litert.FACES_A_RUN))
    works.append((Row("recogniser", "LiteRT, TFLite file, half of two faces", "network"),
                  lambda: litert.run(two_faces), litert.FACES_A_RUN))

    ours = {task: Row(task, "faceio", "whole") for task in ("detector", "recogniser")}
    machine = {}
    for round_index in range(arguments.rounds):
        bench = program.bench(f"{WIDTH_PX}x{HEIGHT_PX}")
        if round_index == 0:
            machine = {"cpu": bench["cpu"], "isa": bench["isa"],
                       "onnxruntime": onnxruntime.__version__, "rounds": arguments.rounds,
                       "runs_a_round": arguments.runs}
        for task, row in ours.items():
            row.add(bench[task]["median_ms"], bench[task]["min_ms"])
        for row, work, faces_a_run in works:
            row.add(*time_round(work, arguments.runs, faces_a_run))
    rows = [row for task in ours for row in
            [ours[task]] + [row for row, _, _ in works if row.task == task]]
    return machine, rows


def main() -> int:
    parser = inputs.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="turns of each engine (default: 9)")
    parser.add_argument("--runs", type=int, default=30,
                        help="timed runs a turn, after three others (default: 30)")
    parser.add_argument("--core", type=int, help="core to pin to (default: the last one)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()

    core = pin_to_one_core(arguments.core)
    try:
        machine, rows = measure(arguments)
    except RuntimeError as error:
        print(f"speed.py: {error}", file=sys.stderr)
        return 1

    base = {row.task: row.median_ms for row in rows if row.engine == "faceio"}
    if arguments.json:
        print(json.dumps({**machine, "core": core, "rows": [
            {"task": row.task, "engine": row.engine, "scope": row.scope,
             "median_ms": row.median_ms, "min_ms": row.min_ms,
             "ratio_to_faceio": row.median_ms / base[row.task],
             "round_medians_ms": row.round_medians_ms} for row in rows]}, indent=1))
        return 0
    print(f"{machine['cpu']}, core {core}, faceio on {machine['isa']}, onnxruntime "
          f"{machine['onnxruntime']} with one thread; {arguments.rounds} rounds")
    print(f"{'task':<12}{'engine':<42}{'scope':<9}{'median ms':>10}{'min ms':>9}{'/ faceio':>10}")
    for row in rows:
        print(f"{row.task:<12}{row.engine:<42}{row.scope:<9}{row.median_ms:>10.3f}"
              f"{row.min_ms:>9.3f}{row.median_ms / base[row.task]:>10.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
