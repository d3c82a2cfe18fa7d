#!/usr/bin/env python3
"""Instructions of one detection and of one embedding, against the recorded counts.

    instructions.py [--record] [--cxx COMPILER] [--work FOLDER]

Net of start-up: the count of a program that makes one call less that of one that makes none.
Counted by valgrind's callgrind on the AVX2 target (valgrind knows no AVX-512), so the machine does
not matter, its load neither; the compiler does: instructions.json holds a record for each compiler
and version. --record writes the one of this compiler. Fewer instructions are not always less time:
`compare` measures time.

Exit codes: 0: at most 2 % above the record, or no record of this compiler, 1: above, 2: could not
be counted, 77: no valgrind, or a CPU without AVX2.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "instructions.json"
TASKS = {"detect": "retinaface_mnet025.fiow", "embed": "mobilefacenet_192.fiow"}
LABELS = {"detect": "detect_320x240", "embed": "embed_112x112"}
LIMIT = 1.02


class Failure(Exception):
    pass


def call(command, env=None):
    command = [str(part) for part in command]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, text=True, check=False
    )
    if done.returncode != 0:
        raise Failure(
            f"{shlex.join(command)}\nended with {done.returncode}:\n{done.stdout[-4000:]}"
        )
    return done.stdout


def compiler_id(cxx):
    """Such as "gcc 12.2.0": what the compiler itself defines, whatever it is called."""
    macros = dict(
        line.split(" ", 2)[1:]
        for line in call([cxx, "-x", "c++", "-dM", "-E", os.devnull]).splitlines()
        if line.count(" ") >= 2
    )
    name, prefix = ("clang", "__clang_") if "__clang__" in macros else ("gcc", "__GNUC_")
    first = macros["__clang_major__"] if name == "clang" else macros["__GNUC__"]
    rest = ("minor__", "patchlevel__") if name == "clang" else ("MINOR__", "PATCHLEVEL__")
    return f"{name} {first}." + ".".join(macros[prefix + part] for part in rest)


def count(program, task, calls):
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
    command += [program, task, ROOT / "weights" / TASKS[task], calls]
    said = call(command, {**os.environ, "FACEIO_ISA": "avx2"})
    match = re.search(r"Collected : (\d+)", said)
    if not match:
        raise Failure(f"valgrind printed no count:\n{said}")
    return int(match.group(1))


def judge(counts, recorded, compiler):
    """True when no count is above its record by more than LIMIT."""
    good = True
    for label, number in counts.items():
        before = recorded.get(label)
        if before is None:
            print(
                f"{label}: {number:,} instructions, no record for {compiler}; --record writes one"
            )
            continue
        ratio = number / before
        verdict = "ok"
        if ratio > LIMIT:
            verdict, good = f"FAILED, at most {LIMIT}", False
        elif ratio < 1 / LIMIT:
            verdict = "better; --record keeps it so"
        print(
            f"{label}: {number:,} instructions, {ratio:.4f} of the {before:,} recorded: {verdict}"
        )
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write the counts of this compiler")
    parser.add_argument("--cxx", default=os.environ.get("CXX", "g++"))
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "regression")
    options = parser.parse_args()
    cpu = pathlib.Path("/proc/cpuinfo")
    if not cpu.exists() or "avx2" not in cpu.read_text().split():
        print("SKIPPED: this CPU has no AVX2, which the records are for")
        return 77
    if shutil.which("valgrind") is None:
        print("SKIPPED: valgrind is not installed (Debian and Ubuntu: apt install valgrind)")
        return 77
    try:
        compiler = compiler_id(options.cxx)
        options.work.mkdir(parents=True, exist_ok=True)
        program = options.work.resolve() / f"counted_{pathlib.Path(options.cxx).name}"
        flags = ["-std=c++17", "-O2", "-I", ROOT / "include"]
        call([options.cxx, *flags, HERE / "counted.cpp", "-o", program])
        counts = {LABELS[task]: count(program, task, 1) - count(program, task, 0) for task in TASKS}
    except (Failure, OSError) as failure:
        print(f"instructions.py: {failure}", file=sys.stderr)
        return 2
    records = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    if options.record:
        records[compiler] = counts
        RECORD.write_text(json.dumps(records, indent=2, sort_keys=True) + "\n")
    return 0 if judge(counts, records.get(compiler, {}), compiler) else 1


if __name__ == "__main__":
    sys.exit(main())
