"""A page is looked at in pieces that fit together again, and at a scale that its lines ask for."""

import cv2
import numpy as np
import pytest

from ocr_worker.engines.rapidocr.detector import Detector
from ocr_worker.engines.rapidocr.text_map import OVERLAP_PX, PIECE_PX, text_map


def nowhere(_stage):
    """Go on."""


class Brightness:
    """A network that finds text where a page is bright."""

    def __init__(self):
        self.shapes = []

    def run(self, batch):
        self.shapes.append(batch.shape[2:])
        return (batch[:, :1] + 1) / 2


def page_of_stripes(height, width, stripe_px):
    """Return a page with bright lines as high as the gaps between them, and a margin around."""
    page = np.zeros((height, width, 3), dtype=np.uint8)
    for top in range(4 * stripe_px, height - 4 * stripe_px, 2 * stripe_px):
        page[top : top + stripe_px, 4 * stripe_px : -4 * stripe_px] = 255
    return page


@pytest.mark.parametrize("size", [(300, 500), (2000, 900), (1500, 3000)])
def test_the_pieces_of_a_page_make_the_whole(size):
    page = page_of_stripes(*size, 15)
    network = Brightness()

    seen = text_map(network, page, 1.0, nowhere)

    height, width = seen.probability.shape
    assert (seen.scale_y, seen.scale_x) == (height / size[0], width / size[1])
    wanted = cv2.resize(page, (width, height), interpolation=cv2.INTER_AREA)[..., 0] / 255
    is_seen = seen.probability > 0
    assert is_seen.mean() > 0.2
    assert np.abs(seen.probability - wanted)[is_seen].max() < 0.5
    assert wanted[~is_seen].max() == 0


def test_nothing_is_seen_on_plain_paper_and_the_network_is_not_asked():
    network = Brightness()
    shade = np.linspace(200, 255, 1000).astype(np.uint8)
    page = np.repeat(np.tile(shade, (1400, 1))[..., np.newaxis], 3, axis=2)

    seen = text_map(network, page, 1.0, nowhere)

    assert seen.probability.max() == 0
    assert network.shapes == []


def test_nothing_is_seen_far_from_a_dark_edge():
    page = np.full((800, 600, 3), 255, dtype=np.uint8)
    page[:3] = 0

    seen = text_map(Brightness(), page, 1.0, nowhere)

    assert seen.probability[:15].max() == 1
    assert seen.probability[40:].max() == 0


def test_no_piece_is_larger_than_memory_allows():
    network = Brightness()

    text_map(network, page_of_stripes(5000, 3000, 20), 1.0, nowhere)

    assert len(network.shapes) == 15
    assert max(max(shape) for shape in network.shapes) <= PIECE_PX + 2 * OVERLAP_PX + 64


def test_a_page_with_thin_lines_is_looked_at_again_larger():
    network = Brightness()

    quads = Detector(network).detect(page_of_stripes(2000, 1600, 8), nowhere)

    first, *second = network.shapes
    assert max(first) == 1024
    assert len(second) > 1
    assert len(quads) == (2000 - 8 * 8) // 16


def test_a_page_with_thick_lines_is_looked_at_once():
    network = Brightness()

    Detector(network).detect(page_of_stripes(2000, 1600, 40), nowhere)

    assert len(network.shapes) == 1


def test_a_large_page_where_nothing_was_seen_is_looked_at_again():
    page = np.zeros((3000, 2000, 3), dtype=np.uint8)
    page[1000:1002, 500:1500] = 100  # too dark to be told small
    network = Brightness()

    Detector(network).detect(page, nowhere)

    assert len(network.shapes) > 1


def test_each_look_at_a_piece_can_be_left():
    stages = []

    Detector(Brightness()).detect(page_of_stripes(2000, 1600, 8), stages.append)

    assert stages == ["detect"] * len(stages)
    assert len(stages) > 2
