"""The pages of a TIFF: found by walking the chain of their directories, opened without walking it.

Pillow reads every tag of every page before the one that is wanted, which takes minutes in a file
of many thousand pages, and counts on for ever in one that was made for it.
"""

import io
import os
import struct
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BIG: Final = 43
"""The version of BigTIFF, whose numbers have eight bytes."""


class TiffPages:
    """Where each page's directory lies; `is_loop` tells that the chain leads back into itself.

    Stops at `limit` pages. Raise `struct.error` where the chain leads out of the file, and
    `ValueError` where there is none.
    """

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        header = stream.read(16)
        self.order = "<" if header[:2] == b"II" else ">"
        (version,) = struct.unpack(f"{self.order}H", header[2:4])
        self.is_big = version == _BIG
        # How many entries a directory has, how long each is, and where the next one lies.
        count, entry_bytes, next_ = ("Q", 20, "Q") if self.is_big else ("H", 12, "I")
        self.first_at = 8 if self.is_big else 4
        self.offsets: list[int] = []
        self.is_loop = False
        seen: set[int] = set()
        at = self._unpack(next_, header[self.first_at :])
        end = stream.seek(0, os.SEEK_END)
        while at and len(self.offsets) < limit:
            if at in seen:
                self.is_loop = True
                break
            seen.add(at)
            self.offsets.append(at)
            n_entries = self._unpack(count, _read_at(stream, at, 8, end))
            behind = at + struct.calcsize(f"={count}") + n_entries * entry_bytes
            at = self._unpack(next_, _read_at(stream, behind, 8, end))
        if not self.offsets:
            raise ValueError("no page")

    def open(self, path: str, page: int) -> IO[bytes]:
        """Return the file with this page, counted from 1, as its first."""
        code = "Q" if self.is_big else "I"
        patch = struct.pack(f"{self.order}{code}", self.offsets[page - 1])
        return io.BufferedReader(_Patched(path, self.first_at, patch))

    def _unpack(self, code: str, content: bytes) -> int:
        n_bytes = struct.calcsize(f"={code}")
        (value,) = struct.unpack(f"{self.order}{code}", content[:n_bytes])
        return int(value)


class _Patched(io.FileIO):
    """A file of which some bytes read otherwise than they are; what has its handle sees the truth.

    libtiff is such a one: it is told where the page's directory lies.
    """

    def __init__(self, path: str, at: int, patch: bytes) -> None:
        super().__init__(path, "rb")
        self._at = at
        self._patch = patch

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        """Read as the file does, but for the patch."""
        start = self.tell()
        n_bytes = super().readinto(buffer)
        if n_bytes:
            first = max(self._at, start)
            last = min(self._at + len(self._patch), start + n_bytes)
            if first < last:
                there = memoryview(buffer).cast("B")
                there[first - start : last - start] = self._patch[
                    first - self._at : last - self._at
                ]
        return n_bytes


def _read_at(stream: IO[bytes], at: int, n_bytes: int, end: int) -> bytes:
    if at >= end:
        return b""
    stream.seek(at)
    return stream.read(n_bytes)
