"""Every error a host can meet: its kind and code, what it means, and its shape on the wire."""

from enum import IntEnum
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from daemon.params import Struct, one_of


class ErrorKind(NamedTuple):
    """A row of protocol.md's error table. `name` is what a host switches on; it never changes.

    `when` and `what_to_do` are in Markdown, members of `error.data` in backticks.
    """

    name: str
    code: int
    retryable: bool
    when: str
    what_to_do: str


_ALL: Final = (
    # JSON-RPC 2.0, section 5.1.
    ErrorKind("parse_error", -32700, False, "the line is not JSON in UTF-8", "mend the host"),
    ErrorKind(
        "invalid_request",
        -32600,
        False,
        "not a request, or a batch that is empty or longer than `limit`",
        "mend the host",
    ),
    ErrorKind(
        "message_too_large",
        -32600,
        False,
        "the line is longer than `limit` bytes",
        "name the document by path",
    ),
    ErrorKind(
        "method_not_found",
        -32601,
        False,
        "this daemon has no such method",
        "look into `initialize`'s `methods`",
    ),
    ErrorKind(
        "invalid_params",
        -32602,
        False,
        "`path` names the member; `supported` are the protocol versions spoken here",
        "mend the member",
    ),
    ErrorKind(
        "internal_error", -32603, False, "a bug of ours; `error_id` is also in the log", "report it"
    ),
    ErrorKind(
        "overloaded", -32001, True, "too many unfinished jobs", "again after `retry_after_ms`"
    ),
    # The Language Server Protocol's code for a request that was cancelled.
    ErrorKind(
        "cancelled",
        -32800,
        False,
        "the host cancelled the job, or left before the answer",
        "nothing",
    ),
    # The document.
    ErrorKind("document_not_found", 1001, False, "no such file", "check the path"),
    ErrorKind(
        "document_unreadable",
        1002,
        False,
        "damaged, cut off, empty, a directory, not what its name claims; or one `page` of it is",
        "get the file anew",
    ),
    ErrorKind(
        "unsupported_format",
        1003,
        False,
        "no format that is read here, or one whose codec is not installed",
        "convert it",
    ),
    ErrorKind("password_required", 1004, False, "encrypted, and no password given", "ask for it"),
    ErrorKind("password_wrong", 1004, False, "the password does not open it", "ask again"),
    ErrorKind(
        "limit_exceeded",
        1005,
        False,
        "too many bytes, pages or pixels (`which`, `limit`, `value`), "
        "or not enough memory for a page",
        "split or scan coarser, or raise the limit",
    ),
    ErrorKind(
        "path_not_allowed",
        1006,
        False,
        "outside the directories of `--allow-dir`",
        "move it, or allow the directory",
    ),
    ErrorKind(
        "output_failed",
        1007,
        True,
        "an `output`, or the scratch folder, cannot be written",
        "make room, check permissions",
    ),
    ErrorKind(
        "page_out_of_range",
        1008,
        False,
        "the document has `page_count` pages, and no `page`",
        "mend the selection",
    ),
    ErrorKind(
        "document_changed", 1009, True, "the file is not the one that was counted", "start again"
    ),
    ErrorKind("job_not_found", 1010, False, "never there, or no longer kept", "nothing"),
    # The workers.
    ErrorKind(
        "worker_crashed",
        1020,
        True,
        "a worker died: `exit_code` or `signal`, `error_id` in the log, `attempts` of a page, "
        "`stderr_tail` (4 KiB at most) with `capabilities.diagnostics`",
        "leave the page out, report it",
    ),
    ErrorKind(
        "timeout",
        1021,
        True,
        "`which`: `page`, `job`, `silence` or `inspect`; `attempts` of a page",
        "raise the timeout",
    ),
    ErrorKind(
        "workers_unavailable",
        1022,
        True,
        "no worker can be started",
        "see `worker/list` and the log, then `worker/restart`",
    ),
    # The engine.
    ErrorKind(
        "engine_unavailable",
        1030,
        False,
        "the engine is not installed; the message says what to install",
        "install it",
    ),
    ErrorKind(
        "language_unavailable",
        1031,
        False,
        "`engine`, or with `auto` any, does not read `language`, or its data is not installed; "
        "the message says what to install",
        "install it, or choose from `language/list`",
    ),
    ErrorKind(
        "recognition_failed", 1032, False, "the engine refused the page", "leave the page out"
    ),
    # The daemon.
    ErrorKind("shutting_down", 1040, False, "after `shutdown`", "start a new daemon"),
)

ERROR_KINDS: Final = {kind.name: kind for kind in _ALL}

ErrorKindName = Annotated[str, one_of(*ERROR_KINDS)]


class ErrorData(Struct, frozen=True, kw_only=True):
    """What a host switches on, and what more there is to say, by kind.

    Members may be added, as everywhere.
    """

    kind: ErrorKindName
    retryable: bool
    path: str | UnsetType = UNSET
    supported: tuple[int, ...] | UnsetType = UNSET
    error_id: str | UnsetType | None = UNSET
    retry_after_ms: int | UnsetType = UNSET
    which: str | UnsetType = UNSET
    limit: int | UnsetType = UNSET
    value: int | UnsetType = UNSET
    page: int | UnsetType = UNSET
    page_count: int | UnsetType = UNSET
    output: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    engine: str | UnsetType = UNSET
    exit_code: int | UnsetType | None = UNSET
    signal: int | UnsetType | None = UNSET
    attempts: int | UnsetType = UNSET
    stderr_tail: str | UnsetType = UNSET


class ErrorObject(Struct, frozen=True, kw_only=True):
    """A failure as JSON-RPC tells it; `message` is a sentence for people."""

    code: int
    message: str
    data: ErrorData


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
    further members of `ErrorData`.
    """

    def __init__(self, kind: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.kind = ERROR_KINDS[kind]
        self.message = message
        self.data = data

    def to_wire(self) -> ErrorObject:
        """Return the error as it is told; what `ErrorData` does not have is left out.

        Some of `data` comes from workers, which are trusted with nothing.
        """
        what = {"kind": self.kind.name, "retryable": self.kind.retryable}
        try:
            data = msgspec.convert({**self.data, **what}, ErrorData)
        except msgspec.ValidationError:
            data = msgspec.convert(what, ErrorData)
        return ErrorObject(code=self.kind.code, message=self.message, data=data)


def invalid_params(path: str, message: str) -> RpcError:
    """Return the error for a member of params that is not as it must be; `path` names it."""
    return RpcError("invalid_params", f"{path}: {message}" if path else message, path=path)
