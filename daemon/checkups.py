"""How the daemon is: what `health/check` answers, and asking every worker; part of the owner.

A deep check pings the control thread of each worker that is ready, and is answered when all pongs
are in, or with what there is when its time is over. A worker that is starting is not asked: the
loading of an engine may hold its control thread back, and its start has a limit of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import UNSET

from daemon.deadlines import Deadlines
from daemon.errors import RpcError
from daemon.health_messages import HealthResult, Problem, WorkerHealth
from daemon.job_runner import MAX_BACKLOG_BYTES
from daemon.params import HealthName
from daemon.pool import Pool
from daemon.ports import Host, Reply, Workers, is_same_id
from daemon.timers import Timer
from daemon.worker_slot import Slot, SlotState, WorkerId
from ocr_worker import wire

ANSWER_TIMEOUT_S: Final = 2.0
"""How long a worker may take to answer a deep check."""


@dataclass(slots=True)
class _Question:
    """A deep check that is under way: who was asked, and who has not answered yet."""

    reply: Reply
    asked: frozenset[WorkerId]
    silent: set[WorkerId]


class Checkups:
    """The checks that are under way, by the token of their pings."""

    def __init__(
        self, pool: Pool, workers: Workers, host: Host, deadlines: Deadlines[Timer]
    ) -> None:
        self._pool = pool
        self._workers = workers
        self._host = host
        self._deadlines = deadlines
        self._questions: dict[int, _Question] = {}
        self._next_token = 0

    @property
    def has_questions(self) -> bool:
        """True while a host waits for an answer."""
        return bool(self._questions)

    def check(self, deep: bool, reply: Reply, now: float) -> None:
        """Answer `health/check`: at once, or with `deep` when the workers have been heard."""
        asked = frozenset(
            slot.worker_id
            for slot in self._pool.slots
            if deep and slot.worker_id is not None and slot.is_ready and not slot.is_condemned
        )
        question = _Question(reply, asked, set(asked))
        if not asked:
            self._answer(question)
            return
        # Downwards from 0, apart from the tokens of other pings: only the answer to this question
        # is one.
        self._next_token -= 1
        self._questions[self._next_token] = question
        self._deadlines.set(Timer("health", self._next_token), now + ANSWER_TIMEOUT_S)
        for worker_id in asked:
            self._workers.send(worker_id, wire.Ping(token=self._next_token))

    def on_pong(self, worker_id: WorkerId, token: int) -> None:
        """A worker has answered a ping, of ours or of somebody else."""
        question = self._questions.get(token)
        if question is not None:
            question.silent.discard(worker_id)
            self._settle(token, question)

    def on_gone(self, worker_id: WorkerId) -> None:
        """A worker is dead: nobody waits for its answer any more."""
        for token, question in list(self._questions.items()):
            question.silent.discard(worker_id)
            self._settle(token, question)

    def on_timer(self, token: int) -> None:
        """A check's time is over: answer with what there is."""
        self._answer(self._questions.pop(token))

    def cancel_question(self, request_id: str | int | float) -> None:
        """Answer the host that waits under this id."""
        for token, question in list(self._questions.items()):
            if is_same_id(question.reply.request_id, request_id):
                self._end(token).reply.fail(RpcError("cancelled", "The request was cancelled."))

    def fail_questions(self, error: RpcError) -> None:
        """Answer every check that is under way with an error: the daemon leaves."""
        for token in list(self._questions):
            self._end(token).reply.fail(error)

    def _settle(self, token: int, question: _Question) -> None:
        if not question.silent:
            self._answer(self._end(token))

    def _end(self, token: int) -> _Question:
        self._deadlines.clear(Timer("health", token))
        return self._questions.pop(token)

    def _answer(self, question: _Question) -> None:
        problems = (
            *_unavailable(self._pool),
            *_unresponsive(self._pool.slots, question.silent),
            *_not_reading(self._host.backlog_bytes),
        )
        question.reply.succeed(
            HealthResult(
                status=_status(problems),
                workers=tuple(_health(slot, question) for slot in self._pool.slots),
                problems=problems,
            )
        )


def _health(slot: Slot, question: _Question) -> WorkerHealth:
    # By the worker and not by the slot: a successor was not asked.
    was_asked = slot.worker_id in question.asked
    return WorkerHealth(
        slot=slot.number,
        state=slot.state.value,
        responsive=slot.worker_id not in question.silent if was_asked else UNSET,
    )


def _status(problems: Sequence[Problem]) -> HealthName:
    if any(one.kind in ("workers_unavailable", "inspector_unavailable") for one in problems):
        return "failed"
    return "degraded" if problems else "ok"


def _unavailable(pool: Pool) -> list[Problem]:
    down = [slot for slot in pool.slots if slot.state is SlotState.ERROR]
    problems = [
        Problem(
            kind="worker_unavailable" if slot.number else "inspector_unavailable",
            message=f"Slot {slot.number}: {slot.message or 'No worker can be started.'}",
        )
        for slot in down
    ]
    if pool.is_exhausted:
        message = "No slot is left that could read a page."
        problems.insert(0, Problem(kind="workers_unavailable", message=message))
    return problems


def _unresponsive(slots: Sequence[Slot], silent: set[WorkerId]) -> list[Problem]:
    return [
        Problem(
            kind="worker_unresponsive",
            message=f"Slot {slot.number}: the worker did not answer within {ANSWER_TIMEOUT_S:g} s.",
        )
        for slot in slots
        if slot.worker_id in silent
    ]


def _not_reading(backlog_bytes: int) -> list[Problem]:
    if backlog_bytes <= MAX_BACKLOG_BYTES:
        return []
    message = "The host does not read its notifications, so no page is begun."
    return [Problem(kind="host_not_reading", message=message)]
