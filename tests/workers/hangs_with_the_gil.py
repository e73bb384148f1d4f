"""Sleeps on page 2 in native code that does not let go of Python's lock."""

import ctypes

from tests.workers.wire_worker import serve


def hang(say, hear, order, wire_out):
    ctypes.PyDLL(None).sleep(3600)


serve(hang)
