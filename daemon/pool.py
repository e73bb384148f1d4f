"""The slots and the lives of the workers in them: start, ready, busy, asked to stop, dead.

Part of the owner: no I/O, no clock. It knows nothing of jobs; what a dead worker's task means is
decided by the supervisor, to which `on_gone` returns it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from msgspec import UNSET

from daemon.deadlines import Deadlines
from daemon.events import WorkerGone
from daemon.messages import WorkerStateParams
from daemon.ports import Host, Workers
from daemon.restart_policy import GiveUp
from daemon.timers import Timer, TimerName
from daemon.worker_slot import Slot, SlotState, SlotTask, WorkerId
from ocr_worker import wire

START_TIMEOUT_S = 60.0
"""From spawn to ready; a cold disk and a virus scanner may take most of it."""
STOP_TASK_S = 0.2
"""How long a worker may take to leave a task before it is killed."""
STOP_RUNG_S = 0.3
"""Each rung of the ladder: stop message, SIGTERM, SIGKILL."""

_LIFE_TIMERS: Final[tuple[TimerName, ...]] = ("start", "terminate", "kill")
_TASK_TIMERS: Final[tuple[TimerName, ...]] = ("page", "inspect", "stop_task")


@dataclass(frozen=True, slots=True)
class Death:
    """What a dead worker was doing.

    `was_cancelled`: the task had been cancelled; `is_ours`: we ordered the end, for whatever
    reason; `task_accepted`: the worker had begun, so the death counts against its task.
    """

    task: SlotTask | None
    was_cancelled: bool
    task_accepted: bool
    is_ours: bool


class Pool:
    """Slot 0, the inspector, and `n_slots` OCR slots."""

    def __init__(
        self,
        n_slots: int,
        workers: Workers,
        host: Host,
        deadlines: Deadlines[Timer],
        new_worker_id: Callable[[], WorkerId],
    ) -> None:
        self.slots = [Slot(number) for number in range(n_slots + 1)]
        self._workers = workers
        self._host = host
        self._deadlines = deadlines
        self._new_worker_id = new_worker_id
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

    def idle_ocr_slots(self) -> Iterator[Slot]:
        """Yield the slots that could take a task now."""
        return (slot for slot in self.ocr_slots if slot.state is SlotState.IDLE)

    def slot_of(self, worker_id: WorkerId) -> Slot | None:
        """Return the slot of a living worker; None for one that is dead already."""
        return next((slot for slot in self.slots if slot.worker_id == worker_id), None)

    def slot_with(self, task: SlotTask) -> Slot | None:
        """Return the slot that holds a task."""
        return next((slot for slot in self.slots if slot.task == task), None)

    def start(self, slot: Slot, engine: str | None, now: float) -> None:
        """Fill an empty slot."""
        worker_id = self._new_worker_id()
        slot.spawn(worker_id, now)
        self._workers.spawn(worker_id, slot.number, engine)
        self._deadlines.set(Timer("start", slot.number), now + START_TIMEOUT_S)
        self._announce(slot)

    def assign(self, slot: Slot, task: SlotTask, build: Callable[[int], wire.Command]) -> None:
        """Give the idle worker a task; `build` makes its command from the task's number."""
        self._next_task_id += 1
        slot.assign(task, self._next_task_id)
        assert slot.worker_id is not None
        self._workers.send(slot.worker_id, build(self._next_task_id))
        self._announce(slot)

    def on_ready(self, slot: Slot) -> None:
        """The worker can take tasks."""
        self._deadlines.clear(Timer("start", slot.number))
        slot.is_ready = True
        slot.state = SlotState.IDLE
        self._announce(slot)

    def finish_task(self, slot: Slot) -> tuple[SlotTask | None, bool]:
        """The worker has left its task; return the task and whether it had been cancelled."""
        task, was_cancelled = slot.task, slot.state is SlotState.CANCELLED
        self._clear_task_timers(slot)
        slot.release()
        slot.policy.clear()
        self._announce(slot)
        return task, was_cancelled

    def abandon_task(self, slot: Slot) -> None:
        """End the worker, whose task has run out of time; what it says from now on is dropped."""
        slot.state = SlotState.CANCELLED
        self._clear_task_timers(slot)
        self.kill(slot)
        self._announce(slot)

    def cancel_task(self, slot: Slot, now: float) -> None:
        """Ask the worker to leave its task, and kill it if it does not."""
        if slot.state is not SlotState.RUNNING:
            return
        assert slot.worker_id is not None
        slot.state = SlotState.CANCELLED
        self._workers.send(slot.worker_id, wire.StopTask(task=slot.task_id))
        self._deadlines.clear(Timer("page", slot.number))
        self._deadlines.set(Timer("stop_task", slot.number), now + STOP_TASK_S)
        self._announce(slot)

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
        cannot_start = event.code == wire.WorkerExit.CANNOT_START
        lived_s = now - slot.started_at
        self._clear_task_timers(slot)
        for what in _LIFE_TIMERS:
            self._deadlines.clear(Timer(what, slot.number))
        slot.bury()
        slot.restarts += not death.is_ours
        if cannot_start and not death.is_ours:
            self._give_up(slot, "The worker cannot start; see the log.")
        elif not death.is_ours and not death.task_accepted:
            verdict = slot.policy.on_death(lived_s)
            if isinstance(verdict, GiveUp):
                self._give_up(slot, "The worker keeps dying; see the log.")
            else:
                # Backoff shows as `starting`; the timer makes the slot fillable again.
                slot.state = SlotState.STARTING
                self._deadlines.set(Timer("restart", slot.number), now + verdict.delay_s)
        self._announce(slot, event)
        return death

    def on_timer(self, timer: Timer, now: float) -> None:
        """A deadline of a slot has passed."""
        slot = self.slots[int(timer.subject)]
        match timer.what:
            case "restart":
                slot.state = SlotState.STOPPED
            case "start":
                # Not condemned: a worker that never becomes ready counts against its slot.
                if slot.worker_id is not None:
                    self._workers.kill(slot.worker_id)
            case "stop_task" | "kill":
                self.kill(slot)
            case "terminate":
                if slot.worker_id is not None:
                    self._workers.terminate(slot.worker_id)
                    self._deadlines.set(Timer("kill", slot.number), now + STOP_RUNG_S)

    def stop_all(self, now: float) -> None:
        """Begin the ladder for every worker: stop message and end of input, SIGTERM, SIGKILL."""
        self._is_stopping = True
        for slot in self.slots:
            self._deadlines.clear(Timer("restart", slot.number))
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

    @property
    def is_empty(self) -> bool:
        """True when no worker is left."""
        return not any(slot.is_up for slot in self.slots)

    def _give_up(self, slot: Slot, message: str) -> None:
        slot.state = SlotState.ERROR
        slot.message = message

    def _clear_task_timers(self, slot: Slot) -> None:
        for what in _TASK_TIMERS:
            self._deadlines.clear(Timer(what, slot.number))

    def _announce(self, slot: Slot, death: WorkerGone | None = None) -> None:
        self._host.notify(
            "worker/state",
            WorkerStateParams(
                slot=slot.number,
                worker_id=death.worker_id if death else slot.worker_id,
                state=slot.state.value,
                message=slot.message or UNSET,
                exit_code=UNSET if death is None or death.code is None else death.code,
                signal=UNSET if death is None or death.signal is None else death.signal,
            ),
            latest_of=f"worker/state {slot.number}",
        )
