"""Reads pages well and answers no ping."""

from tests.workers.wire_worker import result, serve


def answer(say, hear, order, wire_out):
    say(result(order))


serve(answer, knows_ping=False)
