"""Builds an int8 blob from an fp32 blob and folders of photographs.

    python tools/quantise/quantise.py --model retinaface_mnet025 --pictures DIR... --out weights

The same weights and pictures give the same bytes. docs/int8.md says what the numbers mean.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import sys
import time

import convert_path
import numpy as np

import blob
import calibration
import float_network
import int8_blob
import layers
import manifest
import models
import pairing
import ranges
from network import WIDE_OPS, Network
from op_table import INPUT_MAP

TOOL_VERSION = "1.1.0"
RECIPE = ("8-bit maps with a scale and a zero point per channel: least squared error with the extremes kept, "
          "for dense readers equalised (alpha 0.5); wide maps at 14 bit; 8-bit dense weights by "
          "GPTQ in pairs that fit 16 bits, channels in an order that suits them, 15-bit depthwise weights; sequential "
          "bias correction")


@dataclasses.dataclass(frozen=True)
class FloatModel:
    """An fp32 blob with the channels of its picture in RGB order, whatever the network's was."""

    model: models.Model
    network: Network
    tensors: list[dict[str, np.ndarray]]
    mean: np.ndarray

    @property
    def scale(self) -> float:
        return self.model.scale

    def inputs(self, pictures: list[np.ndarray]) -> list[np.ndarray]:
        return [(picture - self.mean) * self.scale for picture in pictures]


def load(name: str, folder: pathlib.Path) -> FloatModel:
    model = next(m for m in models.ALL if m.name == name)
    ops = model.op_table()
    _, entries = blob.read_blob((folder / f"{name}.fiow").read_bytes())
    tensors = models.tensors_of_blob(entries, len(ops))
    mean = model.mean.astype(np.float64)
    if model.channel_order == "BGR":
        tensors[0]["weights"] = tensors[0]["weights"][..., ::-1]
        mean = mean[::-1]
    return FloatModel(model, Network(ops, WIDE_OPS[name]), tensors, mean)


def calibration_pictures(name: str, weights: pathlib.Path, paths: list[pathlib.Path]) -> list[np.ndarray]:
    detector = load(models.DETECTOR.name, weights)
    found = calibration.photographs(paths, detector.network, detector.tensors, detector.mean)
    if name == models.DETECTOR.name:
        return calibration.detector_inputs(found)
    return calibration.recogniser_inputs(found)


def choose_scales(source: FloatModel, pictures: list[np.ndarray]) -> dict[int, ranges.Scales]:
    network = source.network
    parts: dict[int, list[ranges.Statistics]] = {}
    for layer, outputs in float_network.forward(network, source.tensors, source.inputs(pictures)):
        parts.setdefault(layer.out, []).append(ranges.gather(outputs))
    weights = {i: tensor["weights"] for i, tensor in enumerate(source.tensors) if "weights" in tensor}
    scales = {map_id: ranges.choose(network, weights, map_id, ranges.join(found))
              for map_id, found in parts.items() if network.readers(map_id)}
    scales[INPUT_MAP] = ranges.Scales(np.full(3, source.scale), source.mean)
    return scales


def provenance(source: FloatModel, pictures: int, paths: list[pathlib.Path]) -> dict:
    facts = models.facts(source.model)
    facts["preprocessing"]["channel_order"] = "RGB"
    facts["preprocessing"]["mean"] = source.mean.tolist()
    facts["quantisation"] = {
        "recipe": RECIPE,
        "tool_version": TOOL_VERSION,
        "calibration": {"photographs": len(paths), "inputs": pictures,
                        "sha256_of_photograph_sha256s": calibration.digest(paths)},
    }
    return facts


def write_atomically(path: pathlib.Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, choices=[model.name for model in models.ALL])
    parser.add_argument("--pictures", required=True, nargs="+", type=pathlib.Path, metavar="DIR",
                        help="folders of photographs with faces, searched with all folders below")
    parser.add_argument("--weights", type=pathlib.Path, default=convert_path.ROOT / "weights", metavar="DIR",
                        help="folder of the fp32 blobs (default: weights)")
    parser.add_argument("--out", type=pathlib.Path, default=convert_path.ROOT / "weights", metavar="DIR")
    parser.add_argument("--report", type=pathlib.Path, metavar="FILE", help="signal to noise of every layer as JSON")
    arguments = parser.parse_args()

    started = time.monotonic()
    paths = calibration.files_of(arguments.pictures)
    if not paths:
        print("quantise.py: no pictures in " + ", ".join(map(str, arguments.pictures)), file=sys.stderr)
        return 1
    source = load(arguments.model, arguments.weights)
    pictures = calibration_pictures(arguments.model, arguments.weights, paths)
    print(f"{len(paths)} photographs, {len(pictures)} inputs, {time.monotonic() - started:.0f} s", flush=True)
    scales = choose_scales(source, pictures)
    print(f"scales chosen, {time.monotonic() - started:.0f} s", flush=True)
    ordered, scales = pairing.reorder(source.network, source.tensors, scales)
    tensors, reports = layers.quantise(source.network, ordered, scales, pictures)

    selftest_picture = source.model.selftest_input()
    if source.model.channel_order == "BGR":
        selftest_picture = selftest_picture[:, :, ::-1]
    facts = provenance(source, len(pictures), paths)
    content = int8_blob.build(source.network, tensors, selftest_picture, facts, [0, *source.mean, source.scale])
    int8_blob.read(source.network, content)
    path = arguments.out / f"{arguments.model}.int8.fiow"
    write_atomically(path, content)
    entry = manifest.entry(path.name, content, "int8", facts)
    write_atomically(arguments.out / manifest.FILE_NAME, manifest.merged(arguments.out, [entry]))

    reports.sort(key=lambda report: report.signal_to_noise_db)
    print("layer                signal to noise   at an end of the range   (worst first)")
    for report in reports:
        print(f"{report.name:20} {report.signal_to_noise_db:12.1f} dB {100 * report.at_the_ends:15.2f} %")
    if arguments.report:
        rows = [dataclasses.asdict(report) for report in reports]
        arguments.report.write_text(json.dumps({"model": arguments.model, "layers": rows}, indent=2) + "\n")
    print(f"{path}: {len(content)} bytes, {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
