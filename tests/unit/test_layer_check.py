"""The comparison of a layer with what is seen, with engines that read what they are told to."""

import dataclasses

import msgspec
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_worker import wire
from ocr_worker.documents.base import PageImage
from ocr_worker.engines.base import RecognizedLine, RecognizedWord
from ocr_worker.own_text.ink import Ink
from ocr_worker.own_text.layer_check import check_layer, compare
from ocr_worker.own_text.layer_sample import take_sample
from ocr_worker.own_text.montage import LINE_PX, MARGIN_PX, SIDE_PX, CutOut, make_montage

SIZE = (600, 800)
LINE_PT = 14.0


def page_image(texts, *, top=60, pitch=24):
    """A page of 600 x 800 pixels, one for each point, with these lines from x = 50."""
    image = Image.new("RGB", SIZE, "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(LINE_PT)
    for number, text in enumerate(texts):
        pen.text((50, top + pitch * number), text, "black", font)
    pixels = np.asarray(image)
    return PageImage(pixels, *map(float, SIZE), 0.0, 0.0, 1.0, 1.0, 72.0)


def layer(texts, *, top=60, pitch=24):
    """The lines of a layer where `page_image` draws them."""
    font = ImageFont.load_default(LINE_PT)
    made = []
    for number, text in enumerate(texts):
        x, y, words = 50.0, float(top + pitch * number), []
        for word in text.split():
            width = font.getlength(word)
            words.append(
                wire.Word(
                    text=word,
                    confidence=1.0,
                    x=x,
                    y=y,
                    width=width,
                    height=LINE_PT,
                    line=number,
                    block=0,
                )
            )
            x += width + font.getlength(" ")
        made.append(
            wire.Line(
                text=text,
                confidence=1.0,
                x=50.0,
                y=y,
                width=x - 50,
                height=LINE_PT,
                block=0,
                words=tuple(words),
            )
        )
    return made


class Reader:
    """An engine that tells, for each strip of a montage from the top, what it is told to."""

    name = "reader"
    version = "1"

    def __init__(self, *texts, confidence=0.95):
        self.texts = texts
        self.confidence = confidence
        self.seen = None

    def recognize(self, pixels, reading, checkpoint):
        self.seen, self.reading = pixels, reading
        checkpoint("recognize")
        inked = (pixels[:, :, 1] < 128).any(axis=1)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], inked.astype(int), [0]])))
        strips = [(a, b) for a, b in edges.reshape(-1, 2).tolist() if b - a > 3]
        return [
            line_at(text, 20, top, 60, bottom - top, self.confidence)
            for text, (top, bottom) in zip(self.texts, strips, strict=False)
            if text
        ]


def line_at(text, x, y, width, height, confidence=0.95):
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    quad = np.array(corners, dtype=np.float32)
    words = tuple(RecognizedWord(word, confidence, quad) for word in text.split())
    return RecognizedLine(text, confidence, quad, words)


def check(lines, image, engine, others=()):
    return check_layer(lines, others, image, engine, ("en",), lambda stage: None)


TEXTS = ["the first line of a page", "the second one follows it", "and the third ends it all"]


def test_a_layer_that_says_what_is_seen_is_kept():
    finding = check(layer(TEXTS), page_image(TEXTS), Reader(*TEXTS))

    assert finding.is_kept
    assert (1.0, 0.0) == (finding.agreement, finding.left_out)
    assert "of 17 words that were compared with what is seen, 100 % agree" == finding.reason


def test_a_layer_that_says_something_else_is_not():
    others = ["nothing of this is there", "these are not its words", "so it must be refused"]

    finding = check(layer(others), page_image(TEXTS), Reader(*TEXTS))

    assert not finding.is_kept
    assert finding.agreement < 0.2
    assert "agree" in finding.reason


def test_a_layer_over_nothing_is_not_kept():
    assert not check(layer(TEXTS), page_image([]), Reader()).is_kept


def test_a_layer_of_the_first_line_leaves_out_the_others():
    """The strips of a montage: the line that is claimed, then ink that nobody claims."""
    seen = [TEXTS[0], *TEXTS[1:] * 4]

    finding = check(layer(TEXTS[:1]), page_image(seen), Reader(*seen))

    assert 1.0 == finding.agreement
    assert finding.left_out > 0.7
    assert not finding.is_kept
    assert "leaves out" in finding.reason


def test_ink_in_which_nothing_can_be_read_is_no_text_left_out():
    seen = [TEXTS[0], *TEXTS[1:] * 4]

    unreadable = check(layer(TEXTS[:1]), page_image(seen), Reader(TEXTS[0]))
    guessed = check(layer(TEXTS[:1]), page_image(seen), Reader(*seen, confidence=0.6))

    assert unreadable.is_kept
    assert guessed.is_kept


def test_words_of_the_layer_that_are_found_beside_their_boxes_are_not_left_out():
    seen = [TEXTS[0], *TEXTS[1:] * 4]

    finding = check(layer(TEXTS[:1]), page_image(seen), Reader(*[TEXTS[0]] * 9))

    assert finding.is_kept
    assert 0.0 == finding.left_out


def test_ink_where_the_layer_does_not_speak_is_no_text_left_out():
    seen = [TEXTS[0], *TEXTS[1:] * 4]

    finding = check(layer(TEXTS[:1]), page_image(seen), Reader(*seen), [(0, 80, 600, 800)])

    assert 0.0 == finding.left_out


def test_of_a_region_the_words_in_it_are_compared():
    whole = page_image(TEXTS)
    left = dataclasses.replace(whole, pixels=whole.pixels[:, :105])
    seen = ["the first", "the second", "and the"]

    finding = check(layer(TEXTS), left, Reader(*seen))

    assert (6, 1.0) == (finding.n_words, finding.agreement)


@pytest.mark.parametrize("too_wide", [0.0, 12.0])
def test_of_a_line_that_is_cut_the_words_beside_are_left_out(too_wide):
    """Boxes of layers without glyphs are as wide as their last letter is high."""
    (line,) = layer(["a line of very many words " * 4])
    words = tuple(msgspec.structs.replace(w, width=w.width + too_wide) for w in line.words)
    line = msgspec.structs.replace(line, words=words)

    (sample,) = take_sample([line], page_image([line.text]))

    n = len(sample.words)
    assert words[:n] == sample.words
    assert n < len(words)
    assert sample.cut_out.box[2] <= words[n].x


def test_a_page_of_short_numbers_is_compared_too():
    numbers = ["12", "7", "93"]

    assert check(layer(numbers), page_image(numbers), Reader(*numbers)).is_kept
    assert not check(layer(numbers), page_image(numbers), Reader("15", "1", "33")).is_kept


def test_of_a_long_page_a_few_lines_are_read_in_one_small_picture():
    texts = [f"line number {number} of a long page of text" for number in range(30)]
    engine = Reader()

    check(layer(texts), page_image(texts), engine)

    assert (SIDE_PX, SIDE_PX, 3) == engine.seen.shape
    assert 0.05 < (engine.seen < 128).mean() / (page_image(texts).pixels < 128).mean() < 0.5
    assert not engine.reading.rotate


@pytest.mark.parametrize(
    ("claimed", "read", "expected"),
    [
        ("Total: 12.50", "total 12.50", (4, 4)),
        ("cash sale", "CASHSALE", (3, 3)),
        ("sub-total", "sub total", (3, 3)),
        ("one two three", "one tvo three", (4, 6)),
        ("one two", "", (0, 2)),
        ("", "one two", (0, 2)),
        ("--", "", (0, 0)),
        ("one two", "e one two r", (4, 4)),
        ("one two", "one x two", (4, 5)),
        ("straße ﬁn", "STRASSE fin", (4, 4)),
    ],
)
def test_words_agree_letter_by_letter_wherever_spaces_and_points_are(claimed, read, expected):
    assert expected == compare(claimed, read)


def test_a_cut_out_that_runs_down_the_page_is_turned_level():
    pixels = np.full((100, 100, 3), 255, dtype=np.uint8)
    pixels[10:20, 80:90] = 0  # at the top right: where a line that runs downwards begins

    montage = make_montage(pixels, [CutOut((0, 0, 100, 100), 20, 90)])

    ys, xs = np.nonzero(montage.pixels[:, :, 0] == 0)
    assert (10, 20) == (xs.min() - MARGIN_PX, xs.max() + 1 - MARGIN_PX)
    assert (10, 20) == (ys.min() - MARGIN_PX, ys.max() + 1 - MARGIN_PX)


def test_large_letters_are_made_smaller():
    pixels = np.zeros((200, 900, 3), dtype=np.uint8)

    montage = make_montage(pixels, [CutOut((0, 0, 900, 200), 4 * LINE_PX)])

    assert (900 / 4 + 2 * MARGIN_PX, 200 / 4) == (
        montage.strips[0][2],
        montage.strips[0][3] - montage.strips[0][1],
    )


def test_strips_have_the_ground_of_what_was_cut_out():
    pixels = np.full((40, 200, 3), 20, dtype=np.uint8)

    montage = make_montage(pixels, [CutOut((0, 0, 200, 40), 20)])

    left, top, right, bottom = montage.strips[0]
    assert 20 == montage.pixels[top - MARGIN_PX : bottom + MARGIN_PX, left:right].max()


def test_many_strips_stand_in_columns_and_each_knows_its_own_lines():
    pixels = np.zeros((1000, 300, 3), dtype=np.uint8)
    parts = [CutOut((0, 50.0 * n, 300, 50.0 * n + 50), 30) for n in range(20)]

    montage = make_montage(pixels, parts)

    height, width = montage.pixels.shape[:2]
    assert width < 1000
    assert height < 1000
    inside = [
        line_at(str(n), left + 9, top + 5, 40, 20)
        for n, (left, top, _, _) in enumerate(montage.strips)
    ]
    assert [[str(n)] for n in range(20)] == [
        [line.text for line in lines] for lines in montage.texts(inside[::-1])
    ]


def test_plain_paper_holds_no_ink_and_written_paper_does():
    blank, written = page_image([]), page_image(TEXTS * 5)

    assert not Ink(blank.pixels, LINE_PT).may_be_text()
    assert Ink(written.pixels, LINE_PT).may_be_text()


def test_a_photograph_without_a_plain_spot_is_not_looked_at():
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)

    assert not Ink(noise, LINE_PT).may_be_text()


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 500, 3)])
def test_a_picture_of_a_few_pixels_holds_nothing(shape):
    ink = Ink(np.zeros(shape, dtype=np.uint8), 30)

    assert not ink.may_be_text()
    assert [] == ink.tiles(ink.outside([]))
