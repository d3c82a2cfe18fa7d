#!/usr/bin/env python3
"""Compiles the public headers the ways users do, and checks what must not compile.

    compile_test.py CASE --source FACEIO --work FOLDER --cxx COMPILER

headers           every header alone: C++17, 20 and 23, without exceptions and RTTI, freestanding
two_units         the umbrella header in two optimised translation units of one program, whose kernels
                  each of them builds, or one alone
hostile_macros    all headers after the macros of windows.h, Xlib.h, curses.h and user code
must_not_compile  misuse that the compiler has to refuse (misuse.cpp)

`*-inl.hpp` files are kernel bodies that targets.hpp includes; they are no headers of their own.
"""

import argparse
import concurrent.futures
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

_HERE = pathlib.Path(__file__).resolve().parent
_STRICT = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]
_LEAVES = ("host", "eval")
# These throw by design.
_NEEDS_EXCEPTIONS = ("host/owned.hpp", "eval/")


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
    def __init__(self, source):
        self.include = source / "include"
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
        names = {n for n in names if not n.startswith(("stb", "Eigen")) and n != "intrin.h"}
        return "".join(f"#if __has_include(<{n}>)\n#include <{n}>\n#endif\n" for n in sorted(names))


def syntax_job(cxx, headers, name, header, *flags, before=""):
    if header == "kernels/separate.hpp":
        flags = (*flags, "-DFACEIO_SEPARATE_KERNELS")
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


def hostile_macros(cxx, headers, _work):
    before = headers.system_includes() + '#include "' + str(_HERE / "hostile_macros.hpp") + '"\n'
    # stb's own sources do not survive all of these, and they are not ours.
    # separate.hpp is for another kind of program.
    left_out = ("host/image/stb_isolated.hpp", "kernels/separate.hpp")
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
        "hostile_macros": hostile_macros,
        "must_not_compile": must_not_compile,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=cases)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--cxx", required=True)
    options = parser.parse_args()
    work = options.work.resolve() / f"{options.case}_{pathlib.Path(options.cxx).name}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    headers = Headers(options.source.resolve())
    return 0 if cases[options.case](options.cxx, headers, work) else 1


if __name__ == "__main__":
    sys.exit(main())
