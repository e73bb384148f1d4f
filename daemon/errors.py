"""Every error a host can meet: its kind, its code, and whether trying again may help."""

from enum import IntEnum
from typing import Any, Final, NamedTuple


class ErrorKind(NamedTuple):
    """A row of protocol.md's error table. `name` is what a host switches on; it never changes."""

    name: str
    code: int
    retryable: bool


_ALL: Final = (
    # JSON-RPC 2.0, section 5.1.
    ErrorKind("parse_error", -32700, False),
    ErrorKind("invalid_request", -32600, False),
    ErrorKind("message_too_large", -32600, False),
    ErrorKind("method_not_found", -32601, False),
    ErrorKind("invalid_params", -32602, False),
    ErrorKind("internal_error", -32603, False),
    ErrorKind("overloaded", -32001, True),
    # The Language Server Protocol's code for a request that was cancelled.
    ErrorKind("cancelled", -32800, False),
    # The document.
    ErrorKind("document_not_found", 1001, False),
    ErrorKind("document_unreadable", 1002, False),
    ErrorKind("unsupported_format", 1003, False),
    ErrorKind("password_required", 1004, False),
    ErrorKind("password_wrong", 1004, False),
    ErrorKind("limit_exceeded", 1005, False),
    ErrorKind("path_not_allowed", 1006, False),
    ErrorKind("output_failed", 1007, True),
    ErrorKind("page_out_of_range", 1008, False),
    ErrorKind("document_changed", 1009, True),
    ErrorKind("job_not_found", 1010, False),
    # The workers.
    ErrorKind("worker_crashed", 1020, True),
    ErrorKind("timeout", 1021, True),
    ErrorKind("workers_unavailable", 1022, True),
    # The engine.
    ErrorKind("engine_unavailable", 1030, False),
    ErrorKind("language_unavailable", 1031, False),
    ErrorKind("recognition_failed", 1032, False),
    # The daemon.
    ErrorKind("shutting_down", 1040, False),
)

ERROR_KINDS: Final = {kind.name: kind for kind in _ALL}


class ExitCode(IntEnum):
    """How the daemon leaves; a table in protocol.md."""

    OK = 0
    EXIT_WITHOUT_SHUTDOWN = 1
    USAGE = 2
    INTERNAL = 70
    SIGINT = 130
    SIGTERM = 143


class RpcError(Exception):
    """A failure with its place in the error table, raised by handlers and kept by jobs.

    `kind` must be a name in `ERROR_KINDS`. `message` is our own sentence for people; `data` are
    further members of `error.data`.
    """

    def __init__(self, kind: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.kind = ERROR_KINDS[kind]
        self.message = message
        self.data = data

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON-RPC error object."""
        data = {"kind": self.kind.name, "retryable": self.kind.retryable, **self.data}
        return {"code": self.kind.code, "message": self.message, "data": data}


def invalid_params(path: str, message: str) -> RpcError:
    """Return the error for a member of params that is not as it must be; `path` names it."""
    return RpcError("invalid_params", f"{path}: {message}" if path else message, path=path)
