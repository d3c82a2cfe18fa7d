"""Rounds the weights of an fp32 blob to IEEE halves: half the file, computed with as fp32.

    python tools/convert/halve.py weights/retinaface_mnet025.fiow weights/retinaface_mnet025.fp16.fiow

The self-test of the result is that of the rounded weights. The result depends on the input alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import sys

import numpy as np

import blob
import models
import reference
import selftest
from blob import Dtype, Entry, Role
from op_table import model_id


def halve(content: bytes) -> bytes:
    """The fp16 blob of an fp32 blob. Raises ValueError for another blob, and for weights beyond halves."""
    of_blob, entries = blob.read_blob(content)
    model = next((m for m in models.ALL if model_id(m.op_table()) == of_blob), None)
    if model is None:
        raise ValueError(f"model {of_blob:016x} is unknown to tools/convert/models.py")
    ops = model.op_table()
    rounded = [_rounded(entry, ops) for entry in entries]
    picture = next(blob.tensor(e) for e in entries if e.role == Role.SELFTEST_INPUT)
    outputs = reference.forward(ops, models.tensors_of_blob(rounded, len(ops)), model.network_input(picture))
    result = []
    for entry in rounded:
        if entry.role == Role.SELFTEST_OUTPUT:
            output = outputs[entry.op_index]
            samples = output.reshape(-1)[selftest.sample_positions(output.size)].astype("<f4")
            entry = dataclasses.replace(entry, payload=samples.tobytes(), tolerance=selftest.tolerance(output))
        elif entry.role == Role.WEIGHTS:
            halves = np.frombuffer(entry.payload, "<f4").astype("<f2")
            entry = dataclasses.replace(entry, dtype=Dtype.F16, payload=halves.tobytes())
        result.append(entry)
    return blob.write_blob(of_blob, result)


def _rounded(entry: Entry, ops) -> Entry:
    """An fp32 entry whose weights are halves."""
    if entry.role != Role.WEIGHTS:
        return entry
    name = ops[entry.op_index].name
    if entry.dtype != Dtype.F32:
        raise ValueError(f"{name}: weights are {entry.dtype.name}, not F32; give the fp32 blob")
    with np.errstate(over="ignore"):
        halves = np.frombuffer(entry.payload, "<f4").astype("<f2")
    if not np.isfinite(halves).all():
        raise ValueError(f"{name}: a weight is beyond 65504, the largest half")
    return dataclasses.replace(entry, payload=halves.astype("<f4").tobytes())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", type=pathlib.Path, help="an fp32 blob")
    parser.add_argument("output", type=pathlib.Path)
    arguments = parser.parse_args()
    try:
        content = halve(arguments.input.read_bytes())
        arguments.output.write_bytes(content)
    except (OSError, ValueError) as error:
        print(f"halve.py: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.output}: {len(content)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
