"""Works on page 2 for longer than it may be silent, and then answers."""

import time

from tests.workers.wire_worker import result, serve


def compute(say, hear, order, wire_out):
    ends_at = time.monotonic() + 3.0
    while time.monotonic() < ends_at:
        sum(range(1000))
    say(result(order))


serve(compute)
