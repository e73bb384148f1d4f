"""The characters of a PDF page: which come together, and what is told of them."""

from itertools import pairwise

import numpy as np
import pypdfium2 as pdfium
import pytest

from ocr_worker.documents import glyphs
from ocr_worker.documents.glyphs import read_glyphs
from ocr_worker.documents.page_view import PageView, around
from tests.scans import A4_PT, content_pdf, mapped_font, stream

VIEW = PageView(0, 0, *A4_PT, 0)


def two_byte_font(encoding):
    """Helvetica whose codes are characters in UTF-16, and what it refers to."""
    table = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Own def"
        b" 1 begincodespacerange <0000> <FFFF> endcodespacerange"
        b" 1 beginbfrange <0061> <007A> <0061> endbfrange endcmap end end"
    )
    font = (
        b"/Type /Font /Subtype /Type0 /BaseFont /Helvetica /Encoding /%s"
        b" /DescendantFonts [4 0 R] /ToUnicode 5 0 R" % encoding
    )
    descendant = (
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Helvetica /DW 600 /CIDToGIDMap /Identity"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        b" /FontDescriptor << /Type /FontDescriptor /FontName /Helvetica /Flags 32"
        b" /FontBBox [0 -200 1000 800] /ItalicAngle 0 /Ascent 800 /Descent -200 /StemV 80 >> >>"
    )
    return font, [descendant, stream(table)]


def utf_16(text):
    return f"<{text.encode('utf-16-be').hex()}>"


@pytest.fixture
def glyphs_of(tmp_path):
    def glyphs_of(*shown, view=VIEW, **entries):
        content = " ".join(f"BT /F1 12 Tf {each} Tj ET" for each in shown).encode()
        pdf = pdfium.PdfDocument(content_pdf(tmp_path / "a.pdf", [content], **entries))
        try:
            return read_glyphs(pdf[0].get_textpage(), view)
        finally:
            pdf.close()

    return glyphs_of


def test_letters_side_by_side_come_together_and_white_space_apart(glyphs_of):
    found = glyphs_of("72 700 Td (Two  words) ", "72 600 Td (more) ")

    assert ["Two", " ", "words", "\n", "more"] == [each.text for each in found]
    word = found[0]
    assert around([word.box, *word.ends]) == word.box
    first, last = word.ends
    assert (word.box[0], word.box[2]) == (first[0], last[2])
    assert first[2] < last[0]


def test_letters_of_two_text_objects_come_apart(glyphs_of):
    found = glyphs_of("72 700 Td (lea) ", "/F1 12 Tf 89.34 700 Td 3 Tr (ves) ")

    assert [("lea", True), ("ves", False)] == [(each.text, each.visible) for each in found]


@pytest.mark.parametrize("matrix", ["0 1 -1 0 300 300", "0.9 0.3 -0.3 0.9 300 300"])
def test_letters_that_are_not_level_come_one_by_one(glyphs_of, matrix):
    found = glyphs_of(f"{matrix} Tm (up) ")

    assert ["u", "p"] == [each.text for each in found if not each.text.isspace()]
    assert [None, None] == [each.ends for each in found if not each.text.isspace()]


def test_letters_one_below_the_other_are_not_side_by_side(glyphs_of):
    """As Chinese and Japanese may be set."""
    font, others = two_byte_font(b"Identity-V")

    found = glyphs_of(f"300 700 Td {utf_16('abc')} ", font=font, others=others)

    assert ["a", "b", "c"] == [each.text for each in found]
    assert {True} == {each.mapped for each in found}
    assert [0.0] * 3 == [each.angle for each in found]
    tops = [each.box[1] for each in found]
    assert sorted(tops) == tops


def test_letters_without_ink_have_the_boxes_that_their_font_reserves(glyphs_of, monkeypatch):
    monkeypatch.setattr(glyphs, "char_boxes_of", lambda page, indices: np.zeros((len(indices), 4)))

    (found,) = glyphs_of("72 700 Td (abc) ")

    left, top, right, bottom = found.box
    assert (72, 3 * 6.5) == pytest.approx((left, right - left), abs=0.5)
    assert bottom - top == pytest.approx(found.line_height)


def test_a_hyphen_at_the_end_of_a_line_is_told_as_one(glyphs_of):
    found = glyphs_of("72 700 Td (A bro-) ", "72 686 Td (ken word) ")

    assert "A bro-ken word" == "".join(each.text for each in found if each.text != "\n")


def test_characters_that_are_not_told_come_one_by_one(glyphs_of):
    font, table = mapped_font({65: "a", 66: "\ue000", 67: "b"})

    found = glyphs_of("72 700 Td (AABCC) ", font=font, others=[table])

    assert [("aa", True), ("\ue000", False), ("bb", True)] == [
        (each.text, each.mapped) for each in found
    ]


def test_letters_beyond_the_page_are_left_out_of_those_beside_them(glyphs_of):
    (found,) = glyphs_of("72 700 Td (cropped) ", view=PageView(0, 0, 100, 842, 0))

    assert "cropp" == found.text
    assert found.box[0] + found.box[2] <= 200


def test_a_page_of_white_space_has_no_glyphs(glyphs_of):
    assert [] == glyphs_of("72 700 Td (   ) ")


def test_a_long_text_has_each_character_in_its_own_place(glyphs_of):
    """More characters than PDFium is asked for at a time."""
    rows = [f"1 0 0 1 72 {800 - 9 * row} Tm (row {row:03} {'word ' * 12}) " for row in range(80)]

    found = [each for each in glyphs_of(*rows) if not each.text.isspace()]

    assert 80 * 14 == len(found)
    numbers = [each for each in found if each.text.isdigit()]
    assert [f"{row:03}" for row in range(80)] == [each.text for each in numbers]
    heights = [after.box[1] - before.box[1] for before, after in pairwise(numbers)]
    assert [9.0] * 79 == pytest.approx(heights, abs=0.2)
