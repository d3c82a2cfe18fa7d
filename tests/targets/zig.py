#!/usr/bin/env python3
"""Programs for systems whose compilers are not here: one program, built by `zig c++` for each of them.

    zig.py --work FOLDER [--cxx COMPILER] [--zig COMMAND] [TARGET...]

Those that this computer can run (musl under Linux; 64-bit Arm and RISC-V by qemu's user mode; 64-bit Windows by Wine) find
the faces of a picture, which have to be those of a program of this computer's own compiler, and give the same bits as it
does on a target of the same numeric class (docs/dispatch.md), int8 on any. The others are linked.

Exit codes: 0 passed, 1 failed, 77 skipped (zig is not installed).
"""

import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_PICTURE = _ROOT / "tests" / "golden" / "det_astronaut_640x480.png"
_SKIP = 77
_TOLERANCE_PX = 0.01

_TARGETS = (
    "x86_64-linux-musl",
    "aarch64-linux-musl",
    "riscv64-linux-musl",
    "x86_64-windows-gnu",
    "aarch64-windows-gnu",
    "x86_64-macos",
    "aarch64-macos",
    "x86_64-freebsd",
    "aarch64-freebsd",
)


class Failure(Exception):
    pass


def call(command, environment=None):
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).splitlines()[:25]
        raise Failure("\n".join([f"{shlex.join(str(p) for p in command)} ended with {done.returncode}", *lines]))
    return done.stdout


def zig_command(asked):
    candidates = [shlex.split(asked)] if asked else [["zig"], ["python3", "-m", "ziglang"]]
    for command in candidates:
        try:
            version = subprocess.run([*command, "version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except OSError:
            continue
        if version.returncode == 0:
            return command, version.stdout.strip()
    return None, None


def emulator(target, work):
    """The command that runs programs of `target` here, or None."""
    if target == "x86_64-linux-musl":
        return [] if os.uname().machine == "x86_64" else None
    if target.endswith("-linux-musl"):
        qemu = shutil.which("qemu-" + target.split("-")[0])
        return [qemu] if qemu else None
    if target == "x86_64-windows-gnu":
        wine = shutil.which("wine64", path=os.environ.get("PATH", "") + ":/usr/lib/wine")
        return [_ROOT / "cmake" / "toolchains" / "run_wine", wine, work / "wine"] if wine else None
    return None


def build(compiler, program, headers, environment=None, level="-O2"):
    call(
        [*compiler, "-std=c++17", level, "-Wall", "-Wextra", "-Werror", "-I", _ROOT / "include", "-isystem", headers,
         pathlib.Path(__file__).parent / "detect.cpp", "-o", program],
        environment,
    )


def run(command, environment=None):
    """{precision: (rounding, hash, faces)} and the target that the program chose."""
    text = call([*command, _ROOT / "weights", _PICTURE], environment)
    found, chosen = {}, None
    for line in text.splitlines():
        kind, *words = line.split()
        if kind == "outputs":
            precision, chosen, rounding, digest, verdict = words
            if verdict != "ok":
                raise Failure(f"layers disagree with their recorded answers:\n{text}")
            found[precision] = (rounding, digest, [])
        else:
            found[precision][2].append([float(word) for word in words])
    if set(found) != {"fp32", "int8"} or any(len(faces) != 1 for _, _, faces in found.values()):
        raise Failure(f"one face for each precision is expected:\n{text}")
    return found, chosen


def compare(found, native):
    for precision, (rounding, digest, faces) in found.items():
        if rounding not in native:
            raise Failure(f"this CPU has no target that rounds {rounding}: nothing to compare with")
        _, native_digest, native_faces = native[rounding][precision]
        if digest != native_digest:
            raise Failure(f"{precision} outputs {digest}, those of this computer's program: {native_digest}")
        near = [abs(value - wanted) <= _TOLERANCE_PX for value, wanted in zip(faces[0], native_faces[0])]
        if len(near) != 15 or not all(near):
            raise Failure(f"{precision} face {faces[0]}, that of this computer's program: {native_faces[0]}")


def headers_of_stb(work):
    """A folder with stb alone: a cross compiler must not search all headers of this computer."""
    for place in ("/usr/include", "/usr/local/include"):
        if pathlib.Path(place, "stb", "stb_image.h").exists():
            folder = work / "headers"
            folder.mkdir(exist_ok=True)
            if not (folder / "stb").exists():
                (folder / "stb").symlink_to(pathlib.Path(place, "stb"))
            return folder
    raise Failure("stb is not installed (Debian and Ubuntu: apt install libstb-dev)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", default=_TARGETS)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--cxx", default="c++", help="compiler of programs for this computer")
    parser.add_argument("--zig", help="the command zig")
    options = parser.parse_args()

    zig, version = zig_command(options.zig)
    if zig is None:
        print("SKIPPED: zig is not installed (pip install ziglang); musl, FreeBSD, macOS, Windows on Arm are not built")
        return _SKIP
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    headers = headers_of_stb(work)
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(work / "cache"), "ZIG_LOCAL_CACHE_DIR": str(work / "cache")}

    build([options.cxx, "-pthread"], work / "native", headers)
    native = {}
    for isa in ("scalar", "avx2", "neon"):
        try:
            found, _ = run([work / "native"], {"FACEIO_ISA": isa})
        except Failure as failure:
            if "FACEIO_ISA" not in str(failure):
                raise
            continue  # not a target of this computer
        native[found["fp32"][0]] = found

    print(f"zig {version}\n{'target':22} {'linked':8} {'chosen':8} run")
    passed = True
    for target in options.targets:
        begin = time.monotonic()
        chosen, ran = "", ""
        try:
            program = work / (target + (".exe" if "windows" in target else ""))
            start = emulator(target, work)
            # What only has to link need not be fast.
            build([*zig, "c++", "-target", target], program, headers, caches, "-O0" if start is None else "-O2")
            linked = f"{time.monotonic() - begin:.0f} s"
            if start is None:
                ran = "-"
            else:
                for environment in ({}, {"FACEIO_ISA": "scalar"}):
                    found, target_chosen = run([*start, program], environment)
                    compare(found, native)
                    chosen = chosen or target_chosen
                ran = "the same face, the same bits"
        except Failure as failure:
            passed, linked, ran = False, "", f"FAILED\n{failure}"
        print(f"{target:22} {linked:8} {chosen:8} {ran}", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
