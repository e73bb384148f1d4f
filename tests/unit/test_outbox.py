"""What waits for the host: order, conflation, numbering, holding back."""

import orjson
import pytest

from daemon.notifications import LogMessageParams
from daemon.outbox import CHUNK_BYTES, MAX_LOG_MESSAGES, Outbox
from daemon.params import JobParams


def drain(outbox):
    messages = []
    while chunk := outbox.next_chunk():
        messages += [orjson.loads(line) for line in chunk]
    return messages


def about(job_id):
    return JobParams(job_id=job_id)


def test_replies_overtake_notifications():
    outbox = Outbox(str)
    outbox.notify("job/page", about("a"))
    outbox.reply(b'{"id":1}\n')

    assert [message.get("id", message.get("method")) for message in drain(outbox)] == [
        1,
        "job/page",
    ]


@pytest.mark.guarantee("G-7")
def test_only_the_newest_of_its_kind_waits_in_the_place_of_the_first():
    outbox = Outbox(str)
    outbox.notify("job/progress", about("old"), latest_of="p")
    outbox.notify("job/page", about("page"))
    outbox.notify("job/progress", about("new"), latest_of="p")

    messages = drain(outbox)
    assert [message["params"]["job_id"] for message in messages] == ["new", "page"]
    assert outbox.n_conflated == 1


@pytest.mark.guarantee("G-7")
def test_numbers_have_no_gap_however_much_was_conflated():
    outbox = Outbox(str)
    for number in range(100):
        outbox.notify("job/progress", about(str(number)), latest_of="p")
        outbox.notify("job/page", about(str(number)))

    assert [message["params"]["seq"] for message in drain(outbox)] == list(range(1, 102))


def test_a_held_job_says_nothing_until_it_is_released():
    outbox = Outbox(str)
    outbox.hold("a")
    outbox.notify("job/page", about("a"))
    outbox.notify("job/page", about("b"))
    assert [message["params"]["job_id"] for message in drain(outbox)] == ["b"]

    outbox.release("a")
    assert [message["params"]["job_id"] for message in drain(outbox)] == ["a"]


def test_a_chunk_is_about_what_a_pipe_holds():
    outbox = Outbox(str)
    for _ in range(10):
        outbox.notify("job/page", about("x" * 30_000))

    assert len(outbox.next_chunk()) * 30_000 < CHUNK_BYTES + 30_000
    assert outbox.backlog_bytes > 0


def test_the_backlog_is_nothing_once_everything_was_handed_over():
    outbox = Outbox(str)
    outbox.notify("a", about("1"), latest_of="x")
    outbox.notify("a", about("2"), latest_of="x")
    outbox.reply(b"{}\n")
    drain(outbox)

    assert (outbox.backlog_bytes, outbox.reply_bytes, outbox.is_empty) == (0, 0, True)


def test_a_host_that_opted_out_is_not_told():
    outbox = Outbox(str)
    outbox.opt_out(("worker/state",))
    outbox.notify("worker/state", about("a"))

    assert outbox.is_empty


def test_a_notification_is_one_line_and_carries_its_number_among_its_params():
    outbox = Outbox(str)
    outbox.notify("job/page", about("a\nb\r"))

    (line,) = outbox.next_chunk()
    assert line.count(b"\n") == 1
    assert b"\r" not in line
    assert orjson.loads(line) == {
        "jsonrpc": "2.0",
        "method": "job/page",
        "params": {"seq": 1, "job_id": "a\nb\r"},
    }


def log_line(number):
    return LogMessageParams(level="info", message=str(number))


@pytest.mark.guarantee("G-7")
def test_params_that_were_encoded_already_are_sent_as_they_are():
    outbox = Outbox(str)
    outbox.notify("job/page", about("a"), encoded=b'{"job_id":"a","text":"once"}')

    assert [{"seq": 1, "job_id": "a", "text": "once"}] == [
        message["params"] for message in drain(outbox)
    ]


def test_of_the_log_only_the_newest_messages_wait_and_nothing_else_makes_room():
    outbox = Outbox(str)
    outbox.notify("job/page", about("first"))
    for number in range(MAX_LOG_MESSAGES + 3):
        outbox.notify_log(log_line(number))
    outbox.notify("job/page", about("last"))
    assert outbox.n_logs_dropped == 3

    messages = drain(outbox)
    assert messages[0]["params"]["job_id"] == "first"
    assert messages[-1]["params"]["job_id"] == "last"
    assert [int(message["params"]["message"]) for message in messages[1:-1]] == list(
        range(3, MAX_LOG_MESSAGES + 3)
    )
    assert [message["params"]["seq"] for message in messages] == list(range(1, len(messages) + 1))
    assert outbox.backlog_bytes == 0


def test_what_of_the_log_has_been_sent_makes_room_again():
    outbox = Outbox(str)
    for number in range(3 * MAX_LOG_MESSAGES):
        outbox.notify_log(log_line(number))
        if number % MAX_LOG_MESSAGES == MAX_LOG_MESSAGES - 1:
            assert len(drain(outbox)) == MAX_LOG_MESSAGES

    assert outbox.n_logs_dropped == 0


def test_a_host_that_opted_out_of_the_log_is_not_told():
    outbox = Outbox(str)
    outbox.opt_out(("log/message",))
    for number in range(MAX_LOG_MESSAGES + 1):
        outbox.notify_log(log_line(number))

    assert outbox.is_empty


def test_what_waits_is_counted():
    outbox = Outbox(str)
    outbox.hold("held")
    outbox.notify("job/page", about("held"))
    outbox.notify("job/page", about("free"))
    outbox.reply(b"{}\n")

    assert (outbox.n_replies, outbox.n_notifications) == (1, 2)


def test_a_line_of_another_dialect_leaves_as_it_is_and_takes_no_number():
    outbox = Outbox(str)
    outbox.post(b"old\n", latest_of="p")
    outbox.notify("job/page", about("a"))
    outbox.post(b"last\n")
    outbox.post(b"new\n", latest_of="p")
    assert outbox.n_conflated == 1

    new, page, last = outbox.next_chunk()
    assert (new, last) == (b"new\n", b"last\n")
    assert orjson.loads(page)["params"]["seq"] == 1
    assert outbox.backlog_bytes == 0
