"""Notifications that have been sent, kept so that a host that missed some can ask again; pure.

Pages are kept up to a number of bytes and workers' states up to a number of them, the oldest go;
terminal notifications are kept as long as their jobs, and pages no longer. Progress and the log are
not kept.
"""

from array import array
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_STATES: Final = 1000
_MAX_GONE: Final = 100_000
"""So many numbers of dropped notifications are known one by one."""
_KEPT_METHODS: Final = ("job/page", "worker/state", "job/result", "job/error")


@dataclass(frozen=True, slots=True)
class Kept:
    """A notification as it was sent; `params` is its encoded params, with `seq`."""

    seq: int
    method: str
    params: bytes


class Replay:
    """The notifications that can be sent again, by `seq`."""

    def __init__(self) -> None:
        self._kept: dict[int, Kept] = {}
        self._pages: deque[int] = deque()
        """Numbers in order, of which some may be gone with their jobs."""
        self._states: deque[int] = deque()
        self._jobs: dict[str, list[int]] = {}
        self._gone: array[int] = array("Q")
        """The numbers that are not kept any more, ascending; of old ones only how many."""
        self._n_long_gone = 0
        self.kept_bytes = 0

    def add(self, seq: int, method: str, params: bytes, job_id: str | None) -> None:
        """Note what is being sent; numbers ascend."""
        if method not in _KEPT_METHODS:
            return
        self._kept[seq] = Kept(seq, method, params)
        if job_id is not None:
            self._jobs.setdefault(job_id, []).append(seq)
        if method == "job/page":
            self._pages.append(seq)
            self.kept_bytes += len(params)
            while self.kept_bytes > MAX_BYTES:
                self._drop(self._pages.popleft())
        elif method == "worker/state":
            self._states.append(seq)
            if len(self._states) > MAX_STATES:
                self._drop(self._states.popleft())

    def forget(self, job_id: str) -> None:
        """The job is forgotten, and all that was said about it."""
        for seq in self._jobs.pop(job_id, ()):
            self._drop(seq)
        while self._pages and self._pages[0] not in self._kept:
            self._pages.popleft()

    def since(self, seq: int) -> Iterator[Kept]:
        """Yield what is kept of all that came after that number, in order."""
        return (kept for kept in self._kept.values() if kept.seq > seq)

    def n_missed(self, since: int) -> int:
        """Return how many notifications after that number were kept once and are no more.

        It is too high rather than too low where `since` lies very far back.
        """
        n_recent = len(self._gone) - bisect_right(self._gone, since)
        reaches_back = not self._gone or since < self._gone[0]
        return n_recent + (self._n_long_gone if reaches_back else 0)

    def _drop(self, seq: int) -> None:
        kept = self._kept.pop(seq, None)
        if kept is None:
            return
        if kept.method == "job/page":
            self.kept_bytes -= len(kept.params)
        insort(self._gone, seq)
        if len(self._gone) > _MAX_GONE:
            self._n_long_gone += 1
            del self._gone[0]
