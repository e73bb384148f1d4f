"""Holds what a daemon sends to the types that its schema is made of, member by member.

A message is converted to the type of its method or notification and back: what the type does not
have is lost on the way, what it always has comes to be, and either way the two differ. That takes
microseconds, so every line of every test is checked.
"""

from typing import Any

import msgspec
import orjson

from daemon.catalog import EVERY_LINE, EVERY_REQUEST, NOTIFICATIONS, REQUESTS, Request
from daemon.client_transport import Transport
from daemon.errors import ERROR_KINDS, ErrorObject
from daemon.messages import Overflow
from daemon.notifications import Numbered

_NUMBERED = Numbered.__struct_fields__


class WireViolation(AssertionError):
    """The daemon has said something that its schema does not know."""


class WireCheck:
    """One conversation: what was asked under which id, so that answers are held to their method."""

    def __init__(self) -> None:
        self._asked: dict[str, set[str]] = {}
        self._rest = b""

    def on_sent(self, data: bytes) -> None:
        """Note the requests among bytes of the host, which may be nonsense."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._note(line)

    def on_end(self) -> None:
        """The host's last line needs no LF."""
        self._note(self._rest)

    def on_received(self, message: Any) -> None:
        """Raise `WireViolation` unless it is as documented; members of batches are checked too."""
        if isinstance(message, list):
            for member in message:
                self.on_received(member)
        elif "method" in message:
            self._check_notification(message)
        else:
            self._check_response(message)

    def _note(self, line: bytes) -> None:
        try:
            asked = orjson.loads(line)
        except orjson.JSONDecodeError:
            return
        for request in asked if isinstance(asked, list) else [asked]:
            if isinstance(request, dict) and isinstance(request.get("method"), str):
                self._asked.setdefault(repr(request.get("id")), set()).add(request["method"])

    def _check_notification(self, message: dict[str, Any]) -> None:
        _check_members(message, {"jsonrpc", "method", "params"})
        name, told = message["method"], message["params"]
        notification = NOTIFICATIONS.get(name)
        if notification is None:
            raise WireViolation(f"there is no notification {name!r}")
        numbered = {key: told[key] for key in _NUMBERED if key in told}
        _check(numbered, Numbered, name)
        rest = {key: value for key, value in told.items() if key not in numbered}
        _check(rest, notification.params, name)

    def _check_response(self, message: dict[str, Any]) -> None:
        names = self._asked.get(repr(message["id"]), set())
        requests = {name: REQUESTS[name] for name in names if name in REQUESTS}
        where = "/".join(requests) or "a line that was no request"
        if "error" in message:
            _check_members(message, {"jsonrpc", "id", "error"})
            _check_error(message["error"], where)
            kind = message["error"]["data"]["kind"]
            possible = {*EVERY_LINE}
            for request in requests.values():
                possible |= {*EVERY_REQUEST, *request.errors}
            if kind not in possible:
                raise WireViolation(f"{where} is not documented to fail with {kind}")
            return
        _check_members(message, {"jsonrpc", "id", "result"})
        if not requests:
            raise WireViolation(f"a result for {message['id']!r}, which nobody asked for")
        for number, (name, request) in enumerate(requests.items(), 1):
            try:
                _check_result(message["result"], request, name)
                return
            except WireViolation:
                # An id may have been used again, for another method.
                if number == len(requests):
                    raise


class CheckedTransport(Transport):
    """The client's transport, which checks what is read from it, and what was left unread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._check = WireCheck()
        super().__init__(*args, **kwargs)

    def write(self, data: bytes, deadline: float) -> None:
        self._check.on_sent(data)
        super().write(data, deadline)

    def read(self, deadline: float | None) -> Any:
        message = super().read(deadline)
        self._check.on_received(message)
        return message

    def stop(self, timeout_s: float) -> int:
        exit_code = super().stop(timeout_s)
        while not self._inbox.empty():
            message = self._inbox.get()
            if isinstance(message, dict | list):
                self._check.on_received(message)
        return exit_code


def check_lines(sent: bytes, received: bytes) -> list[Any]:
    """Check a whole conversation over raw pipes, and return the daemon's messages."""
    check = WireCheck()
    check.on_sent(sent)
    check.on_end()
    messages = [orjson.loads(line) for line in received.splitlines()]
    for message in messages:
        check.on_received(message)
    return messages


def _check_result(result: Any, request: Request, where: str) -> None:
    may_overflow = request.may_overflow and isinstance(result, dict) and "overflow" in result
    _check(result, Overflow if may_overflow else request.result, where)


def _check_error(error: dict[str, Any], where: str) -> None:
    _check(error, ErrorObject, f"{where}: error")
    kind = ERROR_KINDS[error["data"]["kind"]]
    if (error["code"], error["data"]["retryable"]) != (kind.code, kind.retryable):
        raise WireViolation(f"{where}: code and retryable are not those of {kind.name}")


def _check_members(message: dict[str, Any], names: set[str]) -> None:
    if message.keys() != names:
        raise WireViolation(f"a message with the members {sorted(message)}")


def _check(value: Any, to: type[msgspec.Struct], where: str) -> None:
    try:
        typed = msgspec.convert(value, to)
    except msgspec.ValidationError as error:
        raise WireViolation(f"{where}: {error}: {str(value)[:500]}") from None
    again = orjson.loads(msgspec.json.encode(typed))
    if again != value:
        raise WireViolation(f"{where}{_difference(value, again)}")


def _difference(told: Any, typed: Any) -> str:
    """Return the path to the first difference, and what it is."""
    if isinstance(told, dict) and isinstance(typed, dict):
        for name in told.keys() - typed.keys():
            return f".{name} is not documented"
        for name in typed.keys() - told.keys():
            return f".{name} is missing"
        for name in told:
            if told[name] != typed[name]:
                return f".{name}{_difference(told[name], typed[name])}"
    if isinstance(told, list) and isinstance(typed, list):
        for index, (one, other) in enumerate(zip(told, typed, strict=True)):
            if one != other:
                return f"[{index}]{_difference(one, other)}"
    return f" is {told!r:.200} and should be {typed!r:.200}"
