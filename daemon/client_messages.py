"""What a host reads from the daemon, checked strictly, and what it raises; pure."""

from typing import Any, NamedTuple, TypeAlias

import orjson

Message: TypeAlias = dict[str, Any] | list[dict[str, Any]]
"""What one line holds: a reply, a notification, or the list of replies to a batch."""


class Notification(NamedTuple):
    """A notification of the daemon's, as protocol.md describes it; `params` holds `seq` too."""

    method: str
    params: dict[str, Any]


class ClientError(Exception):
    """Base of what the client raises of its own; besides, there is `TimeoutError`."""


class RequestError(ClientError):
    """The daemon refused a request. `data` has a `kind`, which is what to switch on."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    @property
    def kind(self) -> str | None:
        """The error's kind of protocol.md, None when the reply has none."""
        return self.data.get("kind") if isinstance(self.data, dict) else None


class DaemonGone(ClientError):
    """The daemon has ended. `exit_code` is negative for a signal, None while it still lingers."""

    def __init__(self, exit_code: int | None, stderr_tail: str = "") -> None:
        super().__init__(f"the daemon has ended (exit code {exit_code})")
        self.exit_code = exit_code
        self.stderr_tail = stderr_tail


class ProtocolViolation(ClientError):
    """The daemon wrote to stdout what it must not; the text says what, cut short."""


def parse_line(line: bytes) -> Message | ProtocolViolation:
    """Return the message on a line, given without its LF, or what is wrong with it."""
    if b"\r" in line:
        return ProtocolViolation(f"a raw carriage return: {line[:200]!r}")
    try:
        value: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        return ProtocolViolation(f"not JSON: {line[:200]!r}")
    members = value if isinstance(value, list) else [value]
    if members and all(map(_is_reply, members)):
        message: Message = value
        return message
    if isinstance(value, dict) and _is_notification(value):
        return value
    return ProtocolViolation(f"neither a reply nor a notification: {line[:200]!r}")


def _is_reply(value: object) -> bool:
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0" or "method" in value:
        return False
    if "id" not in value or ("result" in value) == ("error" in value):
        return False
    if not isinstance(value["id"], str | int | float | None):
        return False
    error = value.get("error", {"code": 0, "message": ""})
    return (
        isinstance(error, dict)
        and isinstance(error.get("code"), int)
        and isinstance(error.get("message"), str)
    )


def _is_notification(value: dict[str, Any]) -> bool:
    return (
        value.get("jsonrpc") == "2.0"
        and isinstance(value.get("method"), str)
        and isinstance(value.get("params", {}), dict)
        and not value.keys() & {"id", "result", "error"}
    )
