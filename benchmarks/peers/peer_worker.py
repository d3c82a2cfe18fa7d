"""One engine with one model in one process, driven line by line through standard input.

    peer_worker.py ENGINE MODEL INPUT OUTPUT_NAME...

MODEL is the engine's own file, INPUT a .npy file with the network's input. The protocol is that of
faceio_worker.cpp; `outputs FILE` writes an .npz file with one float32 array per output name.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

# Libraries print as they like; standard output belongs to the protocol alone.
PROTOCOL = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import numpy as np  # noqa: E402


class OnnxRuntime:
    def __init__(self, model: str, x: np.ndarray, names: list[str]) -> None:
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(model, options,
                                                     providers=["CPUExecutionProvider"])
        self._feeds = {self._session.get_inputs()[0].name: x}
        self._names = names

    def run(self) -> None:
        self._results = self._session.run(self._names, self._feeds)

    def outputs(self) -> list[np.ndarray]:
        return self._results


class OpenVino:
    PRECISION = "f32"   # without the hint it computes in bf16 where the CPU can

    def __init__(self, model: str, x: np.ndarray, names: list[str]) -> None:
        import openvino
        compiled = openvino.Core().compile_model(model, "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": 1,
            "ENABLE_CPU_PINNING": False, "INFERENCE_PRECISION_HINT": self.PRECISION})
        self._request = compiled.create_infer_request()
        self._request.set_input_tensor(openvino.Tensor(x, shared_memory=True))
        self._names = names

    def run(self) -> None:
        self._request.infer()

    def outputs(self) -> list[np.ndarray]:
        return [self._request.get_tensor(name).data for name in self._names]


class OpenVinoBf16(OpenVino):
    PRECISION = "bf16"


class Ncnn:
    """MODEL is the .param file; the .bin file lies beside it. Blobs are named by the converter."""

    def __init__(self, model: str, x: np.ndarray, names: list[str]) -> None:
        import ncnn
        self._net = ncnn.Net()
        options = self._net.opt
        options.num_threads = 1
        options.use_vulkan_compute = False
        # Half precision would be another computation.
        options.use_bf16_storage = False
        options.use_fp16_packed = False
        options.use_fp16_storage = False
        options.use_fp16_arithmetic = False
        if self._net.load_param(model) or self._net.load_model(model[:-len("param")] + "bin"):
            raise RuntimeError(f"ncnn cannot load {model}")
        self._input = ncnn.Mat(x[0])
        self._names = [f"out{index}" for index in range(len(names))]

    def run(self) -> None:
        extractor = self._net.create_extractor()
        extractor.input("in0", self._input)
        self._results = []
        for name in self._names:
            status, result = extractor.extract(name)
            if status:
                raise RuntimeError(f"ncnn has no result {name}: status {status}")
            self._results.append(result)

    def outputs(self) -> list[np.ndarray]:
        return [np.array(result) for result in self._results]


class Mnn:
    def __init__(self, model: str, x: np.ndarray, names: list[str]) -> None:
        import MNN
        self._interpreter = MNN.Interpreter(model)
        self._session = self._interpreter.createSession(
            {"backend": "CPU", "numThread": 1, "precision": "high", "memory": "normal"})
        planes = MNN.Tensor_DimensionType_Caffe
        self._input = self._interpreter.getSessionInput(self._session)
        self._host_input = MNN.Tensor(x.shape, MNN.Halide_Type_Float, x, planes)
        self._results = []
        for name in names:
            device = self._interpreter.getSessionOutput(self._session, name)
            shape = device.getShape()
            host = MNN.Tensor(shape, MNN.Halide_Type_Float, np.zeros(shape, np.float32), planes)
            self._results.append((device, host))

    def run(self) -> None:
        self._input.copyFrom(self._host_input)
        self._interpreter.runSession(self._session)
        for device, host in self._results:
            device.copyToHostTensor(host)

    def outputs(self) -> list[np.ndarray]:
        return [np.array(host.getNumpyData(), np.float32) for _, host in self._results]


class OpenCv:
    def __init__(self, model: str, x: np.ndarray, names: list[str]) -> None:
        import cv2
        cv2.setNumThreads(1)
        self._net = cv2.dnn.readNetFromONNX(model)
        self._x, self._names = x, names

    def run(self) -> None:
        self._net.setInput(self._x)
        self._results = self._net.forward(self._names)

    def outputs(self) -> list[np.ndarray]:
        return list(self._results)


class LiteRt:
    """Its input is [N, H, W, C]; the outputs come in the order of the names."""

    def __init__(self, model: str, x: np.ndarray, names: list[str]) -> None:
        from ai_edge_litert.interpreter import Interpreter
        self._interpreter = Interpreter(model, num_threads=1)
        self._interpreter.allocate_tensors()
        # Inputs are never overwritten, so one copy serves all runs.
        self._interpreter.set_tensor(self._interpreter.get_input_details()[0]["index"], x)
        self._outputs = [detail["index"] for detail in self._interpreter.get_output_details()]

    def run(self) -> None:
        self._interpreter.invoke()

    def outputs(self) -> list[np.ndarray]:
        return [self._interpreter.get_tensor(index) for index in self._outputs]


ENGINES: dict[str, Callable] = {
    "onnxruntime": OnnxRuntime, "openvino": OpenVino, "openvino_bf16": OpenVinoBf16, "ncnn": Ncnn,
    "mnn": Mnn, "opencv": OpenCv, "litert": LiteRt}


def memory_mb(key: str) -> float:
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(f"{key}:"):
                return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {key}")


def times_ms(run: Callable[[], None], warm: int, runs: int) -> list[float]:
    for _ in range(warm):
        run()
    result = []
    for _ in range(runs):
        begin = time.perf_counter()
        run()
        result.append((time.perf_counter() - begin) * 1e3)
    return result


def main() -> None:
    name, model, input_file, *output_names = sys.argv[1:]
    x = np.load(input_file)
    before_mb = memory_mb("VmRSS")
    engine = ENGINES[name](model, x, output_names)
    engine.run()

    def answer(value) -> None:
        print(json.dumps(value), file=PROTOCOL, flush=True)

    answer({"rss_before_engine_mb": before_mb})
    for line in sys.stdin:
        command, *words = line.split(maxsplit=1)
        if command == "run":
            answer(times_ms(engine.run, *map(int, words[0].split())))
        elif command == "outputs":
            engine.run()
            np.savez(words[0].strip(), **{key: np.array(value, np.float32) for key, value in
                                          zip(output_names, engine.outputs(), strict=True)})
            answer({})
        elif command == "mem":
            answer({"peak_rss_mb": memory_mb("VmHWM")})
        elif command == "quit":
            return
        else:
            raise ValueError(f"unknown command {command!r}")


if __name__ == "__main__":
    main()
