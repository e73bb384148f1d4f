"""The worker's two threads beside the one that works: one reads commands, one writes messages.

The control thread answers pings while a page is being read, asks the running task to stop, and
ends the process when the daemon is gone, whatever native code is doing at that moment.
"""

import os
import time
from queue import SimpleQueue
from threading import Thread
from typing import Final

from ocr_worker import wire
from ocr_worker.errors import TaskStopped

ADVANCE_S: Final = 0.1
"""Between two messages of how much of a stage is done."""
STAGE_S: Final = 0.25
"""Between two messages that a page is still being read. To the daemon they are a sign of life, and
an engine calls for each few lines: telling them all took more time than the page's result."""
_READ_BYTES: Final = 64 * 1024


class Control:
    """The worker's end of the wire."""

    def __init__(self, wire_in: int, wire_out: int) -> None:
        self._wire_in = wire_in
        self._wire_out = wire_out
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._stopped_task = 0
        self._progress = 0
        self._told = (0, 0.0)
        self.tasks: SimpleQueue[wire.Task] = SimpleQueue()
        """What the daemon wants done, in order."""
        self._writer = Thread(target=self._write, name="writer", daemon=True)

    def start(self) -> None:
        """Start both threads."""
        self._writer.start()
        Thread(target=self._read, name="control", daemon=True).start()

    def say(self, message: wire.Event) -> None:
        """Queue a message to the daemon; never blocks."""
        self._outgoing.put(wire.encode(message))

    def checkpoint(self, task: int, stage: str) -> None:
        """Note that a stage begins; of many calls only some are passed on.

        Raise `TaskStopped` when the task is not wanted any more.
        """
        self._tell(task, stage, None, STAGE_S)

    def advance(self, task: int, stage: str, share: float) -> None:
        """Tell how much of a stage is done, 0 to 1; of many calls only some are passed on.

        Raise `TaskStopped` when the task is not wanted any more.
        """
        self._tell(task, stage, round(share, 4), ADVANCE_S)

    def _tell(self, task: int, stage: str, share: float | None, every_s: float) -> None:
        self._progress += 1
        if self._stopped_task == task:
            raise TaskStopped
        now = time.monotonic()
        told_task, told_at = self._told
        if told_task == task and now - told_at < every_s:
            return
        self._told = (task, now)
        # A task that is done at once has nothing to tell.
        if told_task == task:
            self.say(wire.Stage(task=task, name=stage, share=share))

    def leave(self, code: wire.WorkerExit) -> None:
        """Write what is queued and end the process, without waiting for threads in native code."""
        self._outgoing.put(None)
        self._writer.join(1.0)
        os._exit(code)

    def _read(self) -> None:
        pending = b""
        while chunk := self._read_some():
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                self._obey(wire.decode_command(line))
        # The daemon is gone or wants us gone; nobody is left to be told anything.
        os._exit(wire.WorkerExit.OK)

    def _read_some(self) -> bytes:
        try:
            return os.read(self._wire_in, _READ_BYTES)
        except OSError:
            return b""

    def _obey(self, command: wire.Command) -> None:
        match command:
            case wire.Ping(token=token):
                self.say(wire.Pong(token=token, progress=self._progress))
            case wire.StopTask(task=task):
                self._stopped_task = task
            case wire.Shutdown():
                os._exit(wire.WorkerExit.OK)
            case _:
                self.tasks.put(command)

    def _write(self) -> None:
        while (line := self._outgoing.get()) is not None:
            try:
                wire.write_all(self._wire_out, line)
            except OSError:
                os._exit(wire.WorkerExit.OK)
