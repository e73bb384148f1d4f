"""What is due at which instant; pure, with cancellation by key."""

import heapq
from collections.abc import Hashable
from itertools import count
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_SLACK: Final = 64
"""How many dead entries are borne before it is worth to look for them."""


class Deadlines(Generic[K]):
    """A heap of keys by instant (seconds of the monotonic clock); each key is due at most once."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, K]] = []
        self._live: dict[K, int] = {}
        self._order = count()

    def set(self, key: K, at: float) -> None:
        """Make `key` due at `at`, in place of an earlier order for it."""
        token = next(self._order)
        self._live[key] = token
        heapq.heappush(self._heap, (at, token, key))
        if len(self._heap) > 2 * len(self._live) + _SLACK:
            # Most deadlines are cleared long before they are due, and would lie here till then.
            self._heap = [entry for entry in self._heap if self._live.get(entry[2]) == entry[1]]
            heapq.heapify(self._heap)

    def clear(self, key: K) -> None:
        """Forget `key`; unknown keys are fine, since what it guards may have ended already."""
        self._live.pop(key, None)

    def next_at(self) -> float | None:
        """Return the next instant at which something is due."""
        self._drop_dead()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> K | None:
        """Return one key that is due, earliest first, or None; call until it is None."""
        self._drop_dead()
        if not self._heap or self._heap[0][0] > now:
            return None
        _, _, key = heapq.heappop(self._heap)
        del self._live[key]
        return key

    def _drop_dead(self) -> None:
        while self._heap and self._live.get(self._heap[0][2]) != self._heap[0][1]:
            heapq.heappop(self._heap)
