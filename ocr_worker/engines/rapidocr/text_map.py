"""Where a page has text: the detection network run over a scaled page, piece by piece if large.

Pieces bound the memory that a page takes, whatever its size, and how long a page that is to be left
goes on. What the network says of a piece's edge depends on what lies beyond, so pieces overlap and
only their middles are kept.
"""

from dataclasses import dataclass
from math import ceil
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.base import Checkpoint, Pixels
from ocr_worker.engines.rapidocr.networks import Detection, Tensor

STRIDE_PX = 64
"""Sides of the network's input are multiples of it: twice its own stride, since each new shape
costs about as much as a run."""
PIECE_PX = 1088
"""A scaled page with a longer side is read in pieces of about this size at most."""
OVERLAP_PX = 64
"""What is seen around the middle of a piece, on every side."""
LEAST_CONTRAST = 16
"""Where the lightest and the darkest place nearby differ by less, of 255, there is no text. The
network is not to be asked: of an empty piece of paper, or one with nothing but shade or a scanner's
black edge on it, it says that text is everywhere."""
NEARBY_PX = 31
"""More than the gap between two words."""


@dataclass(frozen=True, slots=True)
class TextMap:
    """The probability of text at each place of a page: `map = page * (scale_x, scale_y)`.

    `probability` has the shape (height, width).
    """

    probability: Tensor
    scale_x: float
    scale_y: float


def text_map(network: Detection, pixels: Pixels, scale: float, checkpoint: Checkpoint) -> TextMap:
    """Return the map of a page of RGB pixels at about a scale, the nearest that suits the network.

    `checkpoint("detect")` is called before each piece.
    """
    height, width = pixels.shape[:2]
    rows, map_height = _pieces(height * scale)
    columns, map_width = _pieces(width * scale)
    shrinks = map_width < width
    # Every pixel counts: a thin stroke may lie between those that interpolation looks at.
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    scaled = cast(Pixels, cv2.resize(pixels, (map_width, map_height), interpolation=method))
    if rows == columns == 1:
        probability = _run(network, scaled, checkpoint)
    else:
        probability = _run_in_pieces(network, scaled, (rows, columns), checkpoint)
    return TextMap(probability, map_width / width, map_height / height)


def _pieces(side: float) -> tuple[int, int]:
    """Return how many pieces a side is cut into, and its length that gives them whole strides."""
    n_pieces = max(ceil(side / PIECE_PX), 1)
    step = STRIDE_PX * n_pieces
    return n_pieces, max(round(side / step), 1) * step


def _run_in_pieces(
    network: Detection, scaled: Pixels, grid: tuple[int, int], checkpoint: Checkpoint
) -> Tensor:
    height, width = scaled.shape[0] // grid[0], scaled.shape[1] // grid[1]
    margin = OVERLAP_PX
    framed = cv2.copyMakeBorder(scaled, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    middle = slice(margin, -margin)
    whole = np.empty(scaled.shape[:2], dtype=np.float32)
    for top in range(0, scaled.shape[0], height):
        for left in range(0, scaled.shape[1], width):
            piece = framed[top : top + height + 2 * margin, left : left + width + 2 * margin]
            seen = _run(network, cast(Pixels, np.ascontiguousarray(piece)), checkpoint)
            whole[top : top + height, left : left + width] = seen[middle, middle]
    return whole


def _run(network: Detection, pixels: Pixels, checkpoint: Checkpoint) -> Tensor:
    checkpoint("detect")
    has_ink = _has_ink(pixels)
    if not has_ink.any():
        return np.zeros(pixels.shape[:2], dtype=np.float32)
    # From 0..255 to -1..1; the models were trained on BGR, as OpenCV reads files.
    batch = cv2.dnn.blobFromImage(pixels, 1 / 127.5, mean=(127.5,) * 3, swapRB=True)
    probability = network.run(np.asarray(batch, dtype=np.float32))[0, 0]
    return np.where(has_ink, probability, np.float32(0))


def _has_ink(pixels: Pixels) -> NDArray[np.bool_]:
    """Tell for each place whether there is anything near it that might be read."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    nearby = np.ones((NEARBY_PX, NEARBY_PX), dtype=np.uint8)
    contrast = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, nearby)
    return np.asarray(contrast >= LEAST_CONTRAST)
