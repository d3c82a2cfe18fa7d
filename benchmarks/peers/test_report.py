"""Tests of what needs no engine: statistics, ratios, tables, charts, JSON rows, the protocol.

    python3 benchmarks/peers/test_report.py
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

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


class Verdict(unittest.TestCase):
    def test_all_well(self):
        self.assertEqual(table.verdict([row("faceio_avx2", 10.0), row("other", 20.0)]), [])

    def test_wrong_outputs_of_faceio_fail_and_those_of_others_do_not(self):
        right, other = row("faceio_avx2", 10.0), row("other", 20.0, outputs_ok=False)
        self.assertEqual(table.verdict([right, other]), [])
        wrong = row("faceio_avx512", 9.0, outputs_ok=False, max_abs_diff=0.5)
        self.assertEqual(len(table.verdict([right, wrong, other])), 1)
        self.assertIn("faceio_avx512", table.verdict([right, wrong, other])[0])

    def test_each_model_needs_faceio_and_a_peer(self):
        self.assertTrue(table.verdict([]))
        self.assertTrue(table.verdict([row("faceio_avx2", 10.0)]))
        self.assertTrue(table.verdict([row("other", 10.0)]))
        self.assertTrue(table.verdict([row("faceio_avx2", 10.0), row("other", 20.0),
                                       row("faceio_avx2", 5.0, model="recogniser_112")]))


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
                     row("faceio_avx2", 10.0), row("third", 30.0, max_abs_diff=None)]
        table.fill_ratios(self.rows, {"detector_640x480": 20.0})

    def test_markdown_has_all_rows_fastest_first(self):
        lines = [line for line in table.markdown(self.rows).splitlines() if line.startswith("|")]
        self.assertEqual(len({line.count("|") for line in lines}), 1)
        self.assertEqual([line.split("|")[1].strip() for line in lines[2:]],
                         ["**faceio_avx2**", "other", "third"])
        self.assertIn("| 10.00 | 9.50 | 0.33 | 0.50 |", lines[2])
        self.assertIn("over tolerance", lines[3])
        self.assertNotIn("over tolerance", lines[4])

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
