"""A worker's stderr: lines for the log and a tail for when it dies, both bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.last_words import LINE_CHARS, TAIL_BYTES, LastWords


def lines_of(*chunks):
    words = LastWords()
    return [line for chunk in chunks for line in words.feed(chunk)]


def test_lines_come_when_they_are_complete():
    assert lines_of(b"one\ntw", b"o", b"\nthree") == ["one", "two"]


def test_empty_lines_are_left_out():
    assert lines_of(b"\n\n  \r\none\r\n") == ["one"]


def test_a_long_line_is_cut_and_says_so():
    (line,) = lines_of(b"x" * 1_000_000, b"y" * 10 + b"\n")

    assert line == "x" * LINE_CHARS + "…"


def test_what_a_line_begins_with_is_kept_within_bounds_until_it_ends():
    words = LastWords()
    for _ in range(1000):
        words.feed(b"x" * 65536)

    assert len(words._line) <= 4 * (LINE_CHARS + 1)


@pytest.mark.parametrize("raw", [b"\x1b[2Ja\n", b"a\x00b\n", b"a\x07\n", "a\u2028b\n".encode()])
def test_nothing_in_a_line_moves_a_terminal(raw):
    (line,) = lines_of(raw)

    assert line.isprintable()


def test_the_tail_is_the_last_of_what_was_written():
    words = LastWords()
    words.feed(b"a" * 10_000)
    words.feed(b"last words")

    assert words.tail() == "a" * (TAIL_BYTES - 10) + "last words"


def test_a_tail_of_bytes_that_are_no_text_is_no_longer_for_it():
    words = LastWords()
    for _ in range(3):
        words.feed(b"\xff" * 5000)

    assert len(words._tail) == TAIL_BYTES
    assert len(words.tail().encode()) <= TAIL_BYTES


@given(st.lists(st.binary(max_size=5000), max_size=5))
def test_the_tail_is_never_longer_than_it_may_be_whatever_was_written(chunks):
    words = LastWords()
    for chunk in chunks:
        words.feed(chunk)

    assert len(words.tail().encode()) <= TAIL_BYTES


@given(st.text(alphabet="aé漢\n", max_size=300), st.integers(1, 7))
def test_lines_do_not_depend_on_where_chunks_end(text, size):
    data = text.encode()
    chunks = [data[start : start + size] for start in range(0, len(data), size)]

    assert lines_of(*chunks) == lines_of(data)
