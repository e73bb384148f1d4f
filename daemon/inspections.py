"""What waits for the inspector: a host's questions, then its pictures, then counting; pure."""

from collections import deque
from dataclasses import dataclass, field

from daemon.jobs import JobId
from daemon.lines import Place
from daemon.params import DocumentRenderParams
from daemon.ports import Reply, is_same_id
from ocr_worker import wire

MAX_ATTEMPTS = 2
"""A document that ends the inspector twice is not opened a third time."""


@dataclass(slots=True)
class Inspection:
    """One document to open. Either a host waits for `reply`, or `document` of a job is counted.

    Without a `source` the question is which engines there are; with a `picture`, one page is shown.
    """

    key: int
    source: wire.Source | None
    include_pages: bool = False
    reply: Reply | None = None
    path_as_given: str | None = None
    picture: DocumentRenderParams | None = None
    output: str | None = None
    """The resolved path of the file that the host wants the picture in."""
    overlay: bytes | Place | None = None
    """The page as a job has told it, whose words are to be drawn over the picture."""
    job_id: JobId | None = None
    document: int = 0
    attempts: int = 0


@dataclass(slots=True)
class Inspections:
    """Three queues and what is running, by key. One document of a batch is one slice of work."""

    _questions: deque[int] = field(default_factory=deque)
    _pictures: deque[int] = field(default_factory=deque)
    _counts: deque[int] = field(default_factory=deque)
    _live: dict[int, Inspection] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._questions) + len(self._pictures) + len(self._counts)

    def add(self, inspection: Inspection) -> None:
        """Let an inspection wait for its turn."""
        self._live[inspection.key] = inspection
        self._queue_of(inspection).append(inspection.key)

    def take(self) -> Inspection:
        """Return the next one; there must be one."""
        queue = self._questions or self._pictures or self._counts
        inspection = self._live[queue.popleft()]
        inspection.attempts += 1
        return inspection

    def end(self, key: int) -> Inspection | None:
        """Return what has been running under `key` and forget it; None when it was dropped."""
        return self._live.pop(key, None)

    def retry(self, inspection: Inspection) -> bool:
        """Put one back whose inspector died under it; False when it may not be tried again."""
        if inspection.attempts >= MAX_ATTEMPTS:
            return False
        self._live[inspection.key] = inspection
        self._queue_of(inspection).appendleft(inspection.key)
        return True

    def drop_job(self, job_id: JobId) -> None:
        """Forget what was to be counted for a job that is over; one that runs is not stopped."""
        for key in [key for key, one in self._live.items() if one.job_id == job_id]:
            del self._live[key]
            if key in self._counts:
                self._counts.remove(key)

    def drop_question(self, request_id: str | int | float) -> list[Inspection]:
        """Forget and return the questions of a request; one that runs is not stopped."""
        asked = [
            one
            for one in self._live.values()
            if one.reply is not None and is_same_id(one.reply.request_id, request_id)
        ]
        for one in asked:
            del self._live[one.key]
            queue = self._queue_of(one)
            if one.key in queue:
                queue.remove(one.key)
        return asked

    def drop_questions(self) -> list[Reply]:
        """Forget every host's question and return the replies that are owed for them."""
        asked = [one for one in self._live.values() if one.reply is not None]
        for one in asked:
            del self._live[one.key]
        self._questions.clear()
        self._pictures.clear()
        return [one.reply for one in asked if one.reply is not None]

    @property
    def has_questions(self) -> bool:
        """True while a host waits for an answer."""
        return any(one.reply is not None for one in self._live.values())

    def _queue_of(self, inspection: Inspection) -> deque[int]:
        if inspection.picture is not None:
            return self._pictures
        return self._questions if inspection.reply is not None else self._counts
