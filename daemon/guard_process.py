"""The daemon's hold on its guard: starts it with the first worker, and again when it has died.

A thread of its own starts the guard and writes to its pipe. Others wait for it, 0.5 s at most, to
know that the guard was told; the loop's thread never does before its end. See `guard`.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, TypeAlias, assert_never

from loguru import logger

from daemon import guard
from daemon.clock import read_clock
from daemon.events import Event
from daemon.frozen import is_frozen
from daemon.restart_policy import RestartIn, RestartPolicy
from daemon.threads import start_thread
from ocr_worker.wire import write_all

_BACKOFF_S: Final = (0.0, 0.25, 1.0, 4.0)
_TOLD_S: Final = 0.5
"""How long a worker's birth or death may wait for the guard to be told; enough but for a guard
that was stopped."""
_LEAVE_S: Final = 0.5
"""How long the guard may take to leave with us."""


def guard_command(scratch: Path) -> list[str]:
    """Return what starts a guard that is to remove this folder."""
    if is_frozen():
        return [sys.executable, guard.OPTION, str(scratch)]
    # By its path, without environment and site-packages: 10 MB rather than 30, and up at once.
    return [sys.executable, "-I", "-S", os.path.abspath(guard.__file__), str(scratch)]


@dataclass(frozen=True, slots=True)
class _Add:
    group: int
    told: "SimpleQueue[None]"


@dataclass(frozen=True, slots=True)
class _Remove:
    group: int
    told: "SimpleQueue[None]"


@dataclass(frozen=True, slots=True)
class _Died:
    process: "subprocess.Popen[bytes]"


@dataclass(frozen=True, slots=True)
class _Leave:
    left: "SimpleQueue[None]"


_Order: TypeAlias = _Add | _Remove | _Died | _Leave


class GuardProcess:
    """The guard, whichever process it is at the moment. Its methods may be called by any thread."""

    def __init__(self, command: Sequence[str], post: Callable[[Event], None]) -> None:
        self._command = command
        self._post = post
        self._orders: SimpleQueue[_Order] = SimpleQueue()
        # All that follows belongs to the guard's thread.
        self._groups: set[int] = set()
        self._policy = RestartPolicy(backoff_s=_BACKOFF_S)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._due_at: float | None = 0.0
        """When the next one is to be started; None while there is one, and when none is wanted."""
        self._left: SimpleQueue[None] | None = None

    def start(self) -> None:
        """Start the thread; the guard itself comes with the first group."""
        start_thread("guard", self._run, self._post)

    def add(self, group: int) -> None:
        """Give a process group into the guard's care. Returns when the guard has been told."""
        told: SimpleQueue[None] = SimpleQueue()
        self._orders.put(_Add(group, told))
        with suppress(Empty):
            told.get(timeout=_TOLD_S)

    def remove(self, group: int) -> None:
        """Take a group out of its care; to be called before the group's leader is reaped.

        Returns when the guard has been told, so that it will not kill a stranger to whom the
        number is given afterwards.
        """
        told: SimpleQueue[None] = SimpleQueue()
        self._orders.put(_Remove(group, told))
        with suppress(Empty):
            told.get(timeout=_TOLD_S)

    def close(self) -> None:
        """Let the guard go, for good; what is still in its care it kills."""
        left: SimpleQueue[None] = SimpleQueue()
        self._orders.put(_Leave(left))
        with suppress(Empty):
            left.get(timeout=_LEAVE_S)

    def _run(self) -> None:
        while True:
            order = self._next_order()
            match order:
                case None:
                    self._start_process()
                case _Add(group, told):
                    self._groups.add(group)
                    self._tell(b"+%d\n" % group)
                    if self._due_at is not None and self._due_at <= read_clock().monotonic:
                        self._start_process()
                    told.put(None)
                case _Remove(group, told):
                    self._groups.discard(group)
                    self._tell(b"-%d\n" % group)
                    told.put(None)
                case _Died(process) if process is self._process:
                    self._on_death()
                case _Died():
                    pass  # its broken pipe has told already
                case _Leave(left):
                    self._left, self._due_at = left, None
                    if self._process is not None and self._process.stdin is not None:
                        self._process.stdin.close()
                case _:
                    assert_never(order)
            if self._left is not None and self._process is None:
                self._left.put(None)
                return

    def _next_order(self) -> _Order | None:
        """Return the next order; None when a guard is due before one comes."""
        if self._due_at is None or not self._groups:
            return self._orders.get()
        with suppress(Empty):
            return self._orders.get(timeout=max(0.0, self._due_at - read_clock().monotonic))
        return None

    def _start_process(self) -> None:
        self._due_at, self._started_at = None, read_clock().monotonic
        try:
            process = subprocess.Popen(  # noqa: S603  our own command line
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # the host's would stay open after our death
                bufsize=0,
                cwd="/",  # so that it holds no folder of the host's
                start_new_session=True,
            )
        except OSError as error:
            logger.warning("the guard cannot be started: {}", error.strerror)
            self._plan_next()
            return
        logger.debug("guard started as {}", process.pid)
        self._process = process

        def wait() -> None:
            process.wait()
            self._orders.put(_Died(process))

        start_thread("guard-waiter", wait, self._post)
        for group in sorted(self._groups):
            self._tell(b"+%d\n" % group)

    def _on_death(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None
        if self._left is None:
            logger.warning("the guard has died")
            self._plan_next()

    def _plan_next(self) -> None:
        now = read_clock().monotonic
        verdict = self._policy.on_death(now - self._started_at)
        if isinstance(verdict, RestartIn):
            self._due_at = now + verdict.delay_s
        else:
            logger.error("the guard keeps dying; what is left when we are killed stays behind")

    def _tell(self, line: bytes) -> None:
        if self._process is None or self._process.stdin is None or self._left is not None:
            return
        try:
            write_all(self._process.stdin.fileno(), line)
        except OSError:
            self._on_death()  # the next one is told everything
