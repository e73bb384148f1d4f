"""An inference session over one ONNX model file: one thread, CPU, no download, no telemetry."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.rapidocr.model_cache import Compiled, load_compiled
from ocr_worker.engines.rapidocr.no_telemetry import bar_telemetry

Tensor = NDArray[np.float32]

SHAPES_KEPT = 24
"""Input shapes OpenVINO keeps compiled. Its default of 5000 let memory grow with every new page
size and line width; this many hold the widths of one document."""

RECIPE = {"recipe": "1"}
"""What is done to a model between its file and its compilation: to be counted up when that changes,
so that no model is used that was kept before."""


class Session(Protocol):
    """A loaded model with one input and one output."""

    characters: tuple[str, ...]
    """The recogniser's alphabet, without the blank and the space; empty for a detector."""

    def run(self, batch: Tensor) -> Tensor:
        """Return the model's output, valid until the next call."""
        ...


def open_session(model: Path, runtime: str) -> Session:
    """Load a model file with the runtime named, `openvino` or `onnxruntime`.

    Raise whatever the runtime raises when the file is no model of its.
    """
    if runtime == "openvino":
        return _OpenVinoSession(model)
    return _OnnxRuntimeSession(model)


class _OpenVinoSession:
    def __init__(self, path: Path) -> None:
        bar_telemetry()
        import openvino

        # Without pinning off, every single-stream process binds itself to the same core and two
        # workers run at half speed each.
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": "1",
            "NUM_STREAMS": "1",
            "ENABLE_CPU_PINNING": "NO",
            "CPU_RUNTIME_CACHE_CAPACITY": str(SHAPES_KEPT),
        }

        def compile_anew() -> Compiled:
            model = openvino.Core().read_model(path)
            compiled = openvino.Core().compile_model(model, "CPU", options)
            return Compiled(compiled, _openvino_characters(model))

        loaded = load_compiled(openvino, path, RECIPE, options, compile_anew)
        self._request = loaded.model.create_infer_request()
        self.characters = loaded.characters

    def run(self, batch: Tensor) -> Tensor:
        self._request.infer([batch], share_inputs=True)
        output: Tensor = self._request.get_output_tensor().data
        return output


def _openvino_characters(model: Any) -> tuple[str, ...]:
    # `framework` holds the file's custom metadata; a detector has none.
    information = model.get_rt_info()
    if "framework" not in information or "character" not in information["framework"]:
        return ()
    return tuple(information["framework"]["character"].value.splitlines())


class _OnnxRuntimeSession:
    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # it keeps the largest page's memory for ever
        self._session = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        alphabet = self._session.get_modelmeta().custom_metadata_map.get("character", "")
        self.characters = tuple(alphabet.splitlines())

    def run(self, batch: Tensor) -> Tensor:
        output: Tensor = self._session.run(None, {self._input: batch})[0]
        return output
