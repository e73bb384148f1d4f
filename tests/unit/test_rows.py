"""Which lines stand beside each other in a row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_worker.engines.rapidocr.rows import (
    GAP_PX,
    NO_LINE,
    ROW_PX,
    SLOT_PX,
    WIDE_STEP_PX,
    rows_of,
)

WIDTHS = st.lists(st.integers(1, 4096), max_size=60)


def places_of(rows):
    return sorted((place for row in rows for place in row.places), key=lambda place: place.line)


def test_short_lines_share_a_row():
    (row,) = rows_of([300, 100, 150], together=True)

    assert row.width_px == ROW_PX
    assert [place.line for place in row.places] == [0, 2, 1]
    assert row.slots == [0] * 20 + [2] * 11 + [1] * 8 + [NO_LINE]


def test_a_row_that_is_not_full_has_slots_without_a_line():
    (row,) = rows_of([100], together=True)

    assert row.slots == [0] * 8 + [NO_LINE] * 32


def test_what_is_left_beside_a_long_line_is_filled():
    first, *others = rows_of([800, 100], together=True)

    assert others == []
    assert first.width_px == 6 * WIDE_STEP_PX
    assert [place.line for place in first.places] == [0, 1]


def test_a_network_that_would_mix_them_gets_each_line_by_itself():
    rows = rows_of([300, 100, 3000], together=False)

    assert [(row.width_px, len(row.places)) for row in rows] == [(3024, 1), (320, 1), (128, 1)]


def test_of_no_lines_there_are_no_rows():
    assert rows_of([], together=True) == []


@given(WIDTHS, st.booleans())
def test_every_line_has_one_place_with_room_behind_it(widths, together):
    rows = rows_of(widths, together=together)

    places = places_of(rows)
    assert [place.line for place in places] == list(range(len(widths)))
    for place, width in zip(places, widths, strict=True):
        assert place.right_px - place.left_px >= width + GAP_PX
        assert place.left_px % SLOT_PX == place.right_px % SLOT_PX == 0


@given(WIDTHS)
def test_places_do_not_overlap_and_rows_have_few_widths(widths):
    for row in rows_of(widths, together=True):
        assert row.width_px == ROW_PX or row.width_px % WIDE_STEP_PX == 0
        right_px = 0
        for place in row.places:
            assert place.left_px == right_px
            right_px = place.right_px
        assert right_px <= row.width_px


@given(WIDTHS.filter(len))
def test_rows_of_the_usual_width_are_half_full_but_for_one(widths):
    """First fit: were two of them less than half full, the second's lines would be in the first."""
    usual = [row for row in rows_of(widths, together=True) if row.width_px == ROW_PX]

    assert sum(row.places[-1].right_px <= ROW_PX / 2 for row in usual) <= 1


@pytest.mark.parametrize("width", [ROW_PX - GAP_PX, ROW_PX - GAP_PX + 1])
def test_a_line_that_just_fits_gets_the_usual_row(width):
    (row,) = rows_of([width], together=True)

    assert (row.width_px == ROW_PX) == (width <= ROW_PX - GAP_PX)
