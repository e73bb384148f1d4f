"""What becomes of jobs: pages to slots and back, documents to outputs, jobs to their end.

Part of the owner: no I/O, no clock. The one place where a page or document changes state because of
something that happened.
"""

from functools import partial
from typing import Final

import msgspec
from loguru import logger

from daemon import assembling, page_attempts, reports, work_orders
from daemon.assembling import Assembling
from daemon.clock import Moment
from daemon.deadlines import Deadlines
from daemon.errors import RpcError
from daemon.events import OutputsPublished
from daemon.inspector import error_of
from daemon.internal_errors import internal_error
from daemon.job_book import KEPT_JOB_S, JobBook
from daemon.jobs import Document, DocumentState, Job, JobId, PageRef
from daemon.machine_watch import MachineWatch
from daemon.metrics import Metrics
from daemon.notifications import PageParams
from daemon.page_attempts import Loss, try_again
from daemon.page_ranges import select_pages
from daemon.params import PageStateName
from daemon.pool import Pool
from daemon.ports import Files, Host, PageFiles
from daemon.timers import Timer
from daemon.worker_slot import AssembleTask, Death, PageTask, Slot, SlotTask
from ocr_worker import wire

MAX_BACKLOG_BYTES: Final = 8 * 1024 * 1024
"""Above this much unread by the host, no new page is handed out."""
PROGRESS_INTERVAL_S: Final = 0.1
_HOPELESS: Final = ("engine_unavailable", "language_unavailable", "document_changed")
"""Failures of a page that every other page of its document would share."""


class JobRunner:
    """Drives the jobs of the book through the slots of the pool."""

    def __init__(
        self,
        limits: wire.Limits,
        book: JobBook,
        pool: Pool,
        deadlines: Deadlines[Timer],
        files: Files,
        page_files: PageFiles,
        host: Host,
        metrics: Metrics,
        machine_watch: MachineWatch,
    ) -> None:
        self._limits = limits
        self._book = book
        self._pool = pool
        self._deadlines = deadlines
        self._files = files
        self._page_files = page_files
        self._host = host
        self._metrics = metrics
        self._machine_watch = machine_watch
        self._assembling = Assembling(book, pool, files, limits)
        self._n_kept = 0
        self._progress_due: dict[JobId, float] = {}
        """When the next `job/progress` of a job may go out, monotonic seconds."""
        self.progress_interval_s = PROGRESS_INTERVAL_S

    # Handing out.

    def hand_out(self, now: Moment) -> None:
        """Fill idle slots with documents to assemble, then with pages; start workers for more."""
        if self._pool.is_exhausted:
            self._fail_all(now)
            return
        for slot in self._pool.idle_ocr_slots():
            if not (self._assembling.hand_out(slot, now.monotonic) or self._read_next(slot, now)):
                return
        empty = [slot for slot in self._pool.ocr_slots if slot.can_start]
        if not empty:
            return
        n_starting = sum(slot.is_up and not slot.is_ready for slot in self._pool.ocr_slots)
        n_wanted = self._n_work(at_most=len(self._pool.ocr_slots)) - n_starting
        for slot in empty[: max(0, n_wanted)]:
            self._pool.start(slot, self._next_engine(), now.monotonic)

    def _n_work(self, at_most: int) -> int:
        """Count pages and documents that wait; an uncounted job is worth one worker, to warm up."""
        n_free = self._machine_watch.n_background_free
        n_work = len(self._assembling) + self._book.count_waiting(at_most, n_free)
        if not n_work and any(not job.is_counted for job in self._book.active):
            is_any_up = any(slot.is_up for slot in self._pool.ocr_slots)
            return 0 if is_any_up else 1
        return min(n_work, at_most)

    def _next_engine(self) -> str | None:
        engine = self._book.peek_engine()
        return engine or next((job.engine_ahead for job in self._book.active), None)

    def _read_next(self, slot: Slot, now: Moment) -> bool:
        if self._host.backlog_bytes > MAX_BACKLOG_BYTES:
            return False
        # With one slot left, a page that has killed a worker waits for all that has not.
        ref = self._book.take_page(
            suspects_last=self._pool.n_living < 2,
            background=self._machine_watch.n_background_free > 0,
        )
        if ref is None:
            return False
        job = self._book.find(ref.job_id)
        if job.started_at is None:
            job.started_at = now.unix
        document = job.documents[ref.document]
        if document.pages[ref.page].attempts == 1:
            self._metrics.on_waited(now.monotonic - document.counted_at)
        keep = None
        if job.output_kinds:
            # A name of its own for each attempt: a dead worker may have left half a file.
            self._n_kept += 1
            keep = self._files.scratch_path(f"page-{self._n_kept}.json")
        task = PageTask(
            ref,
            keep,
            gives_way=page_attempts.gives_way(job, ref.document, ref.page),
            is_background=job.options.priority == "background",
        )
        order = partial(work_orders.recognize, job, task, self._limits)
        self._pool.assign(slot, task, order, now.monotonic, job.timeouts.silence_timeout_s)
        return True

    def on_accepted(self, slot: Slot, now: Moment) -> None:
        """A worker has begun: the time of the page counts from here."""
        timeout_s = assembling.TIMEOUT_S
        task = slot.task
        if isinstance(task, PageTask | AssembleTask):
            job_id = task.ref.job_id if isinstance(task, PageTask) else task.job_id
            timeouts = self._book.find(job_id).timeouts
            timeout_s = timeouts.page_timeout_s if isinstance(task, PageTask) else timeout_s
            self._pool.watchdog.watch_busy(slot, timeouts.silence_timeout_s, now.monotonic)
        self._deadlines.set(Timer("page", slot.number), now.monotonic + timeout_s)

    def on_share(self, slot: Slot, share: float, now: Moment) -> None:
        """A worker tells how much of a document's outputs it has written."""
        if isinstance(slot.task, AssembleTask):
            job, has_advanced = self._assembling.on_share(slot.task, share)
            if has_advanced:
                self._deadlines.set(
                    Timer("page", slot.number), now.monotonic + assembling.TIMEOUT_S
                )
            self._tell_progress(job, now)

    # What comes back.

    def on_counted(
        self, job: Job, document: Document, outcome: wire.Inspected | RpcError, now: Moment
    ) -> None:
        """A document was counted, or cannot be."""
        if document.state is not DocumentState.WAITING:
            return
        if isinstance(outcome, RpcError):
            document.fail(outcome)
        else:
            document.size_bytes = outcome.size_bytes
            document.modified_ns = outcome.modified_ns
            try:
                pages = select_pages(document.selection, outcome.page_count)
            except RpcError as error:
                document.fail(error)
            else:
                job.counted(document, pages, outcome.page_count)
                document.counted_at = now.monotonic
        self.settle(job, now)

    def on_outcome(self, task: SlotTask, message: wire.Event, took_s: float, now: Moment) -> None:
        """A worker has left a task that is still wanted."""
        if isinstance(task, PageTask):
            match message:
                case wire.Recognized():
                    self._end_read(task, message.page, took_s, now)
                case wire.Failed():
                    self._end_page(task.ref, "failed", error_of(message), took_s, now)
                case _:
                    error = internal_error("a worker left a page that it was not asked to leave")
                    self._end_page(task.ref, "failed", error, took_s, now)
        elif isinstance(task, AssembleTask):
            if isinstance(message, wire.Assembled):
                self._metrics.on_assembled(took_s)
            self.settle(self._assembling.on_outcome(task, message), now)

    def on_left(self, task: SlotTask) -> None:
        """A cancelled task has been left, or its worker is dead: nothing writes any more."""
        if isinstance(task, AssembleTask):
            self._assembling.on_left(task)
        elif isinstance(task, PageTask) and task.keep is not None:
            self._files.discard((task.keep,))

    def on_lost(
        self, task: SlotTask, death: Death, error: RpcError, took_s: float, now: Moment
    ) -> None:
        """A worker died, or was found to be as good as dead, over a task that is still wanted."""
        loss: Loss = "silence" if error.kind.name == "timeout" else "crash"
        if isinstance(task, AssembleTask):
            self.settle(self._assembling.on_lost(task, death, loss, error), now)
        elif isinstance(task, PageTask):
            self.on_left(task)
            job, document = self._place(task.ref)
            if not try_again(job, task, loss, was_accepted=death.task_accepted):
                error.data["attempts"] = document.pages[task.ref.page].attempts
                document.n_poison += 1
                self._end_page(task.ref, "failed", error, took_s, now)

    def on_page_timeout(self, slot: Slot, now: Moment) -> None:
        """A page, or an assembling, has had its time: end its worker."""
        task = slot.task
        took_s = now.monotonic - slot.task_accepted_at
        self._pool.abandon_task(slot, now.monotonic)
        if isinstance(task, PageTask):
            job, document = self._place(task.ref)
            if not try_again(job, task, "timeout"):
                document.n_poison += 1
                attempts = document.pages[task.ref.page].attempts
                message = f"The page took longer than {job.timeouts.page_timeout_s:g} s."
                error = RpcError("timeout", message, which="page", attempts=attempts)
                self._end_page(task.ref, "failed", error, took_s, now)
        elif isinstance(task, AssembleTask):
            self.settle(self._assembling.on_timeout(task), now)

    def _end_read(self, task: PageTask, page: wire.Page, took_s: float, now: Moment) -> None:
        ref = task.ref
        job, document = self._place(ref)
        if task.keep is not None:
            document.kept[ref.page] = task.keep
        job.end_page(ref, page.state)
        self._metrics.on_page_read(page.seconds, now.monotonic)
        told = reports.read_page(job, ref, page, took_s, job.options)
        self._tell_page(ref, told)
        self._tell_progress(job, now)
        self.settle(job, now)

    def _end_page(
        self, ref: PageRef, state: PageStateName, error: RpcError, took_s: float, now: Moment
    ) -> None:
        job, document = self._place(ref)
        job.end_page(ref, state, error)
        self._tell_ended(job, ref, state, took_s, error)
        if error.kind.name in _HOPELESS:
            for number in document.drain():
                waiting = job.ref(document, number)
                job.end_page(waiting, state, error)
                if document.pages[number].attempts:
                    self._tell_ended(job, waiting, state, 0.0, error)
        self._tell_progress(job, now)
        self.settle(job, now)

    def _tell_ended(
        self,
        job: Job,
        ref: PageRef,
        state: PageStateName,
        took_s: float,
        error: RpcError | None,
    ) -> None:
        self._tell_page(ref, reports.ended_page(job, ref, state, took_s, error))

    def _tell_page(self, ref: PageRef, told: PageParams) -> None:
        pages = self._book.pages
        content = msgspec.json.encode(told)
        pages.put(ref.job_id, (ref.document, ref.page), content)
        for move in pages.take_excess():
            self._page_files.keep(move)
        self._host.notify("job/page", told, encoded=content)

    # Documents and jobs to their end.

    def settle(self, job: Job, now: Moment) -> None:
        """Move on every document whose pages have all ended, and end the job with the last."""
        if job.finished_at is not None:
            return
        for document in job.documents:
            has_ended = document.n_ended == len(document.pages)
            if document.state is not DocumentState.READING or not has_ended:
                continue
            failure = document.first_failure()
            if not document.n_succeeded and failure is not None:
                document.fail(failure)
            elif job.output_kinds:
                self._assembling.add(job, document)
            else:
                document.state = DocumentState.SUCCEEDED
        if job.is_over:
            self._finish(job, now)

    def cancel(self, job: Job, now: Moment) -> None:
        """End a job as its host wishes: at once, but for a document that is being named."""
        job.is_cancelled = True
        self._stop(job, "cancelled", None, now)

    def _stop(self, job: Job, state: PageStateName, failure: RpcError | None, now: Moment) -> None:
        tried = job.tried_pages()
        took_s: dict[PageRef, float] = {}
        for slot in self._pool.ocr_slots:
            task = slot.task
            if isinstance(task, PageTask) and task.ref.job_id == job.job_id:
                if slot.task_accepted:
                    took_s[task.ref] = now.monotonic - slot.task_accepted_at
                self._pool.cancel_task(slot, now.monotonic)
            elif isinstance(task, AssembleTask) and task.job_id == job.job_id:
                self._pool.cancel_task(slot, now.monotonic)
        job.stop(state, failure)
        for ref in tried:
            self._tell_ended(job, ref, state, took_s.get(ref, 0.0), failure)
        self.settle(job, now)

    def on_published(self, event: OutputsPublished, now: Moment) -> None:
        """The file system has named a document's outputs, or says why not."""
        job = self._assembling.on_published(event)
        if job is not None:
            self.settle(job, now)

    def give_up_publishing(self, job: Job, now: Moment) -> None:
        """End what only the file system could still end."""
        for document in job.documents:
            if not document.is_over:
                document.fail(RpcError("output_failed", "The file system did not answer."))
        self.settle(job, now)

    def _finish(self, job: Job, now: Moment) -> None:
        job.finished_at = now.unix
        self._metrics.on_job_finished(job)
        terminal = reports.terminal(job, now.monotonic - job.accepted.monotonic)
        self._deadlines.clear(Timer("job", job.job_id))
        self._deadlines.clear(Timer("progress", job.job_id))
        self._progress_due.pop(job.job_id, None)
        method = "job/result" if terminal.state in ("succeeded", "partial") else "job/error"
        self._host.notify(method, terminal)
        logger.info("job {} {}", job.job_id, terminal.state)
        self._deadlines.set(Timer("forget", job.job_id), now.monotonic + KEPT_JOB_S)
        for excess in self._book.finish(job, terminal):
            self.forget(excess)
        for document in job.documents:
            copy = (document.path,) if document.is_copy and document.path else ()
            self._files.discard((*document.kept.values(), *copy))

    @property
    def n_assembling(self) -> int:
        """How many documents wait for a slot to have their outputs written."""
        return len(self._assembling)

    def forget(self, job: Job) -> None:
        """Drop a finished job before its time."""
        self._deadlines.clear(Timer("forget", job.job_id))
        self._book.forget(job)
        self._page_files.drop(job.job_id)
        self._files.discard(self._host.forget(job.job_id))

    def _fail_all(self, now: Moment) -> None:
        """No slot is left that could read a page or write an output."""
        for job in list(self._book.active):
            if job.is_counted:
                message = "No OCR worker can be started; worker/list says why."
                job.failure = RpcError("workers_unavailable", message)
                self._stop(job, "failed", job.failure, now)

    # Timers and progress.

    def on_timer(self, timer: Timer, now: Moment) -> None:
        """A deadline of a job has passed."""
        job_id = JobId(str(timer.subject))
        job = self._book.get_active(job_id)
        if timer.what == "forget":
            self.forget(self._book.find(job_id))
        elif job is not None and timer.what == "job":
            message = f"The job took longer than {job.timeouts.job_timeout_s:g} s."
            job.failure = RpcError("timeout", message, which="job")
            self._stop(job, "failed", job.failure, now)
        elif job is not None:
            self._tell_progress(job, now)

    def _tell_progress(self, job: Job, now: Moment) -> None:
        due = self._progress_due.get(job.job_id, 0.0)
        if now.monotonic < due:
            self._deadlines.set(Timer("progress", job.job_id), due)
            return
        self._progress_due[job.job_id] = now.monotonic + self.progress_interval_s
        self._host.notify(
            "job/progress", reports.progress(job, now.unix), latest_of=f"progress {job.job_id}"
        )

    def _place(self, ref: PageRef) -> tuple[Job, Document]:
        job = self._book.find(ref.job_id)
        return job, job.documents[ref.document]
