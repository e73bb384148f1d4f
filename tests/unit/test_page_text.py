"""From a layout to lines in page points."""

import random

import pytest

from ocr_worker import wire
from ocr_worker.page_text import PageFrame, with_places

CHANCE = random.Random(3)
TIES = [0.125, 2.675, 1.005, 0.005, 100.345, 8.5, 0.0, -0.001, 1e12 + 0.126]
NEAR_TIES = [whole + 0.005 + CHANCE.uniform(-1e-12, 1e-12) for whole in range(200)]
ORDINARY = [CHANCE.uniform(0, 842) for _ in range(200)]


def line(x, y, width, height, **more):
    return wire.Line(
        text="a", confidence=1.0, x=x, y=y, width=width, height=height, block=0, **more
    )


@pytest.mark.parametrize("values", [TIES, NEAR_TIES, ORDINARY])
def test_boxes_of_own_text_are_rounded_as_python_rounds_each_number(values):
    """On a page that is too large to cut any of them, and with widths that are exact."""
    placed = with_places(
        [(line(value, 2 * value, 0.0, 0.0), 0, 0) for value in values], PageFrame(1e13, 1e13)
    )

    expected = [(round(max(value, 0.0), 2), round(2 * max(value, 0.0), 2)) for value in values]
    assert expected == [(each.x, each.y) for each in placed]


def test_boxes_of_own_text_are_cut_at_the_edges_of_the_page():
    word = wire.Word(text="a", confidence=1.0, x=-5, y=90, width=20, height=30, line=9, block=9)
    lines = [(line(-5, 90, 120, 30, words=(word,)), 4, 2), (line(1, 2, 3, 4), 5, 3)]

    cut, whole = with_places(lines, PageFrame(100, 100))

    assert (0, 90, 100, 10) == (cut.x, cut.y, cut.width, cut.height)
    (part,) = cut.words
    assert (0, 90, 15, 10) == (part.x, part.y, part.width, part.height)
    assert (4, 2) == (part.line, part.block)
    assert (1, 2, 3, 4, 3) == (whole.x, whole.y, whole.width, whole.height, whole.block)
    assert [] == with_places([], PageFrame(100, 100))
