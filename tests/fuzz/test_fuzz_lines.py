"""Random lines, batches and chunkings on the host's wire, against a second reading of protocol.md.

`expected` says in a few lines what the dispatcher has to answer; it shares no code with it.
"""

import json
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import given, settings

from daemon.dispatch import Method
from daemon.outbox import Outbox
from daemon.params import Capabilities, ClientInfo, DocumentParams, OcrOptions
from tests.fake_wire import FakeWire, methods_over
from tests.fakes import World
from tests.input_lines import (
    INVALID_REQUEST,
    MAX_BATCH,
    MAX_DEPTH,
    PARSE_ERROR,
    REAL_REQUEST,
    TOO_LARGE,
    is_right,
)

LIMIT = 300
"""Of a line where chunkings are tried, so that lines on both sides of it are short."""
EVERY = settings.default.max_examples
FIRST = b'{"jsonrpc":"2.0","id":"first","method":"ping"}\n'
AFTER = b'{"jsonrpc":"2.0","id":"after","method":"ping"}\n'
PONG = [{"jsonrpc": "2.0", "id": "after", "result": {}}]

finite = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers() | finite | st.text(max_size=20)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
ids = (
    st.integers()
    | st.integers(2**63, 2**200).flatmap(lambda n: st.sampled_from([n, -n]))
    | finite
    | st.text(max_size=10)
    | st.none()
    | st.sampled_from([True, False, [], {}])
)
method_names = st.sampled_from(["ping", "ping", "ping", "no/such", "", "rpc.nothing"])
requests = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "method": method_names},
    optional={
        "id": ids,
        "params": st.dictionaries(st.text(max_size=5), values, max_size=3) | st.lists(values),
        "extra": values,
    },
)
nearly_requests = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | values,
        "method": method_names | values,
        "id": ids | values,
        "params": values,
        "result": values,
        "error": values,
    },
)
messages = requests | nearly_requests | values
batches = st.lists(messages, max_size=6) | st.lists(requests, min_size=95, max_size=105)


@st.composite
def mangled(draw) -> bytes:
    """A real request with some bytes put in, taken out or put elsewhere."""
    line = bytearray(REAL_REQUEST.encode())
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(line)))
        end = start + draw(st.integers(0, 5))
        line[start:end] = draw(
            st.binary(max_size=4) | st.sampled_from([b"", b'"', b"{", b"\\", b","])
        )
    return bytes(line)


def expected(line: bytes) -> Any:
    """Return the answer to a line, in the form of `tests/input_lines.py`."""
    if not line.strip():
        return None
    try:
        message = json.loads(line.decode("utf-8"), parse_constant=int)
        # What no double or no UTF-8 can hold counts as no JSON.
        json.dumps(message, allow_nan=False, ensure_ascii=False).encode()
        _as_floats(message)
    except (ValueError, OverflowError, RecursionError):
        return PARSE_ERROR
    if not isinstance(message, list):
        return expected_of(message)
    if not 0 < len(message) <= MAX_BATCH:
        return INVALID_REQUEST
    answers = [answer for one in message if (answer := expected_of(one)) is not None]
    return answers or None


def expected_of(message: Any) -> Any:
    """Return the answer to one message."""
    if not isinstance(message, dict):
        return INVALID_REQUEST
    if "method" not in message and message.keys() & {"result", "error"}:
        return None
    request_id, params = message.get("id"), message.get("params", {})
    has_id = request_id is None or type(request_id) in (str, int, float)
    is_request = message.get("jsonrpc") == "2.0" and isinstance(message.get("method"), str)
    if not (is_request and has_id and isinstance(params, dict | list)):
        return {**INVALID_REQUEST, "id": request_id if has_id else None}
    if "id" not in message:
        return None
    if isinstance(params, list):
        return {"id": request_id, "kind": "invalid_params"}
    if message["method"] != "ping":
        return {"id": request_id, "kind": "method_not_found"}
    return {"id": request_id}


def _as_floats(value: Any) -> None:
    """Raise `OverflowError` for a whole number that is beyond the range of a double."""
    if isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            _as_floats(inner)
    elif isinstance(value, int):
        float(value)


def check(line: bytes) -> None:
    wire = FakeWire(PING_ONLY)
    wire.feed(FIRST)
    wire.take()
    wire.feed(line + b"\n")
    answers = wire.take()
    assert is_right(answers, expected(line)), (answers, expected(line))
    wire.feed(AFTER)
    assert wire.take() == PONG, "the daemon lives"


INNER_NAMES = sorted(
    {
        field.encode_name
        for struct in (DocumentParams, OcrOptions, Capabilities, ClientInfo)
        for field in msgspec.structs.fields(struct)
    }
)
METHODS = methods_over(World(), Outbox(str))
PING_ONLY = {"ping": METHODS["ping"]}


@settings(max_examples=4 * EVERY)
@given(line=st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")) | mangled())
def test_random_bytes_get_one_right_answer(line):
    check(line.replace(b"\n", b""))


@settings(max_examples=4 * EVERY)
@given(message=messages, is_ascii=st.booleans())
def test_random_json_gets_one_right_answer(message, is_ascii):
    check(json.dumps(message, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass"))


@settings(max_examples=EVERY // 2)
@given(batch=batches)
def test_a_random_batch_gets_its_answers_in_one_line(batch):
    check(json.dumps(batch).encode())


@settings(max_examples=EVERY)
@given(
    opening=st.lists(st.sampled_from(["[", '{"a":']), min_size=1, max_size=3),
    depth=st.integers(1, 3 * MAX_DEPTH),
    is_closed=st.booleans(),
)
def test_random_depth_gets_one_answer(opening, depth, is_closed):
    levels = [opening[level % len(opening)] for level in range(depth)]
    closing = ["]" if level == "[" else "}" for level in reversed(levels)]
    line = "".join(levels) + "1" + "".join(closing if is_closed else [])
    wire = FakeWire(PING_ONLY)
    wire.feed(line.encode() + b"\n")
    (answer,) = wire.take()
    kinds = {
        one["error"]["data"]["kind"] for one in (answer if isinstance(answer, list) else [answer])
    }
    assert kinds == {"invalid_request" if is_closed and depth <= MAX_DEPTH else "parse_error"}


pieces = st.one_of(
    requests.map(lambda one: json.dumps(one).encode()),
    st.binary(max_size=20),
    st.sampled_from([b"\r", b"\n", b"\r\n", b" ", b"x" * LIMIT, b" " * (LIMIT - 50)]),
    st.sampled_from([b"\n" + b"y" * (LIMIT + extra) + b"\r\n" for extra in (-1, 0, 1)]),
)


@settings(max_examples=2 * EVERY)
@given(
    stream=st.lists(pieces, max_size=12).map(b"".join),
    sizes=st.lists(st.integers(1, 2 * LIMIT), min_size=1, max_size=8),
)
def test_the_answers_do_not_depend_on_how_the_stream_was_cut(stream, sizes):
    wire = FakeWire(PING_ONLY, LIMIT)
    wire.feed(FIRST)
    wire.take()
    start, cuts = 0, 0
    while start < len(stream):
        size = sizes[cuts % len(sizes)]
        wire.feed(stream[start : start + size])
        start, cuts = start + size, cuts + 1
    wire.end()

    wanted = []
    for line in stream.split(b"\n"):
        content = line.removesuffix(b"\r")
        answer = TOO_LARGE if len(content) > LIMIT else expected(content)
        wanted += [] if answer is None else [answer]
    answers = wire.take()
    assert len(answers) == len(wanted), (answers, wanted)
    assert all(is_right([one], answer) for one, answer in zip(answers, wanted, strict=True))


def plausible(method: Method) -> st.SearchStrategy[dict[str, Any]]:
    """Params with the members that a method knows, of any type."""
    names = [field.encode_name for field in msgspec.structs.fields(method.params)]
    inner = st.dictionaries(
        st.sampled_from(INNER_NAMES),
        values | st.sampled_from(["/a.pdf", "1-", "null", ["en"], 1, 1.5, "QQ=="]),
        max_size=4,
    )
    likely = inner | st.lists(inner, max_size=2) | st.just({"path": "/a.pdf"})
    return st.dictionaries(st.sampled_from([*names, "unknown"]), values | likely, max_size=4)


@settings(max_examples=2 * EVERY)
@given(data=st.data(), name=st.sampled_from(sorted(METHODS)))
def test_random_params_are_answered_once_and_never_by_a_bug(data, name):
    params = data.draw(plausible(METHODS[name]))
    wire = FakeWire()
    request = {"jsonrpc": "2.0", "id": "asked", "method": name, "params": params}
    wire.feed(json.dumps(request).encode() + b"\n")
    # What waits for the file system or a worker is answered when the daemon leaves.
    wire.world.supervisor.leave(0, wire.world.now)
    wire.world.advance(10.0)

    (answer,) = wire.take()
    assert answer["id"] == "asked"
    assert answer.get("error", {}).get("code") != -32603, "a bug"
