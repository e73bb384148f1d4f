"""Pages of jobs that memory has no room for: one file a job, written by one thread."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress

from loguru import logger

from daemon.events import Event, PagesMoved, ThreadCrashed
from daemon.jobs import JobId
from daemon.lines import Place
from daemon.page_store import Move
from daemon.scratch import Scratch, open_private


class PageFiles:
    """The port to those files; what is ordered is done one after the other."""

    def __init__(self, scratch: Scratch, post: Callable[[Event], None]) -> None:
        self._scratch = scratch
        self._post = post
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pages")
        self._last: Future[None] | None = None

    def keep(self, move: Move) -> None:
        """Write pages to their job's file; answered by `PagesMoved`."""
        self._run(lambda: self._post(self._keep(move)))

    def drop(self, job_id: JobId) -> None:
        """Remove a job's file."""

        def remove() -> None:
            with suppress(OSError):
                os.unlink(self._path_of(job_id))

        self._run(remove)

    def close(self, timeout_s: float) -> None:
        """Begin nothing more, and let what is being written be written, if that is possible."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._last is not None:
            wait([self._last], timeout_s)

    def _keep(self, move: Move) -> PagesMoved:
        places: list[tuple[tuple[int, int], Place | None]] = []
        path = self._path_of(move.job_id)
        try:
            self._scratch.make()
            with open(path, "ab", opener=open_private) as file:
                for key, content in move.pages:
                    places.append((key, Place(path, file.tell(), len(content))))
                    file.write(content)
        except OSError as error:
            # What was written of it stays, unread: the next pages are written behind it.
            logger.warning("pages cannot be written to scratch: {}", error.strerror)
            places = [(key, None) for key, _ in move.pages]
        return PagesMoved(move.job_id, tuple(places))

    def _path_of(self, job_id: JobId) -> str:
        return str(self._scratch.path / f"pages-{job_id}.json")

    def _run(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except BaseException:  # noqa: BLE001  the executor would keep it to itself
                logger.exception("page files crashed")
                self._post(ThreadCrashed("pages"))

        self._last = self._thread.submit(guarded)
