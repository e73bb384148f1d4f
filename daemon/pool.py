"""The slots and the lives of the workers in them: start, ready, busy, asked to stop, dead.

Part of the owner: no I/O, no clock. It knows nothing of jobs; what a dead worker's task means is
decided by the supervisor, to which `on_gone` returns it.
"""

from collections.abc import Callable, Iterator
from typing import Final

from daemon import reports
from daemon.config import Config
from daemon.deadlines import Deadlines
from daemon.events import WorkerGone, WorkerMeasured
from daemon.params import RestartCause
from daemon.ports import Host, Workers
from daemon.restart_policy import GiveUp
from daemon.succession import Succession
from daemon.timers import Timer, TimerName
from daemon.watchdog import Watchdog
from daemon.worker_slot import Death, Slot, SlotState, SlotTask, WorkerId
from ocr_worker import wire

STOP_TASK_S = 0.2
"""How long a worker may take to leave a task before it is killed."""
STOP_RUNG_S = 0.3
"""Each rung of the ladder: stop message, SIGTERM, SIGKILL."""
ACCEPT_TIMEOUT_S = 30.0
"""How long a worker may be silent before it says that it has begun its task."""
DUMP_S = 0.5
"""For the stacks of a worker that is about to be killed."""

_LIFE_TIMERS: Final[tuple[TimerName, ...]] = ("start", "terminate", "kill", "idle", "measure")
_TASK_TIMERS: Final[tuple[TimerName, ...]] = ("page", "inspect", "stop_task")


class Pool:
    """Slot 0, the inspector, and `n_slots` OCR slots."""

    def __init__(
        self,
        n_slots: int,
        workers: Workers,
        host: Host,
        deadlines: Deadlines[Timer],
        config: Config,
        new_worker_id: Callable[[], WorkerId],
        on_restart: Callable[[RestartCause], None],
    ) -> None:
        self.slots = [Slot(number) for number in range(n_slots + 1)]
        self._workers = workers
        self._host = host
        self._deadlines = deadlines
        self._config = config
        self._new_worker_id = new_worker_id
        self._on_restart = on_restart
        self.succession = Succession(
            self.slots, workers, deadlines, config, new_worker_id, on_restart
        )
        self.watchdog = Watchdog(workers, deadlines, config.heartbeat_s)
        self._next_task_id = 0
        self._is_stopping = False

    @property
    def inspector(self) -> Slot:
        """The slot that never waits behind OCR."""
        return self.slots[0]

    @property
    def ocr_slots(self) -> list[Slot]:
        """The slots that read pages."""
        return self.slots[1:]

    @property
    def is_exhausted(self) -> bool:
        """True when every OCR slot has given up."""
        return all(slot.state is SlotState.ERROR for slot in self.ocr_slots)

    @property
    def n_living(self) -> int:
        """How many OCR slots have not given up."""
        return sum(slot.state is not SlotState.ERROR for slot in self.ocr_slots)

    def idle_ocr_slots(self) -> Iterator[Slot]:
        """Yield the slots that could take a task now."""
        return (slot for slot in self.ocr_slots if slot.can_take_task)

    def slot_of(self, worker_id: WorkerId) -> Slot | None:
        """Return the slot of a living worker; None for one that is dead already."""
        return next((slot for slot in self.slots if slot.worker_id == worker_id), None)

    def start(self, slot: Slot, engine: str | None, now: float) -> None:
        """Fill an empty slot."""
        worker_id = self._new_worker_id()
        slot.spawn(worker_id, now)
        slot.engine = engine
        self._workers.spawn(worker_id, slot.number, engine)
        self._deadlines.set(Timer("start", slot.number), now + self._config.start_timeout_s)
        self._announce(slot)

    def warm_up(self, engine: str, now: float) -> None:
        """Start one worker ahead of its work, unless there is one; it leaves when it stays idle."""
        if not any(slot.is_up for slot in self.ocr_slots):
            slot = next((slot for slot in self.ocr_slots if slot.can_start), None)
            if slot is not None:
                self.start(slot, engine, now)

    def assign(
        self,
        slot: Slot,
        task: SlotTask,
        build: Callable[[int], wire.Command],
        now: float,
        silence_s: float = ACCEPT_TIMEOUT_S,
    ) -> None:
        """Give the idle worker a task; `build` makes its command from the task's number."""
        self._next_task_id += 1
        slot.assign(task, self._next_task_id)
        assert slot.worker_id is not None
        self._deadlines.clear(Timer("idle", slot.number))
        # Until it says that it has begun, too: it may have been stopped while it was idle.
        self.watchdog.watch_busy(slot, silence_s, now)
        self._workers.send(slot.worker_id, build(self._next_task_id))
        self._announce(slot)

    def on_ready(self, slot: Slot, now: float) -> None:
        """The worker can take tasks."""
        self._deadlines.clear(Timer("start", slot.number))
        slot.is_ready = True
        slot.state = SlotState.IDLE
        self._rest(slot, now)
        self._announce(slot)

    def finish_task(self, slot: Slot, now: float) -> tuple[SlotTask | None, bool]:
        """The worker has left its task; return the task and whether it had been cancelled."""
        task, was_cancelled = slot.task, slot.state is SlotState.CANCELLED
        self._clear_task_timers(slot)
        slot.release()
        slot.policy.clear()
        self.succession.consider(slot, now)
        self._rest(slot, now)
        self._announce(slot)
        return task, was_cancelled

    def _rest(self, slot: Slot, now: float) -> None:
        """The worker is idle: let a successor take over, or watch it and let it leave in time."""
        if slot.successor_is_ready:
            self.succession.take_over(slot, now)
        self.watchdog.watch_idle(slot, now)
        self._deadlines.set(Timer("idle", slot.number), now + self._config.idle_timeout_s)

    def on_measured(self, slot: Slot, event: WorkerMeasured, now: float) -> bool:
        """A look at a worker is in; True when it tells that the worker hangs."""
        self.succession.on_measured(slot, event.rss_bytes, now)
        return self.watchdog.on_measured(slot, event, now)

    def restart(self, slot: Slot, now: float) -> None:
        """Give a slot its whole budget back, and its worker a successor.

        A worker that is starting is as new as another would be; an empty slot waits for work only.
        """
        slot.policy.clear()
        if slot.is_ready:
            slot.no_successor_before = now
            self.succession.start(slot, now, "requested")
        elif not slot.is_up and not self._is_stopping:
            self._deadlines.clear(Timer("restart", slot.number))
            slot.state, slot.message = SlotState.STOPPED, None
            self._announce(slot)

    def on_spawned(self, worker_id: WorkerId, pid: int) -> None:
        """The system has started a worker, or a successor."""
        for slot in self.slots:
            if slot.worker_id == worker_id:
                slot.pid = pid
            elif slot.successor_id == worker_id:
                slot.successor_pid = pid

    def on_successor_ready(self, worker_id: WorkerId, now: float) -> None:
        """The next worker can take over: at once, or when the present one has done its task."""
        slot = self.succession.slot_of(worker_id)
        if slot is None:
            return
        slot.successor_is_ready = True
        if slot.state is SlotState.IDLE:
            self._rest(slot, now)
            self._announce(slot)

    def abandon_task(self, slot: Slot, now: float, cause: RestartCause = "timeout") -> None:
        """End the worker, whose task has run out of time; what it says from now on is dropped.

        Its stacks go to the log first: without them nobody learns where it hung.
        """
        slot.end_cause = cause
        slot.state = SlotState.CANCELLED
        slot.is_condemned = True
        self._clear_task_timers(slot)
        assert slot.worker_id is not None
        self._workers.dump(slot.worker_id)
        self._deadlines.set(Timer("kill", slot.number), now + DUMP_S)
        self._announce(slot)

    def reject(self, slot: Slot) -> None:
        """End a worker than which no successor of its kind would be better."""
        slot.is_rejected = True
        slot.end_cause = "start_failed"
        self.kill(slot)

    def cancel_task(self, slot: Slot, now: float) -> None:
        """Ask the worker to leave its task, and kill it if it does not."""
        if slot.state is not SlotState.RUNNING:
            return
        assert slot.worker_id is not None
        slot.state = SlotState.CANCELLED
        self.watchdog.forget(slot)
        self._workers.send(slot.worker_id, wire.StopTask(task=slot.task_id))
        self._deadlines.clear(Timer("page", slot.number))
        self._deadlines.set(Timer("stop_task", slot.number), now + STOP_TASK_S)
        self._announce(slot)

    def end(self, slot: Slot, cause: RestartCause) -> None:
        """End the worker; its death counts against its slot."""
        if slot.worker_id is not None:
            slot.end_cause = cause
            self._workers.kill(slot.worker_id)

    def kill(self, slot: Slot) -> None:
        """End the worker; its death counts against nobody."""
        if slot.worker_id is not None:
            slot.is_condemned = True
            self._workers.kill(slot.worker_id)

    def on_gone(self, slot: Slot, event: WorkerGone, now: float) -> Death:
        """Bury a dead worker and decide about the slot's next one."""
        was_cancelled = slot.state is SlotState.CANCELLED
        death = Death(
            task=slot.task,
            was_cancelled=was_cancelled,
            task_accepted=slot.task is not None and slot.task_accepted,
            is_ours=slot.is_condemned or was_cancelled or self._is_stopping,
        )
        was_rejected = slot.is_rejected
        cannot_start = event.code == wire.WorkerExit.CANNOT_START
        if not self._is_stopping:
            unasked: RestartCause = "crash" if slot.is_ready else "start_failed"
            self._on_restart(slot.end_cause or ("cancel" if was_cancelled else unasked))
        lived_s = now - slot.started_at
        self._clear_task_timers(slot)
        for what in _LIFE_TIMERS:
            self._deadlines.clear(Timer(what, slot.number))
        slot.bury()
        if slot.successor_id is not None and not self._is_stopping:
            # It was on its way anyway.
            self.succession.take_over(slot, now)
            if slot.is_ready:
                self._rest(slot, now)
            self._announce(slot, event)
            return death
        slot.restarts += not death.is_ours
        if was_rejected or (cannot_start and not death.is_ours):
            slot.give_up("The worker cannot start; see the log.")
        elif not death.is_ours and not death.task_accepted:
            verdict = slot.policy.on_death(lived_s)
            if isinstance(verdict, GiveUp):
                slot.give_up("The worker keeps dying; see the log.")
            else:
                # Backoff shows as `starting`; the timer makes the slot fillable again.
                slot.state = SlotState.STARTING
                self._deadlines.set(Timer("restart", slot.number), now + verdict.delay_s)
        self._announce(slot, event)
        return death

    def on_timer(self, timer: Timer, now: float) -> None:
        """A deadline of a slot, or of a retired worker, has passed."""
        if timer.what == "retire":
            self._workers.kill(WorkerId(str(timer.subject)))
            return
        slot = self.slots[int(timer.subject)]
        match timer.what:
            case "idle":
                if slot.state is SlotState.IDLE and slot.worker_id is not None:
                    self.succession.retire(slot.worker_id, now)
                    self.succession.drop(slot, now)
                    self._clear_task_timers(slot)
                    slot.bury()
                    self._announce(slot)
            case "measure":
                self.succession.measure(slot, now)
            case "successor":
                self.succession.give_up(slot)
            case "restart":
                slot.state = SlotState.STOPPED
            case "start":
                # One that never becomes ready counts against its slot.
                self.end(slot, "start_failed")
            case "stop_task" | "kill":
                self.kill(slot)
            case "terminate":
                if slot.worker_id is not None:
                    self._workers.terminate(slot.worker_id)
                    self._deadlines.set(Timer("kill", slot.number), now + STOP_RUNG_S)

    def stop_all(self, now: float) -> None:
        """Begin the ladder for every worker: stop message and end of input, SIGTERM, SIGKILL."""
        self._is_stopping = True
        self.succession.close(now)
        for slot in self.slots:
            self._deadlines.clear(Timer("restart", slot.number))
            self._deadlines.clear(Timer("idle", slot.number))
            self._clear_task_timers(slot)
            if slot.worker_id is None:
                slot.state = SlotState.STOPPED
                continue
            slot.is_condemned = True
            self._workers.send(slot.worker_id, wire.Shutdown())
            self._workers.end_input(slot.worker_id)
            self._deadlines.set(Timer("terminate", slot.number), now + STOP_RUNG_S)

    def kill_all(self) -> None:
        """Skip the ladder."""
        for slot in self.slots:
            self.kill(slot)
        self.succession.kill_all()

    @property
    def is_empty(self) -> bool:
        """True when no worker is left."""
        return self.succession.is_empty and not any(slot.is_up for slot in self.slots)

    def _clear_task_timers(self, slot: Slot) -> None:
        for what in _TASK_TIMERS:
            self._deadlines.clear(Timer(what, slot.number))
        self.watchdog.forget(slot)

    def _announce(self, slot: Slot, death: WorkerGone | None = None) -> None:
        self._host.notify(
            "worker/state",
            reports.worker_state(slot, death),
            # The next worker's state must not take the place of the news of a death.
            latest_of=f"worker/state {slot.number}" + (" died" if death else ""),
        )
