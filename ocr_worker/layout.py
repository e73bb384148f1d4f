"""Puts the lines of a page into the order a reader takes them, in blocks and rows. Pure geometry.

The page is first turned upright and straight by the direction its lines run in, then
`reading_order` cuts it into columns, blocks and rows. Lines are never joined or split, and any
unit of length will do.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocr_worker import wire
from ocr_worker.engines.base import RecognizedLine
from ocr_worker.reading_order import Boxes, read_in_order

_ORIENTATIONS: tuple[wire.Orientation, ...] = (0, 90, 180, 270)

_LEFTWARDS = re.compile("[\u05d0-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
"""Letters of scripts that run from right to left: Hebrew, Arabic, Syriac, Thaana and others."""

UPRIGHT = 3.0
"""A box this much higher than a line and than wide is text that runs up or down the page."""


class PlacedLine(NamedTuple):
    """A line, its block, and its row: lines of one row stand side by side. Both count from 0."""

    line: RecognizedLine
    block: int
    row: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a page in reading order, and the direction that they run in.

    `direction` is in degrees clockwise from rightwards, -180 to 180: near 90 for text that runs
    down the page, near -90 for text that runs up.
    """

    lines: tuple[PlacedLine, ...]
    direction: float

    @property
    def orientation(self) -> wire.Orientation:
        """How far the page must be turned clockwise for its text to be upright."""
        return _ORIENTATIONS[-round(self.direction / 90) % 4]

    @property
    def skew(self) -> float:
        """How far the lines run downwards once the page is upright, in degrees clockwise."""
        return self.direction - 90 * round(self.direction / 90)


def arrange(lines: Sequence[RecognizedLine]) -> Layout:
    """Return the lines in reading order."""
    if not lines:
        return Layout((), 0.0)
    direction = direction_of(lines)
    boxes = _straight_boxes(lines, direction)
    if _is_read_leftwards(lines):
        # Seen in a mirror, columns and rows are read from left to right here too.
        boxes[:, [0, 2]] = -boxes[:, [2, 0]]
    height = _usual_height(boxes)
    upright = _is_upright(boxes, height)
    level = np.flatnonzero(~upright).tolist()
    blocks = read_in_order(boxes, level, height)
    # What stands upright beside level text, a stamp or a spine, belongs to no row of it.
    aside = sorted(np.flatnonzero(upright).tolist(), key=lambda index: boxes[index, 0])
    blocks += [[[index]] for index in aside]
    placed: list[PlacedLine] = []
    n_rows = 0
    for number, rows in enumerate(blocks):
        for row in rows:
            placed += [PlacedLine(lines[index], number, n_rows) for index in row]
            n_rows += 1
    return Layout(tuple(placed), direction)


def direction_of(lines: Sequence[RecognizedLine]) -> float:
    """Return the direction most of the text runs in, in degrees clockwise, -180 to 180.

    It is the median angle of the lines, each weighted by its length, among those of the quarter
    turn that most run in. Short boxes say nothing about an angle: only lines twice as long as high
    take part.
    """
    along, across = sides_of(np.stack([line.quad for line in lines]))
    lengths = np.hypot(along[:, 0], along[:, 1])
    telling = lengths >= 2 * np.hypot(across[:, 0], across[:, 1])
    along, lengths = along[telling], lengths[telling]
    if not lengths.any():
        return 0.0
    angles = np.degrees(np.arctan2(along[:, 1], along[:, 0]))
    quarters = np.round(angles / 90).astype(int) % 4
    quarter = int(np.bincount(quarters, weights=lengths).argmax())
    # Relative to the quarter, where nothing lies near the jump from 180 to -180.
    residues = (angles - 90 * quarter + 180) % 360 - 180
    order = np.flatnonzero(quarters == quarter)
    order = order[np.argsort(residues[order], kind="stable")]
    weights = np.cumsum(lengths[order])
    median = residues[order[int(np.searchsorted(weights, weights[-1] / 2))]]
    return float((90 * quarter + median + 180) % 360 - 180)


def sides_of(quad: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a box's vectors along its text and across it, downwards, each of its mean length.

    `quad` has the shape (..., 4, 2), and the vectors (..., 2).
    """
    first, second, third, fourth = np.moveaxis(quad.astype(np.float64), -2, 0)
    return (second - first + third - fourth) / 2, (fourth - first + third - second) / 2


def _straight_boxes(lines: Sequence[RecognizedLine], direction: float) -> Boxes:
    """Turn each line's centre back by the direction, and box it there by its length and height.

    The corners themselves would make every box of a slightly wrong angle higher than its line.
    """
    turn = math.radians(-direction)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    quads = np.stack([line.quad for line in lines]).astype(np.float64)
    centres = quads.mean(axis=1) @ rotation.T
    along, across = (side @ rotation.T for side in sides_of(quads))
    halves = np.stack([np.hypot(*along.T), np.hypot(*across.T)], axis=1) / 2
    is_upright = np.abs(along[:, 1]) > np.abs(along[:, 0])
    halves[is_upright] = halves[is_upright, ::-1]
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _is_read_leftwards(lines: Sequence[RecognizedLine]) -> bool:
    """Tell whether most letters are of a script that runs from right to left."""
    text = "".join(line.text for line in lines)
    if text.isascii():
        return False
    n_letters = sum(character.isalpha() for character in text)
    return 2 * len(_LEFTWARDS.findall(text)) > n_letters


def _usual_height(boxes: Boxes) -> float:
    sides = np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    return max(float(np.median(sides)), 1e-6)


def _is_upright(boxes: Boxes, height: float) -> NDArray[np.bool_]:
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return np.asarray((heights > UPRIGHT * height) & (heights > UPRIGHT * widths))
