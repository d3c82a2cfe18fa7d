#!/usr/bin/env python3
"""Programs whose translation units are compiled with different flags (docs/dispatch.md).

    odr_test.py CASE --source FACEIO --work FOLDER --cxx COMPILER

distinct_symbols  units with different flags or versions share no faceio symbol, so nothing merges
link_error        passing a faceio type between such units does not link; the message shows the tags
old_cpu           a baseline program linked with an AVX2 unit, in either order, runs on a CPU
                  without AVX (qemu-x86_64), on the SSE kernels, with right answers
vector_code       without -m flags, AVX code lies in the namespaces of its targets only

Exit codes: 0 passed, 1 failed, 77 skipped. x86-64 only.
"""

import argparse
import itertools
import pathlib
import platform
import re
import shlex
import shutil
import subprocess
import sys

_HERE = pathlib.Path(__file__).resolve().parent
_SKIP = 77
_AVX2 = ("-mavx2", "-mfma")
# Each set of flags compiles some function of faceio to other code than the others do.
_FLAG_SETS = {
    "baseline": (),
    "avx2": _AVX2,
    "avx2 without fma": ("-mavx2",),
    "avx512f": (*_AVX2, "-mbmi2", "-mavx512f"),
    "skylake-avx512": ("-march=skylake-avx512",),
    "asserts": ("-DFACEIO_ENABLE_ASSERT",),
    "static target": ("-DFACEIO_STATIC_TARGET",),
    "freestanding switch": ("-DFACEIO_FREESTANDING",),
    "small": ("-DFACEIO_SMALL",),
    "no simd": ("-DFACEIO_NO_SIMD",),
}


class Failure(Exception):
    pass


def run(command, accept=(0,)):
    command = [str(part) for part in command]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode not in accept:
        raise Failure(f"{shlex.join(command)}\nended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def need(program):
    found = shutil.which(program)
    if not found:
        print(f"SKIPPED: {program} is not installed")
        sys.exit(_SKIP)
    return found


def name_path(mangled):
    """[faceio, v0_sse2, avx2, ...]: the nested names at the front of an Itanium-mangled symbol."""
    match = re.match(r"_Z(?:T[VISC]|GV|GR)?Z*N[VKO]*", mangled)
    names, rest = [], mangled[match.end() :] if match else ""
    while (digits := re.match(r"\d+", rest)) is not None:
        length = int(digits.group())
        rest = rest[digits.end() :]
        names.append(rest[:length])
        rest = rest[length:]
    return names


class Case:
    def __init__(self, options):
        self.cxx = options.cxx
        self.include = options.source.resolve() / "include"
        self.weights = options.source.resolve() / "weights" / "retinaface_mnet025.fiow"
        self.work = options.work.resolve() / options.case
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)

    def compile(self, unit, flags=(), level="-O2", include=None):
        include = include or self.include
        name = f"{unit}{level}{''.join(flags)}{include.parent.name}".replace("=", "_")
        output = self.work / f"{name}.o"
        if not output.exists():
            run(
                [
                    self.cxx,
                    "-std=c++17",
                    level,
                    f"-DUNIT_{unit}",
                    "-I",
                    include,
                    *flags,
                    "-c",
                    _HERE / "unit.cpp",
                    "-o",
                    output,
                ]
            )
        return output

    def next_version(self):
        """A copy of the headers that calls itself the next minor version."""
        include = self.work / "next_version" / "include"
        shutil.copytree(self.include, include)
        header = include / "faceio" / "version.hpp"
        text, count = re.subn(
            r"(#define FACEIO_VERSION_MINOR )(\d+)",
            lambda m: m.group(1) + str(int(m.group(2)) + 1),
            header.read_text(),
        )
        if count != 1:
            raise Failure(f"{header} does not define FACEIO_VERSION_MINOR once")
        header.write_text(text)
        return include

    def symbols(self, unit_object):
        """Functions and variables of faceio that `unit_object` defines."""
        lines = run([need("nm"), "--defined-only", unit_object]).splitlines()
        symbols = {line.split()[-1] for line in lines}
        return {s for s in symbols if name_path(s)[:1] == ["faceio"]}

    def distinct_symbols(self):
        # -O0 inlines nothing, so every function that the unit uses is there to be compared.
        defined = {
            name: self.symbols(self.compile("inner", flags, "-O0"))
            for name, flags in _FLAG_SETS.items()
        }
        defined["next version"] = self.symbols(
            self.compile("inner", level="-O0", include=self.next_version())
        )
        problems = []
        for (a, in_a), (b, in_b) in itertools.combinations(defined.items(), 2):
            if len(in_a) < 20:
                problems.append(f"{a}: only {len(in_a)} symbols found, the test sees too little")
            if in_a & in_b:
                shared = sorted(in_a & in_b)
                problems.append(
                    f"'{a}' and '{b}' share {len(shared)} symbols, such as "
                    f"{', '.join(shared[:3])}"
                )
        if problems:
            raise Failure("\n".join(problems))

    def link_error(self):
        caller, callee = self.compile("caller"), self.compile("callee", _AVX2)
        run([self.cxx, caller, self.compile("callee"), "-o", self.work / "same_flags"])
        tags = []
        for unit_object in (caller, callee):
            found = {
                t
                for s in run([need("nm"), "-C", unit_object]).splitlines()
                if "use(" in s
                for t in re.findall(r"faceio::(v\d+_\w+)::", s)
            }
            if len(found) != 1:
                raise Failure(f"{unit_object.name} mentions the tags {found}, not exactly one")
            tags += found
        if tags[0] == tags[1]:
            raise Failure(f"both units carry the tag {tags[0]}")
        output = run([self.cxx, caller, callee, "-o", self.work / "mixed_flags"], accept=(1,))
        if "undefined reference" not in output or tags[0] not in output:
            raise Failure(f"the linker's message does not show {tags[0]}:\n{output}")
        print(f"the linker refuses {tags[0]} against {tags[1]}")

    def old_cpu(self):
        qemu = need("qemu-x86_64")
        old, new = self.compile("program"), self.compile("other", _AVX2)
        for order in ((old, new), (new, old)):
            program = self.work / "program"
            run([self.cxx, "-static", *order, "-o", program])
            self.check_target(program, "Nehalem", "sse", "sse4.1")
        for cpu, fp32, int8 in (
            ("core2duo", "sse", "scalar"), ("SandyBridge", "sse", "sse4.1"), ("Haswell", "avx2", "avx2")
        ):
            self.check_target(program, cpu, fp32, int8)
        # The emulator has to notice: an AVX2 program must die there, of SIGILL.
        program = self.work / "avx2_program"
        run([self.cxx, "-static", self.compile("program", _AVX2), "-o", program])
        run([qemu, "-cpu", "Nehalem", program, self.weights], accept=(132, -4))

    def check_target(self, program, cpu, fp32, int8):
        """What an emulated CPU chooses for the weights of either precision, and that it detects with it."""
        int8_weights = self.weights.with_suffix(".int8.fiow")
        for weights, expected in ((self.weights, fp32), (int8_weights, int8)):
            output = run([need("qemu-x86_64"), "-cpu", cpu, program, weights])
            if f"target {expected}," not in output:
                raise Failure(f"{cpu}, {weights.name}: expected target {expected}, the program says: {output}")

    def vector_code(self):
        newer = ("int8_avxvnni", "avx512", "int8_avx512vnni")
        for flags, allowed in (((), ("avx2", "int8_avx2", *newer)), (_AVX2, newer)):
            for level in ("-O0", "-O2"):
                self.check_vector_code(self.compile("other", flags, level), allowed, bool(flags))

    def check_vector_code(self, unit_object, allowed, baseline_has_avx2):
        """`allowed`: target namespaces that may hold instructions beyond the baseline."""
        beyond, inside, symbol = {}, dict.fromkeys(allowed, 0), None
        listing = run([need("objdump"), "-d", "--no-show-raw-insn", unit_object])
        for line in listing.splitlines():
            header = re.match(r"^[0-9a-f]+ <(.+)>:$", line)
            if header:
                symbol = header.group(1)
                continue
            instruction = re.match(r"^\s+[0-9a-f]+:\s+(.*)$", line)
            if not instruction or not is_beyond(instruction.group(1), baseline_has_avx2):
                continue
            path = name_path(symbol)
            if path[:1] == ["faceio"] and len(path) > 2 and path[2] in allowed:
                inside[path[2]] += 1
            else:
                beyond.setdefault(symbol, instruction.group(1))
        empty = [name for name, count in inside.items() if count == 0]
        if empty:
            raise Failure(
                f"{unit_object.name}: no vector instruction found in namespaces {empty}; "
                "the test sees too little"
            )
        if beyond:
            shown = "\n".join(f"  {s}: {i}" for s, i in sorted(beyond.items())[:10])
            raise Failure(
                f"{unit_object.name}: {len(beyond)} symbols outside of namespaces "
                f"{allowed} hold instructions beyond the baseline:\n{shown}"
            )


def is_beyond(instruction, baseline_has_avx2):
    """True for VEX and EVEX instructions, or for AVX-VNNI and EVEX ones when the baseline has AVX2."""
    evex = re.search(r"%zmm|%k[0-7]|%[xy]mm(1[6-9]|2\d|3[01])\b", instruction) is not None
    if baseline_has_avx2:
        return evex or "vpdp" in instruction
    mnemonic = instruction.split()[0]
    vex = (
        mnemonic.startswith("v")
        and not mnemonic.startswith(("verr", "verw", "vm"))
        or mnemonic.startswith("vm")
        and re.search(r"%[xyz]mm", instruction) is not None
        or mnemonic
        in (
            "andn",
            "bextr",
            "bzhi",
            "mulx",
            "pdep",
            "pext",
            "rorx",
            "sarx",
            "shlx",
            "shrx",
            "andnl",
            "andnq",
        )
    )
    return vex or evex


def main():
    cases = ("distinct_symbols", "link_error", "old_cpu", "vector_code")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=cases)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--cxx", required=True)
    options = parser.parse_args()
    if platform.machine() not in ("x86_64", "AMD64"):
        print(f"SKIPPED: this is {platform.machine()}, not x86-64")
        return _SKIP
    try:
        getattr(Case(options), options.case)()
    except Failure as failure:
        print(f"FAILED {options.case}: {failure}")
        return 1
    print(f"passed: {options.case}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
