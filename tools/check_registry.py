#!/usr/bin/env python3
"""Checks that every kernel of the registries in include/faceio/kernels is complete.

    check_registry.py [PROJECT]    report what is missing, one a line; exit code 1 when anything is
    check_registry.py --self-test  take away one part of one kernel at a time and see it reported

A kernel has: a reference (ref::NAME in kernels/ref/; of an int8 kernel, the scalar one), an implementation (in a
kernels/*-inl.hpp), a test (tests/kernels/*_test.cpp) and a benchmark (benchmarks/).
"""

import pathlib
import re
import shutil
import sys
import tempfile

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_REGISTRY = "include/faceio/kernels/kernels.def"
_INT8_REGISTRY = "include/faceio/kernels/int8_kernels.def"
_LINE = r"^FACEIO_(?:ROW_|INT8_)?KERNEL\((\w+),\s*(\w+)\)$"

# Kernels that a build switch leaves out.
_CONDITIONS = ("#if !defined(FACEIO_SMALL)", "#endif")

# part -> (folder, file name pattern, what is looked for, what to do)
_PARTS = {
    "reference": (
        "include/faceio/kernels/ref",
        "*.hpp",
        r"^inline void {name}\(",
        "write ref::{name}, plain loops in double precision",
    ),
    "implementation": (
        "include/faceio/kernels",
        "*-inl.hpp",
        r"^inline void {name}\(",
        "write {name} over simd/vec-inl.hpp",
    ),
    "test": (
        "tests/kernels",
        "*_test.cpp",
        r"\b{name}\b",
        "compare {name} of every target with its reference",
    ),
    "benchmark": (
        "benchmarks",
        "*.cpp",
        r"\b{name}\b",
        "time {name} on the shapes of the networks",
    ),
}

_INT8_PARTS = {
    **_PARTS,
    "reference": (
        "include/faceio/kernels",
        "scalar_int8-inl.hpp",
        r"^inline void {name}\(",
        "write {name} in plain loops, as docs/int8.md defines it",
    ),
    "implementation": (
        "include/faceio/kernels",
        "[!s]*_int8-inl.hpp",
        r"^inline void {name}\(",
        "write {name} over simd/int-inl.hpp",
    ),
}
_REGISTRIES = {_REGISTRY: _PARTS, _INT8_REGISTRY: _INT8_PARTS}


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def check(root):
    problems = []
    for path, parts in _REGISTRIES.items():
        problems += check_registry(root, path, parts)
    return problems


def check_registry(root, path, parts):
    registry = root / path
    if not registry.is_file():
        return [f"{registry} does not exist"]
    problems = []
    lines = [
        line
        for line in without_comments(registry.read_text(encoding="utf-8")).splitlines()
        if line.strip() and line not in _CONDITIONS
    ]
    names = []
    for line in lines:
        match = re.match(_LINE, line)
        if not match:
            problems.append(f"{path}: '{line}' is no line of a kernel")
        elif match.group(1) in names:
            problems.append(f"{path}: {match.group(1)} is there twice")
        else:
            names.append(match.group(1))
    if not names:
        problems.append(f"{path}: holds no kernels")
    for part, (folder, pattern, wanted, advice) in parts.items():
        text = "\n".join(
            without_comments(p.read_text(encoding="utf-8"))
            for p in sorted((root / folder).rglob(pattern))
        )
        for name in names:
            if not re.search(wanted.format(name=name), text, re.MULTILINE):
                problems.append(
                    f"{name}: no {part} in {folder}/{pattern}: {advice.format(name=name)}"
                )
    return problems


def self_test(source):
    """Works on a small project made here, so that it can tell even while a real part is missing."""
    complete = {
        _REGISTRY: "// FACEIO_KERNEL(comment_f32, Args) is no kernel\n"
        "FACEIO_ROW_KERNEL(add_f32, AddArgs)\nFACEIO_KERNEL(dot_f32, DotArgs)\n",
        _INT8_REGISTRY: "FACEIO_INT8_KERNEL(add_int8, AddArgs)\n",
        "include/faceio/kernels/scalar_int8-inl.hpp": "inline void add_int8(\n",
        "include/faceio/kernels/add_int8-inl.hpp": "inline void add_int8(\n",
        "tests/kernels/add_int8_test.cpp": "table->add_int8;\n",
        "benchmarks/kernels/int8_bench.cpp": "table->add_int8;\n",
        "include/faceio/kernels/ref/all.hpp": "inline void add_f32(\ninline void dot_f32(\n",
        "include/faceio/kernels/all_f32-inl.hpp": "inline void add_f32(\ninline void dot_f32(\n",
        "tests/kernels/all_test.cpp": "table->add_f32; table->dot_f32;\n",
        "benchmarks/kernels/all_bench.cpp": "table->add_f32; table->dot_f32;\n",
    }
    real = (source / _REGISTRY).read_text(encoding="utf-8")
    failures = []
    if not re.search(_LINE, real, re.MULTILINE):
        failures.append(f"no line of {_REGISTRY} is understood")
    with tempfile.TemporaryDirectory() as folder:

        def problems_with(changes):
            root = pathlib.Path(folder) / "project"
            shutil.rmtree(root, ignore_errors=True)
            for path, text in {**complete, **changes}.items():
                file = root / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            return check(root)

        if problems_with({}):
            failures.append(f"a complete project is reported: {problems_with({})}")
        for path in list(complete)[2:]:
            if "int8" in path:
                found = problems_with({path: complete[path].replace("add_int8", "add_int8x")})
                if len(found) != 1 or not found[0].startswith("add_int8: no "):
                    failures.append(f"add_int8 taken out of {path}: reported {found}")
                continue
            for hole in (
                complete[path].replace("dot_f32", "dot_f32x"),
                (
                    complete[path].replace("inline void dot_f32", "// inline void dot_f32")
                    if path.endswith(".hpp")
                    else "// table->dot_f32\ntable->add_f32\n"
                ),
            ):
                found = problems_with({path: hole})
                if len(found) != 1 or not found[0].startswith("dot_f32: no "):
                    failures.append(f"dot_f32 taken out of {path}: reported {found}")
        for line, expected in (
            ("FACEIO_KERNEL(dot_f32, DotArgs)\n", "is there twice"),
            ("FACEIO_KERNL(sum_f32, SumArgs)\n", "is no line of a kernel"),
        ):
            found = problems_with({_REGISTRY: complete[_REGISTRY] + line})
            if len(found) != 1 or expected not in found[0]:
                failures.append(f"{line.strip()}: reported {found}")
    for failure in failures:
        print(f"FAILED {failure}")
    print("self-test " + ("failed" if failures else "passed"))
    return 1 if failures else 0


def main():
    arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        return self_test(_ROOT)
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(__doc__)
        return 2
    problems = check(pathlib.Path(arguments[0]) if arguments else _ROOT)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} parts missing")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
