"""weights/manifest.json: what each blob is, where it comes from, and its checksum."""

from __future__ import annotations

import hashlib
import json
import pathlib

import models

FILE_NAME = "manifest.json"
_FORMAT = "FIOW version 1, see docs/weight_format.md"


def entry(file_name: str, content: bytes, precision: str, facts: dict) -> dict:
    return {**facts, "precision": precision, "file": file_name, "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest()}


def merged(folder: pathlib.Path, entries: list[dict]) -> bytes:
    """The manifest of `folder` with these entries in place of those of the same files."""
    path = folder / FILE_NAME
    here = json.loads(path.read_bytes())["models"] if path.exists() else []
    files = {e["file"] for e in entries}
    together = [e for e in here if e["file"] not in files] + entries
    order = [model.name for model in models.ALL]
    together.sort(key=lambda e: (order.index(e["name"]), -e["bytes"]))
    text = json.dumps({"format": _FORMAT, "models": together}, indent=2, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode("utf-8")
