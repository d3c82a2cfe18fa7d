"""Measures faceio and other inference engines on the same weights, input and core.

Every engine is a process of its own with one thread; all of them and this program share one core
and take turns, so that a change of its clock meets each of them. Linux only. Start it with ./run.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys

import report
import rows as table
from workers import Worker

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / "build" / "peers"
FACEIO_WORKER = ROOT / "build" / "bench" / "benchmarks" / "faceio_peers_worker"
MODELS = ("detector_640x480", "recogniser_112")
STARTS = 3


@dataclasses.dataclass(frozen=True)
class Peer:
    """A row of the table. Its worker is a class of peer_worker.py."""

    worker: str
    package: str
    file_format: str
    precision: str = "fp32"
    cpu_flag: str = ""   # of /proc/cpuinfo, without which the row would say nothing


PEERS = {
    "onnxruntime": Peer("onnxruntime", "onnxruntime", "onnx"),
    "onnxruntime_as_published": Peer("onnxruntime", "onnxruntime", "published_onnx"),
    "openvino": Peer("openvino", "openvino", "onnx"),
    "openvino_bf16": Peer("openvino_bf16", "openvino", "onnx", "bf16", "avx512_bf16"),
    "openvino_int8": Peer("openvino", "openvino", "openvino_int8", "int8"),
    "openvino_int8_bf16": Peer("openvino_bf16", "openvino", "openvino_int8", "int8", "avx512_bf16"),
    "ncnn": Peer("ncnn", "ncnn", "ncnn"),
    "mnn": Peer("mnn", "MNN", "mnn"),
    "opencv": Peer("opencv", "opencv-python-headless", "onnx"),
    "litert": Peer("litert", "ai-edge-litert", "tflite"),
    "litert_as_published": Peer("litert", "ai-edge-litert", "published_tflite"),
}
# The detector is not published as TFLite.
NOT_THERE = {("litert_as_published", "detector_640x480")}
# What the versions are listed of.
PACKAGES = {peer.package for peer in PEERS.values()} | {"nncf"}


@dataclasses.dataclass(frozen=True)
class Effort:
    rounds: int
    runs: int            # timed runs a round
    warm: int            # runs before them, not timed
    trial_rounds: int    # with half of the runs, to choose between drawings


# Short turns: what disturbs the core for seconds then meets every engine.
QUICK = Effort(rounds=16, runs=6, warm=3, trial_rounds=8)
FULL = Effort(rounds=60, runs=8, warm=3, trial_rounds=16)


@dataclasses.dataclass
class Contender:
    """An engine with a network, ready to take its turns."""

    engine: str
    precision: str
    scope: str
    drawing: str
    pictures_a_run: int
    install_mb: float
    worker: Worker
    start_ms: float = 0.0
    isa: str = ""
    rounds_ms: list[list[float]] = dataclasses.field(default_factory=list)
    peaks_gmac_s: list[float] = dataclasses.field(default_factory=list)

    @property
    def is_ours(self) -> bool:
        return self.engine.startswith("faceio")

    @property
    def tells_peak(self) -> bool:
        return self.is_ours and self.scope == "network" and self.precision == "fp32"

    def take_turn(self, warm: int, runs: int) -> None:
        times = self.worker.run(warm, runs)
        self.rounds_ms.append([time / self.pictures_a_run for time in times])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds; a few minutes in all")
    parser.add_argument("--json", type=pathlib.Path, metavar="OUT",
                        help="write the rows there, and the machine beside it (*.machine.json)")
    parser.add_argument("--packages", type=pathlib.Path, default=ROOT / "build/packages",
                        metavar="DIR", help="folder with the two archives that hold the models; "
                        "missing ones are downloaded into it (default: build/packages)")
    parser.add_argument("--core", type=int, metavar="N",
                        help="core to measure on (default: the last one)")
    parser.add_argument("--engines", type=lambda text: text.split(","), metavar="A,B",
                        default=list(PEERS), help=f"of {','.join(PEERS)} (default: all)")
    parser.add_argument("--only", choices=MODELS, help="measure one of the two networks")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.engines if name not in PEERS]
    if unknown:
        parser.error(f"there is no engine {unknown[0]}: name some of {','.join(PEERS)}")
    cores = os.sched_getaffinity(0)
    if arguments.core is None:
        arguments.core = max(cores)
    if arguments.core not in cores:
        parser.error(f"core {arguments.core} is not one of {sorted(cores)}")
    return arguments


def cpu_facts() -> dict[str, str]:
    """What the kernel says of the first processor."""
    first = pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii").split("\n\n")[0]
    return {key.strip(): value.strip() for key, _, value in
            (line.partition(":") for line in first.splitlines())}


def cpu_name() -> str:
    facts = cpu_facts()
    return (f"{facts.get('model name', 'unknown CPU')} (family {facts.get('cpu family', '?')}, "
            f"model {facts.get('model', '?')})")


def installed_mb(package: str) -> float:
    """Disk space of the files of an installed wheel, without its dependencies."""
    files = importlib.metadata.distribution(package).files or []
    return sum(path.stat().st_size for path in (file.locate() for file in files)
               if path.is_file()) * 1e-6


def faceio_mb(weights: pathlib.Path) -> float:
    """Disk space of the stripped worker and the weights of one network."""
    stripped = WORK / "faceio_stripped"
    if shutil.which("strip"):
        subprocess.run(["strip", "-o", str(stripped), str(FACEIO_WORKER)], check=True)
    program = stripped if stripped.exists() else FACEIO_WORKER
    return (program.stat().st_size + weights.stat().st_size) * 1e-6


def package_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


class Comparison:
    """One network, all engines."""

    def __init__(self, network, files, effort: Effort, failures: dict[str, str]) -> None:
        self._network = network
        self._files = files
        self._effort = effort
        self._failures = failures   # "engine model" to what went wrong
        self._logs = WORK / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)

    def rows(self, engines: list[str]) -> tuple[list[table.Row], dict[str, float], bool]:
        """Rows without ratios; peak of each target, 10^9 multiply-adds a second; is_disturbed()."""
        contenders = []
        try:
            for name in engines:
                if (name, self._network.name) not in NOT_THERE:
                    self._guarded(name, lambda name=name: contenders.append(self._peer(name)))
            self._start_faceio(contenders)
            before = self._scheduled_s(contenders)
            for _ in range(self._effort.rounds):
                for contender in list(contenders):
                    if not self._guarded(contender.engine, lambda: self._turn(contender)):
                        contenders.remove(contender)
            after = self._scheduled_s(contenders)
            ran_s, waited_s = (sum(after[worker][i] - before[worker][i] for worker in after)
                               for i in range(2))
            rows = []
            for contender in contenders:
                self._guarded(contender.engine, lambda: rows.append(self._row(contender)))
            peaks = {contender.engine.removeprefix("faceio_"): contender.peaks_gmac_s
                     for contender in contenders if contender.peaks_gmac_s}
            return (rows, {isa: statistics.median(values) for isa, values in peaks.items()},
                    any(table.is_disturbed(values, ran_s, waited_s) for values in peaks.values()))
        finally:
            for contender in contenders:
                contender.worker.close()

    @staticmethod
    def _scheduled_s(contenders: list[Contender]) -> dict[Worker, tuple[float, float]]:
        return {contender.worker: contender.worker.scheduled_s() for contender in contenders}

    def _guarded(self, engine: str, work) -> bool:
        """Whether work succeeded; an engine that fails must not take the others away."""
        try:
            work()
            return True
        except (RuntimeError, ImportError, OSError, ValueError, KeyError) as error:
            key = f"{engine} {self._network.name}"
            self._failures[key] = f"{type(error).__name__}: {error}"
            print(f"run: {key} is left out: {error}", file=sys.stderr, flush=True)
            return False

    def _turn(self, contender: Contender) -> None:
        contender.take_turn(self._effort.warm, self._effort.runs)
        # The clock moves with the load, so the peak is taken among the rounds.
        if contender.tells_peak:
            contender.peaks_gmac_s.append(contender.worker.fma_peak_gmac_s())

    def _started(self, command: list[str], engine: str, isa: str = "") -> tuple[Worker, float]:
        """(worker, median of STARTS start times); files are in the page cache by the second."""
        log = self._logs / f"{engine}.{self._network.name}.log"
        times = []
        for _ in range(STARTS - 1):
            worker = Worker(command, log, isa)
            times.append(worker.start_ms)
            worker.close()
        worker = Worker(command, log, isa)
        return worker, statistics.median([*times, worker.start_ms])

    def _peer(self, name: str) -> Contender:
        peer = PEERS[name]
        install_mb = installed_mb(peer.package)
        candidates = self._files.candidates(self._network, peer.file_format)
        chosen = candidates[0] if len(candidates) == 1 else self._fastest(name, candidates)
        worker, start_ms = self._started(self._command(peer, chosen), name)
        print(f"  {name} {chosen.drawing}".rstrip(), flush=True)
        return Contender(name, peer.precision, "network", chosen.drawing, chosen.pictures_a_run,
                         install_mb, worker, start_ms)

    def _fastest(self, name: str, candidates):
        """The candidate with the fastest run of a short trial: the least disturbed figure."""
        peer, runs = PEERS[name], self._effort.runs // 2
        workers, best_ms = [], [float("inf")] * len(candidates)
        try:
            for candidate in candidates:
                workers.append(Worker(self._command(peer, candidate),
                                      self._logs / f"{name}.{self._network.name}.trial.log"))
            for _ in range(self._effort.trial_rounds):
                for index, worker in enumerate(workers):
                    best_ms[index] = min(best_ms[index], *worker.run(self._effort.warm, runs))
        finally:
            for worker in workers:
                worker.close()
        return candidates[best_ms.index(min(best_ms))]

    def _command(self, peer: Peer, candidate) -> list[str]:
        return [sys.executable, str(HERE / "peer_worker.py"), peer.worker, str(candidate.model),
                str(candidate.input), *self._network.output_names]

    def _start_faceio(self, contenders: list[Contender]) -> None:
        """Appends every precision and scope with the best kernels, and with those of AVX2."""
        for precision in table.OUR_PRECISIONS:
            for isa in ("", "avx2"):
                ours = [c for c in contenders if c.is_ours and c.precision == precision]
                if isa and not any(c.worker.about["isa"].startswith("avx512") for c in ours):
                    continue   # the best ones are those, or AVX2 is too much
                for scope in table.SCOPES:
                    self._guarded(f"faceio {precision} {isa or 'best'} {scope}", lambda: (
                        contenders.append(self._faceio(precision, isa, scope))))

    def _faceio(self, precision: str, isa: str, scope: str) -> Contender:
        weights = self._network.weights[precision]
        command = [str(FACEIO_WORKER), self._network.task, scope, str(weights),
                   str(self._files.pixels(self._network))]
        log_name = f"faceio_{precision}_{isa or 'best'}_{scope}"
        worker, start_ms = self._started(command, log_name, isa)
        engine = "_".join(["faceio", *([] if precision == "fp32" else [precision]),
                           worker.about["isa"], *(["whole"] if scope == "whole" else [])])
        print(f"  {engine}", flush=True)
        return Contender(engine, precision, scope, "", 1, faceio_mb(weights), worker, start_ms, isa)

    def _row(self, contender: Contender) -> table.Row:
        import outputs
        network, worker = self._network, contender.worker
        peak_rss_mb = worker.peak_rss_mb()   # before the outputs are copied
        ending = "f32" if contender.is_ours else "npz"
        path = WORK / "outputs" / f"{contender.engine}.{network.name}.{ending}"
        path.parent.mkdir(exist_ok=True)
        worker.write_outputs(path)
        pairs = (outputs.pairs_of_faceio(network, contender.scope, path) if contender.is_ours else
                 outputs.pairs_of_peer(network, path))
        difference, cosine, ok = outputs.judge(network, contender.scope, contender.precision, pairs)
        median_ms, min_ms, round_medians_ms = table.timing(contender.rounds_ms)
        return table.Row(network.name, contender.engine, contender.precision, contender.scope,
                         median_ms, min_ms, round_medians_ms, difference, ok, peak_rss_mb,
                         contender.start_ms, contender.install_mb, contender.drawing, cosine,
                         contender.isa)


def measure(arguments: argparse.Namespace) -> tuple[list[table.Row], dict]:
    """All rows, and what they were measured on."""
    import models   # only here, because --help has to work without the packages
    files = models.Files(WORK / "models", arguments.packages, WORK / "venv" / "installed.txt")
    effort = QUICK if arguments.quick else FULL
    networks = [network for network in (models.detector(), models.recogniser())
                if arguments.only in (None, network.name)]
    failures: dict[str, str] = {}
    engines = list(arguments.engines)
    cpu_flags = cpu_facts().get("flags", "").split()
    for name in [name for name in engines if PEERS[name].cpu_flag not in ["", *cpu_flags]]:
        engines.remove(name)
        failures[name] = f"this CPU has no {PEERS[name].cpu_flag}"
    prepare(files, networks, engines)
    os.sched_setaffinity(0, {arguments.core})   # and every worker with it

    every, floors_ms, peaks, disturbed = [], {}, {}, []
    for network in networks:
        print(f"run: {network.name}", flush=True)
        comparison = Comparison(network, files, effort, failures)
        of_network, peak, is_disturbed = comparison.rows(engines)
        every += of_network
        peaks[network.name] = peak
        if peak:
            floors_ms[network.name] = table.floor_ms(network.multiply_adds, max(peak.values()))
        if is_disturbed:
            disturbed.append(network.name)
    table.fill_ratios(every, floors_ms)
    machine = {
        "cpu": cpu_name(), "core": arguments.core, "python": platform.python_version(),
        "versions": {package: package_version(package) for package in sorted(PACKAGES)},
        "rounds": effort.rounds, "runs_a_round": effort.runs,
        "multiply_adds": {network.name: network.multiply_adds for network in networks},
        "fma_peak_gmac_s": peaks, "floor_ms": floors_ms, "disturbed": disturbed,
        "failures": failures}
    return every, machine


def prepare(files, networks, engines) -> None:
    """Converts what has to be converted, on all cores; a failure shows when its turn comes."""
    print("run: preparing the models", flush=True)
    for network in networks:
        for file_format in {PEERS[name].file_format for name in engines
                            if (name, network.name) not in NOT_THERE}:
            try:
                files.candidates(network, file_format)
            except (RuntimeError, ImportError, OSError):
                continue


def main() -> int:
    arguments = parse()
    try:
        every, machine = measure(arguments)
    except (RuntimeError, ImportError, OSError) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps([row.as_json() for row in every], indent=1) + "\n",
                                  encoding="utf-8")
        arguments.json.with_suffix(".machine.json").write_text(json.dumps(machine, indent=1) + "\n",
                                                               encoding="utf-8")
    (WORK / "report.md").write_text(report.markdown(every, machine), encoding="utf-8")
    (WORK / "report.html").write_text(report.html(every, machine), encoding="utf-8")
    print(report.markdown(every, machine))
    print(f"run: charts are in {WORK / 'report.html'}")
    faults = table.verdict(every)
    for fault in faults:
        print(f"run: FAILED: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
