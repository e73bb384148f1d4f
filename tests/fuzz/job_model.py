"""A model of jobs: what a host was told of them, and what it may conclude from that.

It keeps nothing but replies and notifications, and raises `AssertionError` for one that
protocol.md does not allow; and it looks at the owner's slots and deadlines for what is left over.
"""

from collections import Counter
from typing import Any

from hypothesis import event

from daemon import reports
from daemon.jobs import SUCCESSES, JobId
from daemon.lifecycle import Phase
from daemon.timers import Timer
from daemon.worker_slot import PageTask, SlotState
from tests.fakes import FakeReply, World
from tests.fuzz.worker_model import Workers

TERMINALS = ("job/result", "job/error")
PHASES = list(Phase)


class Jobs:
    """All jobs that were asked for. `check` is to be called after everything that happened."""

    def __init__(self, world: World, workers: Workers, pages_of: dict[str, int]) -> None:
        self._world = world
        self._workers = workers
        self._pages_of = pages_of
        self.asked_for: list[tuple[FakeReply, list[str]]] = []
        """Every request for a job, and its files."""
        self.terminals: dict[str, Any] = {}
        """Last words, by job."""
        self.forgotten: set[str] = set()
        self._files: dict[str, list[str]] = {}
        self._told: dict[tuple[str, int, int], Any] = {}
        self._n_read = 0
        self._phase = Phase.RUNNING

    @property
    def n_unfinished(self) -> int:
        """How many were accepted and have not ended."""
        return len(self._files) - len(self.terminals)

    def check(self) -> None:
        """Read what is new, and look at what is left over."""
        self._read_news()
        self._check_phase()
        self._check_slots()
        self._check_deadlines()

    def _read_news(self) -> None:
        for reply, files in self.asked_for:
            if reply.result is not None:
                self._files.setdefault(reply.result.job_id, files)
        news = self._world.host.notifications[self._n_read :]
        self._n_read = len(self._world.host.notifications)
        for method, params in news:
            job_id = getattr(params, "job_id", None)
            if job_id is not None:
                assert job_id in self._files, "told of before its reply"
                assert job_id not in self.terminals, "told of after its end"
            if method == "job/page":
                self._read_page(params)
            elif method in TERMINALS:
                self._read_terminal(method, params)

    def _read_page(self, params):
        place = params.job_id, params.document, params.page
        assert place not in self._told, "a page ended twice"
        self._told[place] = params
        event(f"a page {params.state} {params.error.data.kind if params.error else ''}")
        assert 1 <= params.page <= self._pages_of[params.file]
        assert (
            1
            <= params.attempts
            <= self._world.supervisor.book.find(params.job_id).options.max_attempts
        )
        if params.state in SUCCESSES:
            assert self._workers.read[params.text] == (params.file, params.page)
            assert params.attempts <= self._workers.begun[params.file, params.page]

    def _read_terminal(self, method, params):
        self.terminals[params.job_id] = params
        event(f"a job {params.state}, {self._phase}")
        files = self._files[params.job_id]
        counts = _counts(params.pages)
        pages_told = [one for place, one in self._told.items() if place[0] == params.job_id]
        assert Counter(one.state for one in pages_told) <= counts
        untold = counts - Counter(one.state for one in pages_told)
        assert set(untold) <= {"failed", "cancelled"}, "a page that was read was not told"
        assert params.total_files == len(files)
        assert params.total_pages_processed == sum(counts[state] for state in SUCCESSES)
        assert len(params.failed_pages) == counts["failed"]
        assert (method == "job/result") == (params.state in ("succeeded", "partial"))
        documents = reports.job_status(self._world.supervisor.book.find(params.job_id)).documents
        for file, document in zip(files, documents, strict=True):
            n_ended = _counts(document.pages).total()
            assert document.page_count in (None, self._pages_of[file])
            assert n_ended == (document.page_count or 0), "pages of a document were lost"

    def _check_slots(self):
        """No page is in two hands, and none of a job that is over in any."""
        slots = self._world.supervisor.pool.slots
        wanted = [slot.task for slot in slots if slot.state is SlotState.RUNNING]
        pages = [task.ref for task in wanted if isinstance(task, PageTask)]
        assert len(set(pages)) == len(pages)
        for page in pages:
            assert page.job_id not in self.terminals, "a page of a job that is over"

    def _check_phase(self):
        phase = self._world.supervisor.lifecycle.phase
        assert PHASES.index(phase) >= PHASES.index(self._phase)
        self._phase = phase
        assert self._world.supervisor.book.n_active == self.n_unfinished
        if phase in (Phase.STOPPING, Phase.STOPPED):
            assert self.n_unfinished == 0

    def _check_deadlines(self):
        """None outlives what it is for."""
        for timer in list(self._world.supervisor.deadlines._live):
            assert self._has_subject(timer), timer

    def _has_subject(self, timer: Timer) -> bool:
        supervisor = self._world.supervisor
        match timer.what:
            case "job" | "progress":
                return supervisor.book.get_active(JobId(str(timer.subject))) is not None
            case "forget":
                return timer.subject in self.terminals and timer.subject not in self.forgotten
            case "retire":
                return not self._workers.all[timer.subject].is_gone
            case "check":
                return True  # by a token, and does nothing when the request has been answered
            case "hardware":
                return supervisor.machine.has_questions
            case "sample":
                return supervisor.book.has_background
            case "health" | "drain" | "pending":
                return self._phase is not Phase.STOPPED
        slot = supervisor.pool.slots[int(timer.subject)]
        match timer.what:
            case "page" | "inspect" | "silence" | "stop_task":
                return slot.task is not None
            case "restart":
                return slot.worker_id is None
            case "successor":
                return slot.successor_id is not None
            case "idle" | "heartbeat" | "pong":
                return slot.worker_id is not None and slot.task is None
            case _:
                return slot.worker_id is not None


def _counts(pages) -> Counter[str]:
    return Counter({name: getattr(pages, name) for name in pages.__struct_fields__})
