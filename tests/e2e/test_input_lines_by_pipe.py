"""The table of input lines over the pipes of real daemons: one for all, one for each first line."""

import json
import subprocess

import pytest

from tests.input_lines import all_lines, is_right

LINES = all_lines()
FIRST = [one for one in LINES if one.is_first]
LATER = [one for one in LINES if not one.is_first]
PING = b'{"jsonrpc":"2.0","id":"after","method":"ping"}\n'
PONG = {"jsonrpc": "2.0", "result": {}, "id": "after"}


@pytest.fixture
def run(daemon_command, daemon_env):
    """Write to a daemon of its own, end its stdin, and return the lines it has written."""

    def run(data):
        command, source = daemon_command
        env = {**daemon_env, "PYTHONPATH": source["PYTHONPATH"]}
        done = subprocess.run(command, input=data, capture_output=True, timeout=50, env=env)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.mark.guarantee("G-8")
def test_every_line_gets_its_one_right_answer_from_one_daemon(run):
    answers = iter(run(b"".join([PING, *(one.line + b"\n" + PING for one in LATER)])))
    assert next(answers) == PONG

    wrong = {}
    for one in LATER:
        found = list(iter(lambda: next(answers, PONG), PONG))
        if not is_right(found, one.answer):
            wrong[one.name] = (one.line[:200], found)
    assert wrong == {}
    assert list(answers) == []


@pytest.mark.parametrize("one", FIRST, ids=lambda one: one.name)
def test_the_first_line_may_have_a_byte_order_mark(run, one):
    *answers, last = run(one.line + b"\n" + PING)
    assert last == PONG
    assert is_right(answers, one.answer), answers


@pytest.mark.parametrize("end", [b"", b"\r", b" "])
def test_a_last_line_without_an_end_is_a_line(run, end):
    assert run(PING.rstrip() + end) == [PONG]


def test_a_last_line_that_is_cut_off_is_answered_as_a_broken_one(run):
    pong, broken = run(PING + PING[:20])
    assert pong == PONG
    assert is_right([broken], {"id": None, "kind": "parse_error"})


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_may_be_of_either_kind_and_mixed(run, end):
    assert run(end * 3 + PING.rstrip() + end + PING + end) == [PONG, PONG]
