#!/usr/bin/env python3
"""Changes one operator or number of the library at a time and sees whether the tests notice.

    tests/hostile/mutate.py loader|pictures|kernels [--count 100] [--seed 1] [--work build/mutation] [--least 0.85]

Draws `count` changes at random from the files of a subject, builds its tests with each, and runs them until the first failure.
A change that does not compile is drawn anew, and one that the compiler makes the same code of: it is in a branch that is not
compiled, or changes nothing ("Trivial compiler equivalence", Papadakis et al. 2015). Prints every change that no test noticed (a survivor), and the share that was.
Exit codes: 0: at least the share --least, 1: less, 77: no compiler.
"""

import argparse
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MISSING = 77
RUN_TIMEOUT_S = 300

KERNEL_TESTS = ["conv", "conv_rows", "depthwise", "detection", "elementwise", "image", "reduce", "winograd", "conv_int8",
                "depthwise_int8", "winograd_int8", "guarded_memory"]
SUBJECTS = {
    "loader": dict(
        mutated=["weights/validate.hpp", "weights/blob.hpp", "weights/format.hpp"],
        again=["tests/weights/hostile_blob_test.cpp", "tests/weights/blob_test.cpp", "tests/support/blob_editor.cpp"],
        once=["tests/support/main.cpp"],
        flags="-O0 -DFACEIO_SEPARATE_KERNELS",
    ),
    "pictures": dict(
        mutated=["host/exif.hpp", "host/image/bmp.hpp", "host/image/pnm.hpp", "host/image/jpeg_check.hpp",
                 "host/image/png_check.hpp", "host/image/segments.hpp", "host/image/limits.hpp"],
        again=["tests/host/bmp_pnm_test.cpp", "tests/host/exif_test.cpp", "tests/host/jpeg_test.cpp", "tests/host/png_test.cpp",
               "tests/host/image_io_test.cpp"],
        once=["tests/support/main.cpp"],
        flags="-O0",
    ),
    # One target is enough: the bodies are the same for all.
    "kernels": dict(
        mutated=["kernels/*_f32-inl.hpp", "kernels/*_u8-inl.hpp", "kernels/*_int8-inl.hpp", "simd/backend/avx2-inl.hpp",
                 "simd/backend/avx2_int-inl.hpp"],
        left_out=["kernels/conv_across_int8-inl.hpp"],  # of another target
        again=["tests/support/kernel_tables.cpp"],
        once=["tests/support/main.cpp", *(f"tests/kernels/{name}_test.cpp" for name in KERNEL_TESTS)],
        flags="-O1 -mavx2 -mfma -DFACEIO_STATIC_TARGET -DFACEIO_SEPARATE_KERNELS "
              "-fsanitize=bounds -fsanitize-undefined-trap-on-error",
    ),
}

# What becomes what. Only operators between blanks and whole numbers: types and templates stay.
CHANGES = [
    (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " + "), (r" / ", " * "), (r" % ", " / "),
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "), (r" == ", " != "), (r" != ", " == "),
    (r" && ", " || "), (r" \|\| ", " && "), (r" & ", " | "), (r" << ", " >> "), (r" >> ", " << "),
    (r" \+= ", " -= "), (r"\+\+", "--"), (r"(?<=[(\s])!(?=[a-z(])", ""), (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\bcontinue;", ";"), (r"(?<![\w.])0(?![\w.])", "1"), (r"(?<![\w.])1(?![\w.])", "2"), (r"(?<![\w.])2(?![\w.])", "3"),
    (r"(?<![\w.])16(?![\w.])", "15"),
]
# Lines whose change no result can show, and those that are no code.
SKIPPED_LINES = re.compile(r"^\s*(//|#|template|static_assert|using|namespace)|FACEIO_(PREFETCH|ASSERT|UNROLL|OPAQUE)|static_assert|"
                           r"opaque\(|[Pp]refetch|upcoming|next_weights|"
                           r"FACEIO_(BEGIN|END)_NAMESPACE|for \(;;|std::to_string|error =")


def candidates(files):
    found = []
    for path in files:
        for number, line in enumerate(path.read_text().splitlines()):
            if SKIPPED_LINES.search(line):
                continue
            code = line.split("//")[0]
            for pattern, to in CHANGES:
                for match in re.finditer(pattern, code):
                    if not (to == "--" and re.search(r"for \(", code)):  # an endless loop says nothing
                        found.append((path, number, match.start(), match.end(), to))
    return found


class Subject:
    def __init__(self, name, work, cxx):
        self.about = SUBJECTS[name]
        self.work = work / name
        self.cxx = cxx
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.include = self.work / "include"
        shutil.copytree(ROOT / "include", self.include)
        self.files = sorted(path for pattern in self.about["mutated"] for path in (self.include / "faceio").glob(pattern)
                            if str(path.relative_to(self.include / "faceio")) not in self.about.get("left_out", []))
        self.objects = [self.compile(source) for source in self.about["once"]]
        self.unchanged = None  # code of the library as it is

    def compile(self, source):
        output = self.work / (source.replace("/", "_") + ".o")
        command = [self.cxx, "-std=c++17", "-w", *shlex.split(self.about["flags"]), "-I", self.include, "-I", ROOT / "tests",
                   "-isystem", "/usr/include/eigen3", f'-DFACEIO_TEST_SOURCE_DIR="{ROOT}"', "-c", ROOT / source, "-o", output]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        return output if done.returncode == 0 else None

    def passes(self):
        """True, False, or None when the library as it lies there does not compile, or to the same code as the first time."""
        objects = []
        for source in self.about["again"]:
            objects.append(self.compile(source))
            if objects[-1] is None:
                return None
        code = [path.read_bytes() for path in objects]
        if code == self.unchanged:
            return None
        if self.unchanged is None:
            self.unchanged = code
        program = self.work / "tests"
        subprocess.run([self.cxx, *self.objects, *objects, "-pthread", "-o", program], check=True, stderr=subprocess.DEVNULL)
        try:
            done = subprocess.run([program, "--abort-after=1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  timeout=RUN_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subject", choices=SUBJECTS)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "mutation")
    parser.add_argument("--least", type=float, default=0.85)
    options = parser.parse_args()
    cxx = shutil.which("g++") or shutil.which("clang++")
    if cxx is None:
        print("mutate: no C++ compiler: apt install g++", file=sys.stderr)
        return MISSING
    subject = Subject(options.subject, options.work.resolve(), cxx)
    if subject.passes() is not True:
        print("mutate: the tests do not pass on the library as it is", file=sys.stderr)
        return 1
    drawn = candidates(subject.files)
    random.Random(options.seed).shuffle(drawn)
    noticed, survivors = 0, []
    for path, line_number, begin, end, to in drawn:
        if noticed + len(survivors) >= options.count:
            break
        text = path.read_text()
        lines = text.splitlines(keepends=True)
        was = lines[line_number]
        lines[line_number] = was[:begin] + to + was[end:]
        path.write_text("".join(lines))
        passes = subject.passes()
        path.write_text(text)
        if passes is None:
            continue
        if passes:
            where = f"{path.relative_to(subject.include)}:{line_number + 1}"
            survivors.append(where)
            print(f"survives: {where}: {was.strip()}  [{was[begin:end].strip()} -> {to.strip()}]", flush=True)
        else:
            noticed += 1
    total = noticed + len(survivors)
    share = noticed / total if total else 0.0
    print(f"{options.subject}: {noticed} of {total} changes noticed ({100.0 * share:.1f} %), of {len(drawn)} possible")
    return 0 if share >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
