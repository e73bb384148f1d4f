"""The loop: one event at a time to its owner, due deadlines, and the writer fed. The only thread
that changes state.
"""

import signal
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from loguru import logger

from daemon.clock import Moment, read_clock
from daemon.errors import ExitCode
from daemon.events import (
    ChunkWritten,
    Event,
    HostClosed,
    HostGone,
    LinesReceived,
    LogWritten,
    SignalReceived,
    ThreadCrashed,
)
from daemon.framing import TooLong
from daemon.host_watch import HostWatch
from daemon.lifecycle import Phase
from daemon.notifications import LogMessageParams
from daemon.outbox import Outbox
from daemon.supervisor import Supervisor
from daemon.transport import Transport

LONGEST_WAIT_S: Final = 1.0
"""On some systems a signal does not end a wait; none is longer than this."""
OVERSLEPT_S: Final = 5.0
"""A wait that ends later than this was no wait: the machine was suspended, or we were stopped."""
_FLUSH_S: Final = 0.5
"""How long the last lines may take to be read by the host."""
MAX_UNREAD_BYTES: Final = 64 * 1024 * 1024
"""Above this much that the host has not read, no more requests are read."""
_SIGNAL_EXITS: Final = {signal.SIGTERM: ExitCode.SIGTERM, signal.SIGINT: ExitCode.SIGINT}


class Dialect(Protocol):
    """What the host's lines mean."""

    def handle(self, line: bytes | TooLong, now: Moment) -> None:
        """Answer one line, or see to it that it is answered later."""


class EventLoop:
    """Runs on the main thread until the supervisor has stopped and the host has been told."""

    def __init__(
        self,
        inbox: SimpleQueue[Event],
        supervisor: Supervisor,
        dialect: Dialect,
        outbox: Outbox,
        transport: Transport,
        host_watch: HostWatch,
    ) -> None:
        self._inbox = inbox
        self._supervisor = supervisor
        self._dialect = dialect
        self._outbox = outbox
        self._transport = transport
        self._host_watch = host_watch
        self._writer_is_busy = False
        self._host_reads = True
        self._owed_credits = 0
        self._n_signals = 0
        self._has_failed = False
        self._flush_until: float | None = None

    def run(self) -> int:
        """Return the exit code."""
        self._transport.start()
        while True:
            try:
                if self._take_turn():
                    return self._supervisor.lifecycle.exit_code
            except Exception:  # noqa: BLE001  a bug must not leave workers and jobs behind
                logger.exception("a bug in the loop")
                if self._has_failed:
                    self._supervisor.pool.kill_all()
                    return ExitCode.INTERNAL
                self._has_failed = True
                self._inbox.put(ThreadCrashed("MainThread"))

    def _take_turn(self) -> bool:
        """Wait for one event and deal with it; True when it was the last."""
        began_at = read_clock().monotonic
        event = self._next_event(began_at)
        now = read_clock()
        if now.monotonic > began_at + LONGEST_WAIT_S + OVERSLEPT_S:
            logger.info("the machine was asleep")
            self._supervisor.on_overslept(now)
        if event is not None:
            self._supervisor.metrics.on_event(now.monotonic)
            self._handle(event, now)
        while (timer := self._supervisor.deadlines.pop_due(now.monotonic)) is not None:
            self._supervisor.on_timer(timer, now)
        self._feed_writer()
        return self._has_ended(now)

    def on_signal(self, number: int) -> None:
        """Note a signal. Runs inside the handler, where nothing else is safe."""
        self._inbox.put(SignalReceived(number))

    def _next_event(self, now: float) -> Event | None:
        ends_at = self._supervisor.deadlines.next_at()
        if self._flush_until is not None:
            ends_at = min(self._flush_until, ends_at or self._flush_until)
        wait_s = LONGEST_WAIT_S
        if ends_at is not None:
            wait_s = min(wait_s, max(0.0, ends_at - now))
        try:
            return self._inbox.get(timeout=wait_s)
        except Empty:
            return None

    def _handle(self, event: Event, now: Moment) -> None:
        match event:
            case LinesReceived(lines):
                for line in lines:
                    self._dialect.handle(line, now)
                self._owed_credits += 1
            case ChunkWritten():
                self._writer_is_busy = False
                # Room for more: what was held back because the host did not read may go on.
                self._supervisor.pump(now)
            case HostClosed(broken):
                self._host_reads = self._host_reads and not broken
                self._supervisor.on_host_closed(broken, now)
            case HostGone(pid) if pid == self._host_watch.pid:
                logger.info("the host is gone")
                self._host_reads = False
                self._supervisor.on_host_closed(broken=True, now=now)
            case HostGone():
                pass  # a parent that was only the host's launcher, and may leave
            case SignalReceived(number):
                self._n_signals += 1
                logger.info("signal {}", number)
                code = _SIGNAL_EXITS.get(signal.Signals(number), ExitCode.INTERNAL)
                self._supervisor.leave(code, now)
                if self._n_signals > 1:
                    self._supervisor.pool.kill_all()
            case ThreadCrashed(name):
                logger.error("stopping, since thread {} crashed", name)
                self._supervisor.leave(ExitCode.INTERNAL, now)
            case LogWritten(level, message):
                self._outbox.notify_log(LogMessageParams(level=level, message=message))
            case _:
                self._supervisor.handle(event, now)

    def _feed_writer(self) -> None:
        while not self._writer_is_busy and self._host_reads and not self._outbox.is_empty:
            self._writer_is_busy = not self._transport.write(self._outbox.next_chunk())
        if self._outbox.reply_bytes + self._outbox.backlog_bytes < MAX_UNREAD_BYTES:
            while self._owed_credits:
                self._owed_credits -= 1
                self._transport.give_credit()

    def _has_ended(self, now: Moment) -> bool:
        if self._supervisor.lifecycle.phase is not Phase.STOPPED:
            return False
        if not self._host_reads or (self._outbox.is_empty and not self._writer_is_busy):
            return True
        if self._flush_until is None:
            self._flush_until = now.monotonic + _FLUSH_S
        return now.monotonic >= self._flush_until
