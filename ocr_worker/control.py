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
"""Between two messages that the same stage of a task begins again. To the daemon they are a sign of
life, and an engine calls for each few lines: all of them took more time than the page's result."""
_READ_BYTES: Final = 64 * 1024


class Control:
    """The worker's end of the wire."""

    def __init__(self, wire_in: int, wire_out: int) -> None:
        self._wire_in = wire_in
        self._wire_out = wire_out
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._stopped_task = 0
        self._progress = 0
        self._advanced = (0, 0.0)
        self._entered: tuple[int, str] = (0, "")
        self._entered_at = 0.0
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
        """Tell that a stage begins; of many calls for one only some are passed on.

        Raise `TaskStopped` when the task is not wanted any more.
        """
        self._progress += 1
        if self._stopped_task == task:
            raise TaskStopped
        entered, now = (task, stage), time.monotonic()
        if entered != self._entered or now - self._entered_at >= STAGE_S:
            self._entered, self._entered_at = entered, now
            self.say(wire.Stage(task=task, name=stage))

    def advance(self, task: int, stage: str, share: float) -> None:
        """Tell how much of a stage is done, 0 to 1; of many calls only some are passed on.

        Raise `TaskStopped` when the task is not wanted any more.
        """
        self._progress += 1
        if self._stopped_task == task:
            raise TaskStopped
        now = time.monotonic()
        told_task, told_at = self._advanced
        if told_task == task and now - told_at < ADVANCE_S:
            return
        self._advanced = (task, now)
        # A task that is done at once has nothing to tell.
        if told_task == task:
            self.say(wire.Stage(task=task, name=stage, share=round(share, 4)))

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
