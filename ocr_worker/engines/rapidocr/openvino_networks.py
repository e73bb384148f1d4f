"""The networks run by OpenVINO, without the parts of them that cost time and are not needed.

Both models are cut before they are compiled. The detector's last step, a sigmoid over every pixel,
takes a tenth of its time in OpenVINO and a fiftieth in NumPy. The recognizer's last layer tells
18,710 classes apart, which is a third of its time; it is replaced by one for a few of them, and is
kept aside for lines that need all.
"""

from pathlib import Path
from typing import Any

import numpy as np

from ocr_worker.engines.rapidocr.networks import ChooseClasses, Classes, Tensor
from ocr_worker.engines.rapidocr.no_telemetry import bar_telemetry

SHAPES_KEPT = 24
"""Input shapes OpenVINO keeps compiled. Its default of 5000 let memory grow with every new page
size and line width; this many hold the widths of one document."""


class OpenVinoDetection:
    """Text detection."""

    def __init__(self, path: Path) -> None:
        openvino = _openvino()
        model = openvino.Core().read_model(path)
        sigmoid = _before(model.get_results()[0], "Sigmoid")
        logits = openvino.Model(
            [openvino.opset8.result(sigmoid.input_value(0))], model.get_parameters()
        )
        self._request = _compile(logits)

    def run(self, batch: Tensor) -> Tensor:
        """Return the probability of text at every pixel."""
        self._request.infer([batch], share_inputs=True)
        logits: Tensor = self._request.get_output_tensor().data
        # Far below zero the exponential would overflow, and that far no probability is told.
        return np.asarray(1 / (1 + np.exp(-np.maximum(logits, -80))), dtype=np.float32)


class OpenVinoRecognition:
    """Text recognition."""

    def __init__(self, path: Path, choose: ChooseClasses) -> None:
        openvino = _openvino()
        model = openvino.Core().read_model(path)
        self.characters = _characters(model)
        softmax = _before(model.get_results()[0], "Softmax")
        added = _before(softmax, "Add")
        product = _before(added, "MatMul")
        features = product.input_value(0)
        # Copies, lest the whole model stay in memory for them.
        self._weights: Tensor = np.array(product.input_value(1).get_node().data)
        self._biases: Tensor = np.array(added.input_value(1).get_node().data)
        self._request = _compile(self._with_few_classes(model, features, choose(self.characters)))

    def run(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Return the probabilities of the few classes, and the last layer's input."""
        self._request.infer([batch], share_inputs=True)
        few: Tensor = self._request.get_output_tensor(0).data
        features: Tensor = self._request.get_output_tensor(1).data
        return few, features

    def all_classes(self, features: Tensor) -> Tensor:
        """Return the probabilities of all classes, by the model's own last layer."""
        scores: Tensor = features @ self._weights
        scores += self._biases
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        return scores

    def _with_few_classes(self, model: Any, features: Any, few: Classes) -> Any:
        openvino = _openvino()
        make = openvino.opset8
        weights = make.constant(np.ascontiguousarray(self._weights[:, few]))
        biases = make.constant(self._biases[few])
        scores = make.softmax(make.add(make.matmul(features, weights, False, False), biases), 2)
        results = [make.result(scores), make.result(features)]
        return openvino.Model(results, model.get_parameters())


def _openvino() -> Any:
    bar_telemetry()
    import openvino
    import openvino.opset8

    return openvino


def _compile(model: Any) -> Any:
    # Without pinning off, every single-stream process binds itself to the same core and two
    # workers run at half speed each.
    compiled = (
        _openvino()
        .Core()
        .compile_model(
            model,
            "CPU",
            {
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": "1",
                "NUM_STREAMS": "1",
                "ENABLE_CPU_PINNING": "NO",
                "CPU_RUNTIME_CACHE_CAPACITY": str(SHAPES_KEPT),
            },
        )
    )
    return compiled.create_infer_request()


def _characters(model: Any) -> tuple[str, ...]:
    # `framework` holds the file's custom metadata.
    information = model.get_rt_info()
    if "framework" not in information or "character" not in information["framework"]:
        raise ValueError("the recognition model carries no alphabet")
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
