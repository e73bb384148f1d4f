"""The owner of all state: takes one event at a time and decides; no I/O, no clock, no locks.

It holds the job book, the pool and the inspector, and acts through the ports. Every method runs on
the loop's thread and returns at once. What a request may ask for is judged in `admission`; it
waits in `reception` until its paths have been looked at. What becomes of pages and documents is
decided in `job_runner`, what a host is told is built in `reports`.
"""

from collections.abc import Callable, Iterable
from typing import Final, assert_never

from loguru import logger

from daemon import events, reports
from daemon.admission import Submission
from daemon.checkups import Checkups
from daemon.clock import Moment
from daemon.config import Config
from daemon.deadlines import Deadlines
from daemon.errors import ExitCode, RpcError
from daemon.inspector import Inspector
from daemon.job_book import JobBook
from daemon.job_runner import JobRunner
from daemon.jobs import Job, JobId
from daemon.lifecycle import Lifecycle, Phase
from daemon.machine_facts import MachineFacts
from daemon.machine_watch import MachineWatch
from daemon.metrics import Metrics
from daemon.params import DocumentInfoParams, DocumentRenderParams
from daemon.pictures import Pictures
from daemon.pool import Pool
from daemon.ports import Files, Host, Machine, PageFiles, Reply, Workers, is_same_id
from daemon.reception import Reception
from daemon.timers import Timer
from daemon.worker_slot import Death, InspectTask, Slot, SlotState, WorkerId
from ocr_worker import wire

PENDING_GRACE_S: Final = 1.0
"""How long answers that are under way are awaited when the host has ended its requests."""


class Supervisor:
    """One daemon's state. `new_id` returns opaque ids that never repeat."""

    def __init__(
        self,
        config: Config,
        facts: MachineFacts,
        workers: Workers,
        machine: Machine,
        files: Files,
        page_files: PageFiles,
        host: Host,
        new_id: Callable[[], str],
    ) -> None:
        self._config = config
        self.deadlines = deadlines = Deadlines[Timer]()
        self.lifecycle = Lifecycle()
        self.book = JobBook()
        self.metrics = Metrics()
        self.tells_stderr = False
        """The host wants to see a dead worker's last words."""
        self.pool = Pool(
            facts.workers,
            workers,
            host,
            deadlines,
            config,
            lambda: WorkerId(new_id()),
            self.metrics.on_restart,
        )
        self.checkups = Checkups(self.pool, workers, host, deadlines)
        self.machine = MachineWatch(facts, machine, self.pool, self.book, deadlines)
        self.pictures = Pictures(files, host, deadlines, new_id)
        self.inspector = Inspector(
            self.pool, deadlines, files, config, self.lifecycle, self.pictures, self._on_counted
        )
        self.runner = JobRunner(
            config.limits,
            self.book,
            self.pool,
            deadlines,
            files,
            page_files,
            host,
            self.metrics,
            self.machine,
        )
        self.reception = Reception(
            self.book,
            self.inspector,
            self.runner,
            deadlines,
            self.lifecycle,
            files,
            lambda: JobId(new_id()),
        )
        self._asked = (self.inspector, self.checkups, self.machine)
        self._now = Moment(0.0, 0.0)

    # What hosts ask for; called by the methods.

    def submit(self, submission: Submission, reply: Reply, now: Moment) -> None:
        """Take a job in, once its paths have been looked at; answers with its id."""
        self._refuse_when_leaving()
        n_unfinished = self.book.n_active + self.reception.n_new_jobs
        if n_unfinished >= self._config.max_jobs:
            raise RpcError("overloaded", "Too many jobs are unfinished.", retry_after_ms=1000)
        self.reception.submit(submission, reply, now)

    def describe(self, params: DocumentInfoParams, reply: Reply, now: Moment) -> None:
        """Answer `document/info`."""
        self._refuse_when_leaving()
        self.reception.describe(params, reply, now)

    def render(self, params: DocumentRenderParams, reply: Reply, now: Moment) -> None:
        """Answer `document/render`."""
        self._refuse_when_leaving()
        self.reception.render(params, reply, now)

    def list_engines(self, reply: Reply, now: Moment) -> None:
        """Answer `engine/list`, also while draining."""
        if self.lifecycle.phase not in (Phase.RUNNING, Phase.DRAINING):
            self._refuse_when_leaving()
        self.inspector.list_engines(reply)
        self.pump(now)

    def tell_hardware(self, reply: Reply, now: Moment) -> None:
        """Answer `hardware/get`; on the way out nothing is waited for."""
        self.machine.tell(reply, now.monotonic)
        if self.lifecycle.phase not in (Phase.RUNNING, Phase.DRAINING):
            self.machine.answer()

    def cancel(self, job: Job, now: Moment) -> None:
        """End a job as its host wishes; a finished one stays as it is."""
        self._now = now
        if not job.is_over:
            self.reception.drop_job(job.job_id)
            self.runner.cancel(job, now)
        self.pump(now)

    def cancel_request(self, request_id: str | int | float, now: Moment) -> None:
        """End what a request has begun: its answer that is under way, or the job it started."""
        self.reception.cancel_request(request_id)
        for asked in self._asked:
            asked.cancel_question(request_id)
        for job in list(self.book.active):
            if is_same_id(job.request_id, request_id):
                self.cancel(job, now)
        self.pump(now)

    def restart(self, slots: Iterable[Slot], now: Moment) -> None:
        """Give these slots their budget back, and living workers successors."""
        for slot in slots:
            self.pool.restart(slot, now.monotonic)
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
                self.reception.drop_job(job.job_id)
                self.runner.cancel(job, now)
        self.pump(now)

    def handle(self, event: events.WorkerEvent, now: Moment) -> None:
        """Take in what a worker or the file system has to say."""
        self._now = now
        match event:
            case events.WorkerSpawned(worker_id, pid):
                self.pool.on_spawned(worker_id, pid)
            case events.WorkerSpawnFailed(worker_id):
                self._on_gone(events.WorkerGone(worker_id), now)
            case events.WorkerSaid(worker_id, message):
                slot = self.pool.slot_of(worker_id)
                if slot is not None and not slot.is_condemned:
                    self.pool.watchdog.on_heard(slot, message, now.monotonic)
                    self._on_message(slot, message, now)
                    if isinstance(message, wire.Stage):
                        return  # most of what workers say, and nothing to be handed out for it
                elif isinstance(message, wire.Ready):
                    self.pool.on_successor_ready(worker_id, now.monotonic)
            case events.WorkerMeasured(worker_id):
                slot = self.pool.slot_of(worker_id)
                if (
                    slot is not None
                    and not slot.is_condemned
                    and self.pool.on_measured(slot, event, now.monotonic)
                ):
                    self._on_silent(slot, now)
            case events.WorkerGone(worker_id):
                self._on_gone(event, now)
                self.checkups.on_gone(worker_id)
            case events.MachineSampled(sample):
                self.machine.on_sampled(sample)
            case events.PathsChecked():
                self.reception.on_checked(event, now)
            case events.OutputsPublished():
                self.runner.on_published(event, now)
            case events.PagesMoved(job_id, places):
                self.book.pages.on_moved(job_id, places)
            case events.FileReplaced():
                self.pictures.on_replaced(event)
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
                self.inspector.on_timeout(now.monotonic)
            case "job" | "progress" | "forget":
                self.runner.on_timer(timer, now)
            case "check":
                self.reception.on_timeout(int(timer.subject), now)
            case "replace":
                self.pictures.on_timeout(int(timer.subject))
            case "silence" | "heartbeat" | "pong":
                slot = self.pool.slots[int(timer.subject)]
                if self.pool.watchdog.on_timer(timer, slot, now.monotonic):
                    self._on_silent(slot, now)
            case "sample" | "hardware":
                self.machine.on_timer(timer, now.monotonic)
            case "health":
                self.checkups.on_timer(int(timer.subject))
            case "drain":
                self.leave(ExitCode.OK, now)
            case "pending":
                self._fail_pending()
            case _:
                self.pool.on_timer(timer, now.monotonic)
        self.pump(now)

    def on_overslept(self, now: Moment) -> None:
        """The loop woke up much too late: the machine was asleep, and nobody is to blame."""
        self.pool.watchdog.on_overslept(now.monotonic)

    def pump(self, now: Moment) -> None:
        """Hand out what can be handed out; called after everything that may have changed it."""
        self._now = now
        if self.lifecycle.phase in (Phase.RUNNING, Phase.DRAINING, Phase.CANCELLING):
            self.inspector.hand_out(now.monotonic)
            self.machine.watch(now.monotonic)
            self.runner.hand_out(now)
        if self.lifecycle.phase is not Phase.RUNNING:
            self._go_on_leaving(now)

    def _refuse_when_leaving(self) -> None:
        if not self.lifecycle.accepts_work:
            raise RpcError("shutting_down", "The daemon is shutting down.")

    def _on_counted(self, job_id: JobId, document: int, outcome: wire.Inspected | RpcError) -> None:
        job = self.book.get_active(job_id)
        if job is not None:
            self.runner.on_counted(job, job.documents[document], outcome, self._now)

    # News of workers.

    def _on_message(self, slot: Slot, message: wire.Event, now: Moment) -> None:
        match message:
            case wire.Hello() if message.wire_version != wire.WIRE_VERSION:
                logger.error("worker speaks wire version {}", message.wire_version)
                self.pool.reject(slot)
            case wire.Pong() if slot.worker_id is not None:
                self.checkups.on_pong(slot.worker_id, message.token)
            case wire.Stage(task=task_id, share=float(share)) if task_id == slot.task_id:
                if slot.state is SlotState.RUNNING:
                    self.runner.on_share(slot, share, now)
            case wire.Hello() | wire.Pong() | wire.Stage():
                pass
            case wire.Ready() if slot.state is SlotState.STARTING:
                self.pool.on_ready(slot, now.monotonic)
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
                task, was_cancelled = self.pool.finish_task(slot, now.monotonic)
                if task is None:
                    return
                if was_cancelled:
                    self.runner.on_left(task)
                elif isinstance(task, InspectTask):
                    self.inspector.on_outcome(task, message, now.monotonic)
                else:
                    self.runner.on_outcome(task, message, now.monotonic - began_at, now)

    def _on_gone(self, event: events.WorkerGone, now: Moment) -> None:
        slot = self.pool.slot_of(event.worker_id)
        if slot is None:
            self.pool.succession.on_gone(event.worker_id)
            return
        began_at = slot.task_accepted_at
        is_unasked = not slot.is_condemned and slot.end_cause is None
        how = reports.how_it_ended(event, is_unasked=is_unasked)
        death = self.pool.on_gone(slot, event, now.monotonic)
        if not death.is_ours:
            error_id = event.error_id or "none"
            logger.warning("worker {} {}; error_id {}", event.worker_id, how, error_id)
        error = RpcError(
            "worker_crashed",
            f"The worker {how}.",
            exit_code=event.code,
            signal=event.signal,
            error_id=event.error_id,
        )
        if self.tells_stderr:
            error.data["stderr_tail"] = event.stderr_tail
        if not death.was_cancelled:
            self._on_lost(death, error, began_at, now)
        elif isinstance(death.task, InspectTask):
            self.inspector.on_left(death.task)
        elif death.task is not None:
            self.runner.on_left(death.task)

    def _on_silent(self, slot: Slot, now: Moment) -> None:
        """The worker lives but never will say anything again: end it and try its task again."""
        logger.warning("worker {} says nothing and does nothing: ending it", slot.worker_id)
        if slot.task is None:
            # Not condemned: an idle worker that hangs counts against its slot.
            self.pool.end(slot, "silence")
            return
        lost = Death(slot.task, was_cancelled=False, task_accepted=slot.task_accepted, is_ours=True)
        self.pool.abandon_task(slot, now.monotonic, "silence")
        error = RpcError("timeout", "The worker fell silent and did nothing.", which="silence")
        self._on_lost(lost, error, slot.task_accepted_at, now)

    def _on_lost(self, death: Death, error: RpcError, began_at: float, now: Moment) -> None:
        if isinstance(death.task, InspectTask):
            self.inspector.on_lost(death.task, death, error)
        elif death.task is not None:
            self.runner.on_lost(death.task, death, error, now.monotonic - began_at, now)

    # The way out.

    def _go_on_leaving(self, now: Moment) -> None:
        lifecycle = self.lifecycle
        has_questions = any(asked.has_questions for asked in self._asked)
        is_busy = self.book.n_active or self.reception.is_busy or has_questions
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
        self.reception.fail_requests(error)
        for asked in self._asked:
            asked.fail_questions(error)
        for job in list(self.book.active):
            self.runner.give_up_publishing(job, self._now)
