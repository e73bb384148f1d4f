"""Files of which only the newest are kept, up to a number and a size; pure."""

from collections import deque
from typing import Final

MAX_FILES: Final = 64
MAX_BYTES: Final = 256 * 1024 * 1024


class Newest:
    """The files of one kind that lie in the scratch folder."""

    def __init__(self) -> None:
        self._files: deque[tuple[str, int]] = deque()
        self._bytes = 0

    def add(self, path: str, size_bytes: int) -> list[str]:
        """Note a new file; return those that are to be removed for it, the oldest.

        Never the newest, however large it is: a reply is about to name it.
        """
        self._files.append((path, size_bytes))
        self._bytes += size_bytes
        removed = []
        while len(self._files) > 1 and (len(self._files) > MAX_FILES or self._bytes > MAX_BYTES):
            oldest, freed_bytes = self._files.popleft()
            self._bytes -= freed_bytes
            removed.append(oldest)
        return removed
