"""From a line to exactly one right answer: the thin adapter round jsonrpcserver.

The only import of jsonrpcserver. Used raw it refuses a whole batch for one bad member, loses the
ids of invalid requests, answers responses, leaks `str(exc)` and raises for a result that cannot be
serialized; so lines are parsed and requests are checked here, and the library is called once a
request, with that request's own context.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Any, Final, NamedTuple

import msgspec
import orjson
from jsonrpcserver import JsonRpcError, Success, dispatch_to_response
from jsonrpcserver.response import to_serializable_one
from loguru import logger

from daemon import responses
from daemon.clock import Moment
from daemon.errors import RpcError, invalid_params
from daemon.framing import TooLong
from daemon.internal_errors import internal_error
from daemon.messages import JobAccepted
from daemon.outbox import Outbox
from daemon.params import Struct
from daemon.responses import AnyLength, EncodedResult
from daemon.validation import convert

_BOM: Final = b"\xef\xbb\xbf"
_DEFERRED: Final = object()
_SIGNATURE: Final = Signature(
    [
        Parameter("call", Parameter.POSITIONAL_ONLY),
        Parameter("params", Parameter.VAR_KEYWORD),
    ]
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request being handled; a handler that answers later keeps `reply`."""

    reply: "PendingReply"
    now: Moment


_Deliver = Callable[[dict[str, Any] | None, "_After"], None]
"""Takes the response, None where none is wanted, and what waits for it to be queued."""


class _After(NamedTuple):
    """What must not overtake a response: news of the job that it names, an action."""

    job_id: str | None = None
    act: Callable[[], None] | None = None


_NOTHING: Final = _After()

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
        # As `dispatch_to_serializable` does, which evaluates a type of its annotations each time.
        outcome = dispatch_to_response(
            message if reply.is_wanted else {**message, "id": None},
            methods=self._handlers,
            context=Call(reply, now),
            deserializer=_identity,
            validator=_accept,
            post_process=to_serializable_one,
        )
        if not isinstance(outcome, dict):
            reply.fail(internal_error("jsonrpcserver gave no outcome"))
        elif "error" in outcome:
            error = outcome["error"]
            if "kind" not in (error.get("data") or {}):
                # The library's own: the one it can still meet is a method that is not there.
                reply.fail(RpcError("method_not_found", "There is no such method."))
            else:
                reply.settle({"error": error})
        elif outcome["result"] is not _DEFERRED:
            reply.settle({"result": outcome["result"]})

    def _refuse(self, error: RpcError) -> None:
        self._owe(self._send_single).fail(error)

    def _owe(self, deliver: _Deliver) -> "PendingReply":
        """Return the reply to one request, which is counted when it is an error."""

        def note(response: dict[str, Any] | None, after: _After) -> None:
            if response is not None and "error" in response:
                self._on_refusal(response["error"]["data"]["kind"])
            deliver(response, after)

        return PendingReply(note)

    def _send_single(self, response: dict[str, Any] | None, after: _After) -> None:
        if response is not None:
            outbox = self._outbox
            line = responses.encode(response, outbox.max_line_bytes, outbox.new_result_path)
            outbox.reply(line)
        if after.act is not None:
            after.act()


class PendingReply:
    """The one answer that a request is owed; the first outcome counts, later ones are bugs."""

    def __init__(self, deliver: _Deliver) -> None:
        self._deliver: _Deliver | None = deliver
        self.request_id: str | int | float | None = None
        self.is_wanted = True
        """False for a notification, which gets no answer."""

    def succeed(self, result: Struct, then: Callable[[], None] | None = None) -> None:
        """Answer with a result; `then` is called once the answer is queued."""
        job_id = result.job_id if isinstance(result, JobAccepted) else None
        self.settle({"result": msgspec.to_builtins(result)}, _After(job_id, then))

    def succeed_encoded(self, result: EncodedResult | AnyLength) -> None:
        """Answer with a result that is of no type of ours any more."""
        self.settle({"result": result})

    def fail(self, error: RpcError) -> None:
        """Answer with an error."""
        self.settle({"error": msgspec.to_builtins(error.to_wire())})

    def drop(self) -> None:
        """Give no answer: the message was none that gets one."""
        self.is_wanted = False
        self.settle({})

    def settle(self, outcome: dict[str, Any], after: _After = _NOTHING) -> None:
        """Answer with `result` or `error` as in `outcome`."""
        if self._deliver is None:
            logger.error("can't happen: a request was answered twice")
            return
        response = {"jsonrpc": "2.0", **outcome, "id": _encodable(self.request_id)}
        deliver, self._deliver = self._deliver, None
        deliver(response if self.is_wanted else None, after)


class _Batch:
    """Collects the answers of a batch and sends them in one line when the last is in."""

    def __init__(self, outbox: Outbox, n_members: int) -> None:
        self._outbox = outbox
        self._n_open = n_members
        self._responses: list[dict[str, Any]] = []
        self._afters: list[_After] = []

    def add(self, response: dict[str, Any] | None, after: _After) -> None:
        self._n_open -= 1
        if response is not None:
            self._responses.append(response)
        if after.job_id is not None:
            # Nothing about the job may be said before the line that names it.
            self._outbox.hold(after.job_id)
        self._afters.append(after)
        if self._n_open:
            return
        if self._responses:
            self._outbox.reply(responses.encode_batch(self._responses))
        for one in self._afters:
            if one.job_id is not None:
                self._outbox.release(one.job_id)
            if one.act is not None:
                one.act()


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
            result = method.handler(convert(params, method.params), call)
            return Success(_DEFERRED if result is None else msgspec.to_builtins(result))
        except RpcError as error:
            wire_error = error.to_wire()
        except BaseException:  # noqa: BLE001  whatever a handler does, its request gets an answer
            wire_error = internal_error("a handler failed").to_wire()
        raise JsonRpcError(**msgspec.to_builtins(wire_error))

    # The library binds params to the signature of each call; a preset one is not worked out anew.
    run.__signature__ = _SIGNATURE  # type: ignore[attr-defined]  # functions take any attribute
    return run


def _identity(message: Any) -> Any:
    return message


def _accept(message: Any) -> None:
    """In place of the library's JSON-schema check, which is slow and refuses extra members."""
