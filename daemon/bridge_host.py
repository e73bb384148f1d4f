"""The bridge dialect towards the host: which command is owed what, and its events.

Invariants: every command that was opened gets exactly one last event; nothing of it follows that,
since progress and the end of a job share one lane of the outbox.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from loguru import logger

from daemon.bridge_messages import (
    AnalyzeResult,
    ErrorData,
    Event,
    EventType,
    FailedFile,
    OcrResult,
    ProgressData,
    SuccessfulFile,
)
from daemon.errors import ErrorObject, RpcError
from daemon.messages import DocumentInfoResult, JobAccepted
from daemon.notifications import ProgressParams, TerminalParams
from daemon.outbox import Outbox
from daemon.params import Struct
from daemon.ports import is_same_id
from daemon.reports import CANCELLED_BY_USER

MAX_ENDED: Final = 200
"""How many ended commands are remembered, so that a late cancel of one of them hits no other."""


class Command:
    """The one last event that a command is owed; the `Reply` of its request to the owner."""

    def __init__(self, host: "BridgeHost", serial: int, given_id: Any) -> None:
        self._host = host
        self.serial = serial
        self.request_id: str | int | float | None = serial
        """How the owner knows it: hosts of this dialect may give no id, or one twice."""
        self.given_id = given_id
        """The host's `request_id`."""
        self.is_cancellable = False
        """A cancel that names no command ends it."""
        self.is_batch = False

    def succeed(self, result: Struct) -> None:
        """End with a result, unless it is a job: then that job's end is the command's."""
        if isinstance(result, JobAccepted):
            self._host.follow(result.job_id, self)
            return
        if isinstance(result, DocumentInfoResult):
            result = _analysis(result)
        self._host.answer(self, "result", result)

    def fail(self, error: RpcError) -> None:
        """End with an error."""
        self._host.answer(self, "error", _error_data(error.to_wire()))


class BridgeHost:
    """The host's end of the wire, as the owner sees it (`ports.Host`) and the commands do."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._n_commands = 0
        self._open: dict[int, Command] = {}
        self._jobs: dict[str, Command] = {}
        self._ended: deque[Any] = deque(maxlen=MAX_ENDED)

    @property
    def backlog_bytes(self) -> int:
        """Bytes of events that wait for the host to read."""
        return self._outbox.backlog_bytes

    def open(self, given_id: Any) -> Command:
        """Note that a command is owed an event."""
        self._n_commands += 1
        command = self._open[self._n_commands] = Command(self, self._n_commands, given_id)
        return command

    def meant_by(self, given_id: Any) -> list[Command]:
        """Return the open commands that a cancel with this `request_id` is about."""
        if given_id is not None:
            named = [one for one in self._open.values() if is_same_id(one.given_id, given_id)]
            if named or any(is_same_id(one, given_id) for one in self._ended):
                return named
        return [one for one in self._open.values() if one.is_cancellable]

    def follow(self, job_id: str, command: Command) -> None:
        """Tell of that job under the command that started it."""
        self._jobs[job_id] = command

    def answer(self, command: Command, type_: EventType, data: Struct) -> None:
        """End a command that has no progress, ahead of what waits."""
        self._end(command, type_, data, self._outbox.reply)

    @property
    def max_line_bytes(self) -> int:
        """As the outbox has it, though no picture is asked for in this dialect."""
        return self._outbox.max_line_bytes

    def forget(self, job_id: str) -> Sequence[str]:
        """Nothing is kept of a job here, since this dialect cannot ask again."""
        return ()

    def notify(
        self,
        method: str,
        params: Struct,
        *,
        latest_of: str | None = None,
        encoded: bytes | None = None,
    ) -> None:
        """Tell of a job's progress and end; this dialect has no pages, workers and logs."""
        if isinstance(params, ProgressParams):
            line = _line("progress", _progress(params), self._jobs[params.job_id].given_id)
            self._outbox.post(line, latest_of=latest_of)
        elif isinstance(params, TerminalParams):
            command = self._jobs.pop(params.job_id)
            self._end(command, *_outcome(params, command), self._outbox.post)

    def _end(
        self, command: Command, type_: EventType, data: Struct, queue: Callable[[bytes], None]
    ) -> None:
        if self._open.pop(command.serial, None) is None:
            logger.error("can't happen: a command was answered twice")
            return
        if command.given_id is not None:
            self._ended.append(command.given_id)
        queue(_line(type_, data, command.given_id))


def _line(type_: EventType, data: Struct, given_id: Any) -> bytes:
    return msgspec.json.encode(Event(type=type_, data=data, request_id=given_id)) + b"\n"


def _outcome(terminal: TerminalParams, command: Command) -> tuple[EventType, Struct]:
    """Return how a job's command ends.

    A batch none of whose files could be read ends with a result all the same: only that says of
    each file what became of it.
    """
    is_error = terminal.state == "cancelled" or (
        terminal.state == "failed" and not command.is_batch
    )
    if is_error and isinstance(terminal.error, ErrorObject):
        return "error", _error_data(terminal.error)
    return "result", OcrResult(
        successful=tuple(
            SuccessfulFile(file=one.file, pages=one.pages, output=one.output)
            for one in terminal.successful
        ),
        failed=tuple(FailedFile(file=one.file, error=one.error) for one in terminal.failed),
        total_files=terminal.total_files,
        total_pages_processed=terminal.total_pages_processed,
        duration_seconds=terminal.duration_seconds,
    )


def _error_data(error: ErrorObject) -> ErrorData:
    """Return an error object's sentence; with the id of its log entry, which has no other place."""
    if error.data.kind == "cancelled":
        return ErrorData(message=CANCELLED_BY_USER)
    error_id = error.data.error_id
    return ErrorData(message=error.message + (f" (error_id {error_id})" if error_id else ""))


def _progress(params: ProgressParams) -> ProgressData:
    # Numbers throughout: such hosts calculate with them.
    return ProgressData(
        current=params.current,
        total=params.total or 0,
        percent=params.percent or 0.0,
        message=params.message,
    )


def _analysis(info: DocumentInfoResult) -> AnalyzeResult:
    return AnalyzeResult(
        total_pages=info.page_count,
        format=info.format,
        encrypted=info.encrypted,
        size_bytes=info.size_bytes,
        warnings=info.warnings,
    )
