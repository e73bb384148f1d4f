"""Is killed on page 2, as the system does that has no memory left."""

import os
import signal

from tests.workers.wire_worker import serve


def die(say, hear, order, wire_out):
    os.kill(os.getpid(), signal.SIGKILL)


serve(die)
