"""How busy the machine is, and what that leaves to background jobs; part of the owner.

Samples are taken while there are background jobs, and when a host asks for the hardware.
"""

from typing import Final

from daemon import hardware_report
from daemon.background_share import Share, share_of
from daemon.deadlines import Deadlines
from daemon.errors import RpcError
from daemon.job_book import JobBook
from daemon.machine_facts import MachineFacts, MachineSample
from daemon.pool import Pool
from daemon.ports import Machine, Reply, is_same_id
from daemon.timers import Timer
from daemon.worker_slot import AssembleTask, PageTask

SAMPLE_S: Final = 5.0
"""Between two samples while there are background jobs."""
ANSWER_S: Final = 2.0
"""How long a host waits for a sample; then it is told what is known."""


class MachineWatch:
    """The last sample, and who waits for the next."""

    def __init__(
        self,
        facts: MachineFacts,
        machine: Machine,
        pool: Pool,
        book: JobBook,
        deadlines: Deadlines[Timer],
    ) -> None:
        self._facts = facts
        self._machine = machine
        self._pool = pool
        self._book = book
        self._deadlines = deadlines
        self._sample: MachineSample | None = None
        self._replies: list[Reply] = []
        self._is_watching = False

    @property
    def share(self) -> Share:
        """What background jobs may use."""
        return share_of(self._facts, self._sample)

    @property
    def n_background_free(self) -> int:
        """How many more tasks of background jobs may be begun."""
        n_busy = sum(
            isinstance(slot.task, PageTask | AssembleTask) and slot.task.is_background
            for slot in self._pool.ocr_slots
        )
        return max(0, self.share.slots - n_busy)

    def watch(self, now: float) -> None:
        """Take samples as long as there are background jobs; called whenever something happened."""
        is_wanted = self._book.has_background
        if is_wanted and not self._is_watching:
            self._ask()
            self._deadlines.set(Timer("sample"), now + SAMPLE_S)
        elif not is_wanted:
            self._deadlines.clear(Timer("sample"))
        self._is_watching = is_wanted

    def tell(self, reply: Reply, now: float) -> None:
        """Answer `hardware/get`, when the machine has been looked at."""
        self._replies.append(reply)
        self._ask()
        self._deadlines.set(Timer("hardware"), now + ANSWER_S)

    def on_sampled(self, sample: MachineSample) -> None:
        """A sample is in."""
        self._sample = sample
        self.answer()

    def on_timer(self, timer: Timer, now: float) -> None:
        """It is time for another sample, or a host has waited long enough for one."""
        if timer.what == "hardware":
            self.answer()
        else:
            self._is_watching = False
            self.watch(now)

    def answer(self) -> None:
        """Answer every host that waits, with what is known."""
        for reply in self._take_replies():
            reply.succeed(hardware_report.hardware(self._facts, self._sample, self.share))

    @property
    def has_questions(self) -> bool:
        """True while a host waits for an answer."""
        return bool(self._replies)

    def cancel_question(self, request_id: str | int | float) -> None:
        """Answer the host that waits under this id."""
        for reply in [one for one in self._replies if is_same_id(one.request_id, request_id)]:
            self._replies.remove(reply)
            reply.fail(RpcError("cancelled", "The request was cancelled."))
        if not self._replies:
            self._deadlines.clear(Timer("hardware"))

    def fail_questions(self, error: RpcError) -> None:
        """Answer every host that waits with an error: the daemon leaves."""
        for reply in self._take_replies():
            reply.fail(error)

    def _ask(self) -> None:
        self._machine.sample([slot.pid for slot in self._pool.slots if slot.pid is not None])

    def _take_replies(self) -> list[Reply]:
        self._deadlines.clear(Timer("hardware"))
        replies, self._replies = self._replies, []
        return replies
