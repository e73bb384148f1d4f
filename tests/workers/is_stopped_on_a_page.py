"""Is stopped on page 2, as by a debugger."""

import os
import signal

from tests.workers.wire_worker import serve


def stop(say, hear, order, wire_out):
    os.kill(os.getpid(), signal.SIGSTOP)


serve(stop)
