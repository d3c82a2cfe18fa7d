#!/usr/bin/env python3
"""What firmware needs around the library.

    firmware_test.py CASE --work FOLDER --cxx COMPILER

embed   a blob in a program, by FACEIO_INCBIN and by both outputs of tools/embed_blob.py: the bytes of the file, in their
        section, at an aligned address; files that are no blobs are refused
board   examples/firmware/run on the Cortex-M55 with Helium, the detector alone

Exit codes: 0 passed, 1 failed, 77 skipped (a program that the case needs is not installed).
"""

import argparse
import pathlib
import shlex
import shutil
import subprocess
import sys

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_BLOB = _ROOT / "weights" / "retinaface_mnet025.int8.fiow"
_TOOL = _ROOT / "tools" / "embed_blob.py"
_SKIP = 77

_PROGRAM = """
#include <faceio/firmware.hpp>
#include <cstdio>
#include <cstring>
#include <vector>
#include "in_c.h"
#include "in_assembler.h"

FACEIO_INCBIN(in_header, BLOB, ".weights_of_header");

static_assert(sizeof in_c == sizeof in_assembler, "the same file");

int main(int, char** argv) {
  std::vector<unsigned char> file(sizeof in_c + 1);
  std::FILE* const in = std::fopen(argv[1], "rb");
  file.resize(std::fread(file.data(), 1, file.size(), in));
  const faceio::Span<const uint8_t> places[] = {FACEIO_EMBEDDED(in_header), in_c, in_assembler};
  for (const auto& place : places) {
    if (place.size != file.size() || std::memcmp(place.data, file.data(), file.size()) != 0) return 1;
    if (!faceio::Blob::open(place)) return 2;
  }
  return 0;
}
"""


class Failure(Exception):
    pass


def call(command, fails=False):
    command = [str(part) for part in command]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False
    )
    if (done.returncode != 0) != fails:
        raise Failure(f"{shlex.join(command)}\nended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def embed(options, work):
    call([_TOOL, _BLOB, "--symbol", "in_c", "--out", work, "--section", ".weights_of_c"])
    call([_TOOL, _BLOB, "--symbol", "in_assembler", "--out", work, "--assembler"])
    (work / "main.cpp").write_text(_PROGRAM)
    objects = []
    for source, language in (("main.cpp", "c++"), ("in_c.c", "c"), ("in_assembler.S", "assembler-with-cpp")):
        objects.append(work / f"{source}.o")
        flags = ["-std=c++17", "-O1", "-DFACEIO_NO_SIMD", f'-DBLOB="{_BLOB}"'] if language == "c++" else []
        call([options.cxx, *flags, "-I", _ROOT / "include", "-x", language, "-c", work / source, "-o", objects[-1]])
    program = work / "program"
    call([options.cxx, *objects, "-o", program])
    call([program, _BLOB])
    sections = call(["objdump", "-h", program])
    for section in (".weights_of_header", ".weights_of_c", ".weights"):
        if not any(line.split()[1:2] == [section] for line in sections.splitlines()):
            raise Failure(f"{program} has no section {section}")
    broken = work / "broken.fiow"
    for contents, what in (
        (_BLOB.read_bytes()[:-64], "bytes instead of"),
        (b"PNG" + bytes(100), "is not a faceio weight blob"),
    ):
        broken.write_bytes(contents)
        said = call([_TOOL, broken, "--symbol", "x", "--out", work], fails=True)
        if what not in said:
            raise Failure(f"embed_blob.py says {said} instead of '{what}'")
    said = call([_TOOL, _BLOB, "--symbol", "1x", "--out", work], fails=True)
    if "no name in C" not in said:
        raise Failure(f"embed_blob.py says {said}")
    return 0


def board(options, work):
    command = [_ROOT / "examples" / "firmware" / "run", "cortex-m55", "--size", "160x120"]
    command += ["--kernels", "vectors", "--detector-only"]
    return subprocess.run([*command, "--work", work, "--cxx", options.cxx], check=False).returncode


def main():
    cases = {"embed": embed, "board": board}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=cases)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--cxx", required=True)
    options = parser.parse_args()
    work = options.work.resolve() / options.case
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    if sys.platform != "linux":
        print("SKIPPED: needs ELF")
        return _SKIP
    try:
        return cases[options.case](options, work)
    except Failure as failure:
        print(failure)
        return 1


if __name__ == "__main__":
    sys.exit(main())
