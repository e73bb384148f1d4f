import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_worker.engines.base import RecognizedLine, RecognizedWord
from ocr_worker.payload import RecognizeOptions
from ocr_worker.preparation.levels import darkened, is_blank
from ocr_worker.preparation.prepare import prepare
from ocr_worker.preparation.straightening import skew_of, straightened

EVERYTHING = frozenset({"blank", "deskewed", "contrast"})


def page(*, skew=0.0, ink=20, paper=250, size=(900, 1200)):
    """A page of text that runs downwards by so many degrees."""
    image = Image.new("RGB", size, (paper,) * 3)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(24)
    for number in range(24):
        text = f"Line {number} of the text, which goes on to the margin {number * 37}"
        pen.text((120, 120 + 40 * number), text, fill=(ink,) * 3, font=font)
    turned = image.rotate(-skew, Image.Resampling.BICUBIC, fillcolor=(paper,) * 3)
    return np.asarray(turned)


def line_at(x, y):
    quad = np.array([[x, y], [x + 100, y], [x + 100, y + 20], [x, y + 20]], dtype=np.float32)
    return RecognizedLine("word", 0.9, quad, (RecognizedWord("word", 0.9, quad),))


def test_paper_without_anything_on_it_is_blank():
    assert is_blank(np.full((300, 200, 3), 255, dtype=np.uint8))
    assert is_blank(np.full((300, 200, 3), 90, dtype=np.uint8))


def test_a_little_noise_leaves_a_page_blank():
    noise = np.random.default_rng(3).integers(248, 254, (300, 200, 3)).astype(np.uint8)

    assert is_blank(noise)


@pytest.mark.parametrize(
    "colour", [(225, 225, 225), (255, 255, 200), (255, 230, 255)], ids=["grey", "yellow", "pink"]
)
def test_a_single_faint_word_of_any_colour_is_not_nothing(colour):
    image = Image.new("RGB", (800, 1000), (255, 255, 255))
    ImageDraw.Draw(image).text((300, 500), "faint", fill=colour, font=ImageFont.load_default(30))

    assert not is_blank(np.asarray(image))


@pytest.mark.parametrize("skew", [-9.0, -3.0, -0.7, 0.7, 2.5, 8.0])
def test_the_skew_of_a_page_is_found(skew):
    assert skew_of(page(skew=skew)) == pytest.approx(skew, abs=0.15)


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_the_skew_of_a_page_that_does_not_lie_upright_is_found(quarter):
    pixels = np.ascontiguousarray(np.rot90(page(skew=3.0), quarter))

    assert skew_of(pixels) == pytest.approx(3.0, abs=0.15)


def test_a_level_page_has_no_skew():
    assert skew_of(page()) == 0.0


def test_a_page_without_ink_has_no_skew():
    assert skew_of(np.full((600, 400, 3), 255, dtype=np.uint8)) == 0.0


def test_a_straightened_page_is_level():
    pixels, _ = straightened(page(skew=5.0), 5.0)

    assert skew_of(pixels) == 0.0


def test_what_is_found_on_the_straightened_page_is_told_where_it_lies_on_the_page():
    pixels = np.full((1000, 800, 3), 255, dtype=np.uint8)
    pixels[300:304, 600:604] = 0  # a mark to be found again
    straight, back = straightened(pixels, 6.0)
    rows, columns = np.nonzero(straight.min(axis=2) < 128)
    mark = np.array([columns.mean(), rows.mean()])

    assert back[:, :2] @ mark + back[:, 2] == pytest.approx([601.5, 301.5], abs=0.7)


def test_corners_of_lines_and_words_go_back_to_the_page():
    prepared = prepare(page(skew=5.0), RecognizeOptions(), EVERYTHING)

    (line,) = prepared.on_page([line_at(400, 600)])

    along = line.quad[1] - line.quad[0]
    assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(5.0, abs=0.2)
    assert line.words[0].quad == pytest.approx(line.quad)


def test_faded_writing_is_darkened_to_black_on_white():
    darker = darkened(page(ink=170, paper=220))

    assert darker.min() == 0
    assert np.median(darker) >= 253


def test_a_shadow_is_taken_off_the_page():
    shadow = np.linspace(0.45, 1.0, 900)[np.newaxis, :, np.newaxis]
    shaded = (page() * shadow).astype(np.uint8)

    even = darkened(shaded)

    assert np.median(even[:, 20:60]) >= 250
    assert np.median(even[:, -60:-20]) >= 250


@pytest.mark.parametrize("levels", [(20, 250), (60, 200)])
def test_writing_that_is_dark_enough_is_left_as_it_is(levels):
    assert darkened(page(ink=levels[0], paper=levels[1])) is None


def test_noise_is_no_faded_writing():
    assert darkened(page(ink=240, paper=250)) is None


def test_a_page_tells_what_was_done_to_it():
    prepared = prepare(page(skew=4.0, ink=170, paper=220), RecognizeOptions(), EVERYTHING)

    assert prepared.steps == ("contrast", "deskewed")


def test_every_step_can_be_switched_off():
    options = RecognizeOptions(deskew=False, contrast=False, skip_blank=False)
    faded = page(skew=4.0, ink=170, paper=220)
    blank = np.full((300, 200, 3), 255, dtype=np.uint8)

    assert prepare(faded, options, EVERYTHING).pixels is faded
    assert prepare(blank, options, EVERYTHING).pixels is blank


def test_nothing_is_done_that_the_engine_gains_nothing_from():
    faded = page(skew=4.0, ink=170, paper=220)

    assert prepare(faded, RecognizeOptions(), frozenset()).pixels is faded


def test_a_blank_page_is_left_to_nobody():
    blank = np.full((300, 200, 3), 255, dtype=np.uint8)

    assert prepare(blank, RecognizeOptions(), EVERYTHING) is None


def test_ink_is_found_wherever_on_a_page_it_is():
    """The page is looked at band by band, and what differs may be in two of them."""
    for row in (2, 254, 255, 256, 257, 700, 997):
        page = np.full((1000, 300, 3), 255, dtype=np.uint8)
        page[row - 2 : row + 3, 100:120] = 90
        assert not is_blank(page), row
    shaded = np.full((1000, 300, 3), 200, dtype=np.uint8)
    shaded[500:] = 230
    assert not is_blank(shaded)
