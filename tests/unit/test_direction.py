import numpy as np
import pytest

from ocr_worker.engines.rapidocr.direction import MAX_SAMPLE, likely_turns, sample, turned


def box(x, y, width, height):
    return np.array(
        [[x, y], [x + width, y], [x + width, y + height], [x, y + height]], dtype=np.float32
    )


LEVEL = [box(10, 30 * n, 200, 20) for n in range(5)]
UPRIGHT = [box(30 * n, 10, 20, 200) for n in range(5)]


def test_level_boxes_hold_text_to_the_right_or_upside_down():
    assert likely_turns(LEVEL) == (0, 2)


def test_upright_boxes_hold_text_down_or_up_the_page():
    assert likely_turns(UPRIGHT) == (1, 3)


def test_the_longer_lines_decide():
    assert likely_turns([*UPRIGHT[:2], *LEVEL]) == (0, 2)
    assert likely_turns([*LEVEL[:2], *UPRIGHT]) == (1, 3)


def test_a_page_without_lines_is_taken_to_be_upright():
    assert likely_turns([]) == (0, 2)
    assert likely_turns([box(0, 0, 20, 20)]) == (0, 2)


@pytest.mark.parametrize(("turn", "corner"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_a_turned_box_begins_at_the_top_left_of_its_text(turn, corner):
    (found,) = turned([LEVEL[0]], turn)

    assert found[0].tolist() == LEVEL[0][corner].tolist()


def test_the_sample_is_of_lines_in_that_direction_and_small():
    quads = [*UPRIGHT, *(box(10, 30 * n, 100 + 10 * n, 20) for n in range(20)), box(0, 0, 9, 9)]

    found = sample(quads, 0)

    assert len(found) == MAX_SAMPLE
    assert all(quads[index][1, 0] - quads[index][0, 0] >= 90 for index in found)
    assert sample(quads, 2) == found
    assert set(sample(quads, 1)) == set(range(5))


def test_lines_of_some_words_are_read_rather_than_very_long_ones():
    long = [box(0, 30 * n, 1600, 20) for n in range(3)]

    assert sample([*long, *LEVEL], 0)[: len(LEVEL)] == [3, 4, 5, 6, 7]


def test_long_lines_are_the_sample_where_there_are_no_others():
    assert len(sample([box(0, 30 * n, 1600, 20) for n in range(40)], 0)) == MAX_SAMPLE
