"""Finds the lines of text on a page: pixels in, the corners of each line out.

The steps and thresholds are those of RapidOCR's configuration for PP-OCRv6, in code of our own
because its modules drag a downloader in. One simplification: a detected core is grown by offsetting
a rotated rectangle, whose smallest enclosing rectangle is the same one grown on each side, so no
polygon library is needed. The method: Liao et al., "Real-time Scene Text Detection with
Differentiable Binarization", AAAI 2020.
"""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.base import Pixels, Quad
from ocr_worker.engines.rapidocr.session import Session, Tensor

LONGEST_SIDE_PX = 2000
"""Larger pages are scaled down to this before detection; crops still come from the full page."""
SHORTEST_SIDE_PX = 736
"""Smaller pages are scaled up to this: the model was trained on text of that size."""
PADDED_SIDE_PX = 200
"""Sides smaller than this are padded first with what is at their edge: scaled up alone, a single
line would fill the network's input with letters larger than any it has seen."""
MOST_ELONGATED = 8.0
"""Strips flatter (or taller) than this are padded to a quarter of their length, or scaling up
would explode them."""
STRIDE_PX = 32
"""The network's stride: its input sides are multiples of it."""

BINARY_THRESHOLD = 0.3
CORE_THRESHOLD = 0.35
"""Mean probability inside a core below which it is taken for noise: that of a digit standing alone
is low, and noise does not get past the recognizer."""
MAX_CORES = 1000
UNCLIP_RATIO = 1.6
SMALLEST_CORE_PX = 3
DILATION = np.ones((2, 2), np.uint8)


@dataclass(frozen=True, slots=True)
class _Scaling:
    """How a page became the network's input: `input = page * (scale_x, scale_y) + padding`."""

    scale_x: float
    scale_y: float
    left: int
    top: int


class Detector:
    """Text detection with a loaded model."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def detect(self, pixels: Pixels) -> list[Quad]:
        """Return the corners of each line in pixels of `pixels`, clockwise from the top left.

        In no particular order. "Top left" is that of a box as it lies on the page, whichever way
        its text runs.
        """
        tensor, scaling = _network_input(pixels)
        probability = self._session.run(tensor)[0, 0]
        quads = [
            _on_page(core, scaling, pixels.shape[1], pixels.shape[0])
            for core in _cores(probability)
        ]
        return [quad for quad in quads if _is_large_enough(quad)]


def _network_input(pixels: Pixels) -> tuple[Tensor, _Scaling]:
    height, width = pixels.shape[:2]
    # Pad in page pixels so that one resize does it all.
    pad_x, pad_y = _padding(width, height), _padding(height, width)
    padded_width, padded_height = width + 2 * pad_x, height + 2 * pad_y
    scale = min(1.0, LONGEST_SIDE_PX / max(padded_width, padded_height))
    scale *= max(1.0, SHORTEST_SIDE_PX / (scale * min(padded_width, padded_height)))
    input_width = max(round(padded_width * scale / STRIDE_PX), 1) * STRIDE_PX
    input_height = max(round(padded_height * scale / STRIDE_PX), 1) * STRIDE_PX
    if pad_x or pad_y:
        pixels = cast(
            Pixels,
            cv2.copyMakeBorder(pixels, pad_y, pad_y, pad_x, pad_x, cv2.BORDER_REPLICATE),
        )
    resized = cv2.resize(pixels, (input_width, input_height))
    # The models were trained on BGR, as OpenCV reads files.
    planes = resized[:, :, ::-1].transpose(2, 0, 1)
    tensor = planes[np.newaxis].astype(np.float32)
    tensor /= 127.5
    tensor -= 1.0
    return tensor, _Scaling(input_width / padded_width, input_height / padded_height, pad_x, pad_y)


def _padding(side: int, other: int) -> int:
    """Return the pixels to add before and after `side`, given the other side of the page."""
    wanted = PADDED_SIDE_PX
    if other > MOST_ELONGATED * side:
        wanted = max(wanted, round(2 * other / MOST_ELONGATED))
    return max(0, (wanted - side + 1) // 2)


def _cores(probability: Tensor) -> list[NDArray[np.float32]]:
    """Return the corners of every line's grown core, in pixels of the network's input."""
    mask = cv2.dilate((probability > BINARY_THRESHOLD).astype(np.uint8), DILATION)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    cores: list[NDArray[np.float32]] = []
    for contour in contours[:MAX_CORES]:
        centre, (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < SMALLEST_CORE_PX:
            continue
        corners = cv2.boxPoints((centre, (width, height), angle))
        if _mean_inside(probability, corners) < CORE_THRESHOLD:
            continue
        # The network marks the shrunken middle of a line; the offset undoes the shrinking.
        grow = 2 * UNCLIP_RATIO * width * height / (2 * (width + height))
        cores.append(
            np.asarray(
                cv2.boxPoints((centre, (width + grow, height + grow), angle)), dtype=np.float32
            )
        )
    return cores


def _mean_inside(probability: Tensor, corners: NDArray[np.generic]) -> float:
    """Return the mean probability inside a quadrilateral."""
    rows, columns = probability.shape
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (columns - 1, rows - 1))
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, (columns - 1, rows - 1))
    mask = np.zeros((bottom - top + 1, right - left + 1), dtype=np.uint8)
    cv2.fillPoly(mask, [(corners - (left, top)).astype(np.int32)], (1,))
    return cv2.mean(probability[top : bottom + 1, left : right + 1], mask)[0]


def _on_page(core: NDArray[np.float32], scaling: _Scaling, width: int, height: int) -> Quad:
    """Map corners to page pixels, clamp them and put the top left one first, clockwise."""
    corners = core / (scaling.scale_x, scaling.scale_y) - (scaling.left, scaling.top)
    # Whole pixels, as in the reference: crops that begin between two are read a little worse.
    corners = np.clip(np.round(corners), 0, (width - 1, height - 1)).astype(np.float32)
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], dtype=np.float32)


def _is_large_enough(quad: Quad) -> bool:
    along = float(np.linalg.norm(quad[0] - quad[1]))
    across = float(np.linalg.norm(quad[0] - quad[3]))
    return min(along, across) > SMALLEST_CORE_PX
