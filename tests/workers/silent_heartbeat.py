"""Reads every page, but answers no ping."""

from tests.workers.wire_worker import result, serve


def read(say, hear, order, wire_out):
    say(result(order))


serve(read, knows_ping=False)
