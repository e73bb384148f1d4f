"""`job/prioritize`: which page goes next, in every state that a job or page can be in."""

from types import SimpleNamespace
from typing import Any

import pytest

from daemon.admission import judge
from daemon.config import Config
from daemon.errors import RpcError
from daemon.jobs import MAX_WISHES
from daemon.methods import Methods
from daemon.params import DocumentParams, JobPrioritizeParams, OcrOptions
from ocr_worker import wire
from tests.fakes import FakeReply, World


def job_of(world, reply):
    return world.supervisor.book.find(reply.result.job_id)


def prioritize(world, reply, priority=None, document=0, pages=None):
    job = job_of(world, reply)
    world.supervisor.book.prioritize(job, priority, document, pages)
    world.supervisor.pump(world.now)


def ask(world, job_id, **params):
    """What the method answers."""
    methods: Any = SimpleNamespace(supervisor=world.supervisor)
    asked = JobPrioritizeParams(job_id=job_id, **params)
    return Methods._job_prioritize(methods, asked, SimpleNamespace(now=world.now))


def read_all(world):
    """Finish whatever is in a slot until nothing is; return document and page in that order."""
    order = []
    for _ in range(1000):
        world.start_workers()
        busy = world.busy_slots()
        if not busy:
            return order
        order.append(busy[0].task.ref[1:])
        world.finish_page(busy[0])
    raise AssertionError("it does not end")


def pages_read(world):
    return [page for _, page in read_all(world)]


def started(page_count=6, n_slots=1, **options):
    """A world in which a job reads its first page."""
    world = World(n_slots=n_slots)
    reply = world.submit("/a.pdf", **options)
    world.count(page_count)
    return world, reply


def test_the_named_pages_come_next_in_the_order_named_and_the_running_one_goes_on():
    world, reply = started()
    prioritize(world, reply, pages="5,2-3,5")

    assert pages_read(world) == [1, 5, 2, 3, 4, 6]
    assert world.workers.killed == []
    assert not [order for _, order in world.workers.sent if isinstance(order, wire.StopTask)]


def test_what_is_wished_for_last_comes_first():
    world, reply = started()
    prioritize(world, reply, pages="3-4")
    prioritize(world, reply, pages="-1,4")

    assert pages_read(world) == [1, 6, 4, 3, 2, 5]


def test_the_pages_go_before_those_of_earlier_documents_too():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf", "/b.pdf")
    world.count(2)
    world.count(3)
    prioritize(world, reply, document=1, pages="3")
    prioritize(world, reply, document=0, pages="2")

    assert read_all(world) == [(0, 1), (0, 2), (1, 3), (1, 1), (1, 2)]


def test_pages_that_run_have_ended_or_do_not_exist_are_skipped():
    world, reply = started(5)
    world.finish_page(world.busy_slots()[0])
    assert world.busy_slots()[0].task.ref.page == 2
    prioritize(world, reply, pages="1,2,4,99")

    assert pages_read(world) == [2, 4, 3, 5]
    assert job_of(world, reply).state == "succeeded"


def test_pages_that_were_not_asked_for_are_not_read():
    world = World(n_slots=1)
    reply = FakeReply()
    document = DocumentParams(path="/a.pdf", pages="1-3")
    submission = judge((document,), None, None, OcrOptions(), is_batch=False, config=Config())
    world.supervisor.submit(submission, reply, world.now)
    world.answer_checks()
    world.count(9)
    prioritize(world, reply, pages="8,3")

    assert pages_read(world) == [1, 3, 2]


def test_a_wish_is_remembered_until_the_document_is_counted():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf")
    prioritize(world, reply, pages="2")
    prioritize(world, reply, pages="-1")
    world.count(4)

    assert pages_read(world) == [4, 2, 1, 3]


def test_of_a_host_that_asks_and_asks_only_the_newest_wishes_are_remembered():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf")
    for page in range(2, MAX_WISHES + 3):
        prioritize(world, reply, pages=str(page))
    world.count(MAX_WISHES + 2)

    newest_first = list(range(MAX_WISHES + 2, 2, -1))
    assert pages_read(world) == [*newest_first, 1, 2]


def test_a_wish_for_a_document_that_cannot_be_counted_changes_nothing():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf", "/b.pdf")
    prioritize(world, reply, document=0, pages="2")
    world.start_workers()
    world.accept(world.supervisor.pool.inspector)
    world.fail_page(world.supervisor.pool.inspector, "document_unreadable")
    world.count(2)
    prioritize(world, reply, document=0, pages="2")

    assert read_all(world) == [(1, 1), (1, 2)]
    assert world.host.terminals[0].state == "partial"


def test_a_page_whose_worker_died_before_it_began_keeps_its_place():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf", "/b.pdf")
    world.count(2)
    world.count(2)
    prioritize(world, reply, document=1, pages="2")
    world.finish_page(world.busy_slots()[0])
    slot = world.busy_slots()[0]
    assert slot.task.ref[1:] == (1, 2)
    world.die(slot)
    world.advance(1)

    assert read_all(world) == [(1, 2), (0, 2), (1, 1)]


def test_a_page_that_has_ended_a_worker_cannot_be_wished_to_the_front():
    """One slot is left, so it waits for all others, wished for or not."""
    world, reply = started(4)
    slot = world.busy_slots()[0]
    prioritize(world, reply, pages="1")
    world.accept(slot)
    world.die(slot)
    prioritize(world, reply, pages="1,3")

    assert pages_read(world) == [3, 2, 4, 1]


def test_a_page_that_has_ended_a_worker_is_not_held_back_by_a_wish_either():
    world, reply = started(6, n_slots=2)
    first, second = world.busy_slots()
    prioritize(world, reply, pages="5")
    world.accept(first)
    world.die(first)
    world.finish_page(second)

    assert second.task.ref.page == 1


def test_the_pages_of_a_held_back_document_stay_one_at_a_time():
    world, reply = started(8, n_slots=2, max_attempts=1)
    for _ in range(3):
        slot = world.busy_slots()[0]
        world.accept(slot)
        world.die(slot)
        world.start_workers()
    prioritize(world, reply, pages="8")
    while len(world.busy_slots()) > 1:
        world.finish_page(world.busy_slots()[0])

    world.finish_page(world.busy_slots()[0])
    assert [slot.task.ref.page for slot in world.busy_slots()] == [8]


def test_wishes_for_a_held_back_document_let_the_other_documents_go_on():
    world = World(n_slots=2)
    reply = world.submit("/a.pdf", "/b.pdf", max_attempts=1)
    world.count(8)
    world.count(8)
    for _ in range(3):
        slot = next(one for one in world.busy_slots() if one.task.ref.document == 0)
        world.accept(slot)
        world.die(slot)
        world.start_workers()
    prioritize(world, reply, document=0, pages="7-8")
    for slot in world.busy_slots() * 2:
        world.finish_page(slot)
        assert sorted(slot.task.ref.document for slot in world.busy_slots()) == [0, 1]

    read_all(world)
    assert world.host.terminals[0].pages.recognized == 13


def test_a_job_that_is_put_into_another_class_takes_its_turn_there():
    world = World(n_slots=1)
    replies = {}
    for name, priority in (("a", "normal"), ("b", "background"), ("c", "normal")):
        replies[name] = world.submit(f"/{name}.pdf", priority=priority)
        world.count(3)
    prioritize(world, replies["b"], priority="interactive")
    prioritize(world, replies["a"], priority="background")
    read_all(world)

    files = "".join(page.file[1] for page in world.host.of("job/page"))
    assert files == "abbbcccaa"


def test_the_class_it_has_costs_a_job_no_turn():
    world = World(n_slots=1)
    replies = []
    for name in "ab":
        replies.append(world.submit(f"/{name}.pdf"))
        world.count(3)
    world.finish_page(world.busy_slots()[0])
    prioritize(world, replies[1], priority="normal")
    read_all(world)

    assert "".join(page.file[1] for page in world.host.of("job/page")) == "aababb"


def test_class_and_pages_may_change_at_once_and_before_the_job_is_counted():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(2)
    reply = world.submit("/b.pdf")
    prioritize(world, reply, priority="interactive", pages="2")
    world.count(2)

    assert pages_read(world) == [1, 2, 1, 2]
    assert [page.file for page in world.host.of("job/page")] == [
        "/a.pdf",
        "/b.pdf",
        "/b.pdf",
        "/a.pdf",
    ]


def make_hopeless(world):
    slot = world.busy_slots()[0]
    world.accept(slot)
    world.fail_page(slot, "engine_unavailable")


def cancel(world):
    (job,) = world.supervisor.book
    world.supervisor.cancel(job, world.now)


@pytest.mark.parametrize(
    ("end", "state"), [(read_all, "succeeded"), (make_hopeless, "failed"), (cancel, "cancelled")]
)
def test_a_job_that_has_ended_answers_its_state_and_changes_nothing(end, state):
    world, reply = started(3)
    prioritize(world, reply, pages="3")
    end(world)
    told = list(world.host.notifications)
    answer = ask(world, reply.result.job_id, priority="interactive", pages="2")

    assert (answer.job_id, answer.state) == (reply.result.job_id, state)
    assert job_of(world, reply).options.priority == "normal"
    assert job_of(world, reply).first == {}
    assert world.host.notifications == told


def test_a_cancelled_job_whose_document_is_being_named_ends_as_ever():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf", outputs=("text",))
    world.count(1)
    world.finish_page(world.busy_slots()[0])
    world.finish_assembling(world.busy_slots()[0])
    world.supervisor.cancel(job_of(world, reply), world.now)
    prioritize(world, reply, priority="interactive", pages="1")
    world.publish()

    assert world.host.terminals[0].state == "cancelled"


@pytest.mark.parametrize("counted", [False, True])
def test_a_job_that_goes_on_answers_its_state(counted):
    world = World(n_slots=1)
    job_id = world.submit("/a.pdf").result.job_id
    if counted:
        world.count(2)

    assert ask(world, job_id, pages="2").state == ("running" if counted else "queued")


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({}, ""),
        ({"document": 0}, ""),
        ({"document": 1, "pages": "1"}, "document"),
        ({"document": -1, "pages": "1"}, "document"),
        ({"document": 7, "priority": "normal"}, "document"),
        ({"pages": "x"}, "pages"),
        ({"pages": "0"}, "pages"),
    ],
)
@pytest.mark.parametrize("has_ended", [False, True])
def test_wrong_params_are_refused_whatever_the_state_of_the_job(params, path, has_ended):
    world, reply = started(1)
    if has_ended:
        read_all(world)
    with pytest.raises(RpcError) as caught:
        ask(world, reply.result.job_id, **params)

    assert (caught.value.kind.code, caught.value.data["path"]) == (-32602, path)


def test_a_job_that_never_was_is_not_found():
    with pytest.raises(RpcError) as caught:
        ask(World(), "x", pages="1")

    assert caught.value.kind.code == 1010
