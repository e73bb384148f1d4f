"""Answers page 2 twice."""

from tests.workers.wire_worker import result, serve


def answer(say, hear, order, wire_out):
    say(result(order))
    say(result(order))


serve(answer)
