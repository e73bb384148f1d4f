import math

import pytest

from ocr_worker import wire
from ocr_worker.outputs.placement import corners_of

CENTRE = (200.0, 300.0)


def turned(length, thickness, degrees):
    """Return the corners of a rectangle about CENTRE, and its upright box."""
    angle = math.radians(degrees)
    corners = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        along, down = x * length / 2, y * thickness / 2
        corners.append(
            (
                CENTRE[0] + along * math.cos(angle) - down * math.sin(angle),
                CENTRE[1] + along * math.sin(angle) + down * math.cos(angle),
            )
        )
    xs, ys = zip(*corners, strict=True)
    box = {"x": min(xs), "y": min(ys), "width": max(xs) - min(xs), "height": max(ys) - min(ys)}
    return corners, box


def line_of(box, angle=0.0, thickness=None):
    return wire.Line(
        text="a word", confidence=1, block=0, angle=angle, thickness=thickness, words=(), **box
    )


def word_of(box):
    return wire.Word(text="word", confidence=1, line=0, block=0, **box)


def test_a_level_word_has_the_corners_of_its_box():
    box = {"x": 10.0, "y": 20.0, "width": 30.0, "height": 8.0}
    other = {"x": 12.0, "y": 21.0, "width": 5.0, "height": 7.0}

    assert corners_of(line_of(box), word_of(other)) == ((12, 21), (17, 21), (17, 28), (12, 28))
    assert corners_of(line_of(box)) == ((10, 20), (40, 20), (40, 28), (10, 28))


@pytest.mark.parametrize("degrees", [-179, -135, -90, -45, -10, -0.5, 0.5, 3, 44, 45, 90, 136, 180])
@pytest.mark.parametrize("length", [3.0, 12.0, 150.0])
def test_a_slanted_word_has_the_corners_that_its_box_was_drawn_round(degrees, length):
    corners, box = turned(length, 12.0, degrees)
    _, whole = turned(4 * length, 12.0, degrees)

    found = corners_of(line_of(whole, degrees, 12.0), word_of(box))

    for corner, expected in zip(found, corners, strict=True):
        assert corner == pytest.approx(expected, abs=1e-6)


def test_a_word_that_was_cut_at_the_edge_has_no_length_rather_than_a_negative_one():
    box = {"x": 0.0, "y": 0.0, "width": 1.0, "height": 1.0}

    first, second, *_ = corners_of(line_of(box, 40.0, 12.0), word_of(box))

    assert first == second
