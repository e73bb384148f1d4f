"""Counts what packed streams unpack to, without keeping any of it, and refuses too much."""

import base64
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from ocr_worker.errors import TaskError

MAX_STREAM_BYTES: Final = 256 * 1024**2
"""What a stream may unpack to."""
MAX_TOTAL_BYTES: Final = 4 * MAX_STREAM_BYTES
"""What all streams of a document may that are large enough to be counted."""

_RATIO: Final = 1032
"""Deflate makes at most so many bytes of one."""
_COUNTED_BYTES: Final = 32 * 1024
"""Shorter streams are not counted: it would take hundreds of them on a page."""
_MAX_STAGES: Final = 4
_CHUNK_BYTES: Final = 64 * 1024
_NO_HEX: Final = re.compile(rb"[^0-9A-Fa-f]")

Chunks: TypeAlias = Callable[[], Iterator[bytes]]
"""Begins a content anew, in pieces."""


class StreamBudget:
    """What the streams of one document have unpacked to."""

    def __init__(self) -> None:
        self._total = 0
        self._stream = 0

    def check(self, chunks: Chunks, n_bytes: int, stage: int = 1) -> None:
        """Unpack a content of some bytes as often as it is packed, if it may be too much.

        Raise `TaskError` of kind `limit_exceeded`.
        """
        if stage > _MAX_STAGES or not is_packed(next(chunks(), b"")):
            return
        self._stream = 0
        if n_bytes >= _COUNTED_BYTES:
            for piece in unpacked(chunks()):
                self.spend(len(piece))

        def next_stage() -> Iterator[bytes]:
            return unpacked(chunks())

        # What is packed twice has its bytes to show for the second time.
        if is_packed(next(next_stage(), b"")):
            self.check(next_stage, self._stream or n_bytes * _RATIO, stage + 1)

    def spend(self, n_bytes: int) -> None:
        """Count more of the present stream. Raise `TaskError` of kind `limit_exceeded`."""
        self._stream += n_bytes
        self._total += n_bytes
        if self._stream > MAX_STREAM_BYTES or self._total > MAX_TOTAL_BYTES:
            raise TaskError(
                "limit_exceeded",
                "The PDF holds data that unpacks to far more than a page can need."
                " Print it to a new PDF.",
                which="stream_bytes",
                limit=MAX_STREAM_BYTES,
            )


def first_stage(filter_: bytes, content: bytes, start: int, end: int) -> tuple[Chunks, int]:
    """Return a content as it is behind a filter that makes text of bytes, and its length."""
    if filter_ in (b"/ASCIIHexDecode", b"/AHx"):
        digits = _NO_HEX.sub(b"", content[start:end])
        decoded = bytes.fromhex(digits[: len(digits) // 2 * 2].decode())
    elif filter_ in (b"/ASCII85Decode", b"/A85"):
        try:
            decoded = base64.a85decode(content[start:end].partition(b"~")[0])
        except ValueError:
            return pieces_of(content, start, end), end - start
    else:
        return pieces_of(content, start, end), end - start
    return pieces_of(decoded, 0, len(decoded)), len(decoded)


def pieces_of(content: bytes, start: int, end: int) -> Chunks:
    """Return a part of the content, to be begun as often as wanted."""
    return lambda: (
        content[at : min(at + _CHUNK_BYTES, end)] for at in range(start, end, _CHUNK_BYTES)
    )


def unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what a zlib stream unpacks to, as far as it is one."""
    inflater = zlib.decompressobj()
    for chunk in chunks:
        rest = chunk
        while rest and not inflater.eof:
            try:
                piece = inflater.decompress(rest, _CHUNK_BYTES)
            except zlib.error:
                return
            rest = inflater.unconsumed_tail
            if piece:
                yield piece


def is_packed(head: bytes) -> bool:
    """Return whether these are the first bytes of a zlib stream."""
    return len(head) >= 2 and head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0
