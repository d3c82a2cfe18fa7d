#!/usr/bin/env python3
"""Prints the version that include/faceio/version.hpp defines, as MAJOR.MINOR.PATCH (for Meson)."""

import pathlib
import re
import sys

_HEADER = pathlib.Path(__file__).resolve().parents[1] / "include" / "faceio" / "version.hpp"


def read_version(header: pathlib.Path = _HEADER) -> str:
    text = header.read_text(encoding="utf-8")
    numbers = [
        re.findall(rf"^#define FACEIO_VERSION_{part} (\d+)$", text, re.MULTILINE)
        for part in ("MAJOR", "MINOR", "PATCH")
    ]
    if any(len(found) != 1 for found in numbers):
        sys.exit(
            f"{header}: FACEIO_VERSION_MAJOR, _MINOR and _PATCH must each be defined once, "
            "as a number"
        )
    return ".".join(found[0] for found in numbers)


if __name__ == "__main__":
    print(read_version())
