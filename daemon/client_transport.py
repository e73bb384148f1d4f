"""The daemon as its host holds it: a spawned process, and a thread for each of its pipes.

Each thread owns one pipe and closes it. What the reader meets goes into one queue that only the
caller's thread empties; nothing else is shared. A write goes through a thread as well, since a
daemon that does not read would otherwise hold its host, even when the host wants to close.
"""

import contextlib
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, TypeVar

from daemon.client_messages import DaemonGone, Message, ProtocolViolation, parse_line
from daemon.clock import read_clock

_READ_BYTES = 64 * 1024
_MAX_LINE_BYTES = 256 * 1024 * 1024  # so that a line without end cannot fill the memory
_STDERR_TAIL_BYTES = 4096
_SLICE_S = 0.5  # of a wait: Windows holds Ctrl-C back while one lasts
_PIPE_END_S = 1.0  # between an exit and the end of its pipes, unless somebody else holds them
_TERMINATE_S = 2.0
_KILL_S = 5.0  # only a process that the kernel cannot end takes that long

_T = TypeVar("_T")


class _End:
    """Posted once, last: stdout has ended; `cut` when it ended within a line."""

    def __init__(self, *, cut: bool) -> None:
        self.cut = cut


class Transport:
    """A spawned daemon, for one caller thread. Raise `OSError` when it cannot be spawned."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        stderr: int | IO[Any] | None = None,
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603  the host's own command, and no shell
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if stderr is None else stderr,
            env=None if env is None else dict(env),
            cwd=cwd,
            bufsize=0,
            # A Ctrl-C at the terminal is the host's to act on; it must not reach the daemon.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._inbox: queue.SimpleQueue[Message | ProtocolViolation | _End] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[tuple[int, bytes] | None] = queue.SimpleQueue()
        self._written: queue.SimpleQueue[tuple[int, OSError | None]] = queue.SimpleQueue()
        self._n_writes = 0
        self._end: _End | None = None
        self._tail = b""
        self._threads = [self._start(self._read_stdout), self._start(self._write_stdin)]
        if self._process.stderr is not None:
            self._threads.append(self._start(self._drain_stderr))

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        return self._process.pid

    @property
    def stderr_tail(self) -> str:
        """The last 4 KiB of stderr so far; empty when the caller brought a stderr of its own."""
        return self._tail.decode("utf-8", "replace")

    def write(self, data: bytes, deadline: float) -> None:
        """Write the bytes as they are, by a monotonic deadline.

        Raise `DaemonGone` when the pipe is broken, `TimeoutError` when nobody reads it; the bytes
        then stay under way, and what is written later comes behind them.
        """
        self._n_writes += 1
        self._outbox.put((self._n_writes, data))
        # Earlier numbers are of writes whose caller has given up.
        number = 0
        while number < self._n_writes:
            number, failure = _get(self._written, deadline)
            if failure is not None:
                raise self._gone() from failure

    def read(self, deadline: float | None) -> Message:
        """Return the next message, by a monotonic deadline; None is no deadline.

        Raise `TimeoutError`; `ProtocolViolation` for a line that is no message; `DaemonGone` once
        all that the daemon wrote has been taken.
        """
        item = self._end or _get(self._inbox, deadline)
        if isinstance(item, ProtocolViolation):
            raise item
        if not isinstance(item, _End):
            return item
        is_news, self._end = self._end is None, item
        gone = self._gone()
        # Half a line is what a killed process leaves, and one that left in order never does.
        if is_news and item.cut and gone.exit_code == 0:
            raise ProtocolViolation("the last line has no end")
        raise gone

    def stop(self, timeout_s: float) -> int:
        """Close stdin and wait, then terminate, then kill; return the exit code. Repeatable."""
        self._outbox.put(None)
        for wait_s, insist in (
            (timeout_s, self._process.terminate),
            (_TERMINATE_S, self._process.kill),
        ):
            try:
                self._process.wait(wait_s)
            except subprocess.TimeoutExpired:
                insist()
        exit_code = self._process.wait(_KILL_S)
        for thread in self._threads:
            thread.join(_PIPE_END_S)
        return exit_code

    def _gone(self) -> DaemonGone:
        """Return the news of the end; stdout or stdin has ended, so the exit is near."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PIPE_END_S)
            for thread in self._threads[2:]:  # so that the tail holds the last words
                thread.join(_PIPE_END_S)
        return DaemonGone(self._process.returncode, self.stderr_tail)

    def _start(self, target: Callable[[], None]) -> threading.Thread:
        name = f"daemon-{self._process.pid}{target.__name__.replace('_', '-')}"
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        return thread

    def _read_stdout(self) -> None:
        parts: list[bytes] = []
        size = 0
        with _owned(self._process.stdout) as pipe:
            while size <= _MAX_LINE_BYTES and (chunk := _read(pipe)):
                *lines, rest = chunk.split(b"\n")
                for line in lines:
                    self._inbox.put(parse_line(b"".join([*parts, line])))
                    parts.clear()
                    size = 0
                parts.append(rest)
                size += len(rest)
        if size > _MAX_LINE_BYTES:
            self._inbox.put(ProtocolViolation("a line without end"))
        self._inbox.put(_End(cut=size > 0))

    def _write_stdin(self) -> None:
        with _owned(self._process.stdin) as pipe:
            while (item := self._outbox.get()) is not None:
                number, data = item
                failure = None
                try:
                    view = memoryview(data)
                    while view:
                        view = view[os.write(pipe.fileno(), view) :]
                except OSError as error:  # EPIPE, and EINVAL on Windows
                    failure = error
                self._written.put((number, failure))

    def _drain_stderr(self) -> None:
        with _owned(self._process.stderr) as pipe:
            while chunk := _read(pipe):
                self._tail = (self._tail + chunk)[-_STDERR_TAIL_BYTES:]


def _owned(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("can't happen: the process was spawned without this pipe")
    return pipe


def _read(pipe: IO[bytes]) -> bytes:
    try:
        return os.read(pipe.fileno(), _READ_BYTES)
    except OSError:  # how some pipes end on Windows
        return b""


def _get(source: "queue.SimpleQueue[_T]", deadline: float | None) -> _T:
    """Return the next item; raise `TimeoutError` at the monotonic deadline."""
    while True:
        now = read_clock().monotonic
        left_s = _SLICE_S if deadline is None else max(deadline - now, 0.0)
        try:
            return source.get(timeout=min(left_s, _SLICE_S))
        except queue.Empty:
            if left_s == 0.0:
                raise TimeoutError("the daemon has not answered in time") from None
