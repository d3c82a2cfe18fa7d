"""Quantises an ONNX file to int8 for OpenVINO: post-training quantisation by nncf.

    quantise_openvino.py ONNX PICTURES RESULT

PICTURES is a .npy file, [N, ...] float32 inputs for calibration; RESULT the .xml file to write.
"""

from __future__ import annotations

import os
import sys

os.environ["NNCF_CI"] = "1"   # nncf reports its use to its makers otherwise

import nncf  # noqa: E402
import numpy as np  # noqa: E402
import openvino  # noqa: E402


def main() -> None:
    onnx, pictures, result = sys.argv[1:]
    inputs = [picture[np.newaxis] for picture in np.load(pictures)]
    # Activations with a zero point (Leaky ReLU and PReLU give negative values too) cost no time and
    # are much nearer to fp32 than symmetric ones, nncf's default.
    quantised = nncf.quantize(openvino.Core().read_model(onnx), nncf.Dataset(inputs),
                              preset=nncf.QuantizationPreset.MIXED, subset_size=len(inputs))
    openvino.save_model(quantised, result, compress_to_fp16=False)


if __name__ == "__main__":
    main()
