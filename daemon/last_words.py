"""What a worker writes to stderr: its lines for the log, its end for when it dies; pure.

A worker is trusted with nothing, so both are bounded however much it writes and whether or not it
ends its lines.
"""

from typing import Final

TAIL_BYTES: Final = 4 * 1024
"""How much is kept for when it dies."""
LINE_CHARS: Final = 400
"""How much of a line goes to the log."""


class LastWords:
    """One worker's stderr. Used by the thread that reads it, and when that has ended."""

    def __init__(self) -> None:
        self._tail = b""
        self._line = b""

    def feed(self, chunk: bytes) -> list[str]:
        """Take what was read; return the lines that it completed, cut to what is logged."""
        self._tail = (self._tail + chunk)[-TAIL_BYTES:]
        *lines, rest = chunk.split(b"\n")
        if not lines:
            self._line = self._cut(self._line + rest)
            return []
        lines[0] = self._line + lines[0]
        self._line = self._cut(rest)
        return [text for line in lines if (text := _printable(line))]

    def tail(self) -> str:
        """Return the last of what was written, at most 4 KiB in UTF-8."""
        text = self._tail.decode(errors="replace")
        # A byte that is no UTF-8 has become three.
        return text.encode()[-TAIL_BYTES:].decode(errors="ignore")

    @staticmethod
    def _cut(line: bytes) -> bytes:
        # No character takes more than four bytes; one beyond the cap shows that there was more.
        return line[: 4 * (LINE_CHARS + 1)]


def _printable(line: bytes) -> str:
    """Return a line as the log may have it: nothing that moves a terminal's cursor."""
    text = line[: 4 * (LINE_CHARS + 1)].decode(errors="replace").strip()
    text = "".join(char if char.isprintable() else " " for char in text)
    return text if len(text) <= LINE_CHARS else text[:LINE_CHARS] + "…"
