"""Finds out what values to expect inside the networks, and writes the calibration that ships.

    python -m benchmarks.calibrate [--lines N]

Pages of text in the engine's languages are drawn and spoilt, with dice of their own, so that the
pages that accuracy is measured on are others; scans of the data set are not looked at, for the same
reason. What goes into each convolution is noted as the network runs with floating point numbers,
and the best range for it looked for by `benchmarks.ranges`. What ships was made with the fonts
DejaVu and Noto Sans CJK.
"""

import argparse
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.harness import say
from benchmarks.pages import LANGUAGES, Spoiling, draw
from benchmarks.ranges import best_range
from ocr_worker.engines.base import Pixels
from ocr_worker.engines.rapidocr import openvino_networks
from ocr_worker.engines.rapidocr.crops import Crop, cut
from ocr_worker.engines.rapidocr.detector import Detector
from ocr_worker.engines.rapidocr.installation import find_installation
from ocr_worker.engines.rapidocr.networks import Tensor
from ocr_worker.engines.rapidocr.quantized import (
    FILE,
    Calibration,
    convolutions,
    digest_of,
    lost_weights,
    packed_shift,
)
from ocr_worker.engines.rapidocr.recognizer import HEIGHT_PX, fill, width_px_of
from ocr_worker.languages import languages_of

WIDTH_STEP_PX = 64
MIN_WIDTH_PX = 128
SEED = 7_000
"""Of the first page; accuracy is measured on those from 0 on."""
SPOILINGS = (
    Spoiling(),
    Spoiling(dpi=100),
    Spoiling(dpi=150, skew=1.5),
    Spoiling(dpi=100, is_faded=True),
    Spoiling(dpi=150, is_shaded=True),
    Spoiling(dpi=300, is_faded=True, is_shaded=True),
)
NOTED = 8192
"""How many values of each tensor are noted of one line, at random."""


def pages() -> Iterator[Pixels]:
    """Yield pages in the engine's languages, each spoilt in half of all ways, and some inverted."""
    languages = [each for each in LANGUAGES if each.code in languages_of("rapidocr")]
    for number, language in enumerate(languages):
        for spoiling in SPOILINGS[number % 2 :: 2]:
            page = draw(language, spoiling, SEED + number)
            if page is None:
                say(f"{language.code}: left out, no font for it is installed")
                break
            pixels = np.asarray(page.image.convert("RGB"))
            yield 255 - pixels if number % 4 == 3 and spoiling.is_shaded else pixels


def lines_of(pixels: Pixels, detector: Detector, n_lines: int, dice: random.Random) -> list[Tensor]:
    """Return some lines of a page as the recognizer sees them, one at a time."""
    quads = detector.detect(pixels, lambda stage: None)
    crops = cut(pixels, dice.sample(quads, min(n_lines, len(quads))))
    return [_tensor_of(crop) for crop in crops]


def _tensor_of(crop: Crop) -> Tensor:
    """Return a line by itself, with some of the grey after it that others have to their right."""
    width = width_px_of(crop)
    padded = max(-(-width // WIDTH_STEP_PX) * WIDTH_STEP_PX, MIN_WIDTH_PX)
    tensor = np.zeros((1, 3, HEIGHT_PX, padded), dtype=np.float32)
    fill(tensor[0, :, :, :width], crop)
    return tensor


class Observer:
    """Runs a model and notes what goes into its convolutions."""

    def __init__(self, path: Path) -> None:
        openvino = openvino_networks._openvino()
        make = openvino.opset11
        model = openvino.Core().read_model(path)
        found = convolutions(model)
        self.names = [name for name, node in found.items() if _is_worth_it(node)]
        self.digest = digest_of({name: found[name] for name in self.names})
        inputs = [make.result(found[name].input_value(0)) for name in self.names]
        observed = openvino.Model(inputs, model.get_parameters())
        options = {**openvino_networks.OPTIONS, "INFERENCE_PRECISION_HINT": "f32"}
        compiled = openvino.Core().compile_model(observed, "CPU", options)
        self._request = compiled.create_infer_request()
        self._noted = {name: [] for name in self.names}
        self._lost = {name: lost_weights(found[name]).sum(axis=(2, 3)) for name in self.names}
        self._sums = dict.fromkeys(self.names, 0.0)
        self._n_columns = 0
        self._dice = np.random.default_rng(SEED)

    def run(self, batch: Tensor) -> None:
        self._request.infer([batch], share_inputs=True)
        for index, name in enumerate(self.names):
            given = self._request.get_output_tensor(index).data
            self._sums[name] += batch.shape[3] * given.mean(axis=(0, 2, 3), dtype=np.float64)
            values = given.ravel()
            noted = values[self._dice.integers(0, values.size, NOTED)]
            # The farthest ones too: a range is to be cut knowingly.
            self._noted[name].append(np.append(noted, [values.min(), values.max()]))
        self._n_columns += batch.shape[3]

    def calibration(self) -> Calibration:
        ranges = {name: best_range(np.concatenate(self._noted[name])) for name in self.names}
        shifts = {
            name: packed_shift(self._lost[name] @ (self._sums[name] / self._n_columns))
            for name in self.names
        }
        return Calibration(weights=self.digest, ranges=ranges, shifts=shifts)


def _is_worth_it(convolution) -> bool:
    """Whether integers gain time here.

    They gain none where pixels come in, three numbers at a time, and lose much. Nor do they where
    there is one value a channel, as where channels are weighed.
    """
    given, returned = (
        convolution.get_input_partial_shape(0),
        convolution.get_output_partial_shape(0),
    )
    is_of_one_value = all(
        returned[axis].is_static and returned[axis].get_length() == 1 for axis in (2, 3)
    )
    return given[1].get_length() > 3 and not is_of_one_value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=8, metavar="N", help="of each page")
    options = parser.parse_args()
    installation = find_installation()
    path = installation.recognition_model
    observer = Observer(path)
    detector = Detector(openvino_networks.OpenVinoDetection(installation.detection_model))
    dice = random.Random(SEED)
    n_lines = 0
    for pixels in pages():
        for tensor in lines_of(pixels, detector, options.lines, dice):
            observer.run(tensor)
            n_lines += 1
        say(f"{n_lines} lines")
    FILE.write_text(written({path.stem: observer.calibration()}), encoding="utf-8")
    return 0


def written(calibrations: dict[str, Calibration]) -> str:
    """Return calibrations as JSON, with a line for each range."""
    text = msgspec.json.format(msgspec.json.encode(calibrations), indent=1).decode() + "\n"
    return re.sub(r"\[\s+(\S+)\s+(\S+)\s+\]", r"[\1 \2]", text)


if __name__ == "__main__":
    sys.exit(main())
