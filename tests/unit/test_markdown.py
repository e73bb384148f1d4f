"""Pages as Markdown: what becomes of headings, lists, tables and paragraphs."""

import math

import pytest

from ocr_worker.outputs.markdown import render as markdown
from tests.recognized_pages import line, page, rendered

EM = 5.5
"""Width of a character of ten-point text, about."""


def row(text, y, x=72.0, block=0, height=10.0, **more):
    """A line of text that is as wide as its characters."""
    width = more.pop("width", len(text) * EM * height / 10)
    return line(text, x, y, width, height, block=block, **more)


def paragraph(*texts, y=72.0, block=0, **more):
    return [row(text, y + 14 * number, block=block, **more) for number, text in enumerate(texts)]


def table(*rows, y=72.0, xs=(72.0, 250.0, 330.0, 410.0), block=0):
    return [
        row(text, y + 14 * number, x=x, block=block)
        for number, texts in enumerate(rows)
        for text, x in zip(texts, xs, strict=False)
        if text
    ]


def text_of(lines):
    """The text of a page as a worker makes it: lines at one height are a row."""
    blocks = {}
    for each in lines:
        rows = blocks.setdefault(each.block, {})
        rows.setdefault(each.y, []).append(each.text)
    return "\n\n".join(
        "\n".join("  ".join(texts) for texts in rows.values()) for rows in blocks.values()
    )


def made(*lines, **more):
    """The Markdown of a page without the comment that names it."""
    content = rendered(markdown, page(*lines, text=text_of(lines), **more)).decode()
    first, _, rest = content.partition("\n")
    assert first == "<!-- page 1 -->"
    return rest.strip("\n")


PROSE = (
    "Every archive begins with a box that nobody wanted",
    "to open. Ours stood under a staircase for thirty",
    "years and held letters, seed catalogues, school",
    "reports and the accounts of a bakery.",
)


def test_each_page_is_named_and_an_empty_one_too():
    pages = [
        page(*paragraph("first"), text="first"),
        page(number=2),
        page(*paragraph("third"), text="third", number=3),
    ]

    assert rendered(markdown, *pages).decode() == (
        "<!-- page 1 -->\n\nfirst\n\n<!-- page 2 -->\n\n<!-- page 3 -->\n\nthird\n"
    )


def test_the_rows_of_a_paragraph_are_one_line():
    assert made(*paragraph(*PROSE)) == " ".join(PROSE)


def test_blocks_are_paragraphs_of_their_own():
    lines = [*paragraph(*PROSE), *paragraph(*PROSE, y=200, block=1)]

    assert made(*lines) == f"{' '.join(PROSE)}\n\n{' '.join(PROSE)}"


def test_a_word_that_the_end_of_a_line_divided_is_whole_again():
    lines = paragraph(
        "The reader gets the words and the sheet goes recon-", "structed into the dark"
    )

    assert (
        made(*lines) == "The reader gets the words and the sheet goes reconstructed into the dark"
    )


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        ("a soft hy\N{SOFT HYPHEN}", "phen at the end", "a soft hyphen at the end"),
        ("A SOFT HY\N{SOFT HYPHEN}", "PHEN IN CAPITALS", "A SOFT HYPHEN IN CAPITALS"),
        ("we met Jean-", "Luc in the town", "we met Jean-Luc in the town"),
        ("the years 1914-", "1918 were those", "the years 1914- 1918 were those"),
        ("a dash -", "goes on here", "a dash - goes on here"),
        ("漢字の文章", "は続きます", "漢字の文章は続きます"),
        ("한국어 문장", "입니다", "한국어 문장 입니다"),
    ],
)
def test_rows_are_joined_as_their_script_has_it(above, below, expected):
    from ocr_worker.outputs.markdown.structure import join

    assert join(above, below) == expected


def test_short_lines_keep_their_ends():
    lines = paragraph("Harbour Lane Bureau", "27 Harbour Lane", "Westmere")

    assert made(*lines) == "Harbour Lane Bureau  \n27 Harbour Lane  \nWestmere"


def test_a_row_that_had_room_for_the_next_word_ends_a_line():
    lines = paragraph(
        "Dear Sir, this line is as wide as lines are here",
        "and this one ended early",
        "so that what follows it is a line of its own, sir",
    )

    assert made(*lines) == (
        "Dear Sir, this line is as wide as lines are here and this one ended early  \n"
        "so that what follows it is a line of its own, sir"
    )


def test_lines_that_are_not_justified_are_joined_all_the_same():
    lines = paragraph(
        "nobody wanted to open it and it was not opened",
        "for thirty years and it held",
        "letters.",
    )
    lines[1] = row(lines[1].text, lines[1].y, width=lines[0].width * 0.75)

    assert made(*lines) == (
        "nobody wanted to open it and it was not opened for thirty years and it held letters."
    )


def test_an_indented_row_after_a_short_one_begins_a_paragraph():
    above, below = paragraph(*PROSE), paragraph(*PROSE, y=72 + 14 * 4)
    below[0] = row(PROSE[0], 72 + 14 * 4, x=90.0, width=len(PROSE[0]) * EM - 18)

    assert made(*above, *below) == f"{' '.join(PROSE)}\n\n{' '.join(PROSE)}"


def test_what_is_clearly_higher_and_alone_is_a_heading():
    lines = [
        row("What Paper Remembers", 40, height=22),
        row("Notes from a small archive", 80, height=14, block=1),
        *paragraph(*PROSE, y=110, block=2),
    ]

    assert made(*lines) == (
        f"# What Paper Remembers\n\n## Notes from a small archive\n\n{' '.join(PROSE)}"
    )


def test_a_heading_of_two_rows_is_one():
    lines = [
        row("What Paper", 30, height=22),
        row("Remembers", 56, height=22),
        *paragraph(*PROSE, y=110, block=1),
    ]

    assert made(*lines).startswith("# What Paper Remembers\n\n")


@pytest.mark.parametrize("text", ["173.70", "€ 99", "A very long sentence " * 7])
def test_figures_and_long_text_are_no_heading_however_high(text):
    lines = [row(text.strip(), 30, height=22), *paragraph(*PROSE, y=110, block=1)]

    assert not made(*lines).startswith("#")


def test_a_page_of_one_line_has_no_heading():
    assert made(row("Alone", 40, height=30)) == "Alone"


def test_bullets_are_a_list_and_an_item_may_be_of_several_rows():
    lines = [
        row("• letters and other", 72),
        row("loose sheets", 86, x=80.0),
        row("• photographs", 100),
        row("•", 114),
        row("maps", 114, x=84.0),
    ]

    assert made(*lines) == "- letters and other loose sheets\n- photographs\n- maps"


def test_dashes_are_a_list_when_there_are_several():
    assert made(*paragraph("- bread", "- milk")) == "- bread\n- milk"
    assert made(*paragraph("- said nobody at all, ever")) == "\\- said nobody at all, ever"


def test_numbers_are_a_list_when_they_go_up_by_one():
    assert made(*paragraph("1. bread", "2. milk", "3. rye")) == "1. bread\n2. milk\n3. rye"
    assert made(*paragraph("7) bread", "8) milk")) == "7) bread\n8) milk"
    assert made(*paragraph("3. bread", "7. milk")) == "3\\. bread  \n7\\. milk"


def test_numbered_paragraphs_in_blocks_of_their_own_are_a_list():
    lines = [
        *paragraph("1. The parties agree that the sheets are to be read", "and then returned."),
        *paragraph("2. The sheets remain what they are, and where.", y=120, block=1),
        *paragraph("No number stands before this one.", y=140, block=2),
        *paragraph("3. The sheets are to be read.", y=160, block=3),
        *paragraph("17. This is no paragraph after the third.", y=180, block=4),
    ]

    assert made(*lines) == (
        "1. The parties agree that the sheets are to be read and then returned.\n\n"
        "2. The sheets remain what they are, and where.\n\n"
        "No number stands before this one.\n\n"
        "3. The sheets are to be read.\n\n"
        "17\\. This is no paragraph after the third."
    )


def test_what_follows_a_list_is_no_part_of_it():
    lines = [*paragraph("• bread", "• milk"), row("Total of two", 100)]

    assert made(*lines) == "- bread\n- milk\n\nTotal of two"


def test_rows_of_aligned_cells_are_a_table():
    lines = table(
        ("Item", "Pages", "Rate", "Amount"),
        ("Letters", "1,240", "0.12", "148.80"),
        ("Ledgers", "386", "0.45", "173.70"),
    )

    assert made(*lines) == (
        "| Item | Pages | Rate | Amount |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| Letters | 1,240 | 0.12 | 148.80 |\n"
        "| Ledgers | 386 | 0.45 | 173.70 |"
    )


def test_items_and_prices_of_a_receipt_are_a_table_without_a_header():
    lines = table(("Rye bread", "3.40"), ("Milk 2 x", "2.10"), ("Total", "5.50"))

    assert made(*lines) == (
        "|  |  |\n| --- | ---: |\n| Rye bread | 3.40 |\n| Milk 2 x | 2.10 |\n| Total | 5.50 |"
    )


def test_a_cell_that_is_missing_is_empty():
    lines = table(("a", "b", "c"), ("d", "", "e"), ("f", "g", "h"))

    assert made(*lines).splitlines()[3] == "| d |  | e |"


def test_a_pipe_in_a_cell_does_not_part_it():
    assert "| a\\|b | 1 |" in made(*table(("a|b", "1"), ("c", "2")))


def test_a_row_of_two_cells_is_no_table():
    lines = table(("Issue fourteen", "Page one"))

    assert made(*lines) == "Issue fourteen  Page one"


def test_two_rows_of_two_cells_are_a_table_only_with_figures():
    words = table(("Customer", "Town archive"), ("Country", "Norway"))
    figures = table(("Sum", "12.00 EUR"), ("Cash", "20.00 EUR"))

    assert made(*words) == "Customer  Town archive  \nCountry  Norway"
    assert made(*figures).splitlines()[1] == "| --- | ---: |"


def test_dates_are_no_figures_and_what_stands_over_them_no_header():
    lines = table(("Customer", "Town archive"), ("Date", "18 March 2024"), ("Due", "17 April 2024"))

    assert made(*lines).splitlines()[:3] == [
        "|  |  |",
        "| --- | --- |",
        "| Customer | Town archive |",
    ]


def test_rows_that_mostly_lack_cells_are_no_table():
    lines = table(("a", "b", ""), ("", "c", "d"), ("e", "", "f"))

    assert "|" not in made(*lines)


def test_a_table_of_very_many_rows_is_cut_and_none_is_lost():
    content = made(*table(*((f"Bread {number:04}", f"{number}.50") for number in range(1200))))

    assert content.count("| --- | ---: |") == 3
    assert content.count("| Bread ") == 1200


def test_a_page_of_very_many_rows_that_are_no_table_takes_no_long_time():
    sparse = [("a", "", "", "b") if number % 2 else ("", "c", "d", "") for number in range(1500)]

    assert "|" not in made(*table(*sparse))


def test_a_long_table_askew_keeps_its_columns():
    rows = [(f"A cell as wide as its column {number:02}", f"{number}.50") for number in range(30)]
    lines = table(*rows, xs=(72.0, 245.0))

    content = rendered(
        markdown, page(*(turn(each, 3.0) for each in lines), text=text_of(lines), skew=3.0)
    ).decode()

    assert content.count("\n|") == 32


def test_cells_that_no_gutter_parts_are_no_table():
    lines = [
        row("left", 72, x=72.0),
        row("right", 72, x=200.0),
        row("a long one over both of the columns", 86, x=72.0),
        row("9.50", 86, x=330.0),
    ]

    assert made(*lines) == "left  right  \na long one over both of the columns  9.50"


def test_text_before_and_behind_a_table_stays_there():
    lines = [
        row("Invoice", 58),
        *table(("Letters", "148.80"), ("Ledgers", "173.70")),
        row("Thank you", 100),
    ]

    assert made(*lines) == (
        "Invoice\n\n"
        "|  |  |\n| --- | ---: |\n| Letters | 148.80 |\n| Ledgers | 173.70 |\n\n"
        "Thank you"
    )


@pytest.mark.parametrize("orientation", [0, 90, 180, 270])
@pytest.mark.parametrize("skew", [0.0, 3.0])
def test_a_page_that_lies_on_its_side_or_askew_reads_the_same(orientation, skew):
    lines = [
        *table(("Letters", "148.80"), ("Ledgers", "173.70"), ("Maps and plans", "117.00")),
        *paragraph(*PROSE, y=300, block=1),
    ]
    turned = [turn(each, skew - orientation) for each in lines]

    content = rendered(
        markdown, page(*turned, text=text_of(lines), orientation=orientation, skew=skew)
    )

    assert content.decode().removeprefix("<!-- page 1 -->\n\n") == f"{made(*lines)}\n"


def turn(item, degrees):
    """Turn a level line about the page's corner, clockwise."""
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = item.x + item.width / 2, item.y + item.height / 2
    x, y = x * cos - y * sin, x * sin + y * cos
    width = item.width * abs(cos) + item.height * abs(sin)
    height = item.width * abs(sin) + item.height * abs(cos)
    return line(
        item.text,
        x - width / 2,
        y - height / 2,
        width,
        height,
        block=item.block,
        angle=degrees,
        thickness=item.height,
        words=(),
    )


def test_right_to_left_text_stays_in_logical_order():
    first = row("בראשית ברא אלהים את השמים ואת הארץ", 72, x=100.0, width=400)
    second = row("והארץ היתה תהו ובהו", 86, x=280.0, width=220)

    assert made(first, second) == f"{first.text} {second.text}"


def test_the_first_column_of_a_right_to_left_table_is_the_right_one():
    lines = [
        row("10", 72, x=100.0),
        row("לחם", 72, x=300.0),
        row("20", 86, x=100.0),
        row("חלב", 86, x=300.0),
        row("30", 100, x=100.0),
        row("בשר בקר", 100, x=290.0),
        row("שורה אחת ארוכה של טקסט", 130, x=100.0, block=0),
    ]

    assert made(*lines).splitlines()[2] == "| לחם | 10 |"


def test_markup_in_the_text_is_text():
    assert made(*paragraph("# no <b>heading</b>")) == "\\# no \\<b>heading\\</b>"


def test_control_characters_are_left_out():
    assert made(*paragraph("a\x00b\x07 c\td")) == "ab c d"


def test_a_text_that_does_not_fit_the_lines_loses_none():
    lines = paragraph("one", "two")

    content = rendered(markdown, page(*lines, text="something else")).decode()

    assert content == "<!-- page 1 -->\n\none  \ntwo\n"
