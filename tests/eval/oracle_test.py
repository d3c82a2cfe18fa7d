#!/usr/bin/env python3
"""Random cases through a C++ program and through an independent Python oracle; any difference fails.

    oracle_test.py --program PATH --oracle MODULE.py [--cases 10000] [--seed 1] [--tolerance 1e-9] [--vectors]

The oracle module offers random_case(rng) -> dict and evaluate(case) -> dict of numbers, lists and nulls. The
program reads a JSON list of cases from the file that it is given and prints the JSON list of their results. With
--vectors a list of numbers is one vector, whose items agree within tolerance * max(1, largest item).
Exit code 77: numpy is missing and nothing was compared.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import pathlib
import subprocess
import sys
import tempfile

_SKIPPED = 77
_LARGEST_REPORT = 5
_BATCH = 1000  # cases a call of the program: bounds memory


def _load(path: pathlib.Path):
    spec = importlib.util.spec_from_file_location("oracle", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def difference(expected, actual, tolerance: float, vectors: bool = False, where: str = "result",
               size: float = 1.0) -> str | None:
    """Where and how the two differ, or None. Numbers agree within tolerance * max(size, |expected|)."""
    if _is_number(expected) and _is_number(actual):
        if expected == actual:
            return None
        if abs(expected - actual) <= tolerance * max(size, abs(expected)) < math.inf:
            return None
        return f"{where}: oracle {expected!r}, program {actual!r}"
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return f"{where}: oracle has {len(expected)} items, program {len(actual)}"
        if vectors and all(map(_is_number, expected)):
            size = max([size, *map(abs, expected)])
        pairs = ((f"{where}[{i}]", e, a) for i, (e, a) in enumerate(zip(expected, actual)))
    elif isinstance(expected, dict) and isinstance(actual, dict):
        if set(expected) != set(actual):
            return f"{where}: oracle has keys {sorted(expected)}, program {sorted(actual)}"
        pairs = ((f"{where}.{key}", expected[key], actual[key]) for key in expected)
    else:
        return None if expected == actual else f"{where}: oracle {expected!r}, program {actual!r}"
    return next(filter(None, (difference(e, a, tolerance, vectors, path, size) for path, e, a in pairs)), None)


def _run_program(program: pathlib.Path, cases: list[dict], folder: pathlib.Path) -> list:
    path = folder / "cases.json"
    path.write_text(json.dumps(cases))
    done = subprocess.run([program, path], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"{program} ended with {done.returncode}")
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--oracle", type=pathlib.Path, required=True)
    parser.add_argument("--cases", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tolerance", type=float, default=1e-9)
    parser.add_argument("--vectors", action="store_true")
    arguments = parser.parse_args()
    if arguments.cases < 1:
        parser.error("--cases must be at least 1")
    try:
        import numpy as np
    except ImportError:
        print("SKIPPED: numpy is missing (python3 -m pip install numpy)")
        return _SKIPPED

    oracle = _load(arguments.oracle)
    rng = np.random.default_rng(arguments.seed)
    failures, defined = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, arguments.cases, _BATCH):
            cases = [oracle.random_case(rng) for _ in range(min(_BATCH, arguments.cases - first))]
            results = _run_program(arguments.program, cases, pathlib.Path(folder))
            if len(results) != len(cases):
                sys.exit(f"{arguments.program} printed {len(results)} results for {len(cases)} cases")
            for i, (case, result) in enumerate(zip(cases, results)):
                # Through JSON, as the program's numbers went.
                expected = json.loads(json.dumps(oracle.evaluate(case)))
                defined += any(value is not None for value in expected.values())
                found = difference(expected, result, arguments.tolerance, arguments.vectors)
                if found:
                    failures.append((first + i, found, case))
    for number, found, case in failures[:_LARGEST_REPORT]:
        print(f"case {number}: {found}\n  {json.dumps(case)}")
    print(f"{arguments.cases} cases of seed {arguments.seed}, {defined} with a defined result: "
          f"{len(failures)} differ")
    if 2 * defined < arguments.cases:
        print("fewer than half of the cases have a result: the cases prove too little")
        return 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
