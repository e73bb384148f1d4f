"""A slot: the place a worker fills, and what the worker in it is doing; pure.

Wanted, actual and ready are three facts. Each life of a worker has an id of its own, so that late
news of a dead one is told apart from news of its successor.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NewType, TypeAlias

from daemon.jobs import JobId, PageRef
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
    """A page in a slot; `keep` is the scratch file that gets what was read, for assembling."""

    ref: PageRef
    keep: str | None = None


@dataclass(frozen=True, slots=True)
class AssembleTask:
    """A document whose outputs are being written to the temporary names `temporary`."""

    job_id: JobId
    document: int
    temporary: dict[str, str]


@dataclass(frozen=True, slots=True)
class InspectTask:
    """A document being counted or described; `key` names it among the inspections."""

    key: int


SlotTask: TypeAlias = PageTask | AssembleTask | InspectTask


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
    restarts: int = 0

    @property
    def kind(self) -> Literal["ocr", "inspector"]:
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

    def spawn(self, worker_id: WorkerId, now: float) -> None:
        """A worker is on its way."""
        self.state = SlotState.STARTING
        self.message = None
        self.worker_id = worker_id
        self.started_at = now
        self.is_ready = self.is_condemned = False

    def assign(self, task: SlotTask, task_id: int) -> None:
        """The idle worker gets a task."""
        assert self.state is SlotState.IDLE, self.state
        self.state = SlotState.RUNNING
        self.task = task
        self.task_id = task_id
        self.task_accepted = False

    def release(self) -> None:
        """The worker has left its task."""
        self.task = None
        self.state = SlotState.IDLE

    def bury(self) -> None:
        """The worker is dead; what follows is decided by the caller."""
        self.worker_id = self.pid = self.task = None
        self.is_ready = False
        self.state = SlotState.STOPPED
