"""The networks run by OpenVINO, without the parts of them that cost time and are not needed.

Both models are cut before they are compiled. The detector's last step, a sigmoid over every pixel,
takes a tenth of its time in OpenVINO and a fiftieth in NumPy. The recognizer's last layer tells
18,710 classes apart, which is a third of its time; it is replaced by one for a few of them, and
compiled by itself for lines that need all.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from ocr_worker.engines.rapidocr.model_cache import Compiled, load_compiled
from ocr_worker.engines.rapidocr.networks import ChooseClasses, Tensor
from ocr_worker.engines.rapidocr.no_telemetry import bar_telemetry
from ocr_worker.engines.rapidocr.precision import Precision, chosen_precision
from ocr_worker.engines.rapidocr.quantized import calibration_digest, quantize_by_name

SHAPES_KEPT = 24
"""Input shapes OpenVINO keeps compiled. Its default of 5000 let memory grow with every new page
size and line width; this many hold the widths of one document."""
OPTIONS: Final = {
    "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_NUM_THREADS": "1",
    "NUM_STREAMS": "1",
    # Every single-stream process would bind itself to the same core, and two workers run at half
    # speed each.
    "ENABLE_CPU_PINNING": "NO",
    "CPU_RUNTIME_CACHE_CAPACITY": str(SHAPES_KEPT),
}
RECIPE: Final = "2"
"""What is done to a model between its file and its compilation: to be counted up when that changes,
so that no model is used that was kept before."""


class OpenVinoDetection:
    """Text detection."""

    def __init__(self, path: Path) -> None:
        self._request = _load(path, "detection", _without_sigmoid).model.create_infer_request()

    def run(self, batch: Tensor) -> Tensor:
        """Return the probability of text at every pixel."""
        self._request.infer([batch], share_inputs=True)
        logits: Tensor = self._request.get_output_tensor().data
        # Far below zero the exponential would overflow, and that far no probability is told.
        return np.asarray(1 / (1 + np.exp(-np.maximum(logits, -80))), dtype=np.float32)


class OpenVinoRecognition:
    """Text recognition."""

    def __init__(self, path: Path, choose: ChooseClasses) -> None:
        loaded = _load(path, "few classes", lambda model: _with_few_classes(model, choose))
        self._path = path
        self._request = loaded.model.create_infer_request()
        self.characters = loaded.characters

    def run(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Return the probabilities of the few classes, and the last layer's input."""
        self._request.infer([batch], share_inputs=True)
        few: Tensor = self._request.get_output_tensor(0).data
        features: Tensor = self._request.get_output_tensor(1).data
        return few, features

    def all_classes(self, features: Tensor) -> Tensor:
        """Return the probabilities of all classes, by the model's own last layer."""
        lines = features if features.ndim == 3 else features[np.newaxis]
        self._last_layer.infer([np.ascontiguousarray(lines)], share_inputs=True)
        scores: Tensor = self._last_layer.get_output_tensor().data
        return scores.reshape(*features.shape[:-1], -1)

    @cached_property
    def _last_layer(self) -> Any:
        # Only when a line asks for it: most pages do without.
        return _load(self._path, "last layer", _last_layer_of).model.create_infer_request()


def _openvino() -> Any:
    bar_telemetry()
    import openvino
    import openvino.opset8

    return openvino


def _load(path: Path, part: str, cut: Callable[[Any], Any]) -> Compiled:
    """Return a part of the model in a file, compiled. Raise what the runtime raises, and
    `ValueError` where the model is none of this engine's."""
    openvino = _openvino()
    precision = chosen_precision(openvino)
    options = {**OPTIONS, **precision.options}
    recipe: Mapping[str, str] = {
        "recipe": RECIPE,
        "part": part,
        "precision": precision,
        "calibration": calibration_digest(),
    }

    def compile_anew() -> Compiled:
        model = openvino.Core().read_model(path)
        wanted = cut(model)
        if precision is Precision.INT8:
            quantize_by_name(openvino, wanted, path.stem)
        compiled = openvino.Core().compile_model(wanted, "CPU", options)
        return Compiled(compiled, _characters(model))

    return load_compiled(openvino, path, recipe, options, compile_anew)


def _without_sigmoid(model: Any) -> Any:
    openvino = _openvino()
    sigmoid = _before(model.get_results()[0], "Sigmoid")
    logits = openvino.opset8.result(sigmoid.input_value(0))
    return openvino.Model([logits], model.get_parameters())


def _with_few_classes(model: Any, choose: ChooseClasses) -> Any:
    openvino = _openvino()
    make = openvino.opset8
    characters = _characters(model)
    if not characters:
        raise ValueError("the recognition model carries no alphabet")
    few = choose(characters)
    features, weights, biases = _last_layer_parts(model)
    product = make.matmul(
        features, make.constant(np.ascontiguousarray(weights[:, few])), False, False
    )
    scores = make.softmax(make.add(product, make.constant(biases[few])), 2)
    results = [make.result(scores), make.result(features)]
    return openvino.Model(results, model.get_parameters())


def _last_layer_of(model: Any) -> Any:
    openvino = _openvino()
    make = openvino.opset8
    features, weights, biases = _last_layer_parts(model)
    given = make.parameter(features.get_partial_shape(), np.float32)
    product = make.matmul(given, make.constant(weights), False, False)
    scores = make.softmax(make.add(product, make.constant(biases)), 2)
    return openvino.Model([make.result(scores)], [given])


def _last_layer_parts(model: Any) -> tuple[Any, Tensor, Tensor]:
    """Return what goes into the recognizer's last layer, its weights and its biases."""
    added = _before(_before(model.get_results()[0], "Softmax"), "Add")
    product = _before(added, "MatMul")
    weights: Tensor = product.input_value(1).get_node().data
    biases: Tensor = added.input_value(1).get_node().data
    return product.input_value(0), weights, biases


def _characters(model: Any) -> tuple[str, ...]:
    # `framework` holds the file's custom metadata; a detector has none.
    information = model.get_rt_info()
    if "framework" not in information or "character" not in information["framework"]:
        return ()
    return tuple(information["framework"]["character"].value.splitlines())


def _before(node: Any, kind: str) -> Any:
    """Return the operation of a kind that feeds a node, with nothing but identities between.

    Raise `ValueError` where there is none: the model is another than this engine knows.
    """
    while True:
        node = node.input_value(0).get_node()
        if node.get_type_name() == kind:
            return node
        if node.get_type_name() != "Identity":
            raise ValueError(f"the model has {node.get_type_name()} where {kind} was expected")
