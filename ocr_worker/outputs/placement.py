"""Where a line or a word truly lies, slanted or not: for every output that places text on a page.

The wire has upright boxes, and of a slanted line its direction and its thickness; the rectangle of
the text itself follows from these. Pure geometry, in page points from the top left, y downwards.
"""

import math
from typing import TypeAlias

from ocr_worker import wire

Point: TypeAlias = tuple[float, float]
Corners: TypeAlias = tuple[Point, Point, Point, Point]
"""Clockwise from the top left of the text itself, as its reader sees it: the first two are the ends
of its upper edge, the last and the third those of the lower one, on which its letters stand."""


def corners_of(line: wire.Line, word: wire.Word | None = None) -> Corners:
    """Return the corners of a word of the line, or of the whole line, in page points.

    A level one has those of its box. A slanted one is a rectangle turned by `line.angle` about the
    middle of its box, which it touches on all sides; its height is the line's `thickness`.
    """
    box = line if word is None else word
    if line.thickness is None:
        left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
        return ((left, top), (right, top), (right, bottom), (left, bottom))
    angle = math.radians(line.angle)
    cos, sin = math.cos(angle), math.sin(angle)
    length = _length(box.width, box.height, line.thickness, abs(cos), abs(sin))
    middle = (box.x + box.width / 2, box.y + box.height / 2)
    along = (cos * length / 2, sin * length / 2)
    across = (-sin * line.thickness / 2, cos * line.thickness / 2)

    def corner(forwards: int, downwards: int) -> Point:
        return (
            middle[0] + forwards * along[0] + downwards * across[0],
            middle[1] + forwards * along[1] + downwards * across[1],
        )

    return (corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1))


def _length(width: float, height: float, thickness: float, cos: float, sin: float) -> float:
    """Return how long the text is in its own direction, by the side of its box that tells more.

    A box is `length * cos + thickness * sin` wide and `length * sin + thickness * cos` high. One
    that was cut at the edge of the page may be too small for its thickness; then it is 0.
    """
    if cos >= sin:
        return max(0.0, (width - thickness * sin) / cos)
    return max(0.0, (height - thickness * cos) / sin)
