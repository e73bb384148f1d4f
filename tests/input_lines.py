"""Lines that a host may send, each with its name and its one right answer.

Those of `tests/vectors/lines.jsonl` are written out; families that a rule describes better are
made here. In the file an answer is null where none is due, `{"id"}` for a result,
`{"id", "kind"}` for an error, and a list of these for a batch. Further members: `line` or, for
what is no text, `hex`. The LF is not part of a line.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent / "vectors" / "lines.jsonl"
MAX_LINE_BYTES = 16_777_216
MAX_BATCH = 100
MAX_DEPTH = 1024

CODES = {
    "parse_error": -32700,
    "invalid_request": -32600,
    "message_too_large": -32600,
    "method_not_found": -32601,
    "invalid_params": -32602,
    "job_not_found": 1010,
}
"""As protocol.md has them; not taken from the daemon, which is to be held to them."""

PARSE_ERROR = {"id": None, "kind": "parse_error"}
INVALID_REQUEST = {"id": None, "kind": "invalid_request"}
TOO_LARGE = {"id": None, "kind": "message_too_large"}
REAL_REQUEST = (
    '{"jsonrpc": "2.0", "id": "r-1", "method": "ocr/start", "params": {"document": {"path":'
    ' "/home/ada/r\\u00e9sum\\u00e9.pdf", "pages": "1-3,-1"}, "options": {"dpi": 3.0e2,'
    ' "languages": ["en", "de"], "rotate": true, "region": null}}}'
)
_PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"%b}'
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class InputLine:
    """A line and what it is to be answered with; `is_first` where it opens a session."""

    name: str
    content: bytes
    answer: Any
    is_first: bool = False
    size: int = 0
    """Filled up with spaces to so many bytes; when it is asked for, since the longest are many."""
    end: bytes = b""
    """CR, where that is not to be counted."""

    @property
    def line(self) -> bytes:
        """What is sent before the LF."""
        return self.content.ljust(self.size) + self.end


def all_lines() -> list[InputLine]:
    """Return every line, each name and each line once; those that open a session are last."""
    return [
        *_written_out(),
        *_truncated(),
        *_single_bytes(),
        *_control_characters(),
        *_nested(),
        *_batches(),
        *_at_the_limit(),
        *_first_lines(),
    ]


def seen(message: Any) -> Any:
    """Return an answer in the form of this table. Raise `AssertionError` for one that is none."""
    if isinstance(message, list):
        return [seen(one) for one in message]
    assert message["jsonrpc"] == "2.0"
    assert ("result" in message) != ("error" in message)
    if "result" in message:
        return {"id": message["id"]}
    error = message["error"]
    assert error["code"] == CODES[error["data"]["kind"]]
    assert isinstance(error["message"], str)
    assert error["data"]["retryable"] is False
    return {"id": message["id"], "kind": error["data"]["kind"]}


def is_right(answers: list[Any], expected: Any) -> bool:
    """Tell whether these are the answers to one line: one or none, a batch's in any order."""
    if expected is None:
        return answers == []
    if len(answers) != 1:
        return False
    answer = seen(answers[0])
    if isinstance(expected, list) and isinstance(answer, list):
        return sorted(map(_exactly, answer)) == sorted(map(_exactly, expected))
    return _exactly(answer) == _exactly(expected)


def _exactly(answer: Any) -> str:
    """Return text that tells 1, 1.0, "1" and true apart, and large numbers from rounded ones."""
    return json.dumps(answer, sort_keys=True)


def _written_out() -> Iterator[InputLine]:
    for text in VECTORS.read_text(encoding="utf-8").split("\n"):
        if text and not text.startswith("#"):
            record = json.loads(text)
            line = bytes.fromhex(record["hex"]) if "hex" in record else record["line"].encode()
            yield InputLine(record["name"], line, record["answer"])


def _truncated() -> Iterator[InputLine]:
    """A request that was cut off at every position, as by a host that died."""
    for size in range(2, len(REAL_REQUEST)):  # the first byte alone is written out
        yield InputLine(f"cut-after-{size}", REAL_REQUEST[:size].encode(), PARSE_ERROR)


def _single_bytes() -> Iterator[InputLine]:
    """Every byte that the written lines do not have alone."""
    written = {one.line for one in _written_out()} | {b"\n"}
    for byte in map(bytes, ([number] for number in range(256))):
        if byte not in written:
            answer = INVALID_REQUEST if byte.isdigit() else PARSE_ERROR
            yield InputLine(f"byte-{byte.hex()}", byte, answer)


def _control_characters() -> Iterator[InputLine]:
    """None may stand in a string as it is; LF ends the line, and CR and TAB are written out."""
    for number in sorted(set(range(0x20)) - {0x09, 0x0A, 0x0D}):
        line = b'{"jsonrpc":"2.0","id":1,"method":"ping%b"}' % bytes([number])
        yield InputLine(f"control-{number:02x}-in-a-string", line, PARSE_ERROR)


def _nested() -> Iterator[InputLine]:
    for depth in (10, 100, 1_000, MAX_DEPTH, MAX_DEPTH + 1, 10_000, 100_000):
        is_read = depth <= MAX_DEPTH
        shapes = {"lists": (b"[", b"]"), "objects": (b'{"a":', b"1}" + b"}" * (depth - 1))}
        lists = b"[" * depth + b"]" * depth
        yield InputLine(f"{depth}-lists-deep", lists, [INVALID_REQUEST] if is_read else PARSE_ERROR)
        objects = b'{"a":' * depth + b"1" + b"}" * depth
        answer = INVALID_REQUEST if is_read else PARSE_ERROR
        yield InputLine(f"{depth}-objects-deep", objects, answer)
        for name, (opening, _) in shapes.items():
            yield InputLine(f"{depth}-{name}-deep-and-unclosed", opening * depth, PARSE_ERROR)
        # In ignored params: two levels are around them.
        ignored = _PING % b',"params":{"x":%b}' % lists
        answer = {"id": 1} if depth + 2 <= MAX_DEPTH else PARSE_ERROR
        yield InputLine(f"{depth}-lists-deep-in-params", ignored, answer)
        as_id = b'{"jsonrpc":"2.0","id":%b,"method":"ping"}' % lists
        answer = INVALID_REQUEST if depth + 1 <= MAX_DEPTH else PARSE_ERROR
        yield InputLine(f"{depth}-lists-deep-as-an-id", as_id, answer)


def _batches() -> Iterator[InputLine]:
    ping = b'{"jsonrpc":"2.0","id":%d,"method":"ping"}'
    notification = b'{"jsonrpc":"2.0","method":"ping"}'
    for n in (2, MAX_BATCH - 1, MAX_BATCH, MAX_BATCH + 1, 1_000):
        fits = n <= MAX_BATCH
        families = {
            "requests": ([ping % number for number in range(n)], [{"id": k} for k in range(n)]),
            "requests-of-one-id": ([ping % 7] * n, [{"id": 7}] * n),
            "notifications": ([notification] * n, None),
            "nested-lists": ([b"[]"] * n, [INVALID_REQUEST] * n),
            "mixed": ([ping % 1, notification] * (n // 2) + [b"1"] * (n % 2), None),
        }
        mixed = [{"id": 1}] * (n // 2) + [INVALID_REQUEST] * (n % 2)
        for name, (members, answer) in families.items():
            whole = mixed if name == "mixed" else answer
            yield InputLine(
                f"batch-of-{n}-{name}",
                b"[" + b",".join(members) + b"]",
                whole if fits else INVALID_REQUEST,
            )


def _at_the_limit() -> Iterator[InputLine]:
    """The end of a line, LF or CRLF, does not count."""
    ping = _PING % b""
    for name, size, answer in (
        ("one-byte-below-the-limit", MAX_LINE_BYTES - 1, {"id": 1}),
        ("at-the-limit", MAX_LINE_BYTES, {"id": 1}),
        ("one-byte-beyond-the-limit", MAX_LINE_BYTES + 1, TOO_LARGE),
        ("two-bytes-beyond-the-limit", MAX_LINE_BYTES + 2, TOO_LARGE),
    ):
        yield InputLine(name, ping, answer, size=size)
        yield InputLine(f"{name}-with-crlf", ping, answer, size=size, end=b"\r")
    yield InputLine("twice-the-limit", b"x", TOO_LARGE, size=2 * MAX_LINE_BYTES)


def _first_lines() -> Iterator[InputLine]:
    ping = _PING % b""
    yield InputLine("first-with-a-bom", _BOM + ping, {"id": 1}, True)
    yield InputLine("first-with-a-bom-and-crlf", _BOM + ping + b"\r", {"id": 1}, True)
    yield InputLine("first-a-bom-alone", _BOM, None, True)
    yield InputLine("first-with-two-boms", _BOM + _BOM + ping, PARSE_ERROR, True)
    yield InputLine("first-with-half-a-bom", _BOM[:2] + ping, PARSE_ERROR, True)
    yield InputLine("first-with-a-space-before-its-bom", b" " + _BOM + ping, PARSE_ERROR, True)
