"""Lines cut out of a page."""

import cv2
import numpy as np
import pytest

from ocr_worker.engines.rapidocr.crops import cut

RANDOM = np.random.default_rng(1)
PAGE = RANDOM.integers(0, 256, (60, 200, 3), dtype=np.uint8)
LEVEL = np.array([[10, 20], [150, 20], [150, 44], [10, 44]], dtype=np.float32)


def warped(quad):
    """Return what the general way gives for any box."""
    width, height = int(np.linalg.norm(quad[1] - quad[0])), int(np.linalg.norm(quad[3] - quad[0]))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    transform = cv2.getPerspectiveTransform(quad, target)
    size = (width, height)
    return cv2.warpPerspective(
        PAGE, transform, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )[:, :, ::-1]


@pytest.mark.parametrize("right", [150, 199])
def test_a_level_box_is_what_the_page_has_there(right):
    quad = LEVEL.copy()
    quad[1:3, 0] = right

    (crop,) = cut(PAGE, [quad])

    assert (crop.pixels == PAGE[20:44, 10:right, ::-1]).all()
    assert (crop.pixels == warped(quad)).all()


def test_a_box_askew_is_straightened():
    quad = LEVEL + np.array([[0, 0], [0, 6], [0, 6], [0, 0]], dtype=np.float32)

    (crop,) = cut(PAGE, [quad])

    assert (crop.pixels == warped(quad)).all()


def test_a_page_upside_down_is_not_taken_for_level():
    quad = np.roll(LEVEL, -2, axis=0)

    (crop,) = cut(PAGE, [quad])

    assert crop.pixels.shape == (24, 140, 3)
    assert (crop.pixels == warped(quad)).all()


def test_parts_of_a_line_lie_where_they_do_on_the_page():
    (crop,) = cut(PAGE, [LEVEL])

    first, second = crop.parts([(0, 0.5), (0.75, 1)])

    assert first == pytest.approx(np.array([[10, 20], [80, 20], [80, 44], [10, 44]]))
    assert second == pytest.approx(np.array([[115, 20], [150, 20], [150, 44], [115, 44]]))
    assert crop.parts([]) == []
