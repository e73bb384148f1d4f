"""All jobs there are: by id, in turn for the next page, and how long finished ones are kept; pure.

The pages that were read are in `page_store`.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, get_args

from msgspec.structs import replace

from daemon.errors import RpcError
from daemon.jobs import Job, JobId, PageRef
from daemon.notifications import TerminalParams
from daemon.page_store import PageStore
from daemon.params import Priority

KEPT_JOBS: Final = 200
KEPT_JOB_S: Final = 3600.0
_PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)


class JobBook:
    """Jobs, unfinished and kept, with their pages and their terminal notifications."""

    def __init__(self) -> None:
        self._jobs: dict[JobId, Job] = {}
        self._active: OrderedDict[JobId, Job] = OrderedDict()
        self._finished: deque[JobId] = deque()
        self._turns: dict[Priority, deque[Job]] = {name: deque() for name in _PRIORITIES}
        self.pages = PageStore()
        self._terminals: dict[JobId, TerminalParams] = {}

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    @property
    def active(self) -> Iterable[Job]:
        """The jobs that are not finished, oldest first."""
        return self._active.values()

    @property
    def n_active(self) -> int:
        """How many jobs are not finished."""
        return len(self._active)

    @property
    def last_finished(self) -> Job | None:
        """The job that finished last and is still kept."""
        return self._jobs[self._finished[-1]] if self._finished else None

    def add(self, job: Job) -> None:
        """Take a job in."""
        self._jobs[job.job_id] = self._active[job.job_id] = job
        self._turns[job.options.priority].append(job)
        self.pages.open(job.job_id)

    def find(self, job_id: str) -> Job:
        """Return a job. Raise `job_not_found` for one that never was or is no longer kept."""
        job = self._jobs.get(JobId(job_id))
        if job is None:
            raise RpcError("job_not_found", "There is no such job, or it is no longer kept.")
        return job

    def get_active(self, job_id: JobId) -> Job | None:
        """Return a job that is not finished."""
        return self._active.get(job_id)

    @property
    def has_background(self) -> bool:
        """True while a background job is not finished."""
        return bool(self._turns["background"])

    def take_page(self, *, suspects_last: bool, background: bool) -> PageRef | None:
        """Hand out the next page: the highest class first, the jobs of a class in turns.

        With `suspects_last`, pages that have ended a worker wait for all others of all jobs;
        without `background`, those of background jobs wait.
        """
        suspects = not suspects_last
        job = self._next_in_turn(suspects=suspects, background=background)
        if job is None and suspects_last:
            suspects = True
            job = self._next_in_turn(suspects=True, background=background)
        if job is None:
            return None
        turns = self._turns[job.options.priority]
        turns.remove(job)
        turns.append(job)
        return job.take_page(suspects=suspects)

    def prioritize(
        self, job: Job, priority: Priority | None, document: int, pages: str | None
    ) -> None:
        """Move a job to another class, or pages of one of its documents to its front, or both.

        What is running goes on; a finished job stays as it is.
        """
        if job.job_id not in self._active:
            return
        if priority not in (None, job.options.priority):
            self._turns[job.options.priority].remove(job)
            job.options = replace(job.options, priority=priority)
            self._turns[job.options.priority].append(job)
        if pages is not None:
            job.put_first(job.documents[document], pages)

    def peek_engine(self) -> str | None:
        """Return the engine to load for the next page; None when no page waits, or needs one."""
        job = self._next_in_turn(suspects=True, background=True)
        return job.engine_ahead if job else None

    def count_waiting(self, at_most: int, background_at_most: int) -> int:
        """Return how many pages wait for a slot, counting no further than needed.

        Of background jobs not more than `background_at_most` count.
        """
        n_waiting = 0
        for name, turns in self._turns.items():
            limit = (
                at_most if name != "background" else min(at_most, n_waiting + background_at_most)
            )
            for document in (document for job in turns for document in job.documents):
                if n_waiting >= limit:
                    break
                n_waiting = min(limit, n_waiting + document.n_waiting)
        return n_waiting

    @property
    def n_waiting(self) -> int:
        """How many pages wait for a slot."""
        return sum(doc.n_waiting for job in self._active.values() for doc in job.documents)

    def finish(self, job: Job, terminal: TerminalParams) -> list[Job]:
        """Note a job's end; return the jobs that are to be forgotten because of it."""
        del self._active[job.job_id]
        self._turns[job.options.priority].remove(job)
        self._terminals[job.job_id] = terminal
        self._finished.append(job.job_id)
        n_excess = max(0, len(self._finished) - KEPT_JOBS)
        return [self._jobs[job_id] for job_id in islice(self._finished, n_excess)]

    def terminal(self, job: Job) -> TerminalParams | None:
        """Return the terminal notification's params; None while the job is not finished."""
        return self._terminals.get(job.job_id)

    def forget(self, job: Job) -> None:
        """Drop a finished job and all it has left."""
        self._finished.remove(job.job_id)
        self.pages.close(job.job_id)
        del self._jobs[job.job_id], self._terminals[job.job_id]

    def _next_in_turn(self, *, suspects: bool, background: bool) -> Job | None:
        for name, turns in self._turns.items():
            if name == "background" and not background:
                continue
            for job in turns:
                if job.takes(suspects=suspects):
                    return job
        return None
