"""Gives the memory of pages back to the system, once they leave much of it."""

import os
import sys
from functools import cache
from typing import Any, Final

HELD_BYTES: Final = 128 * 1024**2
"""How much may be kept for the next page: what one of A4 at 300 dpi leaves.

What was given back has to be taken again, a page of memory at a time: doing so after every page
cost a scan 4 % of its processor time. With 80 MiB that is still so where all pages are large.
"""


class Heap:
    """Remembers how little memory the process can do with."""

    def __init__(self) -> None:
        self._least = 0

    def tidy(self, held_bytes: int = HELD_BYTES) -> None:
        """Have glibc return what is free, where so much has been taken since it last did.

        Left alone it keeps what the largest page took: 110 MB more after pages of mixed sizes.
        """
        resident = _resident_bytes()
        if resident < self._least + held_bytes:
            self._least = min(self._least, resident)
        else:
            give_back()
            self._least = _resident_bytes()


def give_back() -> None:
    """Have glibc return what is free; elsewhere nothing happens."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _resident_bytes() -> int:
    """Return the memory that the process takes; 0 where the system does not tell in passing."""
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


@cache
def _glibc() -> Any:
    if sys.platform != "linux":
        return None
    import ctypes

    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None  # musl has no such function
