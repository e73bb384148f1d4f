"""Keeps the daemon's memory small over days: one heap for all threads, its holes given back."""

import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Event as Flag
from typing import Final

from daemon.events import Event
from daemon.threads import start_thread

_M_ARENA_MAX: Final = -8
_TRIM_EVERY_S: Final = 30.0
"""Takes some milliseconds, in which the other threads run."""


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


def give_back_now_and_then(post: Callable[[Event], None]) -> None:
    """Have glibc return what pages of its heap are free to the system, from a thread of its own.

    Texts of all lengths come and go, and between those that stay are holes that the next one does
    not fit: by megabytes an hour. By itself glibc gives back the end of the heap only.
    """
    if sys.platform != "linux":
        return
    import ctypes

    library = ctypes.CDLL(None)
    if not hasattr(library, "malloc_trim"):
        return
    never = Flag()

    def trim() -> None:
        while not never.wait(_TRIM_EVERY_S):
            library.malloc_trim(0)

    start_thread("heap", trim, post)
