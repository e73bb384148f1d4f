"""One heap for all threads, where the C library would give each one its own."""

import sys
from contextlib import suppress
from typing import Final

_M_ARENA_MAX: Final = -8


def share_one_heap() -> None:
    """Have glibc serve every thread from one heap; call before there are threads.

    Each worker's threads would get a heap of their own, in which what one of them allocates and
    another frees leaves holes: by megabytes an hour. Elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return
    import ctypes

    # Not musl, which has one heap anyway and no such function.
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
