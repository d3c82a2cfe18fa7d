#!/usr/bin/env python3
"""The program faceio of a cross build beside that of this computer.

    program_test.py CASE --program PROGRAM --native PROGRAM --work FOLDER --emulator EMULATOR...

hashes  `faceio selftest`, fp32 and int8: on each instruction set that both have, outputs with the same bits
names   `faceio detect` of a picture whose name is not ASCII: the same face, and the picture with boxes is where it was asked
        for

Exit codes: 0 passed, 1 failed, 77 skipped (there is no program of this computer).
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_PICTURE = _ROOT / "tests" / "golden" / "det_astronaut_640x480.png"
_NAME = "Portr\u00e4t \u9854 \U0001f600"
_SKIP = 77


def call(command):
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", cwd=_ROOT, check=False,
    )
    if done.returncode != 0:
        sys.exit(f"FAILED {command} ended with {done.returncode}\n{done.stdout}")
    return done.stdout


def hashes_of(command):
    text = call([*command, "selftest"])
    pattern = r"^(\S+) +(fp32|int8) +(\S+) .* outputs ([0-9a-f]{16}) +ok\s*$"
    found = {match[:3]: match[3] for match in re.findall(pattern, text, re.MULTILINE)}
    if len(found) < 4:
        sys.exit(f"FAILED {command} selftest printed\n{text}")
    return found


def hashes(emulated, native, _work):
    there, here = hashes_of(emulated), hashes_of(native)
    common = sorted(set(there) & set(here))
    for key in common:
        print("same  " if there[key] == here[key] else "OTHER ", *key, there[key], here[key])
    return len(common) >= 4 and all(there[key] == here[key] for key in common)


def names(emulated, native, work):
    picture, annotated = work / f"{_NAME}.png", work / f"{_NAME} faces.png"
    shutil.copyfile(_PICTURE, picture)
    there, here = (
        json.loads(call([*command, "detect", "--json", picture, "-o", annotated])) for command in (emulated, native)
    )
    print(there)
    return there["faces"] == here["faces"] and len(there["faces"]) == 1 and annotated.exists()


def main():
    cases = {"hashes": hashes, "names": names}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=cases)
    parser.add_argument("--program", required=True)
    parser.add_argument("--native", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--emulator", nargs=argparse.REMAINDER, default=[], help="the last argument")
    options = parser.parse_args()
    if not pathlib.Path(options.native).exists():
        print(f"SKIPPED: there is no {options.native} (cmake --preset release; cmake --build --preset release)")
        return _SKIP
    work = options.work.resolve() / options.case
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    return 0 if cases[options.case]([*options.emulator, options.program], [options.native], work) else 1


if __name__ == "__main__":
    sys.exit(main())
