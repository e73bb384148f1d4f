"""A model of worker processes: what one of them could say next, and which orders it could take.

Built from nothing but the orders that the owner gives through its ports, so that an order that
no process could obey is a failure of the test that caused it.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from daemon.events import WorkerEvent, WorkerGone, WorkerSaid, WorkerSpawned, WorkerSpawnFailed
from daemon.worker_slot import WorkerId
from ocr_worker import wire
from tests.fakes import World

FAILURES = (
    "document_unreadable",
    "recognition_failed",
    "engine_unavailable",
    "document_changed",
    "limit_exceeded",
    "output_failed",
    "no such kind",
)


@dataclass
class Worker:
    """One process, from the order to start it to its end."""

    worker_id: WorkerId
    slot: int
    is_up: bool = False
    is_ready: bool = False
    is_killed: bool = False
    is_gone: bool = False
    task: wire.Task | None = None
    is_accepted: bool = False
    is_told_to_stop: bool = False
    is_told_to_leave: bool = False
    done: list[int] = field(default_factory=list)
    """Tasks that it has left."""


class Workers:
    """All processes there have been. `obey` is to be called after whatever else happened."""

    def __init__(self, world: World, pages_of: dict[str, int]) -> None:
        self._world = world
        self._pages_of = pages_of
        self.all: dict[WorkerId, Worker] = {}
        self.read: dict[str, tuple[str, int]] = {}
        """Every text that was ever told, and the path and page it was read from."""
        self.begun: Counter[tuple[str, int]] = Counter()
        """How often each page, by path and number, was begun."""
        for slot in world.supervisor.pool.slots:
            # Its jitter would make each run another one.
            slot.policy.random = Random(0)

    @property
    def living(self) -> list[Worker]:
        """Those that could still say something, in the order of their start."""
        return [worker for worker in self.all.values() if not worker.is_gone]

    def obey(self) -> None:
        """Take the owner's orders in. Raise `AssertionError` for one that cannot be."""
        fakes = self._world.workers
        for worker_id, slot, _ in fakes.spawned:
            assert worker_id not in self.all, "an id was given twice"
            self.all[worker_id] = Worker(worker_id, slot)
        for worker_id, command in fakes.sent:
            if not isinstance(command, wire.Ping):
                self._take(self.all[worker_id], command)
        for worker_id in fakes.killed:
            self.all[worker_id].is_killed = True
        fakes.sent = [one for one in fakes.sent if isinstance(one[1], wire.Ping)]
        fakes.spawned.clear()
        fakes.killed.clear()

    def _take(self, worker: Worker, command: wire.Command) -> None:
        assert not worker.is_gone, "an order to a worker that is known to be dead"
        match command:
            case wire.StopTask(task=task):
                worker.is_told_to_stop = worker.task is not None and worker.task.task == task
            case wire.Shutdown():
                worker.is_told_to_leave = True
            case wire.Inspect() | wire.Recognize() | wire.Assemble() | wire.ListEngines():
                assert worker.is_ready, "a task before it was ready"
                assert worker.task is None, "two tasks at once"
                is_leaving = worker.is_killed or worker.is_told_to_leave
                assert not is_leaving, "a task for one that was told to end"
                worker.task = command
                worker.is_accepted = worker.is_told_to_stop = False

    # What a process may do.

    def start(self, worker: Worker, *, succeeds: bool = True) -> None:
        """The system starts it, or refuses to."""
        if worker.is_up:
            return
        worker.is_up = True
        if succeeds:
            self._happens(WorkerSpawned(worker.worker_id, 4000 + len(self.all)))
        else:
            worker.is_gone = True
            self._happens(WorkerSpawnFailed(worker.worker_id))

    def become_ready(self, worker: Worker) -> None:
        """It has loaded its engine."""
        self.start(worker)
        if not worker.is_ready:
            worker.is_ready = True
            self.say(worker, wire.Hello(wire_version=wire.WIRE_VERSION, pid=1))
            self.say(worker, wire.Ready())

    def accept(self, worker: Worker) -> None:
        """It begins its task."""
        if worker.task is not None and not worker.is_accepted:
            worker.is_accepted = True
            if isinstance(worker.task, wire.Recognize):
                self.begun[worker.task.source.path, worker.task.page] += 1
            self.say(worker, wire.Accepted(task=worker.task.task))

    def finish(self, worker: Worker, failure: str | None = None) -> None:
        """It ends its task: well, or with a failure of that kind."""
        self.accept(worker)
        if worker.task is not None:
            task, worker.task = worker.task, None
            worker.done.append(task.task)
            outcome = self._outcome(task)
            if failure is not None:
                outcome = wire.Failed(task=task.task, kind=failure, message="No.")
            self.say(worker, outcome)

    def stop(self, worker: Worker) -> None:
        """It leaves a task that it was told to leave."""
        if worker.task is not None and worker.is_told_to_stop:
            task, worker.task = worker.task, None
            worker.done.append(task.task)
            self.say(worker, wire.Stopped(task=task.task))

    def repeat(self, worker: Worker) -> None:
        """It answers once more for a task that it has left."""
        if worker.done:
            self.say(worker, wire.Failed(task=worker.done[-1], kind="internal_error", message=""))

    def die(self, worker: Worker, code: int | None = None, signal: int | None = None) -> None:
        """It ends, for whatever reason."""
        self.obey()
        worker.is_gone = True
        self._happens(WorkerGone(worker.worker_id, code, signal))

    def say(self, worker: Worker, message: wire.Event) -> None:
        """It sends a message."""
        self._happens(WorkerSaid(worker.worker_id, message))

    def _happens(self, event: WorkerEvent) -> None:
        self._world.handle(event)
        self.obey()

    def _outcome(self, task: wire.Task) -> wire.Event:
        match task:
            case wire.Inspect():
                return wire.Inspected(
                    task=task.task,
                    format="pdf",
                    page_count=self._pages_of[task.source.path],
                    encrypted=False,
                    size_bytes=1,
                    modified_ns=1,
                )
            case wire.Recognize():
                text = f"text {len(self.read)}"
                self.read[text] = task.source.path, task.page
                page = wire.Page(
                    page=task.page, state="recognized", text=text, width_pt=1, height_pt=1
                )
                return wire.Recognized(task=task.task, page=page)
            case wire.Assemble():
                return wire.Assembled(task=task.task)
            case _:
                return wire.EnginesListed(task=task.task, engines=())
