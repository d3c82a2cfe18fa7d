#!/usr/bin/env python3
"""Kills a training at random steps, lets it go on, and compares what comes out with an undisturbed training.

    killed_test.py --program 06_train_embedding_head [--kills 20] [--seed 1] [--work FOLDER]

Run it in the project root, where the program finds the weights. People are noise, each picture of one a little different.
"""

import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import time

SIDE_PX = 112
PEOPLE, PICTURES, STEPS = 6, 4, 2000
TIMEOUT_S = 120


def make_people(folder, rng):
    for person in range(PEOPLE):
        (folder / f"person{person}").mkdir(parents=True)
        face = bytes(rng.randrange(256) for _ in range(SIDE_PX * SIDE_PX * 3))
        for picture in range(PICTURES):
            pixels = bytes(min(255, max(0, value + rng.randrange(-40, 41))) for value in face)
            (folder / f"person{person}" / f"{picture}.ppm").write_bytes(b"P6 %d %d 255\n" % (SIDE_PX, SIDE_PX) + pixels)


def lines_of(path):
    return path.read_text().count("\n") if path.exists() else 0


def run_until(command, log, step):
    """Starts the training and kills it when its log has that step; None: it ended before."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            message = process.stderr.read().decode()
            if process.returncode != 0:
                raise SystemExit(f"the training ends with {process.returncode}: {message}")
            return False
        if lines_of(log) >= step:
            process.kill()
            process.wait()
            return True
    raise SystemExit(f"the training does not reach step {step} in {TIMEOUT_S} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/killed_training"))
    options = parser.parse_args()
    rng = random.Random(options.seed)
    shutil.rmtree(options.work, ignore_errors=True)
    make_people(options.work / "people", rng)

    def command(name):
        return [options.program, "train", str(options.work / "people"), "arcface", str(options.work / name), str(STEPS)]

    subprocess.run(command("whole"), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = options.work / "cut.jsonl"
    kills = []
    for step in sorted(rng.sample(range(1, STEPS * 9 // 10), options.kills)):
        if not run_until(command("cut"), log, step):
            raise SystemExit(f"the training was over before it could be killed at step {step}")
        kills.append(lines_of(log))
    subprocess.run(command("cut"), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    steps = [json.loads(line)["step"] for line in log.read_text().splitlines()]
    if steps != list(range(1, STEPS + 1)):
        raise SystemExit("the log of the killed training has not every step once")
    for kind in ("fiow", "state"):
        if (options.work / f"cut.{kind}").read_bytes() != (options.work / f"whole.{kind}").read_bytes():
            raise SystemExit(f"killed at steps {kills}: the .{kind} differs from that of an undisturbed training")
    if (options.work / "whole.fiow").read_bytes() == pathlib.Path("weights/mobilefacenet_192.fiow").read_bytes():
        raise SystemExit("the training changed nothing")
    print(f"killed at steps {kills}: the same recogniser and the same state as undisturbed, each step logged once")
    return 0


if __name__ == "__main__":
    sys.exit(main())
