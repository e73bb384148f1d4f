"""The check that every line of every daemon in these tests goes through."""

import orjson
import pytest

from daemon import examples
from daemon.catalog import REQUESTS
from daemon.clock import Moment
from daemon.dispatch import Dispatcher, Method
from daemon.errors import RpcError
from daemon.messages import JobAccepted
from daemon.outbox import Outbox
from tests.wire_check import WireCheck, WireViolation, check_lines


class Chatty(JobAccepted, frozen=True, kw_only=True):
    """A result with a member that the catalog does not know of."""

    colour: str = "red"


def answer(handler, method="ocr/start"):
    """Return a request and what a dispatcher with this handler answers."""
    outbox = Outbox(str)
    request = REQUESTS[method]
    table = {method: Method(request.params, request.result, handler)}
    dispatcher = Dispatcher(table, outbox, max_batch=5, max_line_bytes=1000)
    params = {"document": {"path": "/a.pdf"}}
    line = orjson.dumps({"jsonrpc": "2.0", "method": method, "id": 1, "params": params})
    dispatcher.handle(line, Moment(0.0, 0.0))
    return line, b"".join(outbox.next_chunk())


def notification(method, **params):
    return {"jsonrpc": "2.0", "method": method, "params": {"seq": 1, **params}}


def refuse(kind):
    def handler(params, call):
        raise RpcError(kind, "No.")

    return handler


def test_a_documented_answer_passes():
    check_lines(*answer(lambda params, call: JobAccepted(job_id="j")))
    check_lines(*answer(refuse("overloaded")))


def test_a_handler_that_returns_an_undocumented_member_is_found_out():
    with pytest.raises(WireViolation, match=r"ocr/start.colour is not documented"):
        check_lines(*answer(lambda params, call: Chatty(job_id="j")))


def test_a_handler_that_fails_in_an_undocumented_way_is_found_out():
    with pytest.raises(WireViolation, match="ocr/start is not documented to fail with job_not_f"):
        check_lines(*answer(refuse("job_not_found")))


def test_a_result_that_nobody_asked_for_is_found_out():
    _, line = answer(lambda params, call: JobAccepted(job_id="j"))
    with pytest.raises(WireViolation, match="nobody asked"):
        check_lines(b"", line)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"colour": "red"}, "job/page.colour is not documented"),
        ({"width_pt": ...}, "job/page.width_pt is missing"),
        ({"page": 0}, "Expected `int` >= 1"),
        ({"state": "lost"}, "Invalid enum value 'lost'"),
        ({"replayed": None}, "job/page"),
        ({"words": [{**examples.READ_PAGE["words"][0], "x": "left"}]}, "Expected `float`"),
    ],
)
def test_a_page_that_is_not_as_documented_is_found_out(change, what):
    page = {**examples.READ_PAGE, **change}
    page = {name: value for name, value in page.items() if value is not ...}
    WireCheck().on_received(notification("job/page", **examples.READ_PAGE))
    with pytest.raises(WireViolation) as caught:
        WireCheck().on_received(notification("job/page", **page))
    assert what in str(caught.value)


def test_a_job_that_failed_is_no_job_result():
    told = examples.TERMINAL
    WireCheck().on_received(notification("job/result", **told))
    with pytest.raises(WireViolation, match="Invalid enum value 'failed'"):
        WireCheck().on_received(notification("job/result", **{**told, "state": "failed"}))


def test_a_notification_of_another_name_is_found_out():
    with pytest.raises(WireViolation, match="there is no notification"):
        WireCheck().on_received(notification("job/gossip"))


def test_a_member_of_a_batch_is_checked_by_its_own_method():
    asked = b'[{"jsonrpc":"2.0","method":"ping","id":1},{"jsonrpc":"2.0","method":"exit","id":2}]'
    said = [{"jsonrpc": "2.0", "id": 2, "result": {}}, {"jsonrpc": "2.0", "id": 1, "result": {}}]
    check_lines(asked, orjson.dumps(said))
    said[0]["result"] = {"job_id": "j"}
    with pytest.raises(WireViolation, match=r"exit.job_id is not documented"):
        check_lines(asked, orjson.dumps(said))


def test_requests_cut_in_pieces_are_noted():
    check = WireCheck()
    check.on_sent(b'{"jsonrpc":"2.0","met')
    check.on_sent(b'hod":"ping","id":"a"}\nnonsense\n')
    check.on_received({"jsonrpc": "2.0", "id": "a", "result": {}})
