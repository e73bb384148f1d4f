"""The characters of a PDF page: which come together, and what is told of them."""

from itertools import pairwise

import pypdfium2 as pdfium
import pytest

from ocr_worker.documents.glyphs import read_glyphs
from ocr_worker.documents.page_view import PageView, around
from tests.scans import A4_PT, content_pdf, mapped_font

VIEW = PageView(0, 0, *A4_PT, 0)


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
