"""How thick lines are is guessed from the letters of a thumbnail, and pages are looked at by it."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_worker.engines.rapidocr.detector import LEAST_SHARE, WANTED_PX, Detector
from ocr_worker.engines.rapidocr.text_height import guessed_thickness

SIZE = 1024
WORDS = "The quick brown fox jumps over the lazy dog 0123456789"


def page_of_text(font_px, *, n_lines=12, ink=0, paper=255, width=SIZE):
    image = Image.new("RGB", (width, SIZE), (paper,) * 3)
    font = ImageFont.load_default(font_px)
    for line in range(n_lines):
        place = (20, 20 + line * 1.5 * font_px)
        ImageDraw.Draw(image).text(place, WORDS, fill=(ink,) * 3, font=font)
    return np.asarray(image)


class Blank:
    """A network that finds nothing."""

    def __init__(self):
        self.shapes = []

    def run(self, batch):
        self.shapes.append(batch.shape[2:])
        return np.zeros((1, 1, *batch.shape[2:]), dtype=np.float32)


def first_look_at(page):
    network = Blank()
    Detector(network).detect(page, lambda _stage: None)
    return network.shapes[0]


@pytest.mark.parametrize("font_px", [20, 28, 36])
@pytest.mark.parametrize("colours", [(0, 255), (120, 200)])
def test_a_line_is_guessed_to_be_about_as_thick_as_its_font_is_high(font_px, colours):
    ink, paper = colours
    page = page_of_text(font_px, ink=ink, paper=paper)

    assert guessed_thickness(page, 1.0) == pytest.approx(font_px, rel=0.3)


def test_the_guess_is_one_of_the_page_at_its_scale():
    page = page_of_text(60, n_lines=8)

    assert guessed_thickness(page, 0.5) == pytest.approx(guessed_thickness(page, 1.0) / 2, rel=0.15)


def test_rules_frames_and_specks_are_no_letters():
    page = page_of_text(30).copy()
    alone = guessed_thickness(page, 1.0)
    page[::40, :] = 0
    page[600:, 1000:1004] = 0
    specks = np.random.default_rng(1).random((200, SIZE)) < 0.002
    page[800:1000][specks] = 0

    assert guessed_thickness(page, 1.0) == pytest.approx(alone, rel=0.3)


@pytest.mark.parametrize(
    "page",
    [
        np.full((SIZE, SIZE, 3), 255, dtype=np.uint8),
        page_of_text(30, n_lines=0),
        page_of_text(400, n_lines=1),
        np.zeros((1, 1, 3), dtype=np.uint8),
    ],
    ids=["paper", "no lines", "a headline", "one pixel"],
)
def test_of_few_letters_nothing_is_guessed(page):
    assert guessed_thickness(page, 1.0) is None


def test_large_letters_are_looked_at_small_and_only_so_small():
    large, larger = page_of_text(22), page_of_text(70, n_lines=9)
    share = WANTED_PX / guessed_thickness(large, 1.0)
    assert LEAST_SHARE < share < 0.9

    assert first_look_at(large)[0] == pytest.approx(share * SIZE, abs=32)
    assert first_look_at(larger)[0] == pytest.approx(LEAST_SHARE * SIZE, abs=32)


def test_a_page_of_small_letters_is_looked_at_as_if_nobody_had_guessed():
    assert first_look_at(page_of_text(12, n_lines=30)) == (SIZE, SIZE)
