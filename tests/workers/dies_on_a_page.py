"""Dies on page 2 with an exit code, after words on stderr."""

import os

from tests.workers.wire_worker import serve


def die(say, hear, order, wire_out):
    os.write(2, b"out of paper\n")
    os._exit(7)


serve(die)
