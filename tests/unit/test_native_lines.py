"""Lines of born-digital pages: which way they run, and in which order they are read."""

import contextlib
import math

import pytest

from ocr_worker import wire
from ocr_worker.documents import open_document
from ocr_worker.own_text.native_page import native_page
from tests.scans import content_pdf, mapped_font, shown_text

LEVEL = "A page of level text with a title on its spine"
HEBREW = "שלום עולם זה מבחן של טקסט"
ARABIC = "مرحبا بالعالم هذا نص طويل"
PROSE = [
    "Running text of one column that is as wide as",
    "a column of a journal is, line after line, and",
    "that has no end before the other one begins to",
    "say something else, as they do in all journals.",
]
OTHER_PROSE = [" ".join(reversed(text.split())) for text in PROSE]


def upright(matrix, text, x, y):
    return f"BT /F1 12 Tf {matrix} {x} {y} Tm ({text}) Tj ET\n".encode()


@pytest.fixture
def read(tmp_path):
    with contextlib.ExitStack() as opened:

        def read(content, **entries):
            path = content_pdf(tmp_path / "a.pdf", [content], **entries)
            source, limits = wire.Source(path=str(path)), wire.Limits()
            document = open_document(source, limits)
            opened.callback(document.close)
            options = wire.RecognizeOptions()
            task = wire.Recognize(task=1, source=source, limits=limits, page=1, options=options)

            def no_engine(_name):
                raise AssertionError("the engine was asked for")

            page, warnings = native_page(document, task, no_engine, lambda stage: None)
            assert page is not None, warnings
            return page

        yield read


@pytest.mark.parametrize(
    ("matrix", "x", "y", "angle"), [("0 1 -1 0", 40, 300, -90), ("0 -1 1 0", 560, 600, 90)]
)
def test_text_that_runs_up_or_down_the_page_is_a_line_of_that_angle(read, matrix, x, y, angle):
    page = read(shown_text([LEVEL]) + upright(matrix, "Along the edge", x, y))

    line = page.lines[1]
    assert ("Along the edge", angle) == (line.text, line.angle)
    assert line.height > 5 * line.width
    assert line.width == pytest.approx(line.thickness, abs=0.02)
    assert ["Along", "the", "edge"] == [word.text for word in line.words]
    tops = [word.y for word in line.words]
    assert tops == sorted(tops, reverse=angle < 0)


def test_letters_placed_one_by_one_up_the_page_are_words_of_a_line(read):
    """As programs write that set every letter themselves; PDFium ends a line after each."""
    widths = {"t": 3.3, "h": 6.7, "e": 6.7, " ": 3.3, "s": 6.0, "p": 6.7, "i": 2.7, "n": 6.7}
    content, y = shown_text([LEVEL]), 300.0
    for char in "the spine is thin":
        content += upright("0 1 -1 0", char, 40, y)
        y += widths[char]

    lines = read(content).lines

    assert [LEVEL, "the spine is thin"] == [line.text for line in lines]


def test_lines_of_a_page_that_is_written_sideways_are_read_one_after_the_other(read):
    rows = [f"Row {number} of a landscape page" for number in range(4)]
    content = b"".join(
        upright("0 1 -1 0", text, 100 + 16 * number, 100) for number, text in enumerate(rows)
    )

    page = read(content)

    assert "\n".join(rows) == page.text
    assert {-90.0} == {line.angle for line in page.lines}


def test_upside_down_and_slanted_text_tells_its_angle(read):
    sine, cosine = math.sin(math.radians(30)), math.cos(math.radians(30))
    content = shown_text([LEVEL])
    content += upright("-1 0 0 -1", "Upside down", 400, 300)
    content += upright(f"{cosine:.6f} {sine:.6f} {-sine:.6f} {cosine:.6f}", "Uphill", 100, 400)

    angles = {line.text: line.angle for line in read(content).lines}

    assert {LEVEL: 0.0, "Upside down": 180.0, "Uphill": -30.0} == angles


def test_slanted_letters_are_no_slanted_line(read):
    page = read(shown_text([LEVEL]) + upright("1 0 0.3 1", "Italics made of upright", 100, 200))

    assert {0.0} == {line.angle for line in page.lines}


@pytest.mark.parametrize("text", [HEBREW, ARABIC])
@pytest.mark.parametrize("way", ["line", "words"])
def test_text_that_runs_to_the_left_comes_in_the_order_in_which_it_is_read(read, text, way):
    codes = {char: 65 + index for index, char in enumerate(sorted({*text} - {" "}))}
    font, table = mapped_font({code: char for char, code in codes.items()})

    def seen(logical):
        return bytes(codes.get(char, 32) for char in reversed(logical)).decode()

    if way == "line":
        content = upright("1 0 0 1", seen(text), 100, 700)
    else:  # in the order in which it is read, each word left of the one before
        content, x = b"", 500
        for word in text.split():
            x -= 9 * len(word) + 6
            content += upright("1 0 0 1", seen(word), x, 700)

    page = read(content, font=font, others=[table])

    assert text == page.text
    rights = [word.x + word.width for word in page.lines[0].words]
    assert sorted(rights, reverse=True) == rights


def test_a_word_that_runs_to_the_left_ends_no_line_that_runs_to_the_right(read):
    """Its first letter stands at its right end, as far from the word before as it is long."""
    word = "ירושלים"
    codes = {char: 65 + index for index, char in enumerate(sorted({*word}))}
    font, table = mapped_font({code: char for char, code in codes.items()})
    seen = bytes(codes[char] for char in reversed(word)).decode()
    content = upright("1 0 0 1", f"the name is {seen} as they write it", 100, 700)

    page = read(content, font=font, others=[table])

    assert [f"the name is {word} as they write it"] == [line.text for line in page.lines]


def test_words_far_apart_in_text_that_runs_to_the_left_keep_their_order(read):
    codes = {char: 65 + index for index, char in enumerate(sorted({*"מחירשלוםסוף"}))}
    font, table = mapped_font({code: char for char, code in codes.items()})
    right, left = (
        bytes(codes[char] for char in reversed(word)).decode() for word in ("מחירשלום", "סוףסוף")
    )
    content = upright("1 0 0 1", right, 400, 700) + upright("1 0 0 1", left, 100, 700)

    assert "מחירשלום סוףסוף" == read(content, font=font, others=[table]).text


def test_numbers_and_foreign_words_keep_their_order_in_text_that_runs_to_the_left(read):
    text = "מחיר 123 שקל abc סוף"
    codes = {char: 65 + index for index, char in enumerate(sorted({*"מחירשקלסוף"}))}
    font, table = mapped_font({code: char for char, code in codes.items()})
    seen = bytes(codes.get(char, ord(char)) for char in "ףוס abc לקש 123 ריחמ").decode()

    assert text == read(upright("1 0 0 1", seen, 100, 700), font=font, others=[table]).text


@pytest.mark.parametrize("drawn", ["by column", "by row"])
def test_two_columns_are_read_one_after_the_other_however_they_were_drawn(read, drawn):
    left = [upright("1 0 0 1", text, 60, 700 - 14 * row) for row, text in enumerate(PROSE * 3)]
    right = [
        upright("1 0 0 1", text, 330, 700 - 14 * row) for row, text in enumerate(OTHER_PROSE * 3)
    ]
    heading = upright("1 0 0 1", "A heading that spans both of the columns below it", 160, 740)
    if drawn == "by column":
        content = heading + b"".join(left) + b"".join(right)
    else:
        content = heading + b"".join(a + b for a, b in zip(left, right, strict=True))

    text = read(content).text

    columns = ["\n".join(PROSE * 3), "\n".join(OTHER_PROSE * 3)]
    assert ["A heading that spans both of the columns below it", *columns] == text.split("\n\n")


@pytest.mark.parametrize("drawn", ["by column", "by row"])
def test_a_table_is_read_row_by_row_with_its_cells_apart(read, drawn):
    table = [["Tea", "2", "4.20"], ["Milk", "1", "0.80"], ["Plain biscuits", "12", "9.95"]]
    cells = [
        (text, 80 + 150 * column, 700 - 16 * row)
        for row, texts in enumerate(table)
        for column, text in enumerate(texts)
    ]
    if drawn == "by column":
        cells.sort(key=lambda cell: cell[1])
    content = b"".join(upright("1 0 0 1", *cell) for cell in cells)

    page = read(content)

    assert "\n".join("  ".join(row) for row in table) == page.text
    assert [text for row in table for text in row] == [line.text for line in page.lines]


def test_wide_spaces_of_justified_lines_end_no_line(read):
    content = b"BT /F1 12 Tf 8 Tw 72 700 Td (Words of a line that was made to fill a column) Tj ET"

    assert 1 == len(read(content).lines)
