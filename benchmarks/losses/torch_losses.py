#!/usr/bin/env python3
"""Steps of the losses (forward and backward, by features and weights) on one core, faceio and PyTorch in turns.

    torch_losses.py --worker PROGRAM [--examples 128] [--dimensions 192] [--classes 100000] [--rounds 15]

Both processes stay on core --core, and PyTorch is told to use one thread. In each round every loss is computed once by
each of the two, in an order that turns around from round to round; the table shows medians, and ratios as medians over
rounds. The losses of both are compared, too: the same inputs give the same number. Exit code 77: torch is missing and
nothing was measured.
"""

from __future__ import annotations

import argparse
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

_SKIPPED = 77
_SCALE = 64.0


def numbers(torch, np, seed: int, rows: int, columns: int):
    """The generator of losses_worker.cpp, in blocks: state k steps on is a^k x + c (a^k - 1) / (a - 1)."""
    count, multiplier, increment = rows * columns, 1664525, 1013904223
    powers = np.empty(4096, np.uint32)
    offsets = np.empty(4096, np.uint32)
    power, offset = 1, 0
    for k in range(4096):
        power, offset = power * multiplier % 2**32, (offset * multiplier + increment) % 2**32
        powers[k], offsets[k] = power, offset
    states, state = [], np.uint32(seed)
    with np.errstate(over="ignore"):
        for _ in range(-(-count // 4096)):
            block = powers * state + offsets
            states.append(block)
            state = block[-1]
    values = np.concatenate(states)[:count].view(np.int32).astype(np.float32) * np.float32(2.0**-31)
    return torch.from_numpy(values.reshape(rows, columns)).requires_grad_()


def steps(torch, examples: int, dimensions: int, classes: int) -> dict:
    """name -> a function that computes the loss and its gradients once."""
    import numpy as np
    functional = torch.nn.functional
    features = numbers(torch, np, 1, examples, dimensions)
    weights = numbers(torch, np, 2, classes, dimensions)
    labels = torch.arange(examples) * 7919 % classes
    rows = torch.arange(examples)

    def margin_logits(margin):
        cosines = functional.linear(functional.normalize(features), functional.normalize(weights))
        target = cosines[rows, labels]
        # Out of place, as autograd needs it; only the targets take part in the margin.
        return _SCALE * cosines.index_put((rows, labels), margin(target))

    def arcface(cosine, m=0.5):
        sine = torch.sqrt(1.0 - cosine * cosine)
        moved = cosine * math.cos(m) - sine * math.sin(m)
        return torch.where(cosine > math.cos(math.pi - m), moved, cosine - math.sin(math.pi - m) * m)

    def normalised():
        return _SCALE * functional.linear(functional.normalize(features), functional.normalize(weights))

    logits = {
        "softmax": lambda: functional.linear(features, weights),
        "normalised": normalised,
        "cosface": lambda: margin_logits(lambda cosine: cosine - 0.35),
        "arcface": lambda: margin_logits(arcface),
    }

    def step(name):
        features.grad = weights.grad = None
        loss = functional.cross_entropy(logits[name](), labels)
        loss.backward()
        return loss.item()

    return {name: lambda name=name: step(name) for name in logits}


class Worker:
    def __init__(self, options):
        sizes = [str(n) for n in (options.examples, options.dimensions, options.classes)]
        self.process = subprocess.Popen([options.worker, *sizes], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def step(self, name: str) -> tuple[float, float]:
        self.process.stdin.write(name + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline().split()
        if len(line) != 2:
            sys.exit(f"losses_worker gave no answer for {name}")
        return float(line[0]), float(line[1])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", type=pathlib.Path, required=True)
    parser.add_argument("--examples", type=int, default=128)
    parser.add_argument("--dimensions", type=int, default=192)
    parser.add_argument("--classes", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    try:
        import torch
    except ImportError:
        print("SKIPPED: torch is missing (benchmarks/losses/run installs it into build/losses)")
        return _SKIPPED
    torch.set_num_threads(1)

    torch_steps = steps(torch, options.examples, options.dimensions, options.classes)
    worker = Worker(options)

    def timed(name):
        begin = time.perf_counter()
        loss = torch_steps[name]()
        return 1e3 * (time.perf_counter() - begin), loss

    sides = {"faceio": worker.step, "torch": timed}
    names = [*torch_steps, "sampled"]
    took = {(side, name): [] for side in sides for name in names}
    for round_number in range(-1, options.rounds):  # the first warms up and is not counted
        order = names if round_number % 2 else names[::-1]
        for name in order:
            losses = []
            for side in sides if round_number % 4 < 2 else reversed(sides):
                if side == "torch" and name not in torch_steps:
                    continue
                milliseconds, loss = sides[side](name)
                losses.append(loss)
                if round_number >= 0:
                    took[side, name].append(milliseconds)
            if max(losses) - min(losses) > 1e-4 * max(1.0, max(losses)):
                sys.exit(f"{name}: the losses differ: {losses}")
    worker.close()

    print(f"torch {torch.__version__}, one thread, core {options.core}; batch {options.examples}, "
          f"{options.dimensions} dimensions, {options.classes} classes; medians of {options.rounds} steps")
    print(f"{'loss':<12}{'faceio, ms':>12}{'torch, ms':>12}{'faceio/torch':>14}")
    for name in names:
        ours, theirs = took["faceio", name], took["torch", name]
        line = f"{name:<12}{statistics.median(ours):>12.2f}"
        if theirs:
            ratio = statistics.median(a / b for a, b in zip(ours, theirs))
            line += f"{statistics.median(theirs):>12.2f}{ratio:>14.3f}"
        print(line)
    for side in sides:
        extra = statistics.median(a / b - 1.0 for a, b in zip(took[side, "arcface"], took[side, "normalised"]))
        print(f"arcface over normalised softmax, {side}: {100.0 * extra:+.2f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
