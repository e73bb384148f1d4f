import math

import numpy as np
import pytest

from ocr_worker.engines.base import RecognizedLine
from ocr_worker.layout import arrange, direction_of

HEIGHT = 20.0


def line(text, x, y, width, height=HEIGHT):
    """A line whose top left is (x, y)."""
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    return RecognizedLine(text, 1.0, np.array(corners, dtype=np.float32), ())


def column(name, x, y, n_lines, width=400.0, pitch=26.0):
    return [line(f"{name}{n}", x, y + n * pitch, width) for n in range(n_lines)]


def turned(lines, degrees, centre=(500.0, 700.0)):
    """The lines on a page turned clockwise, as a scanner sees it."""
    angle = math.radians(degrees)
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return [
        RecognizedLine(
            item.text,
            item.confidence,
            ((item.quad - centre) @ rotation.T + centre).astype(np.float32),
            (),
        )
        for item in lines
    ]


def shuffled(lines):
    return [lines[index] for index in np.random.default_rng(7).permutation(len(lines))]


def texts(layout):
    return [placed.line.text for placed in layout.lines]


def rows(layout):
    found = {}
    for placed in layout.lines:
        found.setdefault(placed.row, []).append(placed.line.text)
    return list(found.values())


def blocks(layout):
    found = {}
    for placed in layout.lines:
        found.setdefault(placed.block, []).append(placed.line.text)
    return list(found.values())


TITLE = [line("title", 80, 40, 840, 50)]
FOOTER = [line("footer", 450, 1300, 100)]
LEFT = column("l", 50, 150, 20)
RIGHT = column("r", 520, 157, 18)
TWO_COLUMNS = [*TITLE, *LEFT, *RIGHT, *FOOTER]


def test_an_empty_page_has_no_lines_and_no_skew():
    layout = arrange([])

    assert layout.lines == ()
    assert layout.skew == 0.0


def test_a_single_line_is_a_block_of_its_own():
    assert blocks(arrange([line("only", 10, 10, 100)])) == [["only"]]


def test_two_columns_are_read_one_after_the_other_under_their_title():
    layout = arrange(shuffled(TWO_COLUMNS))

    assert [item.text for item in TWO_COLUMNS] == texts(layout)


def test_title_columns_and_footer_are_blocks():
    layout = arrange(shuffled(TWO_COLUMNS))

    assert [len(block) for block in blocks(layout)] == [1, 20, 18, 1]


def test_a_gap_between_paragraphs_across_both_columns_does_not_tear_them():
    left = [*column("a", 50, 100, 5), *column("b", 50, 280, 5)]
    right = [*column("c", 520, 100, 5), *column("d", 520, 280, 5)]

    layout = arrange(shuffled([*left, *right]))

    assert [item.text for item in [*left, *right]] == texts(layout)
    assert len(blocks(layout)) == 4


def test_a_heading_across_the_page_divides_the_columns_above_from_those_below():
    above = [*column("a", 50, 100, 5), *column("b", 520, 100, 5)]
    heading = [line("heading", 50, 250, 870)]
    below = [*column("c", 50, 290, 5), *column("d", 520, 290, 5)]

    assert [item.text for item in [*above, *heading, *below]] == texts(
        arrange(shuffled([*above, *heading, *below]))
    )


def test_three_columns_are_read_from_left_to_right():
    lines = [item for n in range(3) for item in column("abc"[n], 50 + 320 * n, 100, 12, 280)]

    assert [item.text for item in lines] == texts(arrange(shuffled(lines)))


@pytest.mark.parametrize("degrees", [-8.0, -2.0, 3.0, 10.0])
def test_two_columns_on_a_skewed_page_are_read_as_on_a_straight_one(degrees):
    layout = arrange(shuffled(turned(TWO_COLUMNS, degrees)))

    assert [item.text for item in TWO_COLUMNS] == texts(layout)
    assert degrees == pytest.approx(layout.skew, abs=0.1)


@pytest.mark.parametrize(
    ("degrees", "orientation", "skew"),
    [
        (90.0, 270, 0.0),
        (-90.0, 90, 0.0),
        (180.0, 180, 0.0),
        (177.0, 180, -3.0),
        (-176.0, 180, 4.0),
        (93.0, 270, 3.0),
    ],
)
def test_a_page_scanned_the_wrong_way_up_is_read_along_its_text(degrees, orientation, skew):
    layout = arrange(shuffled(turned(TWO_COLUMNS, degrees)))

    assert [item.text for item in TWO_COLUMNS] == texts(layout)
    assert layout.orientation == orientation
    assert skew == pytest.approx(layout.skew, abs=0.1)


def test_a_receipt_is_read_row_by_row_with_its_prices():
    header = [line("shop", 120, 20, 260), line("address", 80, 50, 340)]
    items = [line(f"item{n}", 20, 120 + 30 * n, 220) for n in range(8)]
    prices = [line(f"price{n}", 420, 123 + 30 * n, 60) for n in range(8)]

    layout = arrange(shuffled([*header, *items, *prices]))

    assert rows(layout) == [
        ["shop"],
        ["address"],
        *([f"item{n}", f"price{n}"] for n in range(8)),
    ]


def test_a_table_is_read_row_by_row_and_its_cells_from_left_to_right():
    cells = [line(f"{r}{c}", 40 + 150 * c, 40 + 30 * r, 100) for r in range(6) for c in range(5)]

    layout = arrange(shuffled(cells))

    assert [[f"{r}{c}" for c in range(5)] for r in range(6)] == rows(layout)
    assert len(blocks(layout)) == 1


def test_a_form_reads_each_label_with_its_value():
    labels = [line(f"label{n}", 40, 40 + 40 * n, 90) for n in range(7)]
    values = [line(f"value{n}", 200, 40 + 40 * n, 400) for n in range(7)]

    layout = arrange(shuffled([*labels, *values]))

    assert [[f"label{n}", f"value{n}"] for n in range(7)] == rows(layout)


def test_a_table_inside_a_column_is_read_row_by_row_in_its_place():
    before = column("a", 50, 100, 8)
    cells = [line(f"t{r}{c}", 60 + 140 * c, 340 + 30 * r, 70) for r in range(4) for c in range(3)]
    after = column("z", 50, 490, 8)
    right = column("r", 520, 103, 22)

    layout = arrange(shuffled([*before, *cells, *after, *right]))

    assert [item.text for item in [*before, *cells, *after, *right]] == texts(layout)


def test_pieces_of_one_visual_line_stay_separate_lines_of_one_row():
    pieces = [line("one", 10, 100, 120), line("two", 140, 103, 150), line("three", 300, 99, 90)]

    assert rows(arrange(shuffled(pieces))) == [["one", "two", "three"]]


def test_lines_whose_boxes_overlap_from_above_are_rows_of_their_own():
    tight = [line(f"{n}", 10, 100 + 9 * n, 300) for n in range(5)]

    assert rows(arrange(shuffled(tight))) == [["0"], ["1"], ["2"], ["3"], ["4"]]


def test_notes_in_the_margin_are_not_read_into_the_text_beside_them():
    body = column("body", 220, 100, 15, 600)
    notes = [line("note1", 40, 155, 110), line("note2", 40, 310, 110)]

    layout = arrange(shuffled([*body, *notes]))

    assert ["note1", "note2", *(item.text for item in body)] == texts(layout)


def test_a_spine_that_runs_up_the_page_is_read_after_the_text_beside_it():
    spine = turned([line("spine", 0, 500, 400)], -90, centre=(60, 500))
    body = column("body", 220, 100, 15, 600)

    layout = arrange(shuffled([*body, *spine]))

    assert [*(item.text for item in body), "spine"] == texts(layout)
    assert blocks(layout)[1:] == [["spine"]]


def test_white_between_paragraphs_begins_a_block_and_even_spacing_does_not():
    paragraphs = [*column("a", 50, 100, 4), *column("b", 50, 225, 4)]
    double_spaced = column("c", 50, 100, 8, pitch=52)

    assert len(blocks(arrange(paragraphs))) == 2
    assert len(blocks(arrange(double_spaced))) == 1


def test_a_higher_line_is_a_heading_with_a_block_of_its_own():
    assert blocks(arrange([line("heading", 50, 60, 400, 40), *column("a", 50, 104, 3)])) == [
        ["heading"],
        ["a0", "a1", "a2"],
    ]


def test_the_order_does_not_depend_on_the_resolution():
    small = [
        RecognizedLine(item.text, 1.0, item.quad * np.float32(0.24), ()) for item in TWO_COLUMNS
    ]

    assert texts(arrange(TWO_COLUMNS)) == texts(arrange(small))


def test_short_boxes_do_not_decide_the_direction():
    letters = turned([line(f"{n}", 40 * n, 500, 24) for n in range(20)], 40)

    assert direction_of([line("long", 0, 0, 300), *letters]) == pytest.approx(0.0)


def test_boxes_without_any_size_are_survived():
    points = [line(f"{n}", 5, 5, 0, 0) for n in range(3)]

    assert len(arrange(points).lines) == 3


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_page_that_is_written_from_right_to_left_is_read_so(degrees):
    right = [line(f"טור ראשון {n}", 520, 100 + 26 * n, 400) for n in range(6)]
    left = [line(f"טור שני {n}", 60, 100 + 26 * n, 400) for n in range(6)]

    layout = arrange(shuffled(turned(left + right, degrees)))

    assert texts(layout) == [item.text for item in right + left]


def test_a_row_that_is_written_from_right_to_left_is_read_so():
    layout = arrange([line("12.50", 60, 40, 80), line("סך הכל", 720, 40, 200)])

    assert rows(layout) == [["סך הכל", "12.50"]]


def test_a_few_words_of_another_script_do_not_turn_the_order():
    first, second = column("left", 60, 100, 6), column("right", 520, 100, 6)
    second[0] = line("שלום", 520, 100, 400)

    assert texts(arrange(first + second)) == [item.text for item in first + second]
