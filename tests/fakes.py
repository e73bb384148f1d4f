"""Fakes of the owner's ports, and a world in which the real supervisor runs without a process."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from daemon.admission import judge
from daemon.clock import Moment
from daemon.config import Config
from daemon.errors import RpcError
from daemon.events import (
    DocumentChecked,
    MachineSampled,
    OutputsPublished,
    PathsChecked,
    WorkerEvent,
    WorkerGone,
    WorkerSaid,
    WorkerSpawned,
)
from daemon.jobs import SUCCESSES, JobId
from daemon.lines import MAX_OUTBOUND_LINE_BYTES
from daemon.machine_facts import MachineFacts, MachineSample
from daemon.notifications import TerminalParams
from daemon.page_store import Move
from daemon.params import DocumentParams, OcrOptions, Struct
from daemon.ports import Host, Publication
from daemon.supervisor import Supervisor
from daemon.worker_slot import Slot, WorkerId
from ocr_worker import wire


@dataclass
class FakeWorkers:
    """Notes what is ordered; nothing answers by itself."""

    spawned: list[tuple[WorkerId, int, str | None]] = field(default_factory=list)
    sent: list[tuple[WorkerId, wire.Command]] = field(default_factory=list)
    ended_input: list[WorkerId] = field(default_factory=list)
    terminated: list[WorkerId] = field(default_factory=list)
    killed: list[WorkerId] = field(default_factory=list)
    measured: list[WorkerId] = field(default_factory=list)
    dumped: list[WorkerId] = field(default_factory=list)

    def measure(self, worker_id: WorkerId) -> None:
        self.measured.append(worker_id)

    def dump(self, worker_id: WorkerId) -> None:
        self.dumped.append(worker_id)

    def spawn(self, worker_id: WorkerId, slot: int, engine: str | None) -> None:
        self.spawned.append((worker_id, slot, engine))

    def send(self, worker_id: WorkerId, command: wire.Command) -> None:
        self.sent.append((worker_id, command))

    def end_input(self, worker_id: WorkerId) -> None:
        self.ended_input.append(worker_id)

    def terminate(self, worker_id: WorkerId) -> None:
        self.terminated.append(worker_id)

    def kill(self, worker_id: WorkerId) -> None:
        self.killed.append(worker_id)


@dataclass
class FakeFiles:
    """Notes what is ordered; nothing answers by itself."""

    checks: list[tuple[int, tuple[DocumentParams, ...]]] = field(default_factory=list)
    publications: list[tuple[int, Publication]] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    outputs: dict[int, str | None] = field(default_factory=dict)
    """What the checks of pictures are to say about where these go, by token."""
    real_output: str | None = None
    """What their outputs resolve to, where that is something else."""
    replacements: list[tuple[int, str, str, str | None]] = field(default_factory=list)

    def check(
        self, token: int, documents: Sequence[DocumentParams], output_dir: str | None
    ) -> None:
        self.checks.append((token, tuple(documents)))

    def check_picture(self, token: int, document: DocumentParams, output: str | None) -> None:
        self.checks.append((token, (document,)))
        self.outputs[token] = self.real_output or output

    def replace(self, token: int, temporary: str, target: str, note: str | None) -> None:
        self.replacements.append((token, temporary, target, note))

    def publish(self, token: int, publication: Publication) -> None:
        self.publications.append((token, publication))

    def discard(self, paths: Sequence[str]) -> None:
        self.discarded.extend(paths)

    def scratch_path(self, name: str) -> str:
        return f"/scratch/{name}"


FACTS = MachineFacts(
    cpu_count=8,
    cpu_usable=8,
    cpu_physical=8,
    memory_bytes=16 * 1024**3,
    memory_available_bytes=8 * 1024**3,
    workers=2,
    reason="As many as were configured.",
)
QUIET = MachineSample(memory_available_bytes=8 * 1024**3, foreign_load=0.0, on_battery=False)
"""A machine on which nobody does anything."""


@dataclass
class FakeMachine:
    """Notes which processes were to be looked at; nothing answers by itself."""

    asked: list[tuple[int, ...]] = field(default_factory=list)

    def sample(self, pids: Sequence[int]) -> None:
        self.asked.append(tuple(pids))


@dataclass
class FakePageFiles:
    """Notes what is ordered; nothing answers by itself."""

    moves: list[Move] = field(default_factory=list)
    dropped: list[JobId] = field(default_factory=list)

    def keep(self, move: Move) -> None:
        self.moves.append(move)

    def drop(self, job_id: JobId) -> None:
        self.dropped.append(job_id)


@dataclass
class FakeHost:
    """Keeps what the host is told."""

    notifications: list[tuple[str, Any]] = field(default_factory=list)
    backlog_bytes: int = 0
    max_line_bytes: int = MAX_OUTBOUND_LINE_BYTES

    def notify(
        self,
        method: str,
        params: Struct,
        *,
        latest_of: str | None = None,
        encoded: bytes | None = None,
    ) -> None:
        assert encoded in (None, msgspec.json.encode(params))
        self.notifications.append((method, params))

    def forget(self, job_id: JobId) -> Sequence[str]:
        return [f"/scratch/notification-of-{job_id}"]

    def of(self, method: str) -> list[Any]:
        return [params for name, params in self.notifications if name == method]

    @property
    def terminals(self) -> list[TerminalParams]:
        return self.of("job/result") + self.of("job/error")


@dataclass
class FakeReply:
    """Keeps the one answer, and fails the test at a second."""

    result: Any = None
    error: RpcError | None = None
    request_id: Any = None

    def succeed(self, result: Struct) -> None:
        assert not self.is_settled, "answered twice"
        self.result = result

    def fail(self, error: RpcError) -> None:
        assert not self.is_settled, "answered twice"
        self.error = error

    @property
    def is_settled(self) -> bool:
        return self.result is not None or self.error is not None


class World:
    """The real supervisor between fakes; time passes only by `advance`."""

    def __init__(
        self,
        n_slots: int = 2,
        config: Config | None = None,
        host: Host | None = None,
        **facts: Any,
    ) -> None:
        ids = itertools.count(1)
        self.workers = FakeWorkers()
        self.machine = FakeMachine()
        self.files = FakeFiles()
        self.page_files = FakePageFiles()
        self.host = FakeHost()
        self.seconds = 1000.0
        self.deaf: set[WorkerId] = set()
        """Workers that do not answer pings; the others do."""
        self.config = config or Config()
        self.supervisor = Supervisor(
            self.config,
            replace(FACTS, workers=n_slots, **facts),
            self.workers,
            self.machine,
            self.files,
            self.page_files,
            host or self.host,
            lambda: f"id-{next(ids)}",
        )

    @property
    def now(self) -> Moment:
        return Moment(self.seconds, 1_700_000_000 + self.seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass, deadline by deadline."""
        end = self.seconds + seconds
        while (at := self.supervisor.deadlines.next_at()) is not None and at <= end:
            self.seconds = max(self.seconds, at)
            while (timer := self.supervisor.deadlines.pop_due(self.seconds)) is not None:
                self.supervisor.on_timer(timer, self.now)
                self._answer_pings()
        self.seconds = end

    def _answer_pings(self) -> None:
        pings = [(id_, order) for id_, order in self.workers.sent if isinstance(order, wire.Ping)]
        for worker_id, ping in pings:
            if worker_id not in self.deaf:
                self.workers.sent.remove((worker_id, ping))
                self.handle(WorkerSaid(worker_id, wire.Pong(token=ping.token, progress=0)))

    def handle(self, event: WorkerEvent) -> None:
        self.supervisor.handle(event, self.now)

    # What the world does.

    def submit(
        self,
        *files: str,
        outputs: tuple[str, ...] | None = None,
        is_batch: bool = False,
        check: bool = True,
        request_id: Any = None,
        **options: Any,
    ) -> FakeReply:
        """Submit a job; with `check`, its paths are found to be fine."""
        reply = FakeReply(request_id=request_id)
        documents = tuple(DocumentParams(path=file) for file in files)
        submission = judge(
            documents,
            "/out" if outputs else None,
            outputs,
            OcrOptions(**options),
            is_batch=is_batch or len(files) > 1,
            config=self.config,
        )
        self.supervisor.submit(submission, reply, self.now)
        if check:
            self.answer_checks()
        return reply

    def answer_checks(self) -> None:
        while self.files.checks:
            token, documents = self.files.checks.pop(0)
            checked = tuple(DocumentChecked(document.path or "") for document in documents)
            self.handle(PathsChecked(token, checked, output=self.files.outputs.get(token)))

    def look(self, **changes: Any) -> None:
        """The machine is looked at, if it was to be, and found as quiet as the changes leave it."""
        asked, self.machine.asked = self.machine.asked, []
        if asked:
            self.handle(MachineSampled(replace(QUIET, **changes)))

    def start_workers(self) -> None:
        """Every worker that was ordered comes up."""
        for slot in self.supervisor.pool.slots:
            if slot.worker_id is not None and not slot.is_ready:
                self.handle(WorkerSpawned(slot.worker_id, 4000 + slot.number))
                self.say(slot, wire.Ready())

    def say(self, slot: Slot, message: wire.Event) -> None:
        assert slot.worker_id is not None
        self.handle(WorkerSaid(slot.worker_id, message))

    def accept(self, slot: Slot) -> None:
        self.say(slot, wire.Accepted(task=slot.task_id))

    def count(self, page_count: int) -> None:
        """The inspector counts whatever document it has been given."""
        slot = self.supervisor.pool.inspector
        self.start_workers()
        self.accept(slot)
        self.say(
            slot,
            wire.Inspected(
                task=slot.task_id,
                format="pdf",
                page_count=page_count,
                encrypted=False,
                size_bytes=1,
                modified_ns=1,
            ),
        )
        self.start_workers()

    def busy_slots(self) -> list[Slot]:
        return [slot for slot in self.supervisor.pool.ocr_slots if slot.task is not None]

    def finish_page(self, slot: Slot, state: str = "recognized", text: str = "text") -> None:
        assert state in SUCCESSES
        if not slot.task_accepted:
            self.accept(slot)
        page = wire.Page(page=1, state=state, text=text, width_pt=100, height_pt=100)
        self.say(slot, wire.Recognized(task=slot.task_id, page=page))

    def fail_page(self, slot: Slot, kind: str = "recognition_failed") -> None:
        self.say(slot, wire.Failed(task=slot.task_id, kind=kind, message="No."))

    def finish_assembling(self, slot: Slot) -> None:
        self.accept(slot)
        self.say(slot, wire.Assembled(task=slot.task_id))

    def publish(self) -> None:
        token, publication = self.files.publications.pop(0)
        outputs = {kind: f"/out/{publication.stem}.{kind}" for kind in publication.temporary}
        self.handle(OutputsPublished(token, outputs))

    def die(self, slot: Slot, code: int | None = None, signal: int | None = 9) -> None:
        assert slot.worker_id is not None
        self.handle(WorkerGone(slot.worker_id, code, signal))
