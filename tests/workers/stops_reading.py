"""Reads page 2 well and then its stdin no more, and is so quiet about it that it looks idle."""

import time

from tests.workers.wire_worker import result, serve


def stop_reading(say, hear, order, wire_out):
    say(result(order))
    time.sleep(3600)


serve(stop_reading)
