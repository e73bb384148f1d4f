"""The pages that jobs have ended, encoded as they were told, until their jobs are forgotten; pure.

They are kept in memory up to a number of bytes; beyond that the oldest are to be written to a file
of their job, and are let go of once they lie there.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import orjson

from daemon.jobs import JobId
from daemon.lines import Part, Place

MAX_BYTES: Final = 32 * 1024 * 1024
_LOST: Final = "The text of this page could not be kept: the scratch folder cannot be written to."

PageKey: TypeAlias = tuple[int, int]
"""Index of the document, number of the page."""


class Move(NamedTuple):
    """Pages of one job that are to be moved to its file."""

    job_id: JobId
    pages: tuple[tuple[PageKey, bytes], ...]


class PageStore:
    """Encoded pages by job, document and number."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._pages: dict[JobId, dict[PageKey, bytes | Place]] = {}
        self._oldest: deque[tuple[JobId, PageKey]] = deque()
        """Those in memory that nobody has been told to write."""
        self._waiting_bytes = 0
        self.memory_bytes = 0
        """What is in memory, that which is being written included."""

    def open(self, job_id: JobId) -> None:
        """Begin to keep a job's pages."""
        self._pages[job_id] = {}

    def put(self, job_id: JobId, key: PageKey, content: bytes) -> None:
        """Keep what came of a page."""
        self._pages[job_id][key] = content
        self._oldest.append((job_id, key))
        self._waiting_bytes += len(content)
        self.memory_bytes += len(content)

    def take_excess(self) -> list[Move]:
        """Return what is to be written so that memory stays bounded; each page once."""
        moves: dict[JobId, list[tuple[PageKey, bytes]]] = {}
        while self._waiting_bytes > self._max_bytes and self._oldest:
            job_id, key = self._oldest.popleft()
            content = self._pages.get(job_id, {}).get(key)
            if isinstance(content, bytes):
                self._waiting_bytes -= len(content)
                moves.setdefault(job_id, []).append((key, content))
        return [Move(job_id, tuple(pages)) for job_id, pages in moves.items()]

    def on_moved(self, job_id: JobId, places: Sequence[tuple[PageKey, Place | None]]) -> None:
        """Pages were written there; None for those that could not be, whose texts are let go."""
        stored = self._pages.get(job_id)
        if stored is None:
            return
        for key, place in places:
            content = stored[key]
            assert isinstance(content, bytes)
            self.memory_bytes -= len(content)
            if place is not None:
                stored[key] = place
            else:
                stored[key] = rest = _without_text(content)
                self.memory_bytes += len(rest)

    def find(self, job_id: JobId, key: PageKey) -> bytes | Place | None:
        """Return a page of a job, or None while it has not ended."""
        return self._pages[job_id].get(key)

    def pages(self, job_id: JobId) -> list[tuple[PageKey, Part]]:
        """Return a job's pages in order, each where it lies."""
        return sorted(self._pages[job_id].items(), key=lambda page: page[0])

    def close(self, job_id: JobId) -> None:
        """Forget a job's pages."""
        unwritten = {key for owner, key in self._oldest if owner == job_id}
        for key, content in self._pages.pop(job_id).items():
            if isinstance(content, bytes):
                self.memory_bytes -= len(content)
                self._waiting_bytes -= len(content) if key in unwritten else 0
        if unwritten:
            self._oldest = deque(one for one in self._oldest if one[0] != job_id)


def _without_text(content: bytes) -> bytes:
    page = orjson.loads(content)
    page.pop("text", None)
    page.pop("words", None)
    page["warnings"] = [*page.get("warnings", ()), _LOST]
    return orjson.dumps(page)
