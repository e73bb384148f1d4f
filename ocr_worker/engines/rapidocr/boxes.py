"""Reads the corners of lines out of a map of where text is.

The steps and thresholds are those of RapidOCR's configuration for PP-OCRv6, in code of our own
because its modules drag a downloader in. One simplification: a detected core is grown by offsetting
a rotated rectangle, whose smallest enclosing rectangle is the same one grown on each side, so no
polygon library is needed. The method: Liao et al., "Real-time Scene Text Detection with
Differentiable Binarization", AAAI 2020.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.base import Quad
from ocr_worker.engines.rapidocr.networks import Tensor
from ocr_worker.engines.rapidocr.text_map import TextMap

BINARY_THRESHOLD = 0.3
CORE_THRESHOLD = 0.35
"""Mean probability inside a core below which it is taken for noise: that of a digit standing alone
is low, and noise does not get past the recognizer."""
MAX_CORES = 1000
UNCLIP_RATIO = 1.6
SMALLEST_CORE_PX = 3
DILATION = np.ones((2, 2), np.uint8)

Corners = NDArray[np.float32]
"""The corners of a rotated rectangle, of shape (4, 2), in pixels of a map."""


def lines_of(text_map: TextMap) -> list[Corners]:
    """Return the corners of every line, in pixels of the map and no particular order."""
    probability = text_map.probability
    mask = cv2.dilate((probability > BINARY_THRESHOLD).astype(np.uint8), DILATION)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    lines: list[Corners] = []
    for contour in contours[:MAX_CORES]:
        centre, (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < SMALLEST_CORE_PX:
            continue
        corners = cv2.boxPoints((centre, (width, height), angle))
        if _mean_inside(probability, corners) < CORE_THRESHOLD:
            continue
        # The network marks the shrunken middle of a line; the offset undoes the shrinking.
        grow = 2 * UNCLIP_RATIO * width * height / (2 * (width + height))
        grown = cv2.boxPoints((centre, (width + grow, height + grow), angle))
        lines.append(np.asarray(grown, dtype=np.float32))
    return lines


def thickness_of(lines: Sequence[Corners]) -> float:
    """Return the median of the shorter sides: how high the text is, in pixels of the map."""
    corners = np.array(lines)
    sides = np.linalg.norm(corners[:, :2] - corners[:, 1:3], axis=2)
    return float(np.median(sides.min(axis=1)))


def on_page(
    lines: Sequence[Corners], text_map: TextMap, padding: tuple[int, int], size: tuple[int, int]
) -> list[Quad]:
    """Return the lines in pixels of the page, their top left corner first, clockwise.

    `padding` is what the map shows left of the page and above it, and `size` the page's width and
    height, both in its pixels. Lines too small to be read are left out.
    """
    scale = np.array([text_map.scale_x, text_map.scale_y], dtype=np.float32)
    limits = (size[0] - 1, size[1] - 1)
    quads = []
    for line in lines:
        # Whole pixels, as in the reference: crops that begin between two are read a little worse.
        corners = np.clip(np.round(line / scale - padding), 0, limits).astype(np.float32)
        quad = _from_top_left(corners)
        top_left, top_right, _, bottom_left = quad.tolist()
        if min(math.dist(top_left, top_right), math.dist(top_left, bottom_left)) > SMALLEST_CORE_PX:
            quads.append(quad)
    return quads


def _mean_inside(probability: Tensor, corners: NDArray[np.generic]) -> float:
    """Return the mean probability inside a quadrilateral."""
    rows, columns = probability.shape
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (columns - 1, rows - 1))
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, (columns - 1, rows - 1))
    mask = np.zeros((bottom - top + 1, right - left + 1), dtype=np.uint8)
    cv2.fillPoly(mask, [(corners - (left, top)).astype(np.int32)], (1,))
    return cv2.mean(probability[top : bottom + 1, left : right + 1], mask)[0]


def _from_top_left(corners: Corners) -> Quad:
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], dtype=np.float32)
