"""From a line to exactly one right answer: the thin adapter round jsonrpcserver.

The only import of jsonrpcserver. Used raw it refuses a whole batch for one bad member, loses the
ids of invalid requests, answers responses, leaks `str(exc)` and raises for a result that cannot be
serialized; so lines are parsed and requests are checked here, and the library is called once a
request, with that request's own context.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any, Final

import msgspec
import orjson
from jsonrpcserver import JsonRpcError, Success, dispatch_to_serializable
from loguru import logger

from daemon.clock import Moment
from daemon.errors import RpcError, invalid_params
from daemon.framing import TooLong
from daemon.internal_errors import internal_error
from daemon.messages import JobAccepted
from daemon.outbox import Outbox
from daemon.params import Struct

_BOM: Final = b"\xef\xbb\xbf"
_DEFERRED: Final = object()
_SIGNATURE: Final = Signature(
    [
        Parameter("call", Parameter.POSITIONAL_ONLY),
        Parameter("params", Parameter.VAR_KEYWORD),
    ]
)
_PLACE: Final = re.compile(r"(?P<what>.*) - at `\$\.?(?P<path>[^`]*)`", re.DOTALL)
"""msgspec's message where it is not about the whole object. What is wrong may quote the host, in
any length and with anything in it; the place comes last and has no backtick.
"""
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_SHOWN_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Call:
    """One request being handled; a handler that answers later keeps `reply`."""

    reply: "PendingReply"
    now: Moment


_Deliver = Callable[[dict[str, Any] | None, str | None], None]
"""Takes the response, None where none is wanted, and the job that it names."""

Handler = Callable[[Any, Call], Struct | None]
"""Takes typed params; returns the result, or None when `call.reply` is answered later."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the wire: its types, and what answers it."""

    params: type[Struct]
    result: type[Struct]
    handler: Handler


class Dispatcher:
    """Turns the host's lines into calls of handlers, and outcomes into lines of the outbox."""

    def __init__(
        self,
        methods: Mapping[str, Method],
        outbox: Outbox,
        max_batch: int,
        max_line_bytes: int,
        on_refusal: Callable[[str], None] = lambda kind: None,
    ) -> None:
        self._outbox = outbox
        self._max_batch = max_batch
        self._max_line_bytes = max_line_bytes
        self._on_refusal = on_refusal
        self._is_first_line = True
        self._handlers = {name: _wrap(method) for name, method in methods.items()}

    def handle(self, line: bytes | TooLong, now: Moment) -> None:
        """Answer one line, or see to it that it is answered later."""
        if self._is_first_line and isinstance(line, bytes):
            line = line.removeprefix(_BOM)
        self._is_first_line = False
        if isinstance(line, TooLong):
            message = f"The line is longer than {self._max_line_bytes} bytes."
            self._refuse(RpcError("message_too_large", message, limit=self._max_line_bytes))
            return
        if not line.strip():
            return
        try:
            message_ = _parse(line)
        except orjson.JSONDecodeError:
            self._refuse(RpcError("parse_error", "The line is not JSON in UTF-8."))
            return
        if not isinstance(message_, list):
            self._handle_one(message_, self._owe(self._send_single), now)
        elif not message_:
            self._refuse(RpcError("invalid_request", "A batch must not be empty."))
        elif len(message_) > self._max_batch:
            text = f"A batch may have {self._max_batch} members at most."
            self._refuse(RpcError("invalid_request", text, limit=self._max_batch))
        else:
            batch = _Batch(self._outbox, len(message_))
            for member in message_:
                self._handle_one(member, self._owe(batch.add), now)

    def _handle_one(self, message: Any, reply: "PendingReply", now: Moment) -> None:
        if _is_response(message):
            # We send no requests, so nobody waits for it; answering could start a ping-pong.
            reply.drop()
            return
        problem = _problem_of(message)
        if isinstance(message, dict) and _is_id(message.get("id")):
            reply.request_id = message.get("id")
        if problem is not None:
            # Wrong params make no less of a notification of it; anything else may have been a
            # request whose id was lost.
            reply.is_wanted = problem.kind.name == "invalid_request" or "id" in message
            reply.fail(problem)
            return
        reply.is_wanted = "id" in message
        outcome = dispatch_to_serializable(
            message if reply.is_wanted else {**message, "id": None},
            methods=self._handlers,
            context=Call(reply, now),
            deserializer=_identity,
            validator=_accept,
        )
        if not isinstance(outcome, dict):
            reply.fail(internal_error("jsonrpcserver gave no outcome"))
        elif "error" in outcome:
            error = outcome["error"]
            if "kind" not in (error.get("data") or {}):
                # The library's own: the one it can still meet is a method that is not there.
                error = RpcError("method_not_found", "There is no such method.").to_wire()
            reply.settle({"error": error})
        elif outcome["result"] is not _DEFERRED:
            reply.settle({"result": outcome["result"]})

    def _refuse(self, error: RpcError) -> None:
        self._owe(self._send_single).fail(error)

    def _owe(self, deliver: _Deliver) -> "PendingReply":
        """Return the reply to one request, which is counted when it is an error."""

        def note(response: dict[str, Any] | None, job_id: str | None) -> None:
            if response is not None and "error" in response:
                self._on_refusal(response["error"]["data"]["kind"])
            deliver(response, job_id)

        return PendingReply(note)

    def _send_single(self, response: dict[str, Any] | None, job_id: str | None) -> None:
        if response is not None:
            self._outbox.reply(_encode(response))


class PendingReply:
    """The one answer that a request is owed; the first outcome counts, later ones are bugs."""

    def __init__(self, deliver: _Deliver) -> None:
        self._deliver: _Deliver | None = deliver
        self.request_id: str | int | float | None = None
        self.is_wanted = True
        """False for a notification, which gets no answer."""

    def succeed(self, result: Struct) -> None:
        """Answer with a result."""
        job_id = result.job_id if isinstance(result, JobAccepted) else None
        self.settle({"result": msgspec.to_builtins(result)}, job_id)

    def fail(self, error: RpcError) -> None:
        """Answer with an error."""
        self.settle({"error": error.to_wire()})

    def drop(self) -> None:
        """Give no answer: the message was none that gets one."""
        self.is_wanted = False
        self.settle({})

    def settle(self, outcome: dict[str, Any], job_id: str | None = None) -> None:
        """Answer with `result` or `error` as in `outcome`."""
        if self._deliver is None:
            logger.error("can't happen: a request was answered twice")
            return
        response = {"jsonrpc": "2.0", **outcome, "id": _encodable(self.request_id)}
        deliver, self._deliver = self._deliver, None
        deliver(response if self.is_wanted else None, job_id)


class _Batch:
    """Collects the answers of a batch and sends them in one line when the last is in."""

    def __init__(self, outbox: Outbox, n_members: int) -> None:
        self._outbox = outbox
        self._n_open = n_members
        self._responses: list[dict[str, Any]] = []
        self._job_ids: list[str] = []

    def add(self, response: dict[str, Any] | None, job_id: str | None) -> None:
        self._n_open -= 1
        if response is not None:
            self._responses.append(response)
        if job_id is not None:
            # Nothing about the job may be said before the line that names it.
            self._outbox.hold(job_id)
            self._job_ids.append(job_id)
        if self._n_open:
            return
        if self._responses:
            self._outbox.reply(_encode(self._responses))
        for held in self._job_ids:
            self._outbox.release(held)


def _parse(line: bytes) -> Any:
    """Return the value on a line. Raise `orjson.JSONDecodeError`."""
    message = orjson.loads(line)
    # orjson rounds whole numbers of more than 64 bits, and an id has to come back as it was sent.
    if any(map(_may_have_been_rounded, message if isinstance(message, list) else [message])):
        with suppress(msgspec.DecodeError, RecursionError):
            return msgspec.json.decode(line)
    return message


def _may_have_been_rounded(message: Any) -> bool:
    """Tell whether a request's id, or the one that it asks to cancel, was read as a float."""
    if not isinstance(message, dict):
        return False
    params = message.get("params")
    ids = (message.get("id"), params.get("id") if isinstance(params, dict) else None)
    return any(isinstance(one, float) for one in ids)


def _encodable(request_id: str | int | float | None) -> Any:
    if isinstance(request_id, int) and not -(2**63) <= request_id < 2**64:
        return orjson.Fragment(b"%d" % request_id)
    return request_id


def _is_response(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and "method" not in message
        and ("result" in message or "error" in message)
    )


def _is_id(value: Any) -> bool:
    # Not isinstance: a bool is an int, and true is no id.
    return value is None or type(value) in (str, int, float)


def _problem_of(message: Any) -> RpcError | None:
    """Return what is wrong with a request as such; its method is not looked up."""
    text = None
    if not isinstance(message, dict):
        text = "A request must be an object."
    elif message.get("jsonrpc") != "2.0":
        text = 'A request needs the member "jsonrpc": "2.0".'
    elif not isinstance(message.get("method"), str):
        text = 'A request needs the member "method", a string.'
    elif not _is_id(message.get("id")):
        text = "An id must be a string, a number or null."
    elif "params" in message and not isinstance(message["params"], dict | list):
        text = "Params must be an object."
    if text is not None:
        return RpcError("invalid_request", text)
    if isinstance(message.get("params"), list):
        return invalid_params("", "Params must be named: send an object, not a list.")
    return None


def _wrap(method: Method) -> Callable[..., Any]:
    """Return the function the library calls: typed params in, one outcome out, nothing leaked."""

    def run(call: Call, /, **params: Any) -> Any:
        try:
            result = method.handler(_convert(params, method.params), call)
            return Success(_DEFERRED if result is None else msgspec.to_builtins(result))
        except RpcError as error:
            wire_error = error.to_wire()
        except BaseException:  # noqa: BLE001  whatever a handler does, its request gets an answer
            wire_error = internal_error("a handler failed").to_wire()
        raise JsonRpcError(**wire_error)

    # The library binds params to the signature of each call; a preset one is not worked out anew.
    run.__signature__ = _SIGNATURE  # type: ignore[attr-defined]  # functions take any attribute
    return run


def _convert(params: dict[str, Any], to: type[Struct]) -> Struct:
    try:
        return msgspec.convert(params, to)
    except msgspec.ValidationError as error:
        text = str(error)
        place = _PLACE.fullmatch(text)
        what, path = (place["what"], place["path"]) if place else (text, "")
        if missing := _MISSING.fullmatch(what):
            path = ".".join(filter(None, (path, missing[1])))
        what = what.replace("`", "")[:_SHOWN_CHARS]
        raise invalid_params(path, what[:1].lower() + what[1:]) from None


def _encode(response: dict[str, Any] | list[dict[str, Any]]) -> bytes:
    try:
        return orjson.dumps(response, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # A file name that is no Unicode, for one; the other members of a batch still count.
        if isinstance(response, list):
            return b"[%b]\n" % b",".join(_encode(one).rstrip() for one in response)
        error = internal_error("a result could not be serialized").to_wire()
        return orjson.dumps(
            {"jsonrpc": "2.0", "error": error, "id": response.get("id")},
            option=orjson.OPT_APPEND_NEWLINE,
        )


def _identity(message: Any) -> Any:
    return message


def _accept(message: Any) -> None:
    """In place of the library's JSON-schema check, which is slow and refuses extra members."""
