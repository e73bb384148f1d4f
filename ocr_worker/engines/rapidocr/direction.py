"""Which way the text of a page runs, told from the boxes of its lines; pure geometry.

A quarter turn is a number: 0 for text to the right, 1 down the page, 2 to the left, 3 up. Boxes
tell level from upright; only reading tells a page from the same page upside down.
"""

import math
from collections.abc import Sequence

import numpy as np

from ocr_worker.engines.base import Quad

TELLING_RATIO = 2.5
"""A box so much longer than thick is a line, and lies in the direction of its text."""
MAX_SAMPLE = 6
SAMPLE_RATIO = 6.0
"""Length over thickness of the lines that are read first: a word or two, so that a row holds two of
them. Longer ones cost more to read and tell no more."""
SURE = 0.8
"""Mean confidence of a sample that was read the right way up. Read upside down, it is below."""


def turned(quads: Sequence[Quad], turn: int) -> list[Quad]:
    """Return boxes that begin at the page's top left with the top left of their text first."""
    return [np.roll(quad, -turn, axis=0) for quad in quads]


def likely_turns(quads: Sequence[Quad]) -> tuple[int, int]:
    """Return the two quarter turns that the boxes allow, the more usual first."""
    level = upright = 0.0
    for quad in quads:
        width, height = _sides(quad)
        if width >= TELLING_RATIO * height:
            level += width
        elif height >= TELLING_RATIO * width:
            upright += height
    return (1, 3) if upright > level else (0, 2)


def sample(quads: Sequence[Quad], turn: int) -> list[int]:
    """Return the indexes of a few boxes that are read the same way along that turn and back."""
    ratios = {}
    for index, quad in enumerate(quads):
        along, across = _sides(quad) if turn % 2 == 0 else _sides(quad)[::-1]
        ratio = along / max(across, 1e-6)
        if ratio >= TELLING_RATIO:
            ratios[index] = ratio
    return sorted(ratios, key=lambda index: abs(ratios[index] - SAMPLE_RATIO))[:MAX_SAMPLE]


def _sides(quad: Quad) -> tuple[float, float]:
    """Return width and height of a box that begins at the page's top left."""
    top_left, top_right, bottom_right, bottom_left = quad.tolist()
    width = math.dist(top_left, top_right) + math.dist(bottom_left, bottom_right)
    height = math.dist(top_left, bottom_left) + math.dist(top_right, bottom_right)
    return width / 2, height / 2
