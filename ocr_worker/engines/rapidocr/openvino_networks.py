"""The networks run by OpenVINO, without the parts of them that cost time and are not needed.

Both models are cut before they are compiled. The detector's last steps are done for squares of
pixels rather than for each, some others together, and its sigmoid in NumPy. The recognizer's last
layer tells 18,710 classes apart, which is a third of its time; it is replaced by one for a few of
them, and compiled by itself for lines that need all. The rest is compiled for rows of the one width
that most lines are read in, which is a tenth faster than for any width, and for any when a line is
longer.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from ocr_worker.engines.rapidocr.lines_apart import keep_lines_apart, where_lines_are
from ocr_worker.engines.rapidocr.model_cache import Compiled, load_compiled
from ocr_worker.engines.rapidocr.model_parts import characters_of, last_layer_of
from ocr_worker.engines.rapidocr.networks import ChooseClasses, Tensor
from ocr_worker.engines.rapidocr.no_telemetry import bar_telemetry
from ocr_worker.engines.rapidocr.passes import spare_passes
from ocr_worker.engines.rapidocr.precision import Precision, chosen_precision
from ocr_worker.engines.rapidocr.quantized import calibration_digest, quantize_by_name
from ocr_worker.engines.rapidocr.rows import ROW_PX, SLOT_PX
from ocr_worker.engines.rapidocr.squares import onto_pixels, told_in_fours

STEPS_KEPT = 24
"""Steps of a network, of each kind, that OpenVINO keeps ready for shapes of input. Its default of
5000 let memory grow with every new page size and row width. A network has more steps than this, so
another shape costs some 5 ms, though what was compiled for it is kept elsewhere, up to a bound;
1000 would spare that and take 80 MB."""
OPTIONS: Final = {
    "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_NUM_THREADS": "1",
    "NUM_STREAMS": "1",
    # Every single-stream process would bind itself to the same core, and two workers run at half
    # speed each.
    "ENABLE_CPU_PINNING": "NO",
    "CPU_RUNTIME_CACHE_CAPACITY": str(STEPS_KEPT),
}
RECIPE: Final = "6"
"""What is done to a model between its file and its compilation: to be counted up when that changes,
so that no model is used that was kept before."""


class OpenVinoDetection:
    """Text detection."""

    def __init__(self, path: Path) -> None:
        loaded = _load(path, "detection", _with_fewer_passes)
        self._request = loaded.model.create_infer_request()

    def run(self, batch: Tensor) -> Tensor:
        """Return the probability of text at every pixel."""
        self._request.infer([batch], share_inputs=True)
        logits = onto_pixels(self._request.get_output_tensor().data)
        # Far below zero the exponential would overflow, and that far no probability is told.
        return np.asarray(1 / (1 + np.exp(-np.maximum(logits, -80))), dtype=np.float32)


class OpenVinoRecognition:
    """Text recognition."""

    keeps_lines_apart = True

    def __init__(self, path: Path, choose: ChooseClasses) -> None:
        self._path = path
        self._choose = choose
        loaded = _load(path, "one row", lambda model: _for_one_width(_of_rows(model, choose)))
        self._usual_row = loaded.model.create_infer_request()
        self.characters = loaded.characters

    def load_ahead(self) -> None:
        """Load what reads rows longer than the usual one."""
        self._any_row  # noqa: B018  a property, kept once it has been asked for

    def run(self, row: Tensor, slots: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return the probabilities of the few classes, and the last layer's input."""
        request = self._usual_row if row.shape[3] == ROW_PX else self._any_row
        request.infer([row, *where_lines_are(slots)], share_inputs=True)
        few: Tensor = request.get_output_tensor(0).data
        features: Tensor = request.get_output_tensor(1).data
        return few[0], features[0]

    def all_classes(self, features: Tensor) -> Tensor:
        """Return the probabilities of all classes, by the model's own last layer."""
        lines = features if features.ndim == 3 else features[np.newaxis]
        self._last_layer.infer([np.ascontiguousarray(lines)], share_inputs=True)
        scores: Tensor = self._last_layer.get_output_tensor().data
        return scores.reshape(*features.shape[:-1], -1)

    @cached_property
    def _any_row(self) -> Any:
        # When a line is too long for the usual row, or nobody waits: many documents have none.
        loaded = _load(self._path, "any row", lambda model: _of_rows(model, self._choose))
        return loaded.model.create_infer_request()

    @cached_property
    def _last_layer(self) -> Any:
        # Only when a line asks for it: most pages do without.
        return _load(self._path, "last layer", _only_last_layer).model.create_infer_request()


def _openvino() -> Any:
    bar_telemetry()
    import openvino
    import openvino.opset11

    return openvino


def _load(path: Path, part: str, cut: Callable[[Any], Any]) -> Compiled:
    """Return a part of the model in a file, compiled. Raise what the runtime raises, and
    `ValueError` where the model is none of this engine's."""
    openvino = _openvino()
    precision = chosen_precision(openvino)
    options = {**OPTIONS, **precision.options}
    recipe = {"recipe": RECIPE, "part": part, "precision": str(precision)}
    if precision is Precision.INT8:
        recipe["calibration"] = calibration_digest()

    def compile_anew() -> Compiled:
        model = openvino.Core().read_model(path)
        wanted = cut(model)
        if precision is Precision.INT8:
            quantize_by_name(openvino, wanted, path.stem)
        compiled = openvino.Core().compile_model(wanted, "CPU", options)
        return Compiled(compiled, characters_of(model))

    return load_compiled(openvino, path, recipe, options, compile_anew)


def _with_fewer_passes(model: Any) -> Any:
    """Return a detection model that ends sooner, and reads and writes its maps less often."""
    return spare_passes(_openvino(), told_in_fours(_openvino(), model))


def _of_rows(model: Any, choose: ChooseClasses) -> Any:
    """Return a recognition model that reads rows of lines and tells a few classes."""
    return keep_lines_apart(_openvino(), _with_few_classes(model, choose))


def _for_one_width(model: Any) -> Any:
    """Return a model of rows for the usual one alone."""
    shapes = [given.shape for given in where_lines_are([0] * (ROW_PX // SLOT_PX))]
    height = model.input(0).partial_shape[2].get_length()
    model.reshape(dict(enumerate([(1, 3, height, ROW_PX), *shapes])))
    return model


def _with_few_classes(model: Any, choose: ChooseClasses) -> Any:
    openvino = _openvino()
    make = openvino.opset11
    characters = characters_of(model)
    if not characters:
        raise ValueError("the recognition model carries no alphabet")
    few = choose(characters)
    features, weights, biases = last_layer_of(model)
    product = make.matmul(
        features, make.constant(np.ascontiguousarray(weights[:, few])), False, False
    )
    scores = make.softmax(make.add(product, make.constant(biases[few])), 2)
    results = [make.result(scores), make.result(features)]
    return openvino.Model(results, model.get_parameters())


def _only_last_layer(model: Any) -> Any:
    openvino = _openvino()
    make = openvino.opset11
    features, weights, biases = last_layer_of(model)
    given = make.parameter(features.get_partial_shape(), np.float32)
    product = make.matmul(given, make.constant(weights), False, False)
    scores = make.softmax(make.add(product, make.constant(biases)), 2)
    return openvino.Model([make.result(scores)], [given])
