"""The host's end: one thread reads stdin, one writes stdout; neither knows a method."""

import os
import select
import stat
import sys
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

from daemon.events import ChunkWritten, Event, HostClosed, LinesReceived
from daemon.framing import LineSplitter
from daemon.lines import Line, StoredLine
from daemon.threads import start_thread
from ocr_worker.wire import write_all

_READ_BYTES: Final = 64 * 1024
_READ_CREDITS: Final = 8
"""Reads that may wait for the loop; a host that floods us fills its pipe and not our memory."""


class Transport:
    """The wire to the host. The descriptors are private duplicates that nobody else uses."""

    def __init__(
        self,
        wire_in: int,
        wire_out: int,
        max_line_bytes: int,
        post: Callable[[Event], None],
        resolve: Callable[[StoredLine], bytes],
    ) -> None:
        self._wire_in = wire_in
        self._wire_out = wire_out
        self._max_line_bytes = max_line_bytes
        self._post = post
        self._resolve = resolve
        self._credits: SimpleQueue[None] = SimpleQueue()
        for _ in range(_READ_CREDITS):
            self._credits.put(None)
        self._chunks: SimpleQueue[list[Line]] = SimpleQueue()
        self._has_room = _watch_room(wire_out)

    def start(self) -> None:
        """Start both threads."""
        start_thread("host-reader", self._read, self._post)
        start_thread("host-writer", self._write, self._post)

    def give_credit(self) -> None:
        """Let the reader post once more; called for each `LinesReceived` that was dealt with."""
        self._credits.put(None)

    def write(self, lines: list[Line]) -> bool:
        """Write lines now where that cannot block, else hand them to the writer.

        Return True when they are written; `ChunkWritten` follows when they are not, unless the pipe
        is broken. Not to be called before it has followed.
        """
        ready = [line for line in lines if isinstance(line, bytes)]
        if len(ready) == len(lines) and self._has_room(sum(map(len, ready))):
            try:
                os.write(self._wire_out, b"".join(ready))
            except OSError:
                pass  # the writer will meet the same, and tell
            else:
                return True
        self._chunks.put(lines)
        return False

    def _read(self) -> None:
        splitter = LineSplitter(self._max_line_bytes)
        while True:
            try:
                chunk = os.read(self._wire_in, _READ_BYTES)
            except OSError:
                chunk = b""
            lines = splitter.feed(chunk) if chunk else splitter.end()
            if lines:
                self._credits.get()
                self._post(LinesReceived(lines))
            if not chunk:
                self._post(HostClosed(broken=False))
                return

    def _write(self) -> None:
        while True:
            for line in self._chunks.get():
                content = self._resolve(line) if isinstance(line, StoredLine) else line
                try:
                    write_all(self._wire_out, content)
                except OSError:
                    # EPIPE on POSIX, EINVAL on Windows: nobody reads any more.
                    self._post(HostClosed(broken=True))
                    return
            self._post(ChunkWritten())


def _watch_room(pipe: int) -> Callable[[int], bool]:
    """Return what tells whether so many bytes can be written to the pipe without waiting.

    A pipe that polls as ready takes `PIPE_BUF` bytes at once, 4 KiB on Linux. That is more than a
    reply, and spares it two hand-overs between threads, which took longer than all the rest.
    Nobody else writes to this pipe, so the room stays. Sockets, files and Windows promise nothing.
    """
    if sys.platform == "win32" or not stat.S_ISFIFO(os.fstat(pipe).st_mode):
        return lambda n_bytes: False
    poll = select.poll()
    poll.register(pipe, select.POLLOUT)
    is_ready = [(pipe, select.POLLOUT)]
    return lambda n_bytes: n_bytes <= select.PIPE_BUF and poll.poll(0) == is_ready
