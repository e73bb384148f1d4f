"""The client against scripted daemons: sorting, errors, death, broken output, the close ladder."""

import subprocess
import sys
from pathlib import Path

import pytest

from daemon.client import Client, DaemonGone, Notification, ProtocolViolation, RequestError
from daemon.client_messages import parse_line

SCRIPT = Path(__file__).parents[1] / "workers" / "scripted_daemon.py"
SOON = 10.0


@pytest.fixture
def spawn():
    clients = []

    def spawn(*behaviour, **kwargs):
        client = Client([sys.executable, str(SCRIPT), *behaviour], **kwargs)
        clients.append(client)
        return client

    yield spawn
    for client in clients:
        client.close(timeout_s=0.0)


def test_a_request_returns_its_result(spawn):
    client = spawn("obedient")
    assert client.request("echo", {"text": "ä"}, timeout_s=SOON) == {"text": "ä"}


def test_messages_that_arrive_in_pieces_are_put_together(spawn):
    client = spawn("obedient")
    long = "x" * 200_000
    requests = [client.send_request("echo", {"text": long}) for _ in range(2)]
    for request in requests:
        assert client.wait_reply(request, timeout_s=SOON) == {"text": long}


def test_replies_may_come_in_another_order_than_requests(spawn):
    client = spawn("backwards")
    first, second = client.send_request("a"), client.send_request("b")
    assert client.wait_reply(first, timeout_s=SOON) == "first"
    assert client.wait_reply(second, timeout_s=SOON) == "second"


def test_notifications_met_while_waiting_for_a_reply_are_kept_in_order(spawn):
    client = spawn("obedient")
    assert client.start(["a.pdf"]) == "mine"
    client.request("echo", {}, timeout_s=SOON)
    methods = [client.next_notification(timeout_s=SOON).params["seq"] for _ in range(6)]
    assert methods == [1, 2, 3, 4, 5, 6]


def test_events_of_a_job_end_with_its_terminal_and_leave_the_others(spawn):
    client = spawn("obedient")
    events = [(event.method, event.params["seq"]) for event in client.recognize(["a.pdf"])]
    assert events == [("job/page", 3), ("job/progress", 5), ("job/result", 6)]
    others = [event.params["seq"] for event in client.job_events("other", timeout_s=SOON)]
    assert others == [1, 2, 4]


def test_messages_come_as_they_are_after_raw_bytes(spawn):
    client = spawn("obedient")
    client.send_raw(b'{"jsonrpc": "2.0", "id": [7], "method": "refuse"}\n')
    with pytest.raises(ProtocolViolation):  # an id that is a list echoes as no reply can
        client.next_message(timeout_s=SOON)
    client.send_raw(b'{"jsonrpc": "2.0", "id": 7, "method": "echo", "params": {}}\n')
    assert client.next_message(timeout_s=SOON) == {"jsonrpc": "2.0", "id": 7, "result": {}}


def test_an_error_reply_is_raised_with_its_code_and_data(spawn):
    client = spawn("obedient")
    with pytest.raises(RequestError, match=r"No\.") as caught:
        client.request("refuse", timeout_s=SOON)
    assert (caught.value.code, caught.value.kind) == (1010, "k")


def test_a_daemon_that_dies_is_told_with_its_exit_code_and_last_words(spawn):
    client = spawn("dies")
    with pytest.raises(DaemonGone) as caught:
        client.request("ping", timeout_s=SOON)
    assert caught.value.exit_code == -9
    assert caught.value.stderr_tail.endswith("xlast words")
    assert len(client.stderr_tail) == 4096
    with pytest.raises(DaemonGone):
        client.request("ping", timeout_s=SOON)


def test_notifications_end_with_the_daemon(spawn):
    client = spawn("dies")
    client.notify("go")
    assert list(client.notifications(timeout_s=SOON)) == []


def test_half_a_line_of_a_daemon_that_left_in_order_is_a_violation(spawn):
    client = spawn("half_a_line")
    with pytest.raises(ProtocolViolation):
        client.next_message(timeout_s=SOON)
    with pytest.raises(DaemonGone):
        client.next_message(timeout_s=SOON)


@pytest.mark.parametrize(
    "line",
    [
        "stray print",
        "",
        "[]",
        "null",
        '{"id": 1, "result": 1}',
        '{"jsonrpc": "2.0", "result": 1}',
        '{"jsonrpc": "2.0", "id": 1}',
        '{"jsonrpc": "2.0", "id": 1, "result": 1, "error": {"code": 1, "message": ""}}',
        '{"jsonrpc": "2.0", "id": 1, "error": "no"}',
        '{"jsonrpc": "2.0", "id": 1, "method": "ask"}',
        '{"jsonrpc": "2.0", "method": "note", "params": [1]}',
        '[{"jsonrpc": "2.0", "method": "note"}]',
        '{"jsonrpc": "2.0", "id": 1, "result": 1}\r',
    ],
)
def test_what_is_no_message_is_a_violation(line):
    assert isinstance(parse_line(line.encode()), ProtocolViolation)


def test_garbage_on_stdout_is_raised_once_and_the_session_goes_on(spawn):
    client = spawn("says", "stray print")
    with pytest.raises(ProtocolViolation, match="stray print"):
        client.request("echo", {}, timeout_s=SOON)
    assert client.request("echo", {}, timeout_s=SOON) == {}


def test_a_gap_in_seq_is_a_violation_and_the_notification_is_kept(spawn):
    note = '{{"jsonrpc": "2.0", "method": "note", "params": {{"seq": {}}}}}'
    client = spawn("says", note.format(1), note.format(3))
    assert client.next_notification(timeout_s=SOON) == Notification("note", {"seq": 1})
    with pytest.raises(ProtocolViolation, match="seq 3 came after 1"):
        client.next_notification(timeout_s=SOON)
    assert client.next_notification(timeout_s=SOON) == Notification("note", {"seq": 3})


def test_a_replayed_notification_makes_no_gap(spawn):
    note = '{"jsonrpc": "2.0", "method": "note", "params": {"seq": 7}}'
    again = '{"jsonrpc": "2.0", "method": "note", "params": {"seq": 2, "replayed": true}}'
    client = spawn("says", note, again, note.replace("7", "8"))
    seqs = [client.next_notification(timeout_s=SOON).params["seq"] for _ in range(3)]
    assert seqs == [7, 2, 8]


def test_a_reply_that_comes_after_its_timeout_is_dropped(spawn):
    client = spawn("obedient")
    with pytest.raises(TimeoutError):
        client.request("late", timeout_s=0.0)
    client.send_raw(b'{"jsonrpc": "2.0", "id": 1, "method": "echo", "params": {}}\n')
    assert client.next_message(timeout_s=SOON) == {"jsonrpc": "2.0", "id": 1, "result": {}}


def test_a_daemon_that_does_not_read_holds_no_writer_for_longer_than_asked(spawn):
    client = spawn("stubborn")
    client.next_notification(timeout_s=SOON)
    with pytest.raises(TimeoutError):
        client.send_raw(b"x" * 4_000_000 + b"\n", timeout_s=0.0)
    assert client.close(timeout_s=0.0) == -9


def test_close_asks_first_and_says_the_exit_code_again(spawn):
    client = spawn("obedient")
    client.request("echo", timeout_s=SOON)
    assert client.close(timeout_s=SOON) == 0
    assert client.close() == 0
    with pytest.raises(DaemonGone):
        client.notify("too late")


def test_close_lets_a_daemon_that_only_minds_the_end_of_stdin_leave(spawn):
    assert spawn("silent").close(timeout_s=SOON) == 0


def test_close_kills_a_daemon_that_minds_neither_eof_nor_sigterm(spawn):
    client = spawn("stubborn")
    client.next_notification(timeout_s=SOON)
    assert client.close(timeout_s=0.0) == -9


def test_stderr_may_be_the_callers_own(spawn):
    client = spawn("dies", stderr=subprocess.DEVNULL)
    client.notify("go")
    with pytest.raises(DaemonGone):
        client.next_message(timeout_s=SOON)
    assert client.stderr_tail == ""


def test_a_command_that_does_not_exist_is_an_os_error():
    with pytest.raises(FileNotFoundError):
        Client(["/nonexistent/daemon"])
