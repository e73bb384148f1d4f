"""Bytes from a pipe to lines, with a size limit; pure, one splitter per life of a pipe."""

from typing import Final


class TooLong:
    """Stands in for a line above the limit, which was skipped up to its LF."""


TOO_LONG: Final = TooLong()


class LineSplitter:
    """Cut a stream of chunks into lines at LF.

    A trailing CR is dropped, so CRLF hosts are understood. A line above `limit` bytes (its LF or
    CRLF not counted) becomes `TOO_LONG` and is never held in memory; the line after it is whole
    again.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._skipping = False

    def feed(self, chunk: bytes) -> list[bytes | TooLong]:
        """Return the lines this chunk completes, in order, without their LF."""
        *complete, rest = chunk.split(b"\n")
        lines = [self._end_line(part) for part in complete]
        self._keep(rest)
        return lines

    def end(self) -> list[bytes | TooLong]:
        """Return what the end of the stream completes: an unterminated last line, if any."""
        if not self._skipping and not self._size:
            return []
        return [self._end_line(b"")]

    def _keep(self, part: bytes) -> None:
        if self._skipping or not part:
            return
        self._size += len(part)
        if self._size > self._limit + 1:  # one more, which may be the CR of its end
            self._parts.clear()
            self._skipping = True
        else:
            self._parts.append(part)

    def _end_line(self, last: bytes) -> bytes | TooLong:
        self._keep(last)
        line = b"".join(self._parts).removesuffix(b"\r")
        is_too_long = self._skipping or len(line) > self._limit
        self._parts.clear()
        self._size = 0
        self._skipping = False
        return TOO_LONG if is_too_long else line
