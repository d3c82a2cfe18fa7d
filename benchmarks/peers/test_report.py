"""Tests of what needs no engine: statistics, ratios, outputs, tables, JSON rows, the protocol.

    python3 benchmarks/peers/test_report.py
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
import tempfile
import types
import unittest
import xml.etree.ElementTree as xml

try:
    import numpy as np
except ImportError:
    np = None

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import report  # noqa: E402
import rows as table  # noqa: E402
from workers import Worker  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


def row(engine: str, median_ms: float, **changes) -> table.Row:
    fields = {"model": "detector_640x480", "engine": engine, "precision": "fp32",
              "scope": "network", "median_ms": median_ms, "min_ms": median_ms - 0.5,
              "round_medians_ms": [median_ms - 0.25, median_ms, median_ms + 1],
              "max_abs_diff": 1e-5, "outputs_ok": True, "peak_rss_mb": 50.0, "start_ms": 100.0,
              "install_mb": 80.0}
    return table.Row(**{**fields, **changes})


def machine(**changes) -> dict:
    facts = {"cpu": "a <CPU> & more", "core": 0, "rounds": 3, "runs_a_round": 4,
             "versions": {"engine": "1.0"}, "fma_peak_gmac_s": {"detector_640x480": {"avx2": 50.0}},
             "floor_ms": {"detector_640x480": 12.0}, "disturbed": [], "failures": {}}
    return {**facts, **changes}


class Statistics(unittest.TestCase):
    def test_median_is_of_all_runs_and_not_of_rounds(self):
        median, fastest, of_rounds = table.timing([[1.0, 2.0, 3.0], [10.0], [4.0, 5.0]])
        self.assertEqual(median, 3.5)   # of 1 2 3 4 5 10
        self.assertEqual(fastest, 1.0)
        self.assertEqual(of_rounds, [2.0, 10.0, 4.5])

    def test_no_run_is_an_error(self):
        self.assertRaises(ValueError, table.timing, [[], []])

    def test_floor(self):
        # 500 million multiply-adds at 50 billion a second.
        self.assertAlmostEqual(table.floor_ms(500_000_000, 50.0), 10.0)

    def test_disturbance_is_told_from_a_single_slow_round(self):
        self.assertFalse(table.is_disturbed([50.0] * 7 + [20.0], 10.0, 0.4))
        self.assertFalse(table.is_disturbed([50.0, 46.0, 49.0], 10.0, 0.0))
        self.assertTrue(table.is_disturbed([50.0] * 5 + [40.0] * 3, 10.0, 0.0))

    def test_disturbance_is_told_from_waiting(self):
        self.assertTrue(table.is_disturbed([50.0] * 8, 10.0, 0.6))

    def test_middle_half(self):
        self.assertEqual(report.middle_half([5.0, 1.0, 3.0, 2.0, 4.0]), (2.0, 4.0))
        self.assertEqual(report.middle_half([7.0]), (7.0, 7.0))


class Ratios(unittest.TestCase):
    def test_int8_is_compared_with_the_fastest_peer_at_any_precision(self):
        rows = [row("faceio_int8_avx2", 3.0, precision="int8"), row("faceio_avx2", 10.0),
                row("openvino_int8", 5.0, precision="int8"),
                row("openvino_bf16", 4.0, precision="bf16"), row("quick", 20.0),
                row("garbage", 1.0, precision="int8", outputs_ok=False)]
        table.fill_ratios(rows, {"detector_640x480": 16.0})
        self.assertEqual([r.ratio_to_fastest_peer for r in rows], [0.75, 0.5, 1.25, 0.2, 1.0, 0.25])
        self.assertEqual([r.ratio_to_floor is None for r in rows],
                         [True, False, True, False, False, True])
        self.assertEqual(table.yardsticks(rows, "detector_640x480"),
                         "Fastest peer in fp32: quick, 20.00 ms; at any precision, for the rows in "
                         "int8: openvino_bf16, 4.00 ms.")

    def test_our_int8_is_compared_with_our_fp32_of_the_same_kind(self):
        rows = [row("faceio_avx512", 8.0), row("faceio_avx512_whole", 9.0, scope="whole"),
                row("faceio_avx2", 10.0, isa="avx2"),
                row("faceio_avx512", 4.0, model="recogniser_112"),
                row("faceio_int8_avx512vnni", 2.0, precision="int8"),
                row("faceio_int8_avx512vnni_whole", 4.5, precision="int8", scope="whole"),
                row("faceio_int8_avx2", 5.0, precision="int8", isa="avx2"),
                row("faceio_int8_avx512vnni", 1.0, precision="int8", model="recogniser_112"),
                row("faceio_int8_avx2_whole", 1.0, precision="int8", scope="whole", isa="avx2"),
                row("openvino_int8", 5.0, precision="int8"), row("other", 20.0)]
        table.fill_ratios(rows, {})
        self.assertEqual([r.ratio_to_own_fp32 for r in rows],
                         [None] * 4 + [0.25, 0.5, 0.5, 0.25] + [None] * 3)

    def test_yardstick_is_the_fastest_peer_that_is_right_in_fp32(self):
        rows = [row("faceio_avx2", 10.0), row("quick", 20.0), row("slow", 40.0),
                row("wrong", 5.0, outputs_ok=False), row("rough", 4.0, precision="bf16"),
                row("other_model", 1.0, model="recogniser_112")]
        table.fill_ratios(rows, {"detector_640x480": 16.0})
        self.assertEqual([r.ratio_to_fastest_peer for r in rows], [0.5, 1.0, 2.0, 0.25, 0.2, 1.0])
        self.assertEqual(rows[0].ratio_to_floor, 0.625)
        self.assertIsNone(rows[-1].ratio_to_floor)

    def test_without_a_peer_there_is_no_ratio(self):
        alone = row("faceio_avx2", 10.0)
        table.fill_ratios([alone], {})
        self.assertIsNone(alone.ratio_to_fastest_peer)


@unittest.skipIf(np is None, "numpy is not installed")
class Outputs(unittest.TestCase):
    """Figures by hand: the angle of (3, 4) and (4, 3) has the cosine 24 / 25."""

    @staticmethod
    def judge(task, scope, precision, *pairs):
        import outputs
        network = types.SimpleNamespace(task=task, truth={"embedding": np.array([[0.0, 2.0]])})
        return outputs.judge(network, scope, precision,
                             [(np.array(found), np.array(truth)) for found, truth in pairs])

    def test_below_fp32_the_worst_cosine_counts(self):
        good, bad = ([2.0, 0.0], [1.0, 0.0]), ([3.0, 4.0], [4.0, 3.0])
        for task in ("detector", "recogniser"):
            self.assertEqual(self.judge(task, "network", "int8", good), (1.0, 1.0, True))
            difference, cosine, ok = self.judge(task, "network", "int8", good, bad)
            self.assertEqual(difference, 1.0)
            self.assertAlmostEqual(cosine, 0.96)
            self.assertFalse(ok)

    def test_cosine_limits(self):
        for cosine, right_for in ((0.9899, ["detector"]), (0.9901, ["detector", "recogniser"]),
                                  (0.9799, []), (0.9801, ["detector"])):
            pair = ([cosine, (1 - cosine ** 2) ** 0.5], [1.0, 0.0])
            self.assertEqual([task for task in ("detector", "recogniser") for precision in
                              ("int8", "bf16") if self.judge(task, "network", precision, pair)[2]],
                             [task for task in right_for for _ in range(2)])

    def test_fp32_is_judged_by_the_difference(self):
        # Of the same direction, but too far off.
        self.assertEqual(self.judge("detector", "network", "fp32", ([2.0, 0.0], [1.0, 0.0])),
                         (1.0, 1.0, False))
        # The recogniser's tolerance is a thousandth of its largest recorded value, 2.
        for value, right in ((2.0019, True), (2.0021, False)):
            pair = ([0.0, value], [0.0, 2.0])
            self.assertEqual(self.judge("recogniser", "network", "fp32", pair)[2], right)

    def test_what_cannot_be_compared_is_wrong(self):
        for found in ([1.0], [float("nan"), 0.0], [0.0, 0.0]):
            _, cosine, ok = self.judge("recogniser", "network", "int8", (found, [1.0, 0.0]))
            self.assertEqual((cosine, ok), (-1.0, False))

    def test_faces_are_judged_by_the_overlap_of_their_boxes(self):
        def faces(*boxes):
            return [[*box, 0.9, *[0.0] * 10] for box in boxes]

        first, second = (0.0, 0.0, 100.0, 100.0), (200.0, 0.0, 300.0, 100.0)
        truth = faces(first, second)

        def judge(found):
            return self.judge("detector", "whole", "int8", (found, truth))

        self.assertEqual(judge(truth), (0.0, None, True))
        self.assertEqual(judge(faces(second, first)), (200.0, None, True))
        # 5 pixels to the right: 95 / 105 = 0.905; 10 pixels: 90 / 110 = 0.818.
        for shift, ok in ((5.0, True), (10.0, False)):
            moved = faces((shift, 0.0, 100.0 + shift, 100.0), second)
            self.assertEqual(judge(moved), (shift, None, ok))
        for found in (faces(first), faces(first, second, (0.0, 200.0, 100.0, 300.0))):
            self.assertFalse(judge(found)[2])


class Verdict(unittest.TestCase):
    def setUp(self):
        self.ours = [row("faceio_avx2", 10.0), row("faceio_int8_avx2", 5.0, precision="int8")]

    def test_all_well(self):
        self.assertEqual(table.verdict([*self.ours, row("other", 20.0)]), [])

    def test_wrong_outputs_of_faceio_fail_and_those_of_others_do_not(self):
        right = [*self.ours, row("other", 20.0, outputs_ok=False)]
        self.assertEqual(table.verdict(right), [])
        for precision in table.OUR_PRECISIONS:
            wrong = row("faceio_avx512", 9.0, outputs_ok=False, max_abs_diff=0.5, cosine=0.25,
                        precision=precision)
            self.assertEqual(len(table.verdict([*right, wrong])), 1)
            self.assertRegex(table.verdict([*right, wrong])[0], "faceio_avx512.*by 0.5.*0.2500")

    def test_faceio_has_to_run_in_every_precision(self):
        for ours in self.ours:
            faults = table.verdict([ours, row("other", 20.0)])
            self.assertEqual(len(faults), 1)
            self.assertNotIn(f"in {ours.precision}", faults[0])

    def test_each_model_needs_faceio_and_a_peer(self):
        self.assertTrue(table.verdict([]))
        self.assertTrue(table.verdict(self.ours))
        self.assertTrue(table.verdict([row("other", 10.0)]))
        self.assertTrue(table.verdict([*self.ours, row("other", 20.0),
                                       row("faceio_avx2", 5.0, model="recogniser_112"),
                                       row("faceio_int8_avx2", 5.0, model="recogniser_112",
                                           precision="int8")]))


class Schema(unittest.TestCase):
    def test_row_as_json(self):
        fields = json.loads(json.dumps(row("faceio_avx2", 10.0).as_json(), allow_nan=False))
        for key, kind in {"model": str, "engine": str, "precision": str, "scope": str,
                          "median_ms": float, "min_ms": float, "max_abs_diff": float,
                          "peak_rss_mb": float, "start_ms": float, "install_mb": float}.items():
            self.assertIsInstance(fields[key], kind, key)
        self.assertIn(fields["precision"], table.PRECISIONS)
        self.assertIn(fields["scope"], table.SCOPES)

    def test_infinite_difference_is_valid_json(self):
        for value in (float("inf"), float("nan")):
            fields = row("other", 1.0, max_abs_diff=value).as_json()
            self.assertIsNone(json.loads(json.dumps(fields, allow_nan=False))["max_abs_diff"])


class Tables(unittest.TestCase):
    def setUp(self):
        self.rows = [row("other", 20.0, outputs_ok=False, max_abs_diff=0.25),
                     row("faceio_avx2", 10.0), row("third", 30.0, max_abs_diff=None),
                     row("rough", 40.0, precision="int8", outputs_ok=False, cosine=0.47793)]
        table.fill_ratios(self.rows, {"detector_640x480": 20.0})

    def test_markdown_has_all_rows_fastest_first(self):
        lines = [line for line in table.markdown(self.rows).splitlines() if line.startswith("|")]
        self.assertEqual(len({line.count("|") for line in lines}), 1)
        self.assertEqual([line.split("|")[1].strip() for line in lines[2:]],
                         ["**faceio_avx2**", "other", "third", "rough"])
        self.assertIn("| 10.00 | 9.50 | 0.33 | 0.50 |", lines[2])
        self.assertIn("over tolerance", lines[3])
        self.assertNotIn("over tolerance", lines[4])
        self.assertIn("| 0.4779 | 1.0e-05 (unusable) |", lines[5])

    def test_yardsticks_are_named_below_the_table(self):
        self.assertIn("third, 30.00 ms", table.markdown(self.rows).splitlines()[-1])
        self.assertIn("third, 30.00 ms", report.html(self.rows, machine()))

    def test_report_names_what_was_left_out_and_disturbed(self):
        facts = machine(failures={"broken detector_640x480": "no module"},
                        disturbed=["detector_640x480"])
        for text in (report.markdown(self.rows, facts), report.html(self.rows, facts)):
            self.assertIn("The core was disturbed during detector_640x480", text)
        self.assertIn("broken detector_640x480 was left out: no module",
                      report.markdown(self.rows, facts))
        self.assertIn("broken detector_640x480 was left out: no module",
                      report.html(self.rows, facts))


class Charts(unittest.TestCase):
    BARS = [report.Bar("a & b", 10.0, "10 <ms>", "ours", (5.0, 20.0)),
            report.Bar("c", 5.0, "5 ms", "peer"), report.Bar("d", 0.0, "0 ms", "less")]

    def test_bars_are_proportional_and_inside(self):
        svg = xml.fromstring(report.bar_chart("Title", self.BARS, 15.0))
        widths = [float(rect.get("width")) for rect in svg.iter(f"{SVG}rect")]
        self.assertAlmostEqual(widths[0] / widths[1], 2.0, places=2)
        self.assertGreater(widths[2], 0.0)   # nothing is still a mark
        spread, mark = svg.findall(f"{SVG}line")
        unit = widths[0] / 10.0
        self.assertAlmostEqual(float(spread.get("x2")), report.LABEL + 20 * unit, delta=0.2)
        self.assertAlmostEqual(float(mark.get("x1")), report.LABEL + 15 * unit, delta=0.2)
        _, _, width, height = map(float, svg.get("viewBox").split())
        for line in svg.iter(f"{SVG}line"):
            self.assertLess(float(line.get("x2")), width)
        for rect in svg.iter(f"{SVG}rect"):
            self.assertLess(float(rect.get("y")) + float(rect.get("height")), height)

    def test_texts_are_escaped(self):
        svg = xml.fromstring(report.bar_chart("Title", self.BARS))
        texts = [text.text for text in svg.iter(f"{SVG}text")]
        self.assertIn("a & b", texts)
        self.assertIn("10 <ms>", texts)

    def test_packages_have_one_bar(self):
        rows = [row("faceio_avx2", 1.0, install_mb=2.0),
                row("faceio_avx2_whole", 1.0, install_mb=5.0, model="recogniser_112"),
                row("openvino", 1.0, install_mb=185.0), row("openvino_bf16", 1.0, install_mb=185.0)]
        self.assertEqual([(bar.label, bar.value, bar.kind) for bar in report.install_bars(rows)],
                         [("faceio", 5.0, "ours"), ("openvino", 185.0, "peer")])

    def test_page_is_well_formed_and_complete_in_itself(self):
        rows = [row("faceio_avx2", 10.0), row("other", 20.0),
                row("other", 5.0, model="recogniser_112"),
                row("faceio_avx2", 4.0, model="recogniser_112")]
        page = report.html(rows, machine())
        tree = xml.fromstring(page.removeprefix("<!DOCTYPE html>"))
        # Latency, start-up and memory for each model, size once.
        self.assertEqual(len(list(tree.iter(f"{SVG}svg"))), 7)
        self.assertEqual(len(list(tree.iter("table"))), 2)
        self.assertEqual(re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page), [])
        self.assertNotIn("<script", page)
        self.assertIn("a &lt;CPU&gt; &amp; more", page)


class Protocol(unittest.TestCase):
    """A worker that is a few lines of Python."""

    def worker(self, lines: str, **options) -> Worker:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        result = Worker([sys.executable, "-c", lines], pathlib.Path(folder.name) / "log", **options)
        self.addCleanup(result.close)
        return result

    def test_questions_and_answers(self):
        worker = self.worker("print('{\"isa\": \"avx2\"}', flush=True)\n"
                             "assert input() == 'run 2 3'\nprint('[1, 2.5, 3]', flush=True)\n"
                             "assert input() == 'mem'\nprint('{\"peak_rss_mb\": 7}', flush=True)\n"
                             "input()")
        self.assertEqual(worker.about, {"isa": "avx2"})
        self.assertGreater(worker.start_ms, 0.0)
        self.assertEqual(worker.run(2, 3), [1, 2.5, 3])
        self.assertEqual(worker.peak_rss_mb(), 7)

    def test_instruction_set_reaches_the_process(self):
        worker = self.worker("import os, json\n"
                             "print(json.dumps(os.environ['FACEIO_ISA']), flush=True)\ninput()",
                             isa="sse")
        self.assertEqual(worker.about, "sse")

    def test_failure_carries_the_last_words(self):
        with self.assertRaisesRegex(RuntimeError, "at the start with 3.*no such engine"):
            self.worker("import sys\nsys.stderr.write('no such engine')\nsys.exit(3)")
        worker = self.worker("print('{}', flush=True)\ninput()\nraise SystemExit('lost')")
        with self.assertRaisesRegex(RuntimeError, "at 'run' with 1.*lost"):
            worker.run(1, 1)


if __name__ == "__main__":
    unittest.main()
