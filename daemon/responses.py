"""From an outcome to the line that answers a request: within the limit, or beside a file; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from daemon.errors import RpcError
from daemon.internal_errors import internal_error
from daemon.lines import Line, Overflow, Part, StoredLine, size_of


@dataclass(frozen=True, slots=True)
class EncodedResult:
    """A result that is JSON already, in parts that may lie in files."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class AnyLength:
    """A result that goes into its line however long that gets."""

    content: Any


def encode(response: dict[str, Any], max_bytes: int, new_path: Callable[[], str]) -> Line:
    """Return the line of a response; a result too long for it goes to a file at `new_path()`."""
    result = response.get("result")
    if isinstance(result, AnyLength):
        return _dumps({**response, "result": result.content})
    if isinstance(result, EncodedResult):
        parts, request_id = result.parts, orjson.dumps(response.get("id"))
        whole = (b'{"jsonrpc":"2.0","result":', *parts, b',"id":%b}\n' % request_id)
        if size_of(whole) <= max_bytes:
            return _line_of(whole, lambda: _fallback(response))
    else:
        line = _dumps(response)
        if "error" in response or len(line) <= max_bytes:
            return line
        parts = (orjson.dumps(result),)
    path = new_path()
    overflow = {"overflow": {"path": path, "size_bytes": size_of(parts)}}
    line = _dumps({**response, "result": overflow})
    return StoredLine((line,), _fallback(response), Overflow(path, parts, is_passing=True))


def encode_batch(responses: Sequence[dict[str, Any]]) -> Line:
    """Return the line of a batch, which is as long as its members make it."""
    parts: list[Part] = []
    for response in responses:
        # A limit that nothing reaches: a batch is read as one line, whatever is in it.
        line = encode(response, max_bytes=1 << 62, new_path=str)
        parts += [b",", line.rstrip() if isinstance(line, bytes) else line]
    whole = (b"[", *parts[1:], b"]\n")
    return _line_of(whole, lambda: b"")


def _line_of(parts: tuple[Part, ...], fallback: Callable[[], bytes]) -> Line:
    """Return the parts as one line, which is plain bytes where the disk is not needed for it."""
    ready = [part for part in parts if isinstance(part, bytes)]
    return b"".join(ready) if len(ready) == len(parts) else StoredLine(parts, fallback())


def _fallback(response: dict[str, Any]) -> bytes:
    text = "The result does not fit a line, and the scratch folder cannot be used."
    return _dumps(_failed(response, RpcError("output_failed", text)))


def _failed(response: dict[str, Any], error: RpcError) -> dict[str, Any]:
    wire_error = msgspec.to_builtins(error.to_wire())
    return {"jsonrpc": "2.0", "error": wire_error, "id": response.get("id")}


def _dumps(response: dict[str, Any]) -> bytes:
    try:
        # Not OPT_APPEND_NEWLINE: what orjson returns keeps the 4 KiB or more of its buffer, which a
        # host that does not read would make us hold for each reply; adding the LF copies the text.
        return orjson.dumps(response) + b"\n"
    except TypeError:
        # A file name that is no Unicode, for one.
        error = internal_error("a result could not be serialized")
        return orjson.dumps(_failed(response, error)) + b"\n"
