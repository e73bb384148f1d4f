"""Cutting lines out of chunks, over random chunkings."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from daemon.framing import TOO_LONG, LineSplitter

LIMIT = 20


def split(chunks, limit=LIMIT):
    splitter = LineSplitter(limit)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    return lines + splitter.end()


@given(
    lines=st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"."))),
    cuts=st.lists(st.integers(0, 300)),
)
def test_lines_do_not_depend_on_how_the_stream_was_cut(lines, cuts):
    stream = b"".join(line + b"\n" for line in lines)
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(edges)]

    contents = [line.removesuffix(b"\r") for line in lines]
    assert split(chunks) == [TOO_LONG if len(line) > LIMIT else line for line in contents]


def test_a_carriage_return_before_the_line_feed_is_dropped():
    assert split([b'{"a":1}\r', b"\n{}\n"]) == [b'{"a":1}', b"{}"]


def test_a_carriage_return_elsewhere_is_part_of_the_line():
    assert split([b"a\rb\n"]) == [b"a\rb"]


def test_a_line_of_exactly_the_limit_passes():
    assert split([b"x" * LIMIT, b"\n"]) == [b"x" * LIMIT]


def test_the_carriage_return_at_the_end_does_not_count():
    line = b"x" * LIMIT
    assert split([line + b"\r\n", line + b"\r", b"\n", line + b"\r"]) == [line] * 3
    assert split([line + b"\r\r\n", line + b"y\n", line + b"y"]) == [TOO_LONG] * 3


def test_the_line_after_one_that_is_too_long_is_whole():
    assert split([b"x" * 15, b"y" * 15, b"y\nnext\n"]) == [TOO_LONG, b"next"]


def test_what_is_too_long_is_not_kept_in_memory():
    splitter = LineSplitter(LIMIT)
    for _ in range(100):
        splitter.feed(b"x" * LIMIT)

    assert sum(map(len, splitter._parts)) == 0


def test_the_end_of_the_stream_completes_an_unterminated_line():
    assert split([b"a\nb"]) == [b"a", b"b"]


def test_the_end_of_the_stream_after_a_line_feed_completes_nothing():
    assert split([b"a\n"]) == [b"a"]
