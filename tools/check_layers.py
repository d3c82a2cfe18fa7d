#!/usr/bin/env python3
"""Checks include/faceio against the rules that keep its layers apart.

    check_layers.py [INCLUDE_FACEIO]   report violations, one a line; exit code 1 when there are any
    check_layers.py --self-test        plant one violation of each rule and see it reported

Rules
  direction   core -> simd -> kernels -> nn -> models -> pipeline -> host. `files` and `weights` stand
              on core; weights is used by nn, files by host. `vision` stands on kernels and is used by
              pipeline. `eval` and `train` use files; nothing uses these two.
  headers     inner layers include only what a freestanding compiler supplies; <stdlib.h> and its
              kin only where FACEIO_FREESTANDING is not defined. stb is for host/, Eigen for
              train/ and tests.
  references  kernels/ref/ is for tests and readers: it may use <math.h>, and nothing includes it.
  words       inner layers do not allocate, throw, ask for types at run time, or keep static state.
  regions     target regions are opened in kernels/targets.hpp and hold nothing but all*-inl.hpp; a
              kernel body (*-inl.hpp) includes nothing: a header inside a region would be compiled
              for that target, for everybody. Inner layers set no other compiler options.
  guards      every header has the guard that its path gives; kernel bodies have none.
"""

import pathlib
import re
import shutil
import sys
import tempfile

_ROOT = pathlib.Path(__file__).resolve().parents[1]

# layer -> layers it may include
_USES = {
    "core": set(),
    "simd": {"core"},
    "kernels": {"core", "simd"},
    "weights": {"core"},
    "vision": {"core", "simd", "kernels"},
    "nn": {"core", "simd", "kernels", "weights"},
    "models": {"core", "simd", "kernels", "weights", "nn"},
    "pipeline": {"core", "simd", "kernels", "weights", "vision", "nn", "models"},
}
_INNER = set(_USES)
_USES["files"] = {"core"}
_USES["host"] = _INNER | {"files"}
_USES["eval"] = {"core", "files"}
_USES["train"] = _INNER | {"files"}
_ROOT_FILES = {
    "version.hpp": set(),
    "faceio.hpp": _INNER | {"host"},
    "firmware.hpp": _INNER,
}

_FREESTANDING_HEADERS = {
    "stddef.h",
    "stdint.h",
    "float.h",
    "limits.h",
    "immintrin.h",
    "intrin.h",
    "cpuid.h",
    "arm_neon.h",
    "arm_mve.h",
    "riscv_vector.h",
    "wasm_simd128.h",
}
_C_HEADERS = {"stdlib.h", "string.h", "math.h", "stdio.h", "sys/auxv.h", "sys/sysctl.h"}

_WORDS = {
    r"\bnew\b": "allocates",
    r"\bdelete\b": "frees",
    r"\b(?:m|c|re)alloc\s*\(": "allocates",
    r"\bfree\s*\(": "frees",
    r"\bthrow\b": "throws",
    r"\btry\b": "handles exceptions",
    r"\bcatch\s*\(": "handles exceptions",
    r"\bdynamic_cast\b": "needs RTTI",
    r"\btypeid\b": "needs RTTI",
    r"\bthread_local\b": "keeps state",
    r"\bvirtual\b": "needs a vtable",
    r"\bstd::": "uses the standard library",
    r"\bgoto\b": "jumps",
}

# The files that make the re-inclusion work, and what each may include.
_MACHINERY = {
    "kernels/targets.hpp": r"(table\.hpp|all(_int8)?-inl\.hpp)",
    "kernels/all-inl.hpp": r"(\.\./simd/vec-inl\.hpp|[\w./]+-inl\.hpp|kernels\.def)",
    "kernels/all_int8-inl.hpp": r"(\.\./simd/int-inl\.hpp|\w+_int8-inl\.hpp|int8_kernels\.def)",
    "simd/vec-inl.hpp": r"backend/\w+-inl\.hpp",
    "simd/int-inl.hpp": r"backend/(\w+_int|neon32)-inl\.hpp",
}
_REFERENCES = "kernels/ref/"
_REGION_FILES = {"simd/target.hpp", "kernels/targets.hpp"}


def blank_comments(text):
    """`text` with comments and the insides of literals replaced by spaces; line numbers stay."""

    def blank(match):
        found = match.group()
        if found.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + re.sub(r"[^\n]", " ", found[1:-1]) + found[-1]

    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, blank, text, flags=re.DOTALL)


def static_locals(code):
    """Line numbers of `static` variables inside functions; static constexpr ones need no guard."""
    code = re.sub(
        r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*",
        lambda m: re.sub(r"[^\n]", " ", m.group()),
        code,
        flags=re.MULTILINE,
    )
    scopes, statement, line, found = [], "", 1, []
    for character in code:
        if character == "\n":
            line += 1
        if character not in "{};":
            statement += character
            continue
        head = re.sub(r"\btemplate\s*<[^{};]*?>(?=\s*[\w\[])", "", statement).strip()
        if "function" in scopes and re.match(r"static\b(?!\s+constexpr)", head):
            found.append(line)
        if character == "{":
            is_type = re.search(r"\b(class|struct|union|enum|namespace)\b", head)
            ends_like_function = re.search(r"\)[\s\w&>:-]*$", head) and not re.match(
                r"(class|struct|union|enum)\b", head
            )
            scopes.append("type" if is_type and not ends_like_function else "function")
        elif character == "}" and scopes:
            scopes.pop()
        statement = ""
    return found


def hosted_lines(lines):
    """Numbers of the lines that FACEIO_FREESTANDING builds never see."""
    stack, hosted = [], set()
    for number, line in enumerate(lines, 1):
        directive = re.match(r"\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)", line)
        if directive:
            word, condition = directive.groups()
            if word in ("if", "ifdef", "ifndef"):
                stack.append(
                    bool(
                        re.search(r"!\s*defined\s*\(?\s*FACEIO_FREESTANDING", condition)
                        and "||" not in condition
                        or word == "ifndef"
                        and condition.split()[:1] == ["FACEIO_FREESTANDING"]
                    )
                )
            elif word in ("elif", "else") and stack:
                stack[-1] = False
            elif word == "endif" and stack:
                stack.pop()
        if any(stack):
            hosted.add(number)
    return hosted


class Checker:
    def __init__(self, root):
        self.root = root
        self.problems = []

    def report(self, path, line, text):
        self.problems.append(f"{path}:{line}: {text}")

    def check(self, only="*"):
        files = sorted(p for p in self.root.rglob(only) if p.suffix in (".hpp", ".def", ".inl"))
        if not files:
            self.report(self.root, 0, "holds no headers; pass the folder include/faceio")
        for file in files:
            path = file.relative_to(self.root).as_posix()
            text = file.read_text(encoding="utf-8")
            code = blank_comments(text)
            layer = path.split("/")[0] if "/" in path else None
            if layer is None and path not in _ROOT_FILES:
                self.report(path, 1, "unknown file beside the layers; move it into one")
                continue
            if layer is not None and layer not in _USES:
                self.report(
                    path,
                    1,
                    f"unknown layer '{layer}'; tools/check_layers.py knows " f"{', '.join(_USES)}",
                )
                continue
            self.check_includes(path, layer, text.splitlines(), code.splitlines())
            if layer in _INNER:
                self.check_words(path, code)
            self.check_regions(path, code.splitlines(), layer in _INNER)
            self.check_guard(path, text)
        return self.problems

    def check_includes(self, path, layer, lines, code_lines):
        allowed = _ROOT_FILES[path] if layer is None else _USES[layer]
        hosted = hosted_lines(lines)
        inner = layer in _INNER
        for number, line in enumerate(lines, 1):
            if not re.match(r"\s*#\s*include", code_lines[number - 1]):
                continue
            system = re.match(r"\s*#\s*include\s*<([^>]+)>", line)
            own = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if system:
                self.check_system_include(
                    path, layer, number, system.group(1), inner, number in hosted
                )
            elif own:
                self.check_own_include(path, layer, number, own.group(1), allowed)
            else:
                self.report(path, number, "an include must name its file")

    def check_system_include(self, path, layer, number, name, inner, hosted):
        if name.startswith("faceio/"):
            self.report(path, number, f'<{name}>: include own headers by relative path, "..."')
        elif path.startswith(_REFERENCES) and name == "math.h":
            return
        elif inner and name not in _FREESTANDING_HEADERS and not (hosted and name in _C_HEADERS):
            self.report(
                path,
                number,
                f"<{name}> in an inner layer; it is not there in freestanding "
                "builds. Move the code to host/ or do without",
            )
        elif name.startswith("stb") and layer != "host":
            self.report(path, number, f"<{name}> outside host/")
        elif name.startswith("Eigen") and layer != "train":
            self.report(path, number, f"<{name}>: Eigen is for train/ and tests")

    def check_own_include(self, path, layer, number, name, allowed):
        target = (self.root / path).parent / name
        if not target.is_file():
            self.report(path, number, f'"{name}" does not exist')
            return
        to = target.resolve().relative_to(self.root.resolve()).as_posix()
        other = to.split("/")[0] if "/" in to else None
        if other is None:
            if to != "version.hpp":
                self.report(path, number, f"{to} is for users; include the headers it includes")
        elif other != layer and other not in allowed:
            self.report(path, number, f'{layer or path} must not include {other} ("{name}")')
        if to.startswith(_REFERENCES) and not path.startswith(_REFERENCES):
            self.report(path, number, f'"{name}" is a reference; only tests include those')
        if to.endswith("-inl.hpp") and path not in _MACHINERY:
            self.report(path, number, f'"{name}" is a kernel body; only all*-inl.hpp includes those')
        elif path in _MACHINERY and not re.fullmatch(_MACHINERY[path], name):
            self.report(path, number, f'"{name}" may not be included by the re-inclusion machinery')
        elif path.endswith("-inl.hpp") and path not in _MACHINERY:
            self.report(
                path,
                number,
                "a kernel body is compiled inside a target region and must not " "include anything",
            )

    def check_words(self, path, code):
        code_lines = code.splitlines()
        for number, line in enumerate(code_lines, 1):
            if re.match(r"\s*#\s*include", line):
                continue
            line = re.sub(r"=\s*delete\b", "", line)
            for word, effect in _WORDS.items():
                found = re.search(word, line)
                if found:
                    self.report(
                        path,
                        number,
                        f"'{found.group().strip()}' {effect}; not in an inner " "layer",
                    )
        for number in static_locals(code):
            self.report(path, number, "static local variable: hidden state with a guard")

    def check_regions(self, path, code_lines, inner):
        inside = None
        for number, line in enumerate(code_lines, 1):
            opens = re.search(r"\bFACEIO_REGION_(?!END\b)\w+", line)
            closes = re.search(r"\bFACEIO_REGION_END\b", line)
            if inner and re.search(r"\bpragma\s+GCC\s+optimize", line):
                self.report(path, number, "GCC optimize blocks inlining between functions")
            spelled = re.search(r"__attribute__\s*\(\(\s*target|\bpragma\s+GCC\s+target", line)
            if inner and re.search(r"\bpragma\s+(GCC\s+push_options|clang\s+attribute)", line):
                spelled = True
            if (
                spelled
                and path != "simd/target.hpp"
                or (opens or closes)
                and path not in _REGION_FILES
            ):
                self.report(
                    path,
                    number,
                    "target regions are spelled in simd/target.hpp and opened in "
                    "kernels/targets.hpp only",
                )
                continue
            if path == "simd/target.hpp":
                continue
            if opens:
                if inside:
                    self.report(path, number, f"region inside the region of line {inside}")
                inside = number
            elif closes:
                if not inside:
                    self.report(path, number, "region closed that was not opened")
                inside = None
            elif inside and not re.match(
                r"\s*$|\s*#\s*(define|undef)\s+FACEIO_TARGET_|" r'\s*#\s*include\s+"\s*"', line
            ):
                self.report(path, number, "a region holds nothing but the inclusion of all*-inl.hpp")
        if inside:
            self.report(path, inside, "region is not closed")

    def check_guard(self, path, text):
        if path.endswith("-inl.hpp") or not path.endswith(".hpp"):
            if re.search(r"^#\s*(pragma\s+once|ifndef\s+FACEIO_\w+_HPP)", text, re.MULTILINE):
                self.report(path, 1, "is included once per target and must have no include guard")
            return
        stem = "" if path == "faceio.hpp" else re.sub(r"\W", "_", path[:-4]).upper() + "_"
        guard = f"FACEIO_{stem}HPP" if stem else "FACEIO_FACEIO_HPP"
        if not re.search(rf"^#ifndef {guard}\n#define {guard}\n", text, re.MULTILINE):
            self.report(path, 1, f"needs the include guard {guard}")


# (what, file, text to append before the last line, part of the expected report)
_PLANTS = [
    ("upward include", "core/status.hpp", '#include "../nn/plan.hpp"', "core must not include nn"),
    (
        "weights on kernels",
        "weights/format.hpp",
        '#include "../kernels/conv.hpp"',
        "weights must not include kernels",
    ),
    (
        "inner layer on host",
        "nn/plan.hpp",
        '#include "../host/owned.hpp"',
        "nn must not include host",
    ),
    ("missing file", "nn/plan.hpp", '#include "no_such.hpp"', "does not exist"),
    ("umbrella from inside", "nn/plan.hpp", '#include "../faceio.hpp"', "is for users"),
    ("angle brackets", "nn/plan.hpp", "#include <faceio/core/status.hpp>", "relative path"),
    (
        "reference in the library",
        "nn/plan.hpp",
        '#include "../kernels/ref/conv.hpp"',
        "only tests include those",
    ),
    (
        "container in a reference",
        "kernels/ref/conv.hpp",
        "#include <vector>",
        "<vector> in an inner layer",
    ),
    ("container", "nn/plan.hpp", "#include <vector>", "<vector> in an inner layer"),
    ("indented include", "nn/plan.hpp", "#  include <string>", "<string> in an inner layer"),
    ("hosted C header", "core/status.hpp", "#include <stdlib.h>", "<stdlib.h> in an inner layer"),
    (
        "hosted C header in the else branch",
        "core/status.hpp",
        "#if !defined(FACEIO_FREESTANDING)\n#else\n#include <stdlib.h>\n#endif",
        "<stdlib.h> in an inner layer",
    ),
    ("stb in the kernels", "kernels/table.hpp", "#include <stb/stb_image.h>", "<stb/stb_image.h>"),
    ("Eigen in host", "host/owned.hpp", "#include <Eigen/Core>", "for train/ and tests"),
    ("new", "nn/plan.hpp", "inline int* f() { return new int; }", "'new' allocates"),
    ("delete", "nn/plan.hpp", "inline void f(int* p) { delete p; }", "'delete' frees"),
    ("malloc", "nn/plan.hpp", "inline void* f() { return malloc(1); }", "allocates"),
    ("throw", "nn/plan.hpp", "inline void f() { throw 1; }", "'throw' throws"),
    (
        "dynamic_cast",
        "nn/plan.hpp",
        "inline B* f(A* a) { return dynamic_cast<B*>(a); }",
        "needs RTTI",
    ),
    ("typeid", "nn/plan.hpp", "inline auto& f() { return typeid(int); }", "needs RTTI"),
    (
        "std::",
        "nn/plan.hpp",
        "inline void f(int a, int b) { std::swap(a, b); }",
        "standard library",
    ),
    (
        "static local",
        "nn/plan.hpp",
        "inline int f() {\n  static int calls = 0;\n  return ++calls;\n}",
        "static local",
    ),
    (
        "static local in a member function",
        "nn/plan.hpp",
        "struct X {\n  int f() const {\n    if (true) { static const int a = g(); return a; }\n"
        "    return 0;\n  }\n};",
        "static local",
    ),
    (
        "include in a kernel body",
        "kernels/conv_f32-inl.hpp",
        '#include "conv.hpp"',
        "must not include anything",
    ),
    (
        "system include in a kernel body",
        "kernels/conv_f32-inl.hpp",
        "#include <algorithm>",
        "<algorithm> in an inner layer",
    ),
    (
        "kernel body included elsewhere",
        "nn/plan.hpp",
        '#include "../kernels/conv_f32-inl.hpp"',
        "only all*-inl.hpp",
    ),
    (
        "foreign header in the machinery",
        "kernels/all-inl.hpp",
        '#include "conv.hpp"',
        "re-inclusion machinery",
    ),
    ("region elsewhere", "nn/plan.hpp", "FACEIO_REGION_AVX2\nFACEIO_REGION_END", "opened in"),
    (
        "code in a region",
        "kernels/targets.hpp",
        "FACEIO_REGION_AVX2\ninline int f();\nFACEIO_REGION_END",
        "a region holds nothing",
    ),
    ("region left open", "kernels/targets.hpp", "FACEIO_REGION_AVX2", "is not closed"),
    (
        "target attribute",
        "nn/plan.hpp",
        '__attribute__((target("avx2"))) inline void f() {}',
        "target regions are spelled",
    ),
    (
        "target pragma in host",
        "host/owned.hpp",
        '#pragma GCC target("avx2")',
        "target regions are spelled",
    ),
    ("optimize pragma", "kernels/conv_f32-inl.hpp", '#pragma GCC optimize ("O3")', "GCC optimize"),
    ("guard in a kernel body", "kernels/conv_f32-inl.hpp", "#pragma once", "no include guard"),
    ("unknown layer", "extra/thing.hpp", "", "unknown layer"),
    (
        "guard of another file",
        "core/thing.hpp",
        "#ifndef FACEIO_CORE_OTHER_HPP",
        "FACEIO_CORE_THING_HPP",
    ),
]

# Looks like a violation and is none.
_INNOCENT = """
// new, delete, throw, std::vector, #include <vector>
struct FACEIO_Innocent {
  FACEIO_Innocent(const FACEIO_Innocent&) = delete;
  static int count(int a) noexcept { return static_cast<int>(a); }
  static constexpr int kNumber = 1'000;
  const char* text = "throw new std::string";
};
inline int innocent(int renew) {
  static constexpr int kTable[2] = {1, 2};
  static_assert(sizeof(int) == 4, "static int");
  return kTable[renew];
}
#if !defined(FACEIO_FREESTANDING)
#include <stdlib.h>
#endif
"""


def plant(source, file, text):
    """Problems of a copy of `source` that has `text` in `file`, in front of the closing #endif."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "faceio"
        shutil.copytree(source, root)
        target = root / file
        target.parent.mkdir(exist_ok=True)
        old = target.read_text(encoding="utf-8") if target.exists() else ""
        head, separator, tail = old.rpartition("#endif")
        target.write_text(
            f"{head}\n{text}\n{separator}{tail}" if separator else f"{old}\n{text}\n",
            encoding="utf-8",
        )
        return Checker(root).check(only=file)


def self_test(source):
    clean = Checker(source).check(only="nn/plan.hpp")
    failures = []
    for what, file, text, expected in _PLANTS:
        found = [p for p in plant(source, file, text) if p.startswith(file) and expected in p]
        if not found:
            failures.append(f"{what}: planted in {file}, not reported as '{expected}'")
    # Lines move, so compare what is said and not where.
    say = lambda problems: sorted(p.split(": ", 1)[1] for p in problems)
    innocent = plant(source, "nn/plan.hpp", _INNOCENT)
    if say(innocent) != say(clean):
        failures.append(f"innocent code was reported: {innocent}")
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"{len(_PLANTS) + 1 - len(failures)} of {len(_PLANTS) + 1} planted cases judged rightly")
    return 1 if failures else 0


def main():
    arguments = sys.argv[1:]
    default = _ROOT / "include" / "faceio"
    if arguments == ["--self-test"]:
        return self_test(default)
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(__doc__)
        return 2
    problems = Checker(pathlib.Path(arguments[0]) if arguments else default).check()
    for problem in problems:
        print(problem)
    print(f"{len(problems)} violations")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
