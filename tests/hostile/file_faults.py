#!/usr/bin/env python3
"""Every operation on files of the program fails in turn: it says so and ends with an error, or its result is whole.

    file_faults.py --program FACEIO --work FOLDER [--cc cc]

fail_files.c is preloaded and lets one operation fail, first the first, then the second, until there are no more. Exit codes:
0 passed, 1 failed, 77 skipped (not Linux, or no C compiler).
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GOLDEN = ROOT / "tests" / "golden"
SKIPPED = 77
BAD_INPUT = 2
TIMEOUT_S = 60
MOST_OPERATIONS = 2000


class Failure(Exception):
    pass


def cases(work):
    """Name, arguments, file that is written (None: none)."""
    picture = GOLDEN / "det_astronaut_640x480.png"
    crop = GOLDEN / "rec_astronaut_112.png"
    pairs = work / "pairs.txt"
    pairs.write_text(f"{crop.name} {crop.name} 1\n{crop.name} {picture.name} 0\n")
    boxes = work / "boxes.txt"
    boxes.write_text(f"{picture.name} 167 53 258 169\n")
    people = work / "people"
    for person in ("a", "b"):
        (people / person).mkdir(parents=True, exist_ok=True)
        for number in (1, 2):
            shutil.copy(crop, people / person / f"{number}.png")
    return [
        ("detect", ["detect", picture, "-o", work / "out.png"], work / "out.png"),
        ("detect to JPEG", ["detect", picture, "-o", work / "out.jpg"], work / "out.jpg"),
        ("compare", ["compare", picture, crop], None),
        ("embed", ["embed", "--aligned", crop, "--json"], None),
        ("eval boxes", ["eval", "boxes", "--truth", boxes, "--images", GOLDEN, "--json"], None),
        ("eval boxes page", ["eval", "boxes", "--truth", boxes, "--images", GOLDEN, "--html", work / "page.html"],
         work / "page.html"),
    ]


def run(program, library, work, arguments, at, how):
    """Exit code, standard output, standard error, number of operations."""
    count = work / "count.txt"
    count.unlink(missing_ok=True)
    environment = dict(os.environ, LD_PRELOAD=str(library), FACEIO_FAIL_AT=str(at), FACEIO_FAIL_HOW=how,
                       FACEIO_FAIL_COUNT=str(count), FACEIO_WEIGHTS=str(ROOT / "weights"))
    try:
        done = subprocess.run([str(part) for part in (program, *arguments)], env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False, cwd=work)
    except subprocess.TimeoutExpired as late:
        raise Failure(f"takes more than {TIMEOUT_S} s") from late
    operations = int(count.read_text()) if count.exists() else -1
    return done.returncode, done.stdout, done.stderr, operations


def without_times(text):
    """What a program prints, without how long it took."""
    return b"\n".join(line for line in text.splitlines() if b"ms" not in line and b"_per_s" not in line)


def is_whole(content, whole):
    """Pages hold times, which differ from run to run."""
    page_end = b"</body></html>\n"
    return content is not None and (content == whole or (whole.endswith(page_end) and content.endswith(page_end)))


def check(program, library, work, name, arguments, output):
    if output is not None:
        output.unlink(missing_ok=True)
    code, text, error, operations = run(program, library, work, arguments, 0, "error")
    if code != 0:
        raise Failure(f"fails undisturbed: {error.decode('utf-8', 'replace')}")
    if operations < 3:
        raise Failure(f"only {operations} operations were seen: is the program linked statically?")
    whole = output.read_bytes() if output is not None else b""
    before = b"what was there before"
    survived = refused = 0
    for how in ("error", "full", "short"):
        for at in range(1, MOST_OPERATIONS):
            if output is not None:
                output.write_bytes(before)
            code, said, error, count = run(program, library, work, arguments, at, how)
            where = f"operation {at} ({how})"
            if code < 0 or code > 125:
                raise Failure(f"{where}: ends with {code}: {error.decode('utf-8', 'replace')[-800:]}")
            content = output.read_bytes() if output is not None and output.exists() else None
            if code == 0:
                survived += 1
                if without_times(said) != without_times(text):
                    raise Failure(f"{where}: says something else:\n{said.decode('utf-8', 'replace')}")
                if output is not None and not is_whole(content, whole):
                    raise Failure(f"{where}: succeeds with another {output.name}")
            else:
                refused += 1
                if not error.strip():
                    raise Failure(f"{where}: ends with {code} and no message")
                if output is not None and content != before and not is_whole(content, whole):
                    size = "no file" if content is None else f"{len(content)} bytes"
                    raise Failure(f"{where}: leaves {size} of {output.name}, neither the old nor the new file")
            if count < at:
                break
        else:
            raise Failure(f"has more than {MOST_OPERATIONS} operations")
    left = [path.name for path in work.iterdir() if path.name.endswith(".part")]
    if left:
        raise Failure(f"leaves {', '.join(left)} behind")
    print(f"{name}: {operations} operations; of the failures {refused} refused, {survived} without effect", flush=True)
    if refused == 0:
        raise Failure("no failure was noticed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--cc", default="cc")
    options = parser.parse_args()
    if sys.platform != "linux" or shutil.which(options.cc) is None:
        print("SKIPPED: needs Linux and a C compiler")
        return SKIPPED
    work = options.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    library = work / "fail_files.so"
    subprocess.run([options.cc, "-O1", "-Wall", "-shared", "-fPIC", HERE / "fail_files.c", "-o", library, "-ldl"], check=True)
    failed = 0
    for name, arguments, output in cases(work):
        try:
            check(options.program.resolve(), library, work, name, arguments, output)
        except Failure as failure:
            print(f"FAILED {name}: {failure}")
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
