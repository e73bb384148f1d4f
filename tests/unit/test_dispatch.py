"""What becomes of an answer: of handlers, deferred ones and batches.

What is answered to which line is in the table of `tests/input_lines.py`.
"""

import tracemalloc
from dataclasses import dataclass, field

import orjson
import pytest

from daemon.clock import Moment
from daemon.dispatch import Dispatcher, Method
from daemon.errors import RpcError
from daemon.framing import TOO_LONG
from daemon.messages import Empty, JobAccepted
from daemon.outbox import Outbox
from daemon.params import JobParams, NoParams, OcrStartParams

NOW = Moment(0.0, 0.0)


@dataclass
class Rpc:
    """A dispatcher with a handful of methods, and what it has answered."""

    outbox: Outbox = field(default_factory=lambda: Outbox(str))
    deferred: list = field(default_factory=list)
    called: list = field(default_factory=list)

    def __post_init__(self):
        methods = {
            "ping": Method(NoParams, Empty, self._note(lambda params, call: Empty())),
            "start": Method(
                OcrStartParams, JobAccepted, lambda params, call: JobAccepted(job_id="j")
            ),
            "later": Method(
                NoParams, JobAccepted, lambda params, call: self.deferred.append(call.reply)
            ),
            "refuse": Method(JobParams, Empty, self._refuse),
            "bug": Method(NoParams, Empty, lambda params, call: 1 / 0),
            "leave": Method(NoParams, Empty, self._leave),
            "unserializable": Method(
                JobParams, JobParams, lambda params, call: JobParams(job_id="\udcff")
            ),
        }
        self.dispatcher = Dispatcher(methods, self.outbox, max_batch=5, max_line_bytes=100)

    def _note(self, handler):
        def run(params, call):
            self.called.append(handler)
            return handler(params, call)

        return run

    def _refuse(self, params, call):
        raise RpcError("job_not_found", "There is no such job.")

    def _leave(self, params, call):
        raise SystemExit(3)

    def line(self, line):
        """Handle one line and return what it was answered with, None for nothing."""
        self.dispatcher.handle(line if line is TOO_LONG else line.encode(), NOW)
        answers = self.answers()
        assert len(answers) <= 1, answers
        return answers[0] if answers else None

    def answers(self):
        return [orjson.loads(line) for line in self.outbox.next_chunk()]


@pytest.fixture
def rpc():
    return Rpc()


def error(code, request_id=None):
    return {"id": request_id, "code": code}


def ok(request_id):
    return {"id": request_id, "code": None}


def seen(answer):
    """An answer reduced to its id and error code; a batch to a list of them."""
    if isinstance(answer, list):
        return [seen(one) for one in answer]
    if answer is None:
        return None
    assert answer["jsonrpc"] == "2.0"
    assert ("result" in answer) != ("error" in answer)
    return {"id": answer["id"], "code": answer["error"]["code"] if "error" in answer else None}


LATER = '{"jsonrpc":"2.0","method":"later","id":%d}'
PING = '{"jsonrpc":"2.0","method":"ping","id":%s}'
TABLE = [
    # Batches above the limit.
    ("[" + ",".join([PING % 1] * 6) + "]", error(-32600)),
    # Handlers.
    ('{"jsonrpc":"2.0","method":"refuse","id":1,"params":{"job_id":"x"}}', error(1010, 1)),
    ('{"jsonrpc":"2.0","method":"refuse","id":1,"params":{"job_id":3}}', error(-32602, 1)),
    ('{"jsonrpc":"2.0","method":"refuse","id":1}', error(-32602, 1)),
    ('{"jsonrpc":"2.0","method":"bug","id":1}', error(-32603, 1)),
    ('{"jsonrpc":"2.0","method":"leave","id":1}', error(-32603, 1)),
    (
        '{"jsonrpc":"2.0","method":"unserializable","id":1,"params":{"job_id":"x"}}',
        error(-32603, 1),
    ),
]


@pytest.mark.guarantee("G-8")
@pytest.mark.parametrize(("line", "expected"), TABLE, ids=lambda value: str(value)[:60])
def test_every_line_gets_exactly_one_right_answer(rpc, line, expected):
    assert seen(rpc.line(line)) == expected
    assert seen(rpc.line(PING % 99)) == ok(99), "the daemon lives"


def test_a_line_that_is_too_long_is_refused_and_reading_goes_on(rpc):
    answer = rpc.line(TOO_LONG)

    assert answer["error"]["data"]["kind"] == "message_too_large"
    assert answer["id"] is None
    assert seen(rpc.line(PING % 1)) == ok(1)


def test_a_wrong_member_is_named(rpc):
    line = '{"jsonrpc":"2.0","method":"start","id":1,"params":{"document":{"path":3}}}'
    wire_error = rpc.line(line)["error"]

    assert wire_error["data"]["path"] == "document.path"
    assert wire_error["message"].startswith("document.path: ")


@pytest.mark.parametrize("value", ["x - at `$.evil`", "` - at `$.evil", "x\n - at `$", "y" * 9999])
def test_a_wrong_member_is_named_whatever_its_value_says(rpc, value):
    params = {"document": {"path": "/a"}, "options": {"mode": value}}
    request = {"jsonrpc": "2.0", "method": "start", "id": 1, "params": params}
    wire_error = rpc.line(orjson.dumps(request).decode())["error"]

    assert wire_error["data"]["path"] == "options.mode"
    assert wire_error["message"].startswith("options.mode: invalid enum value")
    assert len(wire_error["message"]) < 300


@pytest.mark.parametrize(("params", "path"), [("{}", "document"), ('{"document":[]}', "document")])
def test_a_member_is_named_also_where_it_is_missing(rpc, params, path):
    line = '{"jsonrpc":"2.0","method":"start","id":1,"params":%s}'
    assert rpc.line(line % params)["error"]["data"]["path"] == path


def test_a_bug_leaks_nothing_but_the_id_of_its_log_entry(rpc):
    wire_error = rpc.line('{"jsonrpc":"2.0","method":"bug","id":1}')["error"]

    assert "zero" not in str(wire_error)
    assert len(wire_error["data"]["error_id"]) == 12


def test_a_deferred_request_is_answered_later_and_once(rpc):
    assert rpc.line('{"jsonrpc":"2.0","method":"later","id":5}') is None

    rpc.deferred[0].succeed(JobAccepted(job_id="j"))
    rpc.deferred[0].fail(RpcError("timeout", "Too late."))

    (answer,) = rpc.answers()
    assert answer == {"jsonrpc": "2.0", "result": {"job_id": "j"}, "id": 5}


def test_a_deferred_notification_is_not_answered(rpc):
    rpc.line('{"jsonrpc":"2.0","method":"later"}')
    rpc.deferred[0].succeed(JobAccepted(job_id="j"))

    assert rpc.answers() == []


def test_a_batch_is_answered_in_one_line_when_its_last_member_is(rpc):
    batch = '[{"jsonrpc":"2.0","method":"later","id":1},' + PING % 2 + "]"
    assert rpc.line(batch) is None

    rpc.deferred[0].succeed(JobAccepted(job_id="j"))
    rpc.outbox.notify("job/page", JobParams(job_id="j"))

    batch_line, notification = rpc.answers()
    assert {answer["id"] for answer in batch_line} == {1, 2}
    assert notification["method"] == "job/page"


def test_notifications_of_a_job_wait_for_the_line_of_the_batch_that_started_it(rpc):
    batch = ",".join(LATER % number for number in (1, 2))
    rpc.line(f"[{batch}]")
    rpc.deferred[0].succeed(JobAccepted(job_id="j"))
    rpc.outbox.notify("job/page", JobParams(job_id="j"))
    assert rpc.answers() == []

    rpc.deferred[1].succeed(JobAccepted(job_id="k"))

    batch_line, notification = rpc.answers()
    assert len(batch_line) == 2
    assert notification["params"]["job_id"] == "j"


def test_one_result_that_cannot_be_serialized_costs_a_batch_one_member(rpc):
    line = '{"jsonrpc":"2.0","method":"unserializable","id":1,"params":{"job_id":"x"}}'

    assert seen(rpc.line(f"[{line},{PING % 2}]")) == [error(-32603, 1), ok(2)]


def test_a_notification_runs_its_method(rpc):
    rpc.line('{"jsonrpc":"2.0","method":"ping"}')

    assert len(rpc.called) == 1


@pytest.mark.guarantee("G-7")
def test_a_reply_that_waits_takes_little_more_memory_than_its_bytes(rpc):
    line = (PING % 1).encode()
    rpc.dispatcher.handle(line, NOW)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(1000):
            rpc.dispatcher.handle(line, NOW)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert taken < 1000 * 200, "orjson's buffers, of 4 KiB each, are not kept"
