"""The owner of all state: takes one event at a time and decides; no I/O, no clock, no locks.

It holds the job book, the pool and the inspector, and acts through the ports. Every method runs on
the loop's thread and returns at once. What a request may ask for is judged in `admission`, what
becomes of pages and documents in `job_runner`, what a host is told is built in `reports`.
"""

from collections.abc import Callable
from typing import Final, assert_never

from loguru import logger

from daemon.admission import Submission, to_job
from daemon.clock import Moment
from daemon.config import Config
from daemon.deadlines import Deadlines
from daemon.errors import ExitCode, RpcError
from daemon.events import (
    OutputsPublished,
    PathsChecked,
    WorkerEvent,
    WorkerGone,
    WorkerSaid,
    WorkerSpawned,
    WorkerSpawnFailed,
)
from daemon.inspector import Inspector
from daemon.job_book import JobBook
from daemon.job_runner import JobRunner
from daemon.jobs import DocumentState, Job, JobId
from daemon.lifecycle import Lifecycle, Phase
from daemon.messages import JobAccepted
from daemon.params import DocumentInfoParams, DocumentParams
from daemon.pool import Pool
from daemon.ports import Files, Host, Reply, Workers
from daemon.timers import Timer
from daemon.worker_slot import InspectTask, Slot, SlotState, WorkerId
from ocr_worker import wire

CHECK_TIMEOUT_S: Final = 2.0
"""A file system that has not answered by then does not hold up the reply any longer."""
PENDING_GRACE_S: Final = 1.0
"""How long answers that are under way are awaited when the host has ended its requests."""


class Supervisor:
    """One daemon's state. `new_id` returns opaque ids that never repeat."""

    def __init__(
        self,
        config: Config,
        n_slots: int,
        workers: Workers,
        files: Files,
        host: Host,
        new_id: Callable[[], str],
    ) -> None:
        self._config = config
        self._files = files
        self._new_id = new_id
        self._next_token = 0
        self._checks: dict[int, _Check] = {}
        self.deadlines: Deadlines[Timer] = Deadlines()
        self.lifecycle = Lifecycle()
        self.book = JobBook()
        self.pool = Pool(n_slots, workers, host, self.deadlines, lambda: WorkerId(new_id()))
        self.inspector = Inspector(
            self.pool, self.deadlines, files, config.limits, self._on_counted
        )
        self.runner = JobRunner(config.limits, self.book, self.pool, self.deadlines, files, host)
        self._now = Moment(0.0, 0.0)

    # What hosts ask for; called by the methods.

    def submit(self, submission: Submission, reply: Reply, now: Moment) -> None:
        """Take a job in, once its paths have been looked at; answers with its id."""
        self._refuse_when_leaving()
        n_unfinished = self.book.n_active + sum(one.is_new_job for one in self._checks.values())
        if n_unfinished >= self._config.max_jobs:
            raise RpcError("overloaded", "Too many jobs are unfinished.", retry_after_ms=1000)
        self._check(_Check(reply, submission=submission), now)

    def describe(self, params: DocumentInfoParams, reply: Reply, now: Moment) -> None:
        """Answer `document/info`."""
        self._refuse_when_leaving()
        self._check(_Check(reply, question=params), now)

    def list_engines(self, reply: Reply, now: Moment) -> None:
        """Answer `engine/list`, also while draining."""
        if self.lifecycle.phase not in (Phase.RUNNING, Phase.DRAINING):
            self._refuse_when_leaving()
        self.inspector.list_engines(reply)
        self.pump(now)

    def cancel(self, job: Job, now: Moment) -> None:
        """End a job as its host wishes; a finished one stays as it is."""
        self._now = now
        if not job.is_over:
            self._drop_checks_of(job.job_id)
            self.runner.cancel(job, now)
        self.pump(now)

    def shutdown(self, mode: str, timeout_s: float, now: Moment) -> None:
        """Leave: `now` cancels what runs, `drain` finishes it within the time."""
        self.lifecycle.shutdown_asked = True
        if mode == "drain" and self.lifecycle.phase is Phase.RUNNING:
            self.lifecycle.phase = Phase.DRAINING
            self.deadlines.set(Timer("drain"), now.monotonic + timeout_s)
            self.pump(now)
        elif mode != "drain":
            self.leave(ExitCode.OK, now)

    def exit(self, now: Moment) -> None:
        """Leave at once; an error unless `shutdown` came first."""
        asked = self.lifecycle.shutdown_asked
        self.leave(ExitCode.OK if asked else ExitCode.EXIT_WITHOUT_SHUTDOWN, now)

    # What happens; called by the loop.

    def on_host_closed(self, broken: bool, now: Moment) -> None:
        """No more requests will come; with `broken`, nothing we say is read either."""
        phase = self.lifecycle.phase
        if broken or (self._config.on_eof == "cancel" and phase is not Phase.DRAINING):
            self.leave(ExitCode.OK, now)
        elif phase is Phase.RUNNING:
            self.lifecycle.phase = Phase.DRAINING
            self.pump(now)

    def leave(self, exit_code: int, now: Moment) -> None:
        """Cancel what runs and go, once what is under way has been answered."""
        if self.lifecycle.phase in (Phase.RUNNING, Phase.DRAINING):
            self._now = now
            self.lifecycle.phase = Phase.CANCELLING
            self.lifecycle.exit_code = exit_code
            self.deadlines.clear(Timer("drain"))
            self.deadlines.set(Timer("pending"), now.monotonic + PENDING_GRACE_S)
            for job in list(self.book.active):
                self._drop_checks_of(job.job_id)
                self.runner.cancel(job, now)
        self.pump(now)

    def handle(self, event: WorkerEvent, now: Moment) -> None:
        """Take in what a worker or the file system has to say."""
        self._now = now
        match event:
            case WorkerSpawned(worker_id, pid):
                slot = self.pool.slot_of(worker_id)
                if slot is not None:
                    slot.pid = pid
            case WorkerSpawnFailed(worker_id):
                self._on_gone(WorkerGone(worker_id), now)
            case WorkerSaid(worker_id, message):
                slot = self.pool.slot_of(worker_id)
                if slot is not None and not slot.is_condemned:
                    self._on_message(slot, message, now)
            case WorkerGone():
                self._on_gone(event, now)
            case PathsChecked():
                self._on_checked(event, now)
            case OutputsPublished():
                self.runner.on_published(event, now)
            case _:
                assert_never(event)
        self.pump(now)

    def on_timer(self, timer: Timer, now: Moment) -> None:
        """Act on a deadline that has passed."""
        self._now = now
        match timer.what:
            case "page":
                self.runner.on_page_timeout(self.pool.slots[int(timer.subject)], now)
            case "inspect":
                self.inspector.on_timeout()
            case "job" | "progress" | "forget":
                self.runner.on_timer(timer, now)
            case "check":
                self._on_check_timeout(int(timer.subject), now)
            case "drain":
                self.leave(ExitCode.OK, now)
            case "pending":
                self._fail_pending()
            case _:
                self.pool.on_timer(timer, now.monotonic)
        self.pump(now)

    def pump(self, now: Moment) -> None:
        """Hand out what can be handed out; called after everything that may have changed it."""
        self._now = now
        if self.lifecycle.phase in (Phase.RUNNING, Phase.DRAINING, Phase.CANCELLING):
            self.inspector.hand_out(now.monotonic)
            self.runner.hand_out(now)
        self._go_on_leaving(now)

    def _refuse_when_leaving(self) -> None:
        if not self.lifecycle.accepts_work:
            raise RpcError("shutting_down", "The daemon is shutting down.")

    # Paths are looked at on another thread, so a request for a document is answered later.

    def _check(self, check: "_Check", now: Moment) -> None:
        self._next_token += 1
        self._checks[self._next_token] = check
        self.deadlines.set(Timer("check", self._next_token), now.monotonic + CHECK_TIMEOUT_S)
        self._files.check(self._next_token, check.documents, check.output_dir)

    def _on_check_timeout(self, token: int, now: Moment) -> None:
        check = self._checks.get(token)
        if check is None:
            return
        if check.submission is not None:
            check.job_id = self._accept(check.submission, check.reply, now).job_id
        elif check.question is not None:
            del self._checks[token]
            message = f"The file system did not answer within {CHECK_TIMEOUT_S:g} s."
            check.reply.fail(RpcError("timeout", message, which="inspect"))

    def _on_checked(self, event: PathsChecked, now: Moment) -> None:
        check = self._checks.pop(event.token, None)
        self.deadlines.clear(Timer("check", event.token))
        if check is None:
            return
        first = event.documents[0]
        if check.question is not None:
            if first.failure is not None:
                check.reply.fail(first.failure)
                return
            asked = check.question.document
            source = wire.Source(path=first.path, password=asked.password)
            self.inspector.describe(source, asked.path, check.question.include_pages, check.reply)
            return
        assert check.submission is not None
        if check.job_id is not None:
            job = self.book.get_active(check.job_id)
        else:
            refusal = event.output_failure
            if refusal is None and not check.submission.is_batch:
                refusal = first.failure
            if refusal is not None:
                check.reply.fail(refusal)
            job = None if refusal else self._accept(check.submission, check.reply, now)
        if job is None or job.is_over:
            # Refused, or cancelled meanwhile: copies of base64 data are not wanted any more.
            copies = zip(check.documents, event.documents, strict=True)
            self._files.discard([one.path for asked, one in copies if asked.data and one.path])
            return
        for document, checked in zip(job.documents, event.documents, strict=True):
            failure = checked.failure or event.output_failure
            document.path = checked.path
            if document.state is not DocumentState.WAITING:
                continue
            if failure is not None:
                document.fail(failure)
            else:
                self.inspector.count(job.job_id, document)
        self.runner.settle(job, now)

    def _accept(self, submission: Submission, reply: Reply, now: Moment) -> Job:
        job = to_job(submission, JobId(self._new_id()), now)
        self.book.add(job)
        if job.options.job_timeout_s is not None:
            at = now.monotonic + job.options.job_timeout_s
            self.deadlines.set(Timer("job", job.job_id), at)
        logger.info("job {} accepted: {} document(s)", job.job_id, len(job.documents))
        reply.succeed(JobAccepted(job_id=job.job_id))
        if not self.lifecycle.accepts_work and self.lifecycle.phase is not Phase.DRAINING:
            self.runner.cancel(job, now)
        return job

    def _drop_checks_of(self, job_id: JobId) -> None:
        self.inspector.drop_job(job_id)
        for token in [token for token, check in self._checks.items() if check.job_id == job_id]:
            del self._checks[token]

    def _on_counted(self, job_id: JobId, document: int, outcome: wire.Inspected | RpcError) -> None:
        job = self.book.get_active(job_id)
        if job is not None:
            self.runner.on_counted(job, job.documents[document], outcome, self._now)

    # News of workers.

    def _on_message(self, slot: Slot, message: wire.Event, now: Moment) -> None:
        match message:
            case wire.Hello() if message.wire_version != wire.WIRE_VERSION:
                logger.error("worker speaks wire version {}", message.wire_version)
                self.pool.kill(slot)
            case wire.Hello() | wire.Pong() | wire.Stage():
                pass
            case wire.Ready() if slot.state is SlotState.STARTING:
                self.pool.on_ready(slot)
            case wire.Ready():
                logger.warning("can't happen: a worker was ready twice")
            case _ if slot.task is None or message.task != slot.task_id:
                pass  # late news of a task that the slot no longer holds
            case wire.Accepted():
                slot.task_accepted = True
                slot.task_accepted_at = now.monotonic
                if slot.state is SlotState.RUNNING:
                    if isinstance(slot.task, InspectTask):
                        self.inspector.on_accepted(now.monotonic)
                    else:
                        self.runner.on_accepted(slot, now)
            case _:
                began_at = slot.task_accepted_at
                task, was_cancelled = self.pool.finish_task(slot)
                if task is None:
                    return
                if was_cancelled:
                    self.runner.on_left(task)
                elif isinstance(task, InspectTask):
                    if isinstance(message, wire.Inspected | wire.EnginesListed | wire.Failed):
                        self.inspector.on_outcome(task, message)
                else:
                    self.runner.on_outcome(task, message, now.monotonic - began_at, now)

    def _on_gone(self, event: WorkerGone, now: Moment) -> None:
        slot = self.pool.slot_of(event.worker_id)
        if slot is None:
            return
        began_at = slot.task_accepted_at
        death = self.pool.on_gone(slot, event, now.monotonic)
        if death.task is None:
            return
        error = RpcError(
            "worker_crashed",
            "The worker died on it.",
            exit_code=event.code,
            signal=event.signal,
            error_id=event.error_id,
        )
        if death.was_cancelled:
            self.runner.on_left(death.task)
        elif isinstance(death.task, InspectTask):
            self.inspector.on_lost(death.task, death, error)
        else:
            self.runner.on_lost(death.task, death, error, now.monotonic - began_at, now)

    # The way out.

    def _go_on_leaving(self, now: Moment) -> None:
        lifecycle = self.lifecycle
        is_busy = self.book.n_active or self._checks or self.inspector.has_questions
        if lifecycle.phase is Phase.DRAINING and not is_busy:
            self.leave(lifecycle.exit_code, now)
        if lifecycle.phase is Phase.CANCELLING and not is_busy:
            self.deadlines.clear(Timer("pending"))
            lifecycle.phase = Phase.STOPPING
            self.pool.stop_all(now.monotonic)
        if lifecycle.phase is Phase.STOPPING and self.pool.is_empty:
            lifecycle.phase = Phase.STOPPED

    def _fail_pending(self) -> None:
        """The grace is over: answer what is still owed, and wait for nothing."""
        error = RpcError("cancelled", "The daemon is leaving before this was answered.")
        for check in self._checks.values():
            if check.job_id is None:
                check.reply.fail(error)
        self._checks.clear()
        self.inspector.fail_questions(error)
        for job in list(self.book.active):
            self.runner.give_up_publishing(job, self._now)


class _Check:
    """A request whose paths are being looked at: a question, or a submission."""

    def __init__(
        self,
        reply: Reply,
        question: DocumentInfoParams | None = None,
        submission: Submission | None = None,
    ) -> None:
        self.reply = reply
        self.question = question
        self.submission = submission
        self.job_id: JobId | None = None
        """The job, once it was accepted without waiting for the file system."""

    @property
    def is_new_job(self) -> bool:
        """True while it may become a job that is not there yet."""
        return self.submission is not None and self.job_id is None

    @property
    def documents(self) -> tuple[DocumentParams, ...]:
        if self.question is not None:
            return (self.question.document,)
        assert self.submission is not None
        return self.submission.documents

    @property
    def output_dir(self) -> str | None:
        return None if self.submission is None else self.submission.output_dir
