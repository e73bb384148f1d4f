"""The host's end: one thread reads stdin, one writes stdout; neither knows a method."""

import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Semaphore
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
        self._credits = Semaphore(_READ_CREDITS)
        self._chunks: SimpleQueue[list[Line]] = SimpleQueue()

    def start(self) -> None:
        """Start both threads."""
        start_thread("host-reader", self._read, self._post)
        start_thread("host-writer", self._write, self._post)

    def give_credit(self) -> None:
        """Let the reader post once more; called for each `LinesReceived` that was dealt with."""
        self._credits.release()

    def write(self, lines: list[Line]) -> None:
        """Hand lines to the writer; answered by `ChunkWritten`, unless the pipe is broken."""
        self._chunks.put(lines)

    def _read(self) -> None:
        splitter = LineSplitter(self._max_line_bytes)
        while True:
            try:
                chunk = os.read(self._wire_in, _READ_BYTES)
            except OSError:
                chunk = b""
            lines = splitter.feed(chunk) if chunk else splitter.end()
            if lines:
                self._credits.acquire()
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
