"""One host's session with a daemon: requests, replies and notifications sorted; its end.

The pipe carries replies in any order and notifications in between. What a call meets but was not
asked for is kept, in order, for the call that asks for it.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

from daemon.client_messages import (
    DaemonGone,
    Message,
    Notification,
    ProtocolViolation,
    RequestError,
)
from daemon.client_transport import Transport
from daemon.clock import read_clock

_WRITE_S = 30.0
_GOODBYE_S = 1.0


class Session:
    """A spawned daemon and what has come from it; alive until `close` or the end of `with`.

    `stderr` goes to the daemon as `subprocess.Popen` takes it; without one, the last of it is
    kept in `stderr_tail`. Raise `OSError` when the command cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        stderr: int | IO[Any] | None = None,
    ) -> None:
        self._transport = Transport(command, env=env, cwd=cwd, stderr=stderr)
        self._stash: list[Message] = []
        self._n_requests = 0
        self._abandoned: set[str] = set()
        self._last_seq: int | None = None
        self._exit_code: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The daemon's process id."""
        return self._transport.pid

    @property
    def stderr_tail(self) -> str:
        """The last 4 KiB the daemon wrote to stderr so far."""
        return self._transport.stderr_tail

    def request(
        self, method: str, params: Mapping[str, Any] | None = None, *, timeout_s: float = 30.0
    ) -> Any:
        """Send a request and return its result; notifications met meanwhile are kept.

        What was too long for a line is read from its file. Raise `RequestError` for an error
        reply, `DaemonGone`, `TimeoutError`.
        """
        return self.wait_reply(self.send_request(method, params), timeout_s=timeout_s)

    def send_request(self, method: str, params: Mapping[str, Any] | None = None) -> str:
        """Send a request and return its id at once, for `wait_reply`. Raise `DaemonGone`."""
        self._n_requests += 1
        request_id = f"client-{self._n_requests}"  # no id that a test would think of for itself
        self._send({"id": request_id, "method": method}, params)
        return request_id

    def wait_reply(self, request_id: str, *, timeout_s: float = 30.0) -> Any:
        """Return the result of a request that was sent. Raise as `request` does.

        After a `TimeoutError` the reply is dropped when it comes.
        """
        try:
            reply = self._take(
                lambda message: isinstance(message, dict) and message.get("id") == request_id,
                _deadline(timeout_s),
            )
        except TimeoutError:
            self._abandoned.add(request_id)
            raise
        if not isinstance(reply, dict):
            raise ProtocolViolation("can't happen: a reply that is no object")
        if "error" in reply:
            error = reply["error"]
            raise RequestError(error["code"], error["message"], error.get("data"))
        return _whole_result(reply["result"])

    def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Send a notification. Raise `DaemonGone`."""
        self._send({"method": method}, params)

    def send_raw(self, data: bytes, *, timeout_s: float = _WRITE_S) -> None:
        """Write bytes as they are, LF and all. Raise `DaemonGone`, `TimeoutError`."""
        if self._exit_code is not None:
            raise DaemonGone(self._exit_code, self.stderr_tail)
        self._transport.write(data, read_clock().monotonic + timeout_s)

    def next_message(self, *, timeout_s: float | None = 30.0) -> Message:
        """Return the next message of any sort, in the order of arrival. Raise as `request`."""
        return self._take(lambda _: True, _deadline(timeout_s))

    def next_notification(self, *, timeout_s: float | None = 30.0) -> Notification:
        """Return the next notification; replies met meanwhile are kept. Raise as `request`."""
        return self._next_notification(_is_notification, timeout_s)

    def notifications(self, *, timeout_s: float | None = None) -> Iterator[Notification]:
        """Yield notifications until the daemon ends; `timeout_s` bounds each wait."""
        while True:
            try:
                notification = self.next_notification(timeout_s=timeout_s)
            except DaemonGone:
                return
            yield notification

    def close(self, timeout_s: float = 5.0) -> int:
        """End the daemon and return its exit code; repeatable.

        `shutdown`, end of stdin, `timeout_s` of patience, then terminate, then kill.
        """
        if self._exit_code is None:
            goodbye = {"jsonrpc": "2.0", "id": "client-close", "method": "shutdown"}
            with contextlib.suppress(DaemonGone, TimeoutError):
                self.send_raw(orjson.dumps(goodbye) + b"\n", timeout_s=min(timeout_s, _GOODBYE_S))
            self._exit_code = self._transport.stop(timeout_s)
        return self._exit_code

    def _send(self, message: dict[str, Any], params: Mapping[str, Any] | None) -> None:
        message["jsonrpc"] = "2.0"
        if params is not None:
            message["params"] = dict(params)
        self.send_raw(orjson.dumps(message) + b"\n")

    def _next_notification(
        self, wanted: Callable[[Message], bool], timeout_s: float | None
    ) -> Notification:
        message = self._take(wanted, _deadline(timeout_s))
        if not isinstance(message, dict):
            raise ProtocolViolation("can't happen: a notification that is no object")
        return Notification(message["method"], _whole_params(message.get("params", {})))

    def _take(self, wanted: Callable[[Message], bool], deadline: float | None) -> Message:
        """Return the first message that is wanted, kept or new, and keep those met before it."""
        for index, message in enumerate(self._stash):
            if wanted(message):
                return self._stash.pop(index)
        while True:
            message = self._transport.read(deadline)
            if isinstance(message, dict) and message.get("id") in self._abandoned:
                self._abandoned.remove(message["id"])
                continue
            gap = self._gap_before(message)
            if gap is None and wanted(message):
                return message
            self._stash.append(message)
            if gap is not None:
                raise ProtocolViolation(gap)

    def _gap_before(self, message: Message) -> str | None:
        """Return what is wrong with the number of a notification that is no replay."""
        if not _is_notification(message) or not isinstance(message, dict):
            return None
        params = message.get("params", {})
        seq = params.get("seq")
        if not isinstance(seq, int) or params.get("replayed"):
            return None
        last, self._last_seq = self._last_seq, seq
        return None if last is None or seq == last + 1 else f"seq {seq} came after {last}"


def _deadline(timeout_s: float | None) -> float | None:
    return None if timeout_s is None else read_clock().monotonic + timeout_s


def _whole_result(result: Any) -> Any:
    """Return a result, from its file where no line had room for it."""
    if not (isinstance(result, dict) and result.keys() == {"overflow"}):
        return result
    try:
        return orjson.loads(Path(result["overflow"]["path"]).read_bytes())
    except (OSError, ValueError):
        raise ProtocolViolation("the file of a long result cannot be read") from None


def _whole_params(params: dict[str, Any]) -> dict[str, Any]:
    """Return a notification's params, from their file where no line had room for them."""
    path = params.get("path")
    if not isinstance(path, str):
        return params
    # The file goes with its job; what the line holds is true even so.
    with contextlib.suppress(OSError, ValueError):
        whole: dict[str, Any] = orjson.loads(Path(path).read_bytes())
        return whole
    return params


def _is_notification(message: Message) -> bool:
    return isinstance(message, dict) and "method" in message
