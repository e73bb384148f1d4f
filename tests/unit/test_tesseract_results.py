"""Lines made of what Tesseract has found, from an iterator of ours; and quarter turns."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from ocr_worker.engines.tesseract.results import (
    SYMBOL,
    WORD,
    lines_of,
)
from ocr_worker.engines.tesseract.turning import turn, turn_back
from ocr_worker.layout import sides_of


@dataclass
class Line:
    """A line as Tesseract would tell of it; `words` are texts in reading order, and boxes.

    `blanks` are the spaces before them, one each if left out.
    """

    words: list
    blanks: tuple = ()
    confidence: float = 90.0
    baseline: tuple | None = None
    orientation: int = 0
    writing: int = 0
    deskew: float = 0.0


class Found:
    """Goes through the letters of lines as Tesseract's result iterator does."""

    def __init__(self, lines):
        self.places = [
            (line, at_word, at_letter)
            for line in lines
            for at_word, (text, _) in enumerate(line.words or [(" ", None)])
            for at_letter in range(len(text))
        ]

    def Next(self, level):
        assert level == SYMBOL
        self.places.pop(0)
        return bool(self.places)

    def IsAtBeginningOf(self, level):
        _, at_word, at_letter = self.places[0]
        return at_letter == 0 and (level == WORD or at_word == 0)

    def Empty(self, level):
        return not self.places[0][0].words

    def GetUTF8Text(self, level):
        line, at_word, at_letter = self.places[0]
        if not line.words:
            raise RuntimeError("No text returned")
        assert level == SYMBOL, "words come in the order of the ink"
        return line.words[at_word][0][at_letter]

    def BlanksBeforeWord(self):
        line, at_word, _ = self.places[0]
        return line.blanks[at_word] if line.blanks else 1

    def Confidence(self, level):
        line, _, at_letter = self.places[0]
        return line.confidence if level == WORD else line.confidence - at_letter

    def BoundingBox(self, level):
        line, at_word, at_letter = self.places[0]
        boxes = np.array([box for _, box in line.words])
        if level == WORD:
            return tuple(boxes[at_word])
        if level == SYMBOL:  # as wide as each other
            left, top, right, bottom = boxes[at_word]
            width = (right - left) / len(line.words[at_word][0])
            return (left + width * at_letter, top, left + width * (at_letter + 1), bottom)
        return (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))

    def Baseline(self, level):
        return self.places[0][0].baseline or False

    def Orientation(self):
        line, _, _ = self.places[0]
        return line.orientation, line.writing, 2, line.deskew


def direction(quad):
    along, _ = sides_of(quad)
    return math.degrees(math.atan2(along[1], along[0]))


def rotated(box, degrees):
    """Return the upright box round a box that was turned clockwise about the origin."""
    left, top, right, bottom = box
    angle = math.radians(degrees)
    axes = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) @ axes
    return corners, (*corners.min(axis=0), *corners.max(axis=0))


def test_nothing_found_is_no_line():
    assert lines_of(None) == []


def test_lines_have_their_words_texts_and_boxes():
    lines = lines_of(
        Found(
            [
                Line([("one", (10, 10, 40, 20)), ("two", (50, 9, 80, 21))], confidence=80),
                Line([("three", (10, 30, 60, 40))]),
            ]
        )
    )

    assert [line.text for line in lines] == ["one two", "three"]
    assert [[word.text for word in line.words] for line in lines] == [["one", "two"], ["three"]]
    assert lines[0].confidence == pytest.approx(0.8)
    assert lines[0].quad.tolist() == [[10, 9], [80, 9], [80, 21], [10, 21]]
    assert lines[0].words[1].quad.tolist() == [[50, 9], [80, 9], [80, 21], [50, 21]]


def test_pictures_and_rules_are_left_out():
    picture = Line([])

    lines = lines_of(Found([picture, Line([("text", (10, 30, 60, 40))]), picture]))

    assert [line.text for line in lines] == ["text"]


def test_words_that_run_from_right_to_left_are_told_in_the_order_of_reading():
    words = [("שלום", (50, 0, 90, 10)), ("12", (30, 0, 45, 10)), ("טוב", (0, 0, 20, 10))]

    (found,) = lines_of(Found([Line(words, blanks=(1, 1, 0))]))

    assert found.text == "שלום 12 טוב"
    assert [word.text for word in found.words] == ["שלום", "12", "טוב"]
    assert [float(word.quad[0, 0]) for word in found.words] == [50, 30, 0]


def test_syllables_without_a_space_between_are_one_word_however_wide_the_gap():
    words = [
        ("모", (0, 2, 10, 12)),
        ("든", (16, 0, 26, 10)),
        ("인", (29, 0, 39, 10)),
        ("간은", (39, 0, 59, 10)),
        ("15", (70, 0, 90, 10)),
        ("일", (90, 0, 100, 10)),
    ]

    (found,) = lines_of(Found([Line(words, blanks=(1, 0, 1, 0, 1, 0))]))

    assert found.text == "모든 인간은 15일"
    assert [word.text for word in found.words] == ["모든", "인간은", "15일"]
    assert found.words[0].quad.tolist() == [[0, 0], [26, 0], [26, 12], [0, 12]]
    assert found.words[1].confidence == pytest.approx(0.9)


def test_ideographs_and_kana_are_words_by_themselves_without_spaces_between():
    words = [("日本", (0, 0, 20, 10)), ("語", (20, 0, 30, 10)), ("OCR", (40, 0, 70, 10))]

    (found,) = lines_of(Found([Line(words, blanks=(0, 0, 1))]))

    assert found.text == "日本語 OCR"
    assert [word.text for word in found.words] == ["日", "本", "語", "OCR"]
    assert found.words[1].quad.tolist() == [[10, 0], [20, 0], [20, 10], [10, 10]]
    assert found.words[1].confidence == pytest.approx(0.89)


def test_letters_beside_an_ideograph_stay_a_word():
    (found,) = lines_of(
        Found([Line([("OCR入門", (0, 0, 50, 10)), ("版2", (50, 0, 70, 10))], (0, 0))])
    )

    assert found.text == "OCR入門版2"
    assert [word.text for word in found.words] == ["OCR", "入", "門", "版", "2"]
    assert found.words[0].quad.tolist() == [[0, 0], [30, 0], [30, 10], [0, 10]]


def test_marks_of_direction_and_doubled_spaces_are_not_text():
    words = [("\u200eone\u200f", (0, 0, 40, 10)), (" ", (41, 0, 42, 1)), ("two", (50, 0, 90, 10))]

    (found,) = lines_of(Found([Line(words)]))

    assert found.text == "one two"
    assert [word.text for word in found.words] == ["one", "two"]


def test_the_greek_letter_mu_is_not_the_sign_for_a_millionth():
    words = [("µου", (0, 0, 40, 10)), ("5µm", (50, 0, 90, 10))]

    assert lines_of(Found([Line(words)]))[0].text == "μου 5µm"


def test_a_joiner_within_a_word_is_text():
    """Persian spells words with it."""
    line = Line([("می\u200cروم", (50, 0, 90, 10))])

    assert lines_of(Found([line]))[0].text == "می\u200cروم"


@pytest.mark.parametrize("degrees", [-8, -1.5, 0, 2, 9])
@pytest.mark.parametrize("orientation", [0, 1, 2, 3])
def test_a_slanted_line_gets_boxes_with_its_slant(orientation, degrees):
    turned = 90 * orientation + degrees
    drawn = [(100, 50, 200, 70), (220, 50, 420, 70), (440, 50, 480, 70)]
    placed = [rotated(box, turned) for box in drawn]
    (start, end), _ = rotated((100, 66, 480, 66), turned)[0][:2], None
    line = Line(
        [("word", box) for _, box in placed],
        orientation=orientation,
        baseline=(tuple(start), tuple(end)),
    )

    (found,) = lines_of(Found([line]))

    whole, _ = rotated((100, 50, 480, 70), turned)
    assert np.allclose(found.quad, whole, atol=0.1)
    for word, (corners, _) in zip(found.words, placed, strict=True):
        assert np.allclose(word.quad, corners, atol=0.1)
    assert math.remainder(direction(found.quad) - turned, 360) == pytest.approx(0, abs=0.1)


def test_text_that_is_written_down_the_page_is_read_downwards():
    line = Line([("word", (10, 10, 30, 300))], writing=2, baseline=((14, 10), (14, 300)))

    (found,) = lines_of(Found([line]))

    assert direction(found.quad) == 90
    assert found.quad.tolist() == [[30, 10], [30, 300], [10, 300], [10, 10]]


def test_a_short_baseline_is_no_measure_and_its_blocks_slant_is_taken():
    line = Line([("1", (10, 10, 18, 30))], baseline=((10, 28), (18, 31)), deskew=math.radians(-2))

    (found,) = lines_of(Found([line]))

    assert direction(found.quad) == pytest.approx(-2, abs=0.1)


def test_a_baseline_that_cannot_be_is_not_believed():
    line = Line([("word", (10, 10, 300, 30))], baseline=((10, 10), (20, 300)))

    (found,) = lines_of(Found([line]))

    assert direction(found.quad) == 0


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_what_is_found_on_a_turned_page_is_turned_back(quarters):
    page = np.full((60, 100), 255, dtype=np.uint8)
    page[10:20, 30:70] = 0

    upright = turn(page, quarters)
    ys, xs = np.nonzero(upright == 0)
    left, top, right, bottom = xs.min(), ys.min(), xs.max() + 1, ys.max() + 1
    quad = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float32)
    back = turn_back(quad, quarters, page.shape)

    assert (*back.min(axis=0), *back.max(axis=0)) == (30, 10, 70, 20)
    assert math.remainder(direction(back) + 90 * quarters, 360) == pytest.approx(0)
