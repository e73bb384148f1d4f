"""Waits for ever on page 2, as a deadlocked thread does."""

import threading

from tests.workers.wire_worker import serve


def hang(say, hear, order, wire_out):
    threading.Event().wait()


serve(hang)
