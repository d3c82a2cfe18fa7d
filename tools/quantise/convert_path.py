"""Makes the modules of tools/convert importable: blobs, op tables and the two models come from there."""

from __future__ import annotations

import os
import pathlib
import sys

# One thread: the order of a sum, and with it its last bit, must not depend on the number of cores.
for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools" / "convert"))
