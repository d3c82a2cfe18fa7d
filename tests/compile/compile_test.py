#!/usr/bin/env python3
"""Compiles the public headers the ways users do, and checks what must not compile.

    compile_test.py CASE --source FACEIO --work FOLDER --cxx COMPILER [--eigen FOLDER]

headers           every header alone: C++17, 20 and 23, without exceptions and RTTI, freestanding
two_units         the umbrella header in two optimised translation units of one program, whose kernels
                  each of them builds, or one alone
firmware          firmware.hpp with nothing but the compiler's own headers; what its code asks of a library
hostile_macros    all headers after the macros of windows.h, Xlib.h, curses.h and user code
windows_msvc      inner headers and firmware.hpp with Microsoft's types and extensions, in both of clang's
                  command lines; syntax alone: there are no libraries of Microsoft here
must_not_compile  misuse that the compiler has to refuse (misuse.cpp)

Headers of train/ see the Eigen in the folder named, others do not. `*-inl.hpp` files are kernel bodies
that targets.hpp includes; they are no headers of their own.
"""

import argparse
import concurrent.futures
import pathlib
import platform
import re
import shlex
import shutil
import subprocess
import sys

_HERE = pathlib.Path(__file__).resolve().parent
_STRICT = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]
_LEAVES = ("files", "host", "eval", "train")
# These throw by design.
_NEEDS_EXCEPTIONS = ("host/owned.hpp", "eval/", "train/")


class Job:
    """One compiler call; `problem` is None or the text to show after it has run."""

    def __init__(self, name, command, text):
        self.name, self.command, self.text = name, [str(part) for part in command], text
        self.problem = None

    def run(self):
        done = subprocess.run(
            self.command,
            input=self.text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            shown = "\n".join(done.stdout.splitlines()[:25])
            self.problem = f"{self.name}\n  {shlex.join(self.command)}\n{shown}"


def run_all(jobs):
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(Job.run, jobs))
    problems = [job.problem for job in jobs if job.problem]
    for problem in problems:
        print(f"FAILED {problem}\n")
    print(f"{len(jobs) - len(problems)} of {len(jobs)} compilations passed")
    return not problems and bool(jobs)


class Headers:
    def __init__(self, source, eigen):
        self.include = source / "include"
        self.eigen = ["-isystem", eigen]
        root = self.include / "faceio"
        self.all = sorted(
            str(p.relative_to(root)) for p in root.rglob("*.hpp") if not p.name.endswith("-inl.hpp")
        )
        self.inner = [h for h in self.all if h.split("/")[0] not in _LEAVES and h != "faceio.hpp"]

    def system_includes(self):
        """Includes of every <...> header that faceio includes and this machine has."""
        names = set()
        for path in (self.include / "faceio").rglob("*.hpp"):
            names.update(re.findall(r"^#include <([^>]+)>", path.read_text(), re.MULTILINE))
        # Headers of other compilers' or CPUs' intrinsics only say that they do not suit.
        other = {"intrin.h", "arm_neon.h", "arm_mve.h", "wasm_simd128.h", "sys/sysctl.h"}
        names = {n for n in names if not n.startswith("stb") and n not in other}
        return "".join(f"#if __has_include(<{n}>)\n#include <{n}>\n#endif\n" for n in sorted(names))


def syntax_job(cxx, headers, name, header, *flags, before=""):
    if header == "kernels/separate.hpp":
        flags = (*flags, "-DFACEIO_SEPARATE_KERNELS")
    if header.startswith("train/"):
        flags = (*flags, *headers.eigen)
    return Job(
        f"{header} ({name})",
        [cxx, "-fsyntax-only", *_STRICT, "-I", headers.include, *flags, "-x", "c++", "-"],
        f"{before}#include <faceio/{header}>\nint main() {{ return 0; }}\n",
    )


def headers_alone(cxx, headers, _work):
    jobs = []
    for standard in ("c++17", "c++20", "c++2b"):
        jobs += [syntax_job(cxx, headers, standard, h, f"-std={standard}") for h in headers.all]
    jobs += [
        syntax_job(
            cxx, headers, "no exceptions, no RTTI", h, "-std=c++17", "-fno-exceptions", "-fno-rtti"
        )
        for h in headers.all
        if not h.startswith(_NEEDS_EXCEPTIONS)
    ]
    jobs += [
        syntax_job(
            cxx,
            headers,
            "freestanding",
            h,
            "-std=c++17",
            "-ffreestanding",
            "-fno-exceptions",
            "-fno-rtti",
        )
        for h in headers.inner
    ]
    return run_all(jobs)


def two_units(cxx, headers, work):
    # The body emits every kernel, so that warnings of the optimiser show up too.
    body = "const void* second();\n{0} {{ return {1}faceio::table_for(faceio::Target::scalar); }}\n"
    # The program compares the tables that both units see: one program, one table.
    first, second = body.format("int main()", "second() != "), body.format("const void* second()", "")
    both = "#include <faceio/faceio.hpp>\n"
    separate = "#include <faceio/kernels/separate.hpp>\n"
    every_unit = (("first", "-O3", both + first), ("second", "-Os", both + second))
    one_unit = (("user", "-O2", both + first), ("kernels", "-O1", separate + second))
    return program_of(cxx, headers, work, "two_units", every_unit) and program_of(
        cxx, headers, work, "separate_kernels", one_unit, "-DFACEIO_SEPARATE_KERNELS"
    )


def program_of(cxx, headers, work, name, units, *flags):
    objects, jobs = [], []
    for unit, level, text in units:
        objects.append(work / f"{unit}.o")
        jobs.append(
            Job(
                f"faceio.hpp in the {unit} unit, {level}",
                [
                    cxx,
                    "-std=c++17",
                    level,
                    *flags,
                    *_STRICT,
                    "-I",
                    headers.include,
                    "-x",
                    "c++",
                    "-c",
                    "-",
                    "-o",
                    objects[-1],
                ],
                text,
            )
        )
    if not run_all(jobs):
        return False
    program = work / name
    return run_all([Job("link of both units", [cxx, *objects, "-o", program], "")]) and run_all(
        [Job("run of the program", [program], "")]
    )


# What code may ask for that has no library: docs/firmware.md.
_MEMORY_FUNCTIONS = {"memcpy", "memmove", "memset"}
_FIRMWARE = """#include <faceio/firmware.hpp>
using namespace faceio;
constexpr auto kNeed = Detector::requirements({160, 120});
alignas(64) uint8_t persistent[kNeed.persistent_bytes], scratch[kNeed.scratch_bytes];
alignas(64) uint8_t embedder_memory[Embedder::requirements().persistent_bytes];
extern "C" int use(const Blob& blob, const ImageView& image, Face* face, float* cosine) {
  const auto detector = Detector::create(blob, persistent, {}, kFirmwareTarget);
  const auto embedder = Embedder::create(blob, embedder_memory, kFirmwareTarget);
  if (!detector || !embedder || !detector->detect(image, scratch, {face, 1})) return 1;
  const auto embedded = embedder->embed(image, face->landmarks, scratch);
  if (!embedded) return 1;
  const auto same = embedder->cosine(embedded->embedding, embedded->embedding);
  *cosine = same ? *same : 0.0f;
  return 0;
}
"""


def is_gcc(cxx):
    macros = subprocess.run(
        [cxx, "-dM", "-E", "-x", "c++", "-"], input="", stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return "__clang__" not in macros


def firmware(cxx, headers, work):
    own_headers = subprocess.run(
        [cxx, "-print-file-name=include"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    # Without -fno-math-errno gcc calls sqrtf for the sake of errno.
    bare = ["-std=c++17", "-Os", *_STRICT, "-ffreestanding", "-fno-exceptions", "-fno-rtti",
            "-fno-threadsafe-statics", "-fno-asynchronous-unwind-tables", "-fno-stack-protector",
            "-fno-math-errno", "-fno-pic", "-nostdinc++"]
    no_libc = ["-nostdinc", "-isystem", own_headers]
    # gcc's intrinsics of x86 include <stdlib.h>.
    vectors = [] if is_gcc(cxx) else no_libc
    switches = {
        "vectors": vectors,
        "small": [*vectors, "-DFACEIO_SMALL"],
        "scalar": [*no_libc, "-DFACEIO_NO_SIMD"],
        "smallest": [*no_libc, "-DFACEIO_NO_SIMD", "-DFACEIO_SMALL", "-DFACEIO_NO_INT8"],
    }
    jobs = {
        work / f"{name}.o": Job(
            f"firmware.hpp ({name})",
            [cxx, *bare, *defined, "-I", headers.include, "-x", "c++", "-c", "-", "-o", work / f"{name}.o"],
            _FIRMWARE,
        )
        for name, defined in switches.items()
    }
    fusing = work / "fusing.o"
    if platform.machine() == "x86_64" and not is_gcc(cxx):
        command = jobs[work / "smallest.o"].command[:-1]
        jobs[fusing] = Job("firmware.hpp (a CPU that fuses)", [*command, fusing, "-mfma"], _FIRMWARE)
    if not run_all(list(jobs.values())):
        return False
    passed = True
    if fusing in jobs:
        # Scalar code rounds products, whatever the CPU can do (docs/dispatch.md).
        code = subprocess.run(
            ["objdump", "-d", fusing], stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        if re.search(r"\bvfn?m(add|sub)", code) or "vmulss" not in code:
            print("FAILED fusing.o fuses multiplications and additions")
            passed = False
    for output in jobs:
        lines = subprocess.run(
            ["nm", "-u", output], stdout=subprocess.PIPE, text=True, check=True
        ).stdout.splitlines()
        asked = {line.split()[-1] for line in lines if line.strip()} - _MEMORY_FUNCTIONS
        if asked:
            print(f"FAILED {output.name} asks for {' '.join(sorted(asked))}")
            passed = False
    return passed


def windows_msvc(cxx, headers, _work):
    macros = subprocess.run(
        [cxx, "-dM", "-E", "-x", "c++", "-"], input="", stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    version = re.search(r"__clang_major__ (\d+)", macros)
    if not version or int(version.group(1)) < 19:
        print(f"SKIPPED: {cxx} is not clang 19 or newer (Debian and Ubuntu: apt install clang-19)")
        return None
    # The definitions of the kernels use the C library.
    files = [h for h in headers.inner if not h.startswith("kernels/ref/")]
    jobs = []
    for cpu in ("x86_64", "aarch64"):
        target = f"--target={cpu}-pc-windows-msvc"
        jobs += [syntax_job(cxx, headers, target, h, target, "-std=c++17", "-ffreestanding") for h in files]
        jobs.append(
            Job(
                f"firmware.hpp as clang-cl sees it ({target})",
                [cxx, "--driver-mode=cl", target, "/Zs", "/W4", "/WX", "/std:c++17", "-Xclang",
                 "-ffreestanding", "-I", headers.include, "/TP", "-"],
                _FIRMWARE,
            )
        )
    return run_all(jobs)


def hostile_macros(cxx, headers, _work):
    before = headers.system_includes() + '#include "' + str(_HERE / "hostile_macros.hpp") + '"\n'
    # stb's own sources do not survive all of these, and they are not ours.
    # separate.hpp and firmware.hpp are for other kinds of program.
    left_out = ("host/image/stb_isolated.hpp", "kernels/separate.hpp", "firmware.hpp")
    files = [h for h in headers.all if h not in left_out]
    inner = [h for h in headers.inner if h not in left_out]
    jobs = []
    for name, chosen, *flags in (
        ("all headers", files),
        ("inner layers", inner, "-DFACEIO_TEST_CURSES_FUNCTIONS"),
    ):
        first, *others = chosen
        jobs.append(
            syntax_job(
                cxx,
                headers,
                f"hostile macros, {name}",
                first,
                "-std=c++17",
                "-DFACEIO_NO_IMAGE_IO",
                *headers.eigen,
                *flags,
                before=before + "".join(f"#include <faceio/{h}>\n" for h in others),
            )
        )
    return run_all(jobs)


def must_not_compile(cxx, headers, _work):
    misuse = _HERE / "misuse.cpp"
    cases = re.findall(
        r"^#(?:el)?if MISUSE == (\d+)  // (.+?): (.+)$", misuse.read_text(), re.MULTILINE
    )
    passed = len(cases) > 1
    for number, what, pattern in cases:
        command = [
            cxx,
            "-std=c++17",
            "-fsyntax-only",
            "-Wall",
            "-Werror",
            "-I",
            str(headers.include),
            f"-DMISUSE={number}",
            str(misuse),
        ]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if number == "0":
            good = done.returncode == 0
        else:
            good = done.returncode != 0 and re.search(pattern, done.stdout)
        print(f"{'ok    ' if good else 'FAILED'} {number} {what}")
        if not good:
            passed = False
            wanted = "compile" if number == "0" else f"be refused with a message like /{pattern}/"
            print(f"  it must {wanted}:\n{done.stdout or '  (it compiled)'}")
    return passed


def readme(cxx, headers, _work):
    """Every C++ sample of the README compiles as it stands."""
    text = (headers.include.parent / "README.md").read_text()
    samples = re.findall(r"^```cpp\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    jobs = [
        Job(
            f"README sample {number}",
            [cxx, "-fsyntax-only", "-std=c++17", *_STRICT, "-I", headers.include, "-x", "c++", "-"],
            sample,
        )
        for number, sample in enumerate(samples, start=1)
    ]
    return run_all(jobs)


def main():
    cases = {
        "readme": readme,
        "headers": headers_alone,
        "two_units": two_units,
        "firmware": firmware,
        "windows_msvc": windows_msvc,
        "hostile_macros": hostile_macros,
        "must_not_compile": must_not_compile,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=cases)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--eigen", default="/usr/include/eigen3", help="the folder that holds Eigen/")
    options = parser.parse_args()
    work = options.work.resolve() / f"{options.case}_{pathlib.Path(options.cxx).name}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    headers = Headers(options.source.resolve(), options.eigen)
    passed = cases[options.case](options.cxx, headers, work)
    return 77 if passed is None else 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
