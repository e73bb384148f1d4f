"""Replacing workers between two tasks, without an empty slot in between; part of the owner.

A worker that has done its share or has grown goes on until its successor is ready, which then
takes the slot when no task is in hand. Whoever leaves a slot alive is retired: told to go, and
killed where that does not help.
"""

from collections.abc import Callable, Sequence
from typing import Final

from daemon.config import Config
from daemon.deadlines import Deadlines
from daemon.params import RestartCause
from daemon.ports import Workers
from daemon.timers import Timer
from daemon.worker_slot import Slot, WorkerId
from ocr_worker import wire

RETIRE_S: Final = 0.6
"""How long a retired worker may take to leave before it is killed."""
MEASURE_S: Final = 5.0
"""Between two looks at a worker's memory, at least: each walks the machine's processes."""
PAUSE_S: Final = 60.0
"""Between two successors of one slot: one that dies is not followed by another at once."""


class Succession:
    """Who comes next in each slot, and who is on the way out."""

    def __init__(
        self,
        slots: Sequence[Slot],
        workers: Workers,
        deadlines: Deadlines[Timer],
        config: Config,
        new_worker_id: Callable[[], WorkerId],
        on_restart: Callable[[RestartCause], None],
    ) -> None:
        self._slots = slots
        self._workers = workers
        self._deadlines = deadlines
        self._config = config
        self._new_worker_id = new_worker_id
        self._on_restart = on_restart
        self._retired: set[WorkerId] = set()
        self._is_closed = False

    @property
    def is_empty(self) -> bool:
        """True when nobody is on the way, in or out."""
        return not (self._retired or any(slot.successor_id for slot in self._slots))

    def consider(self, slot: Slot, now: float) -> None:
        """A task has been done: is it time for another worker? Its memory is asked for."""
        if slot.n_done >= self._config.max_worker_pages:
            self.start(slot, now)
        elif now >= slot.measured_at + MEASURE_S:
            self.measure(slot, now)
        else:
            self._deadlines.set(Timer("measure", slot.number), slot.measured_at + MEASURE_S)

    def measure(self, slot: Slot, now: float) -> None:
        """Ask for the worker's memory."""
        if slot.worker_id is not None:
            slot.measured_at = now
            self._workers.measure(slot.worker_id)

    def on_measured(self, slot: Slot, rss_bytes: int, now: float) -> None:
        """The worker takes so much memory."""
        if rss_bytes > self._config.max_worker_bytes:
            self.start(slot, now)

    def start(self, slot: Slot, now: float, cause: RestartCause = "recycle") -> None:
        """Start a successor, unless there is one or the last one was a moment ago."""
        if slot.successor_id or now < slot.no_successor_before or self._is_closed:
            return
        slot.successor_id, slot.successor_cause = self._new_worker_id(), cause
        slot.no_successor_before = now + PAUSE_S
        self._workers.spawn(slot.successor_id, slot.number, slot.engine)
        self._deadlines.set(Timer("successor", slot.number), now + self._config.start_timeout_s)

    def slot_of(self, worker_id: WorkerId) -> Slot | None:
        """Return the slot whose next worker this is."""
        return next((slot for slot in self._slots if slot.successor_id == worker_id), None)

    def take_over(self, slot: Slot, now: float) -> None:
        """Give the slot to its successor, and retire the worker that held it, if any."""
        self._deadlines.clear(Timer("successor", slot.number))
        retired = slot.succeed(now)
        if retired is not None:
            self._on_restart(slot.successor_cause)
            self.retire(retired, now)
        elif not slot.is_ready:
            self._deadlines.set(Timer("start", slot.number), now + self._config.start_timeout_s)

    def retire(self, worker_id: WorkerId, now: float) -> None:
        """Let a worker go that nobody needs any more."""
        self._retired.add(worker_id)
        self._workers.send(worker_id, wire.Shutdown())
        self._workers.end_input(worker_id)
        self._deadlines.set(Timer("retire", worker_id), now + RETIRE_S)

    def drop(self, slot: Slot, now: float) -> None:
        """The slot needs no successor after all."""
        if slot.successor_id is not None:
            self._deadlines.clear(Timer("successor", slot.number))
            self.retire(slot.successor_id, now)
            slot.drop_successor()

    def give_up(self, slot: Slot) -> None:
        """End the successor before it is ready; should it say so yet, it is too late."""
        if slot.successor_id is not None:
            self._deadlines.clear(Timer("successor", slot.number))
            self._workers.kill(slot.successor_id)
            self._retired.add(slot.successor_id)
            slot.drop_successor()

    def on_gone(self, worker_id: WorkerId) -> None:
        """A worker is dead that held no slot: one that was retired, or a successor."""
        self._retired.discard(worker_id)
        self._deadlines.clear(Timer("retire", worker_id))
        slot = self.slot_of(worker_id)
        if slot is not None:
            self._deadlines.clear(Timer("successor", slot.number))
            slot.drop_successor()

    def close(self, now: float) -> None:
        """No slot gets another worker: those on the way in are sent back."""
        self._is_closed = True
        for slot in self._slots:
            self.drop(slot, now)

    def kill_all(self) -> None:
        """End everybody who is on the way, in or out."""
        for worker_id in self._retired:
            self._workers.kill(worker_id)
        for slot in self._slots:
            self.give_up(slot)
