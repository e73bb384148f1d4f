"""Puts cut-outs of a page into one small picture, so that an engine reads all of them at once.

Detection costs by the size of the picture, and strips of a page one by one would each be scaled up
to a whole one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ocr_worker.documents.page_view import Box
from ocr_worker.engines.base import Pixels, RecognizedLine

MARGIN_PX: Final = 12
"""Of the cut-out's own ground around it: detection misses letters at the edge of a picture."""
LINE_PX: Final = 36.0
"""Lines are made no higher than this; recognizers see fewer pixels than that."""
SIDE_PX: Final = 736
"""Least height and width: engines scale smaller pictures up, as PP-OCR does to this."""
WHITE: Final = 255


@dataclass(frozen=True, slots=True)
class CutOut:
    """A part of a page: its box in pixels, and how its text is read, in degrees clockwise.

    `turn` is a multiple of 90. `line_px` is how high its lines are, `spare_px` how much of the
    page above and below them was cut out with them.
    """

    box: Box
    line_px: float
    turn: int = 0
    spare_px: float = 0.0


@dataclass(frozen=True, slots=True)
class Montage:
    """The picture, and for each cut-out where its lines lie in it: left, top, right, bottom."""

    pixels: Pixels
    strips: tuple[tuple[int, int, int, int], ...]

    def texts(self, lines: Sequence[RecognizedLine]) -> list[list[RecognizedLine]]:
        """Return for each cut-out the lines that were read in it, from left to right.

        A line whose middle lies in what was cut out to spare is a neighbour's, or half of one.
        """
        found: list[list[RecognizedLine]] = [[] for _ in self.strips]
        for line in lines:
            x, y = line.quad.mean(axis=0)
            for own, (left, top, right, bottom) in zip(found, self.strips, strict=True):
                if left <= x < right and top <= y <= bottom:
                    own.append(line)
        for own in found:
            own.sort(key=lambda line: float(line.quad[:, 0].min()))
        return found


def make_montage(pixels: Pixels, cut_outs: Sequence[CutOut]) -> Montage:
    """Return a montage of cut-outs of a page's pixels, of which there is one at least."""
    parts = [_cut(pixels, each) for each in cut_outs]
    column_px = max(part.shape[1] for part in parts) + 2 * MARGIN_PX
    corners, right, bottom = _packed([part.shape[0] + 2 * MARGIN_PX for part in parts], column_px)
    canvas = np.full((max(bottom, SIDE_PX), max(right, SIDE_PX), 3), WHITE, dtype=np.uint8)
    strips = []
    for part, cut_out, (left, top) in zip(parts, cut_outs, corners, strict=True):
        height, width = part.shape[:2]
        canvas[top : top + height + 2 * MARGIN_PX, left : left + column_px] = _ground(part)
        x, y = left + MARGIN_PX, top + MARGIN_PX
        canvas[y : y + height, x : x + width] = part
        spare = round(cut_out.spare_px * _scale(cut_out))
        strips.append((left, y + spare, left + column_px, y + height - spare))
    return Montage(canvas, tuple(strips))


def _packed(heights: Sequence[int], column_px: int) -> tuple[list[tuple[int, int]], int, int]:
    """Return the top left of each strip, in columns, and the right and the bottom of all."""
    n_columns = max(1, min(len(heights), round((sum(heights) / column_px) ** 0.5)))
    column_height = max(SIDE_PX, sum(heights) // n_columns)
    corners: list[tuple[int, int]] = []
    left = top = bottom = 0
    for height in heights:
        if top and top + height > column_height:
            left, top = left + column_px, 0
        corners.append((left, top))
        top += height
        bottom = max(bottom, top)
    return corners, left + column_px, bottom


def _cut(pixels: Pixels, cut_out: CutOut) -> Pixels:
    left, top, right, bottom = (max(0, round(side)) for side in cut_out.box)
    part = pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    if part.size == 0:
        return np.full((1, 1, 3), WHITE, dtype=np.uint8)
    # rot90 turns anticlockwise, as text that runs clockwise from level has to be.
    part = np.rot90(part, cut_out.turn // 90)
    scale = _scale(cut_out)
    return part if scale == 1.0 else _shrunk(part, scale)


def _scale(cut_out: CutOut) -> float:
    """Return how much smaller a cut-out is made."""
    return LINE_PX / cut_out.line_px if cut_out.line_px > 1.25 * LINE_PX else 1.0


def _shrunk(part: Pixels, factor: float) -> Pixels:
    # Only now: most pages are read without Pillow.
    from PIL import Image

    height, width = (max(1, round(side * factor)) for side in part.shape[:2])
    image = Image.fromarray(np.ascontiguousarray(part))
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))


def _ground(part: Pixels) -> Pixels:
    """Return the colour that most of a cut-out's edge has."""
    edge = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
    return np.asarray(np.median(edge, axis=0), dtype=np.uint8)
