"""Processes that each hold one engine with one network, and the protocol to drive them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import threading
import time

ANSWER_LIMIT_S = 120


class Worker:
    def __init__(self, command: list[str], log: pathlib.Path, isa: str = "") -> None:
        """Starts the process and waits for its first result; log takes its standard error.

        isa is faceio's instruction set; empty for its own choice. Raises RuntimeError with the
        process's last line when it ends or is silent for ANSWER_LIMIT_S.
        """
        self._log = log
        environment = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        environment.pop("FACEIO_ISA", None)
        if isa:
            environment["FACEIO_ISA"] = isa
        begin = time.perf_counter()
        with log.open("w", encoding="utf-8") as errors:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True,
                                             stdout=subprocess.PIPE, stderr=errors,
                                             env=environment)
        self.about = self._answer("the start")
        self.start_ms = (time.perf_counter() - begin) * 1e3

    def run(self, warm: int, runs: int) -> list[float]:
        """Milliseconds of each of `runs` runs, which follow `warm` others."""
        return self._ask(f"run {warm} {runs}")

    def write_outputs(self, path: pathlib.Path) -> None:
        self._ask(f"outputs {path}")

    def peak_rss_mb(self) -> float:
        return self._ask("mem")["peak_rss_mb"]

    def fma_peak_gmac_s(self) -> float:
        """faceio's workers only."""
        return self._ask("peak")["gmac_s"]

    def scheduled_s(self) -> tuple[float, float]:
        """Seconds that its main thread has run, and has waited for the core to be free."""
        schedule = pathlib.Path(f"/proc/{self._process.pid}/schedstat").read_text(encoding="ascii")
        ran_ns, waited_ns, _ = map(int, schedule.split())
        return ran_ns * 1e-9, waited_ns * 1e-9

    def close(self) -> None:
        """Ends the process; safe to call twice."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def _ask(self, line: str):
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError:
            pass  # the process is gone: _answer() tells why
        return self._answer(f"'{line.split()[0]}'")

    def _answer(self, question: str):
        timer = threading.Timer(ANSWER_LIMIT_S, self._process.kill)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if line:
            return json.loads(line)
        code = self._process.wait()
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        self.close()
        raise RuntimeError(f"the process ended at {question} with {code}: "
                           f"{lines[-1][-400:] if lines else 'it said nothing'}; all of it is in "
                           f"{self._log}")
