"""Puts the lines of a page into the order a reader takes them, in blocks and rows. Pure geometry.

The page is first turned straight by its own skew, then `reading_order` cuts it into columns, blocks
and rows. Lines are never joined or split, and any unit of length will do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.base import RecognizedLine
from ocr_worker.reading_order import Boxes, read_in_order

UPRIGHT = 3.0
"""A box this much higher than a line and than wide is text that runs up or down the page."""


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A line, its block, and its row: lines of one row stand side by side. Both count from 0."""

    line: RecognizedLine
    block: int
    row: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a page in reading order, and its skew in degrees, clockwise positive.

    A page whose text runs down the page has a skew near 90, up the page near -90.
    """

    lines: tuple[PlacedLine, ...]
    skew: float


def arrange(lines: Sequence[RecognizedLine]) -> Layout:
    """Return the lines in reading order."""
    if not lines:
        return Layout((), 0.0)
    skew = skew_of(lines)
    boxes = _straight_boxes(lines, skew)
    height = _usual_height(boxes)
    upright = _is_upright(boxes, height)
    level = [index for index in range(len(lines)) if not upright[index]]
    blocks = read_in_order(boxes, level, height)
    # What stands upright beside level text, a stamp or a spine, belongs to no row of it.
    aside = sorted(
        (index for index in range(len(lines)) if upright[index]), key=lambda index: boxes[index, 0]
    )
    blocks += [[[index]] for index in aside]
    placed: list[PlacedLine] = []
    n_rows = 0
    for number, rows in enumerate(blocks):
        for row in rows:
            placed += [PlacedLine(lines[index], number, n_rows) for index in row]
            n_rows += 1
    return Layout(tuple(placed), skew)


def skew_of(lines: Sequence[RecognizedLine]) -> float:
    """Return the median angle of the lines in degrees, each weighted by its length.

    Short boxes say nothing about an angle: only lines twice as long as high take part.
    """
    angles, lengths = [], []
    for line in lines:
        quad = line.quad.astype(np.float64)
        along = quad[1] - quad[0] + quad[2] - quad[3]
        across = quad[3] - quad[0] + quad[2] - quad[1]
        length = math.hypot(*along)
        if length >= 2 * math.hypot(*across) and length > 0:
            angles.append(math.degrees(math.atan2(along[1], along[0])))
            lengths.append(length)
    if not angles:
        return 0.0
    order = np.argsort(angles)
    weights = np.cumsum(np.array(lengths)[order])
    return float(angles[order[int(np.searchsorted(weights, weights[-1] / 2))]])


def _straight_boxes(lines: Sequence[RecognizedLine], skew: float) -> Boxes:
    """Turn each line's centre back by the skew, and box it there by its own length and height.

    The corners themselves would make every box of a slightly wrong angle higher than its line.
    """
    turn = math.radians(-skew)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    boxes = np.empty((len(lines), 4))
    for index, line in enumerate(lines):
        quad = line.quad.astype(np.float64)
        centre = rotation @ quad.mean(axis=0)
        along = rotation @ (quad[1] - quad[0] + quad[2] - quad[3]) / 4
        across = rotation @ (quad[3] - quad[0] + quad[2] - quad[1]) / 4
        half = np.array([math.hypot(*along), math.hypot(*across)])
        if abs(along[1]) > abs(along[0]):
            half = half[::-1]
        boxes[index] = (*(centre - half), *(centre + half))
    return boxes


def _usual_height(boxes: Boxes) -> float:
    sides = np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    return max(float(np.median(sides)), 1e-6)


def _is_upright(boxes: Boxes, height: float) -> NDArray[np.bool_]:
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return np.asarray((heights > UPRIGHT * height) & (heights > UPRIGHT * widths))
