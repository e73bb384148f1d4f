"""The networks run by ONNX Runtime, for machines that OpenVINO has no wheel for."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ocr_worker.engines.rapidocr.networks import ChooseClasses, Tensor


class _Session:
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
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def run(self, batch: Tensor) -> Tensor:
        output: Tensor = self._session.run(None, {self._input: batch})[0]
        return output


class OnnxDetection:
    """Text detection."""

    def __init__(self, model: Path) -> None:
        self.run = _Session(model).run


class OnnxRecognition:
    """Text recognition. Without a way to cut the model, all classes are told, and a few picked."""

    keeps_lines_apart = False

    def __init__(self, model: Path, choose: ChooseClasses) -> None:
        self._session = _Session(model)
        self.characters = tuple(self._session.metadata.get("character", "").splitlines())
        if not self.characters:
            raise ValueError("the recognition model carries no alphabet")
        self._few = choose(self.characters)

    def load_ahead(self) -> None:
        """Load nothing: rows of any length are read by the same session."""

    def run(self, row: Tensor, _slots: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return probabilities of the few classes, and of all in place of features."""
        scores = self._session.run(row)[0]
        return np.take(scores, self._few, axis=1), scores

    def all_classes(self, features: Tensor) -> Tensor:
        """Return them as they are."""
        return features
