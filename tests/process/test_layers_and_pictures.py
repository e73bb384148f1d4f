"""The real engine as judge of text layers and reader of pictures, on pages drawn here."""

import contextlib
import re
import shutil
import string
import subprocess

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_worker import wire
from ocr_worker.documents import open_document
from ocr_worker.engines.rapidocr.engine import RapidOcrEngine
from ocr_worker.recognition import read_page
from tests.scans import (
    content_pdf,
    image_object,
    layered_scan_pdf,
    mapped_font,
    placed,
    shown_text,
    word_boxes,
)
from tests.searchable import make_searchable, shown

TEXTS = [
    f"{subject} {verb} the {thing} {number}"
    for number, (subject, verb, thing) in enumerate(
        [
            ("The gardener", "waters", "roses before breakfast"),
            ("Her neighbour", "paints", "garden fence in green"),
            ("A postman", "brings", "letters from overseas"),
            ("Two children", "count", "swallows on the wire"),
            ("The baker", "sells", "bread rolls by the dozen"),
            ("My uncle", "repairs", "clock in the tower"),
            ("Some tourists", "admire", "view from the bridge"),
            ("The teacher", "corrects", "homework until midnight"),
            ("An old sailor", "remembers", "storms of his youth"),
            ("The librarian", "closes", "reading room at seven"),
            ("A farmer", "harvests", "apples in October"),
            ("The painter", "leaves", "canvas in the studio"),
        ],
        start=31,
    )
]
FONT_PX, LEFT, TOP, PITCH = 36, 120, 150, 66


@pytest.fixture(scope="module")
def engine():
    return RapidOcrEngine()


@pytest.fixture(scope="module")
def scan():
    return drawn(TEXTS)


def drawn(texts, size=(1240, 1200)):
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for number, text in enumerate(texts):
        font = ImageFont.load_default(FONT_PX)
        pen.text((LEFT, TOP + PITCH * number), text, "black", font)
    return image


def boxes(texts, *, top=TOP):
    font = ImageFont.load_default(FONT_PX)
    return word_boxes(
        [
            (text, (LEFT, y, LEFT + font.getlength(text), y + 1.2 * FONT_PX))
            for number, text in enumerate(texts)
            for y in (top + PITCH * number,)
        ]
    )


def read(path, engine, **options):
    with contextlib.closing(open_document(wire.Source(path=str(path)), wire.Limits())) as document:
        task = wire.Recognize(
            task=1,
            source=wire.Source(path=str(path)),
            limits=wire.Limits(),
            page=1,
            options=wire.RecognizeOptions(**options),
        )
        return read_page(document, task, lambda name: engine, lambda stage: None)


@pytest.mark.parametrize("is_under", [False, True])
def test_a_layer_that_says_what_the_scan_shows_is_kept(tmp_path, engine, scan, is_under):
    path = layered_scan_pdf(tmp_path / "a.pdf", scan, boxes(TEXTS), is_under=is_under)

    page = read(path, engine)

    assert ("native_text", None) == (page.state, page.engine)
    assert "\n".join(TEXTS) == page.text
    agreement = re.search(r"; of \d\d words that were compared .*, (\d+) % agree$", page.reason)
    assert int(agreement[1]) > 95


def test_a_layer_with_an_error_or_two_is_kept(tmp_path, engine, scan):
    layer = [*TEXTS[:3], TEXTS[3].replace("swallows", "swa11ows"), *TEXTS[4:]]

    assert (
        "native_text"
        == read(layered_scan_pdf(tmp_path / "a.pdf", scan, boxes(layer)), engine).state
    )


def misread(text):
    return text.replace("e", "c").replace("n", "ri")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (boxes([misread(text) for text in TEXTS]), "% agree"),
        (boxes(TEXTS[1:] + TEXTS[:1]), "% agree"),
        (boxes(TEXTS, top=TOP + PITCH), "% agree"),
        (boxes(["".join(chr(ord(char) + 1) for char in text) for text in TEXTS]), "% agree"),
        (boxes(TEXTS[:2]), "leaves out"),
        (boxes(TEXTS)[::2], ""),
    ],
    ids=["misread", "another page", "shifted down", "garbage", "heading only", "every other word"],
)
def test_a_layer_that_says_something_else_is_recognized_over(tmp_path, engine, scan, wrong, why):
    page = read(layered_scan_pdf(tmp_path / "a.pdf", scan, wrong), engine)

    assert "recognized" == page.state
    assert "\n".join(TEXTS) == page.text
    assert "was not used: the text is an invisible layer over a scan; " in page.warnings[0]
    assert why in page.warnings[0]


def test_a_scan_that_lies_sideways_keeps_a_layer_that_runs_with_it(tmp_path, engine, scan):
    """As programs write that turn a page by its /Rotate after it was read."""
    path = layered_scan_pdf(tmp_path / "a.pdf", scan, boxes(TEXTS), page_entries=b"/Rotate 90")

    page = read(path, engine)

    assert "native_text" == page.state
    assert {90.0} == {line.angle for line in page.lines}
    assert "\n".join(TEXTS) == page.text


def test_a_font_that_tells_other_letters_than_it_shows_is_recognized_over(tmp_path, engine):
    """What is seen is English; what a program copies is the alphabet moved by one."""
    lower = string.ascii_lowercase
    wrong = {ord(char): lower[(index + 1) % 26] for index, char in enumerate(lower)}
    font, table = mapped_font(wrong)
    content = shown_text(TEXTS, font_pt=14)

    page = read(content_pdf(tmp_path / "a.pdf", [content], font=font, others=[table]), engine)

    assert "recognized" == page.state
    assert "\n".join(TEXTS) == page.text
    assert "the letters of the text make no words" in page.warnings[0]


def test_a_text_that_only_looks_implausible_is_kept(tmp_path, engine):
    strange = [
        "Xzqv wkfh jgpt bnmc rdsl vwxz qjkf hgpb tmnc zrdx",
        "Kvzq pwfj xhgt cbnm lrds zvwx fqjk bhgp cztm xnrd",
    ] * 3

    page = read(content_pdf(tmp_path / "a.pdf", [shown_text(strange, font_pt=14)]), engine)

    assert "native_text" == page.state
    assert "the letters of the text make no words; " in page.reason


def test_white_text_on_white_paper_is_not_what_the_page_says(tmp_path, engine):
    content = shown_text(TEXTS[:6], font_pt=14) + b"1 1 1 rg\n" + shown_text(TEXTS[6:], top=300)

    page = read(content_pdf(tmp_path / "a.pdf", [content]), engine)

    assert "recognized" == page.state
    assert "\n".join(TEXTS[:6]) == page.text


def test_white_text_on_a_dark_ground_is(tmp_path, engine):
    ground = b"0.1 0.1 0.3 rg 0 0 595 842 re f 1 1 1 rg\n"

    page = read(content_pdf(tmp_path / "a.pdf", [ground + shown_text(TEXTS, font_pt=14)]), engine)

    assert ("native_text", "\n".join(TEXTS)) == (page.state, page.text)
    assert "much of the text is white; " in page.reason


def test_the_text_of_a_picture_is_read_and_put_where_it_stands(tmp_path, engine):
    picture = drawn(TEXTS[4:8], (1100, 620))
    content = shown_text(TEXTS[:4], top=780) + placed("Im0", 70, 420, 440, 248)
    content += shown_text(TEXTS[8:], top=380)
    images = {"Im0": image_object(picture)}

    page = read(content_pdf(tmp_path / "a.pdf", [content], images=images), engine)

    assert ("native_text", "rapidocr") == (page.state, page.engine)
    assert TEXTS == [line.text for line in page.lines]
    assert [1.0] * 4 == [line.confidence for line in page.lines[:4]]
    assert all(0.5 < line.confidence < 1 for line in page.lines[4:8])
    assert page.reason == "the page has text of its own; 1 picture on it was read by the engine"


def test_labels_over_a_picture_are_told_once(tmp_path, engine):
    """The page's own text is drawn over the picture and is seen in its pixels."""
    picture = drawn(TEXTS[4:6], (1100, 620))
    label = b"BT /F1 14 Tf 120 440 Td (Fig. 1: a label of the page) Tj ET\n"
    content = shown_text(TEXTS[:4], top=780) + placed("Im0", 70, 420, 440, 248) + label

    page = read(
        content_pdf(tmp_path / "a.pdf", [content], images={"Im0": image_object(picture)}), engine
    )

    assert [*TEXTS[:6], "Fig. 1: a label of the page"] == [line.text for line in page.lines]


def test_the_text_of_a_picture_is_found_once_in_the_searchable_pdf(tmp_path, engine):
    picture = drawn(TEXTS[4:8], (1100, 620))
    label = b"BT /F1 14 Tf 120 440 Td (Fig. 1: a label of the page) Tj ET\n"
    content = shown_text(TEXTS[:4], top=780) + placed("Im0", 70, 420, 440, 248) + label
    source = content_pdf(tmp_path / "a.pdf", [content], images={"Im0": image_object(picture)})

    output, _ = make_searchable(source, read(source, engine))
    again, _ = make_searchable(output, read(output, engine))

    for path in (output, again):
        text = text_by_poppler(path)
        assert all(text.count(line) == 1 for line in [*TEXTS[:8], "Fig. 1: a label of the page"])
        assert np.array_equal(shown(source, px=1400), shown(path, px=1400))


def text_by_poppler(path):
    """Return the text of a PDF by a program that is not ours, with white space made single."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed; it is in poppler-utils")
    command = ["pdftotext", "-layout", str(path), "-"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    return " ".join(told.split())


def test_letters_that_are_drawings_are_read(tmp_path, engine):
    """Text that a program turned into shapes is no text to PDFium."""
    content = shown_text(TEXTS[:2], top=780) + outlined(TEXTS[2:], 72, 700)

    page = read(content_pdf(tmp_path / "a.pdf", [content]), engine)

    assert "recognized" == page.state
    assert "leaves out" in page.warnings[0]


def outlined(texts, x, y):
    """Page content that fills a shape for each letter, made of the runs of its bitmap."""
    font = ImageFont.load_default(28)
    shapes = []
    for text in texts:
        left = 0.0
        for char in text:
            mask = font.getmask(char, "1")
            width, height = mask.size
            _, top, _, _ = font.getbbox(char)
            runs = []
            for row in range(height):
                for column in range(width):
                    if mask.getpixel((column, row)):
                        px = x + (left + column) / 2
                        py = y - (top + row) / 2
                        runs.append(f"{px:.2f} {py:.2f} 0.5 0.5 re")
            if runs:
                shapes.append(" ".join(runs) + " f")
            left += font.getlength(char)
        y -= 24
    return ("\n".join(shapes) + "\n").encode()
