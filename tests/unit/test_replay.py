"""What a host that missed something can have sent again, and what it is told to be lost."""

import orjson
import pytest

from daemon import replay
from daemon.messages import ReplayResult
from daemon.outbox import Outbox
from daemon.params import JobParams
from daemon.replay import Replay


def sent(outbox):
    messages = []
    while chunk := outbox.next_chunk():
        messages += [orjson.loads(line) for line in chunk]
    return messages


@pytest.fixture
def outbox():
    """One that has sent a page, a progress, a state of a worker and a terminal."""
    outbox = Outbox(str)
    for method in ("job/page", "job/progress", "worker/state", "job/result"):
        outbox.notify(method, JobParams(job_id="j"))
    sent(outbox)
    return outbox


def again(outbox, since):
    result = outbox.what_came_after(since)
    outbox.send_again(result)
    return result, sent(outbox)


@pytest.mark.guarantee("G-7")
def test_what_came_after_a_number_is_sent_again_as_it_was(outbox):
    result, messages = again(outbox, 1)

    assert result == ReplayResult(from_=3, to=4, missed=0)
    assert [message["method"] for message in messages] == ["worker/state", "job/result"]
    assert [message["params"] for message in messages] == [
        {"replayed": True, "seq": 3, "job_id": "j"},
        {"replayed": True, "seq": 4, "job_id": "j"},
    ]


def test_a_host_that_has_seen_everything_is_sent_nothing(outbox):
    assert again(outbox, 4) == (ReplayResult(from_=None, to=None, missed=0), [])
    assert again(outbox, 99) == (ReplayResult(from_=None, to=None, missed=0), [])


def test_new_notifications_come_after_those_that_are_sent_again(outbox):
    outbox.notify("job/page", JobParams(job_id="new"))
    _, messages = again(outbox, 0)

    assert [message["params"]["seq"] for message in messages] == [1, 3, 4, 5]


def test_a_second_wish_takes_the_place_of_the_first(outbox):
    outbox.send_again(outbox.what_came_after(0))
    _, messages = again(outbox, 3)

    assert [message["params"]["seq"] for message in messages] == [4]


def test_what_was_said_of_a_forgotten_job_is_lost_and_counted(outbox):
    outbox.notify("job/page", JobParams(job_id="other"))
    sent(outbox)
    outbox.forget("j")

    assert again(outbox, 0)[0] == ReplayResult(from_=5, to=5, missed=3)
    assert again(outbox, 3)[0] == ReplayResult(from_=5, to=5, missed=1)


def test_the_oldest_pages_make_room_and_terminals_stay(monkeypatch):
    monkeypatch.setattr(replay, "MAX_BYTES", 250)
    kept = Replay()
    kept.add(1, "job/result", b"x" * 1000, "j")
    for seq in range(2, 8):
        kept.add(seq, "job/page", b"x" * 100, "j")

    assert [one.seq for one in kept.since(0)] == [1, 6, 7]
    assert [kept.n_missed(seq) for seq in (0, 3, 5, 9)] == [4, 2, 0, 0]
    assert kept.kept_bytes == 200


def test_of_what_lies_very_far_back_only_the_number_is_known(monkeypatch):
    monkeypatch.setattr(replay, "MAX_BYTES", 0)
    monkeypatch.setattr(replay, "_MAX_GONE", 10)
    kept = Replay()
    for seq in range(1, 31):
        kept.add(seq, "job/page", b"x", "j")

    assert kept.n_missed(0) == 30
    assert kept.n_missed(25) == 5
    assert kept.n_missed(10) >= 20
