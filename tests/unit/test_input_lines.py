"""The table of input lines, in this process: framing, dispatcher and methods are the real ones."""

import json
from pathlib import Path

import pytest

from daemon import methods
from daemon.errors import ERROR_KINDS
from tests import input_lines
from tests.fake_wire import FakeWire
from tests.input_lines import all_lines, is_right

LINES = all_lines()
AFTER = b'{"jsonrpc":"2.0","id":"after","method":"ping"}\n'
FIRST = b'{"jsonrpc":"2.0","id":"first","method":"ping"}\n'
PONG = [{"jsonrpc": "2.0", "id": "after", "result": {}}]


@pytest.mark.guarantee("G-8")
@pytest.mark.parametrize("one", LINES, ids=lambda one: one.name)
def test_a_line_gets_its_one_right_answer_and_the_next_request_too(one):
    wire = FakeWire()
    if not one.is_first:
        wire.feed(FIRST)
        wire.take()

    wire.feed(one.line + b"\n")

    answers = wire.take()
    assert is_right(answers, one.answer), answers
    wire.feed(AFTER)
    assert wire.take() == PONG, "the daemon lives"


def test_a_request_with_an_id_of_many_digits_is_cancelled_by_exactly_that_id():
    wire = FakeWire()
    document = json.dumps({"document": {"path": str(Path(__file__).resolve())}}).encode()
    ask = b'{"jsonrpc":"2.0","id":%d,"method":"document/info","params":%b}\n'
    cancel = b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":%d}}\n'
    one, other = 2**64 + 1, 2**64 + 2
    wire.feed(ask % (one, document))

    wire.feed(cancel % other)
    assert wire.take() == []
    wire.feed(cancel % one)
    (answer,) = wire.take()
    assert (answer["id"], answer["error"]["data"]["kind"]) == (one, "cancelled")


def test_names_and_lines_of_the_table_are_distinct_and_many():
    assert len(LINES) > 300
    assert len({one.name for one in LINES}) == len(LINES)
    assert len({(one.line, one.is_first) for one in LINES}) == len(LINES)


def test_the_limits_of_the_table_are_those_of_the_daemon():
    assert input_lines.MAX_LINE_BYTES == methods.MAX_LINE_BYTES
    assert input_lines.MAX_BATCH == methods.MAX_BATCH
    assert {kind: ERROR_KINDS[kind].code for kind in input_lines.CODES} == input_lines.CODES
