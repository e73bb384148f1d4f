"""The two networks as the engine uses them, whichever runtime runs them: on one thread, offline."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Tensor: TypeAlias = NDArray[np.float32]
Classes: TypeAlias = NDArray[np.intp]
ChooseClasses: TypeAlias = Callable[[Sequence[str]], Classes]
"""Which classes are often enough, given the characters of a recognition network."""


class Detection(Protocol):
    """A network that tells where text is."""

    def run(self, batch: Tensor) -> Tensor:
        """Return the probability of text, of shape (1, 1, height, width).

        `batch` has the shape (1, 3, height, width) and values from -1 to 1, blue first.
        """
        ...


class Recognition(Protocol):
    """A network that reads lines.

    Class 0 is the blank, class `i` is `characters[i - 1]`, and one past them is the space. Telling
    apart all of them, most of which are Chinese, takes a third of the time; so a few are told at
    once, and all of them of what is asked again.
    """

    characters: tuple[str, ...]
    keeps_lines_apart: bool
    """Whether a row may hold several lines, each of which is read as if it stood alone."""

    def load_ahead(self) -> None:
        """Load what only longer rows need."""
        ...

    def run(self, row: Tensor, slots: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return probabilities of the few classes, and features to ask for all of them.

        `row` has the shape (1, 3, height, width), `slots` tells which line is in each slot of it;
        the results (columns, few classes) and (columns, features), valid until the next call.
        """
        ...

    def all_classes(self, features: Tensor) -> Tensor:
        """Return the probabilities of all classes for some of the features, (..., classes)."""
        ...


def open_detection(model: Path, runtime: str) -> Detection:
    """Load a detection model with the runtime named, `openvino` or `onnxruntime`.

    Raise whatever the runtime raises when the file is no model of its.
    """
    if runtime == "openvino":
        from ocr_worker.engines.rapidocr.openvino_networks import OpenVinoDetection

        return OpenVinoDetection(model)
    from ocr_worker.engines.rapidocr.onnx_networks import OnnxDetection

    return OnnxDetection(model)


def open_recognition(model: Path, runtime: str, choose: ChooseClasses) -> Recognition:
    """Load a recognition model likewise; `choose` names the classes that are told at once.

    Raise `ValueError` when the model is none of this engine's.
    """
    if runtime == "openvino":
        from ocr_worker.engines.rapidocr.openvino_networks import OpenVinoRecognition

        return OpenVinoRecognition(model, choose)
    from ocr_worker.engines.rapidocr.onnx_networks import OnnxRecognition

    return OnnxRecognition(model, choose)
