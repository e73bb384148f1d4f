"""A slot: the place a worker fills, and what the worker in it is doing; pure.

Wanted, actual and ready are three facts. Each life of a worker has an id of its own, so that late
news of a dead one is told apart from news of its successor.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, TypeAlias

from daemon.jobs import JobId, PageRef
from daemon.params import RestartCause, WorkerKindName
from daemon.restart_policy import RestartPolicy

WorkerId = NewType("WorkerId", str)


class SlotState(StrEnum):
    """As on the wire. `cancelled`: its page was cancelled and the worker has not left it yet."""

    STOPPED = "stopped"
    STARTING = "starting"
    IDLE = "idle"
    RUNNING = "running"
    CANCELLED = "cancelled"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class PageTask:
    """A page in a slot; `keep` is the scratch file that gets what was read, for assembling.

    One that `gives_way` is read at the lowest priority for CPU and disk; one that `is_background`
    counts to what background jobs have, whether it gives way or not.
    """

    ref: PageRef
    keep: str | None = None
    gives_way: bool = False
    is_background: bool = False


@dataclass(frozen=True, slots=True)
class AssembleTask:
    """A document whose outputs are being written to the temporary names `temporary`.

    `note` is the scratch file in which the worker names them before it begins.
    """

    job_id: JobId
    document: int
    temporary: dict[str, str]
    note: str
    gives_way: bool = False
    is_background: bool = False


@dataclass(frozen=True, slots=True)
class InspectTask:
    """A document being counted, described or shown; `key` names it among the inspections.

    `picture` is the file that a page is written to, and `note` the scratch file that tells of it.
    """

    key: int
    picture: str | None = None
    note: str | None = None


SlotTask: TypeAlias = PageTask | AssembleTask | InspectTask


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


@dataclass(slots=True)
class Slot:
    """One slot. 0 is the inspector, which loads no engine; OCR slots count from 1."""

    number: int
    policy: RestartPolicy = field(default_factory=RestartPolicy)
    state: SlotState = SlotState.STOPPED
    message: str | None = None
    worker_id: WorkerId | None = None
    pid: int | None = None
    task: SlotTask | None = None
    task_id: int = 0
    started_at: float = 0.0
    """When the present worker was spawned, monotonic seconds."""
    task_accepted: bool = False
    task_accepted_at: float = 0.0
    is_ready: bool = False
    is_condemned: bool = False
    """We have ordered this worker's end, so its death counts against nobody."""
    is_rejected: bool = False
    """Its end is the slot's as well: another one would be no better."""
    restarts: int = 0
    n_done: int = 0
    """Tasks the present worker has finished."""
    successor_id: WorkerId | None = None
    """A worker that is starting, to take over from the present one without a gap."""
    successor_pid: int | None = None
    successor_is_ready: bool = False
    engine: str | None = None
    """What the present worker was asked to load."""
    measured_at: float = 0.0
    """When its memory was last asked for, monotonic seconds."""
    successor_cause: RestartCause = "recycle"
    end_cause: RestartCause | None = None
    """Why we end the present worker, where that is no cancel and not our leaving."""
    n_pages: int = 0
    """Pages that the present worker has ended."""
    no_successor_before: float = 0.0
    """A successor that died is not followed by another at once."""

    @property
    def kind(self) -> WorkerKindName:
        """What the slot is for."""
        return "inspector" if self.number == 0 else "ocr"

    @property
    def is_up(self) -> bool:
        """True while there is a worker, starting ones included."""
        return self.worker_id is not None

    @property
    def can_start(self) -> bool:
        """True when a worker may be spawned at once: none there, no backoff, budget left."""
        return self.state is SlotState.STOPPED

    @property
    def can_take_task(self) -> bool:
        """True when a task may be handed in: its worker is idle, and not being ended."""
        is_ending = self.is_condemned or self.end_cause is not None
        return self.state is SlotState.IDLE and not is_ending

    def spawn(self, worker_id: WorkerId, now: float) -> None:
        """A worker is on its way."""
        self.state = SlotState.STARTING
        self.message = None
        self._begin_life(worker_id, now)

    def succeed(self, now: float) -> WorkerId | None:
        """The successor takes the place of the present worker, whose id is returned."""
        assert self.successor_id is not None
        retired = self.worker_id
        pid, is_ready = self.successor_pid, self.successor_is_ready
        self._begin_life(self.successor_id, now)
        self.pid, self.is_ready = pid, is_ready
        self.state = SlotState.IDLE if is_ready else SlotState.STARTING
        self.drop_successor()
        return retired

    def drop_successor(self) -> None:
        """There is none any more."""
        self.successor_id = self.successor_pid = None
        self.successor_is_ready = False

    def _begin_life(self, worker_id: WorkerId, now: float) -> None:
        self.worker_id = worker_id
        self.pid = None
        self.started_at = now
        self.is_ready = self.is_condemned = self.is_rejected = False
        self.n_done = self.n_pages = 0
        self.end_cause = None

    def assign(self, task: SlotTask, task_id: int) -> None:
        """The idle worker gets a task."""
        assert self.state is SlotState.IDLE, self.state
        self.state = SlotState.RUNNING
        self.task = task
        self.task_id = task_id
        self.task_accepted = False

    def release(self) -> None:
        """The worker has left its task."""
        self.n_pages += isinstance(self.task, PageTask)
        self.task = None
        self.state = SlotState.IDLE
        self.n_done += 1

    def give_up(self, message: str) -> None:
        """No worker is to be tried here any more; `message` says why."""
        self.state = SlotState.ERROR
        self.message = message

    def bury(self) -> None:
        """The worker is dead; what follows is decided by the caller."""
        self.worker_id = self.pid = self.task = None
        self.is_ready = False
        self.state = SlotState.STOPPED
