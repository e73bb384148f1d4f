"""The text layer: when it is trusted, and how glyphs become lines and words."""

import contextlib

import pytest

from ocr_worker import wire
from ocr_worker.documents import open_document
from ocr_worker.documents.glyphs import Glyphs, median_line_height
from ocr_worker.documents.native_lines import make_lines
from ocr_worker.documents.page_view import PageView
from ocr_worker.documents.text_layer import Surroundings, judge, make_text_layer
from tests.scans import content_pdf, shown_text, text_pdf

SENTENCE = "Enough letters to be a sentence"
SIZE = (595.0, 842.0)
BARE = Surroundings()
SCAN = Surroundings(image_coverage=1.0)


def glyphs(text, *, visible=True, mapped=True, x=0.0, y=0.0):
    """Glyphs 5 wide and 8 high, a line every 10 points."""
    made, column, row = [], 0, 0
    for char in text:
        box = (x + column * 5, y + row * 10, x + column * 5 + 5, y + row * 10 + 8)
        made.append(Glyphs(char, box, 10.0, visible, mapped))
        column, row = (0, row + 1) if char == "\n" else (column + 1, row)
    return made


@pytest.fixture
def layer_of():
    with contextlib.ExitStack() as opened:

        def layer_of(path):
            document = open_document(wire.Source(path=str(path)), wire.Limits())
            opened.callback(document.close)
            return document.text_layer(1)

        yield layer_of


def test_visible_text_is_trusted():
    assert ("trusted", "the page has text of its own") == judge(glyphs(SENTENCE), BARE)


@pytest.mark.parametrize("coverage", [0.9, 1.0])
def test_text_over_an_image_that_fills_the_page_is_doubtful(coverage):
    verdict = judge(glyphs(SENTENCE * 20), Surroundings(image_coverage=coverage))

    assert ("doubtful", "the page is an image with text over it") == verdict


def test_a_stamp_on_a_scan_is_no_text_layer():
    assert ("refused", "the page is an image") == judge(glyphs("Page 7"), SCAN)


def test_invisible_text_over_a_scan_is_doubtful():
    hidden = glyphs(SENTENCE * 20, visible=False)

    assert ("doubtful", "the text is an invisible layer over a scan") == judge(hidden, SCAN)


def test_a_layer_over_a_scan_without_real_characters_is_refused():
    hidden = glyphs(SENTENCE, visible=False) + glyphs("\ufffd" * 5, visible=False, mapped=False)

    assert ("refused", "the text does not map to real characters") == judge(hidden, SCAN)


def test_invisible_text_alone_is_refused():
    assert ("refused", "the text is invisible") == judge(glyphs(SENTENCE, visible=False), BARE)


def test_glyphs_without_real_characters_are_refused():
    broken = glyphs(SENTENCE) + glyphs("\ufffd\ue000\x01\x02\ufffd", mapped=False)

    assert ("refused", "the text does not map to real characters") == judge(broken, BARE)


def test_a_few_bullets_of_a_symbol_font_do_no_harm():
    assert "trusted" == judge(glyphs(SENTENCE) + glyphs("\uf0b7", mapped=False), BARE)[0]


def test_a_page_number_is_no_text_layer():
    verdict = judge(glyphs("- 17 -"), BARE)

    assert ("refused", "the page has too little text of its own") == verdict


def test_a_letterhead_over_a_picture_of_the_letter_is_refused():
    """The picture is what there is to read, though it does not fill the page."""
    assert "refused" == judge(glyphs(SENTENCE), Surroundings(image_coverage=0.7))[0]
    assert "trusted" == judge(glyphs(SENTENCE * 10), Surroundings(image_coverage=0.7))[0]
    assert "trusted" == judge(glyphs(SENTENCE), Surroundings(image_coverage=0.2))[0]


@pytest.mark.parametrize("coverage", [0.0, 1.0])
def test_text_over_the_text_is_refused(coverage):
    around_it = Surroundings(image_coverage=coverage, text_over_it=True)

    assert "refused" == judge(glyphs(SENTENCE), around_it)[0]


def test_text_as_white_as_paper_is_doubtful():
    pale = [glyph._replace(pale=True) for glyph in glyphs(SENTENCE)]

    assert ("doubtful", "much of the text is white") == judge(glyphs(SENTENCE) + pale, BARE)
    assert "trusted" == judge(glyphs(SENTENCE * 12) + pale, BARE)[0]


def test_many_shapes_of_the_size_of_letters_make_a_page_doubtful():
    verdict = judge(glyphs(SENTENCE), Surroundings(drawn_letters=61))

    assert ("doubtful", "the page has drawings that could be text") == verdict
    assert "trusted" == judge(glyphs(SENTENCE * 40), Surroundings(drawn_letters=61))[0]


def test_a_font_that_spells_no_words_makes_a_page_doubtful_however_much_another_spells():
    scrambled = "Uifsf bsf qmfouz pg mfuufst ifsf uibu nblf op xpset jo boz mbohvbhf " * 2
    other_font = [glyph._replace(font=7) for glyph in glyphs(scrambled)]

    verdict = judge(glyphs(SENTENCE * 30 + " ") + other_font, BARE)

    assert ("doubtful", "the letters of the text make no words") == verdict


@pytest.mark.parametrize("text", ["", "  \n \n"])
def test_no_glyphs_but_white_space_make_no_layer(text):
    assert None is make_text_layer(glyphs(text), SIZE, BARE)


def test_a_trusted_layer_leaves_out_what_cannot_be_seen():
    layer = make_text_layer(glyphs(SENTENCE + "\n") + glyphs("hidden", visible=False), SIZE, BARE)

    assert [SENTENCE] == [line.text for line in layer.lines]


@pytest.mark.parametrize("around_it", [BARE, SCAN])
def test_a_layer_that_is_not_trusted_holds_all_the_same(around_it):
    layer = make_text_layer(glyphs(SENTENCE, visible=False), SIZE, around_it)

    assert [SENTENCE] == [line.text for line in layer.lines]


def test_lines_and_words_have_the_boxes_of_their_glyphs():
    first, second = make_lines(glyphs("Two  words\nmore", x=100, y=50))

    assert ("Two words", 100, 50, 50, 8) == (
        first.text,
        first.x,
        first.y,
        first.width,
        first.height,
    )
    assert ["Two", "words"] == [word.text for word in first.words]
    assert [(100, 15), (125, 25)] == [(word.x, word.width) for word in first.words]
    assert [0, 0, 1] == [word.line for line in (first, second) for word in line.words]
    assert 60 == second.y
    assert {1.0} == {word.confidence for word in first.words}


def test_empty_lines_are_left_out_and_do_not_count():
    lines = make_lines(glyphs("One\n\n \nTwo"))

    assert ["One", "Two"] == [line.text for line in lines]
    assert 1 == lines[1].words[0].line


def test_control_characters_are_left_out_of_words():
    assert ["ab"] == [line.text for line in make_lines(glyphs("a\x01b\n\x02"))]


def test_surrogates_are_joined_and_a_lone_one_is_replaced():
    """Otherwise the page could not be written as UTF-8."""
    line = make_lines(glyphs("\ud83d\ude00\ud83d"))[0]

    assert "\U0001f600\ufffd" == line.text


def test_the_usual_line_height_is_the_median_of_what_is_seen():
    small = [Glyphs("a", (0, 0, 5, 8), 8.0, True, True)] * 12
    large = [Glyphs("A", (0, 0, 50, 80), 80.0, True, True)] * 5
    hidden = [Glyphs("x", (0, 0, 1, 1), 1.0, False, True)] * 99

    assert 8 == median_line_height(small + large + hidden)
    assert None is median_line_height(large)


@pytest.mark.parametrize(
    ("rotation", "size", "expected"),
    [
        (0, (100, 200), (10, 160, 30, 190)),
        (90, (200, 100), (10, 10, 40, 30)),
        (180, (100, 200), (70, 10, 90, 40)),
        (270, (200, 100), (160, 70, 190, 90)),
    ],
)
def test_boxes_are_turned_as_a_viewer_turns_the_page(rotation, size, expected):
    """A box 20 wide and 30 high, 10 from the left and the bottom of a page 100 wide, 200 high."""
    view = PageView(50, 60, 150, 260, rotation)

    assert size == view.size
    assert expected == view.box(60, 70, 80, 100)


def test_a_born_digital_page_is_read_where_it_stands(tmp_path, layer_of):
    layer = layer_of(text_pdf(tmp_path / "a.pdf", [["Hello (wide) world", "and Grüße"]]))

    assert "trusted" == layer.trust
    assert ["Hello (wide) world", "and Grüße"] == [line.text for line in layer.lines]
    hello = layer.lines[0].words[0]
    assert (72, 72) == pytest.approx((hello.x, hello.y + hello.height), abs=2)
    assert (27, 9) == pytest.approx((hello.width, hello.height), abs=2)


@pytest.mark.parametrize(
    ("rotation", "matrix"),
    [(90, "0 1 -1 0 72 100"), (180, "-1 0 0 -1 495 72"), (270, "0 -1 1 0 523 742")],
)
def test_text_on_a_turned_page_stands_where_a_viewer_shows_it(tmp_path, layer_of, rotation, matrix):
    """The text is written at an angle that the page's rotation makes upright."""
    content = f"BT /F1 12 Tf {matrix} Tm (Upright after all) Tj ET".encode()
    entries = b"/Rotate %d" % rotation

    line = layer_of(content_pdf(tmp_path / "a.pdf", [content], page_entries=entries)).lines[0]

    assert ("Upright after all", 0.0) == (line.text, line.angle)
    assert 100 == pytest.approx(line.x, abs=2)
    assert 72 == pytest.approx(line.y + line.height, abs=4)
    assert line.width > 5 * line.height
    assert sorted(word.x for word in line.words) == [word.x for word in line.words]


def test_text_outside_the_crop_box_is_left_out(tmp_path, layer_of):
    content = shown_text([SENTENCE], top=770) + shown_text(["Trimmed away"], top=20)
    entries = b"/CropBox [0 100 595 842]"

    layer = layer_of(content_pdf(tmp_path / "a.pdf", [content], page_entries=entries))

    assert [SENTENCE] == [line.text for line in layer.lines]


def test_a_font_without_characters_is_not_trusted(tmp_path, layer_of):
    """Codes that the font maps to private characters, as broken subsets do."""
    differences = b" ".join(b"/uniE0%02X" % code for code in range(65, 91))
    font = (
        b"/Type /Font /Subtype /TrueType /BaseFont /ABCDEF+Nothing"
        b" /Encoding << /Type /Encoding /Differences [65 %s] >>" % differences
    )
    content = shown_text(["ABCDEFGHIJKLMNOPQRSTUVWXYZ"])

    layer = layer_of(content_pdf(tmp_path / "a.pdf", [content], font=font))

    assert "refused" == layer.trust


def test_invisible_text_of_a_page_is_not_trusted(tmp_path, layer_of):
    layer = layer_of(content_pdf(tmp_path / "a.pdf", [shown_text([SENTENCE], mode=3)]))

    assert ("refused", "the text is invisible") == (layer.trust, layer.reason)
