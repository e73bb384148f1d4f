"""The owner on its own: silence, heartbeat, recycling, poison; time passes only when told."""

from itertools import permutations

import pytest

from daemon.config import Config
from daemon.events import (
    DocumentChecked,
    PathsChecked,
    WorkerGone,
    WorkerMeasured,
    WorkerSaid,
)
from daemon.params import DocumentInfoParams, DocumentParams
from daemon.succession import MEASURE_S
from ocr_worker import wire
from tests.fakes import FakeReply, World
from tests.unit.test_supervisor_jobs import ledger, run_to_the_end, run_with_poison


def busy_world(**options):
    """A world with one slot that reads the first of two pages."""
    world = World(n_slots=1)
    world.submit("/a.pdf", silence_timeout_s=30, **options)
    world.count(2)
    slot = world.busy_slots()[0]
    world.accept(slot)
    return world, slot


def measure(world, slot, cpu_s, rss_bytes=0, **kwargs):
    """Answer the looks at a worker that were asked for."""
    while slot.worker_id in world.workers.measured:
        world.workers.measured.remove(slot.worker_id)
        world.handle(WorkerMeasured(slot.worker_id, cpu_s, rss_bytes, **kwargs))


def fall_silent(world, slot, cpu_before, cpu_after, **kwargs):
    """Let the silence run out, and the probe after it."""
    world.advance(30)
    measure(world, slot, cpu_before, **kwargs)
    world.advance(5)
    measure(world, slot, cpu_after, **kwargs)
    world.advance(0.5)


def test_a_silent_worker_that_computes_is_left_alone():
    world, slot = busy_world()
    for start in range(0, 40, 5):
        fall_silent(world, slot, float(start), start + 4.9)

    assert world.workers.killed == []


def test_a_silent_worker_that_does_nothing_is_dumped_killed_and_its_page_tried_again():
    world, slot = busy_world()
    worker_id = slot.worker_id
    fall_silent(world, slot, 7.0, 7.01)

    assert world.workers.dumped == [worker_id]
    world.advance(0.5)
    assert world.workers.killed == [worker_id]
    world.die(slot)
    run_to_the_end(world)
    assert ledger(world) == {"recognized": 2}


def test_a_worker_that_answers_pings_and_does_nothing_else_is_killed_all_the_same():
    world, slot = busy_world()
    assert slot.worker_id not in world.deaf, "it answers"
    fall_silent(world, slot, 1.0, 1.0)

    world.advance(0.5)
    assert world.workers.killed == [slot.worker_id]


def test_a_worker_that_waits_for_a_disk_or_a_processor_is_left_alone():
    world, slot = busy_world()
    fall_silent(world, slot, 1.0, 1.0, is_held_up=True)

    assert world.workers.killed == []


def test_a_worker_that_speaks_while_it_is_looked_at_is_left_alone():
    world, slot = busy_world()
    world.advance(30)
    measure(world, slot, 1.0)
    world.advance(1)
    world.say(slot, wire.Stage(task=slot.task_id, name="recognize"))
    world.advance(4)
    measure(world, slot, 1.0)
    world.advance(1)

    assert world.workers.killed == []


def test_a_worker_that_speaks_now_and_then_is_not_even_looked_at():
    world, slot = busy_world()
    for _ in range(9):
        world.advance(29)
        world.say(slot, wire.Stage(task=slot.task_id, name="recognize"))

    assert slot.worker_id not in world.workers.measured


def test_a_page_that_hangs_every_worker_fails_with_silence_and_costs_one_page():
    world, _ = busy_world()
    for _ in range(3):
        while True:
            world.start_workers()
            slot = world.busy_slots()[0]
            if slot.task.ref.page == 1:
                break
            world.finish_page(slot)
        if not slot.task_accepted:
            world.accept(slot)
        fall_silent(world, slot, 1.0, 1.0)
        world.die(slot)
    run_to_the_end(world)

    (terminal,) = world.host.terminals
    assert [(page.page, page.kind, page.attempts) for page in terminal.failed_pages] == [
        (1, "timeout", 3)
    ]
    assert ledger(world) == {"recognized": 1, "failed": 1}


def test_a_worker_that_never_takes_its_page_costs_the_page_no_attempt():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    slot = world.busy_slots()[0]
    fall_silent(world, slot, 1.0, 1.0)
    world.advance(0.5)
    assert world.workers.killed == [slot.worker_id]
    world.die(slot)
    run_to_the_end(world)

    assert ledger(world) == {"recognized": 1}
    assert [page.attempts for page in world.host.of("job/page")] == [1]


def test_silence_begins_anew_when_the_machine_was_asleep():
    world, slot = busy_world()
    world.advance(29)
    world.supervisor.on_overslept(world.now)
    world.advance(29)

    assert slot.worker_id not in world.workers.measured


RACERS = ("recognized", "killed", "cancelled", "measured")


@pytest.mark.parametrize("order", list(permutations(RACERS)), ids="-".join)
def test_a_silent_page_ends_once_in_every_order_of_events(order):
    world, slot = busy_world()
    world.advance(30)
    measure(world, slot, 1.0)
    world.advance(5)
    worker_id, task_id = slot.worker_id, slot.task_id
    page = wire.Page(page=1, state="recognized", text="", width_pt=1, height_pt=1)
    job = next(iter(world.supervisor.book))
    for event in order:
        match event:
            case "recognized":
                world.handle(WorkerSaid(worker_id, wire.Recognized(task=task_id, page=page)))
            case "killed":
                world.handle(WorkerGone(worker_id, signal=9))
            case "measured":
                world.handle(WorkerMeasured(worker_id, 1.0, 0))
                world.advance(0.5)
            case "cancelled":
                world.supervisor.cancel(job, world.now)
    run_to_the_end(world)

    assert len(world.host.terminals) == 1
    assert sum(ledger(world).values()) == 2
    assert len({page.page for page in world.host.of("job/page")}) == len(world.host.of("job/page"))


def test_an_idle_worker_that_does_not_answer_is_killed_and_counts_against_its_slot():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    run_to_the_end(world)
    slot = world.supervisor.pool.slots[1]
    world.deaf.add(slot.worker_id)
    world.advance(40)
    assert world.workers.killed == [slot.worker_id]

    world.die(slot)
    assert slot.policy.deaths == 1


def test_an_idle_worker_that_answers_lives_on_and_leaves_after_its_time():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    run_to_the_end(world)
    slot = world.supervisor.pool.slots[1]
    worker_id = slot.worker_id
    world.advance(299)
    assert slot.worker_id == worker_id

    world.advance(2)
    assert slot.state.value == "stopped"
    assert (worker_id, wire.Shutdown()) in world.workers.sent
    world.handle(WorkerGone(worker_id, code=0))
    world.submit("/b.pdf")
    world.count(1)
    run_to_the_end(world)
    assert [terminal.state for terminal in world.host.terminals] == ["succeeded"] * 2


def test_a_worker_that_left_and_hangs_is_killed():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    run_to_the_end(world)
    worker_id = world.supervisor.pool.slots[1].worker_id
    world.advance(302)

    assert worker_id in world.workers.killed


def successor_of(slot):
    assert slot.successor_id is not None
    return slot.successor_id


def test_a_worker_that_has_done_its_pages_goes_on_until_its_successor_is_ready():
    world = World(n_slots=1, config=Config(max_worker_pages=2))
    world.submit("/a.pdf")
    world.count(6)
    slot = world.supervisor.pool.slots[1]
    first = slot.worker_id
    for _ in range(3):
        world.finish_page(slot)
    successor = successor_of(slot)
    assert slot.worker_id == first
    assert slot.task is not None, "no dip in capacity"

    world.handle(WorkerSaid(successor, wire.Ready()))
    assert slot.worker_id == first, "it has a page in hand"
    world.finish_page(slot)

    assert slot.worker_id == successor
    assert slot.task is not None
    assert (first, wire.Shutdown()) in world.workers.sent
    world.handle(WorkerGone(first, code=0))
    run_to_the_end(world)
    assert ledger(world) == {"recognized": 6}
    assert slot.restarts == 0


def test_a_worker_that_has_grown_is_replaced():
    world = World(n_slots=1, config=Config(max_worker_bytes=100))
    world.submit("/a.pdf")
    world.count(3)
    slot = world.busy_slots()[0]
    world.finish_page(slot)
    measure(world, slot, 1.0, rss_bytes=99)
    assert slot.successor_id is None
    world.advance(MEASURE_S)
    world.finish_page(slot)
    measure(world, slot, 1.0, rss_bytes=101)

    assert slot.successor_id is not None


def test_a_worker_that_dies_is_followed_by_the_successor_that_was_on_its_way():
    world = World(n_slots=1, config=Config(max_worker_pages=1))
    world.submit("/a.pdf")
    world.count(3)
    slot = world.busy_slots()[0]
    world.finish_page(slot)
    successor = successor_of(slot)
    world.accept(slot)
    world.die(slot)

    assert slot.worker_id == successor
    assert slot.state.value == "starting"
    run_to_the_end(world)
    assert ledger(world) == {"recognized": 3}


def test_a_successor_that_dies_is_not_followed_by_another_at_once():
    world = World(n_slots=1, config=Config(max_worker_pages=1))
    world.submit("/a.pdf")
    world.count(4)
    slot = world.busy_slots()[0]
    world.finish_page(slot)
    world.handle(WorkerGone(successor_of(slot), code=1))
    n_spawned = len(world.workers.spawned)
    world.finish_page(slot)
    assert len(world.workers.spawned) == n_spawned

    world.advance(60)
    world.finish_page(slot)
    assert len(world.workers.spawned) == n_spawned + 1


def test_a_poisonous_document_is_held_back_and_costs_its_neighbours_little():
    world = World(n_slots=2)
    world.submit("/poison.pdf")
    world.count(20)
    world.submit("/healthy.pdf")
    world.count(10)

    run_with_poison(world, set(range(1, 21)), "/poison.pdf")

    by_file = {terminal.state: terminal for terminal in world.host.terminals}
    assert by_file["succeeded"].pages.recognized == 10
    attempts = [page.attempts for page in by_file["failed"].failed_pages]
    assert attempts.count(3) <= 4, "the fourth may have been under way"
    assert attempts.count(1) >= 16
    assert all(slot.policy.deaths == 0 for slot in world.supervisor.pool.ocr_slots)


def test_pages_of_a_poisonous_document_run_one_at_a_time():
    world = World(n_slots=2)
    world.submit("/poison.pdf", max_attempts=1)
    world.count(8)
    seen = []
    for _ in range(100):
        world.start_workers()
        busy = world.busy_slots()
        if not busy:
            break
        document = next(iter(world.supervisor.book)).documents[0]
        seen.append((document.is_poisonous, len(busy)))
        world.accept(busy[0])
        world.die(busy[0])

    held_back = [n_busy for is_poisonous, n_busy in seen if is_poisonous]
    assert held_back[0] <= 2
    assert set(held_back[1:]) == {1}


def test_with_one_slot_a_page_that_killed_a_worker_waits_for_all_others():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(3)
    world.submit("/b.pdf")
    world.count(2)

    run_with_poison(world, {1})

    told = [(page.file, page.page, page.state) for page in world.host.of("job/page")]
    assert told[-1] == ("/a.pdf", 1, "failed")
    assert len(told) == 5


def asked_for(world, request_id):
    """A question about a document, under the id of its request."""
    reply = FakeReply(request_id=request_id)
    params = DocumentInfoParams(document=DocumentParams(path="/q.pdf"))
    world.supervisor.describe(params, reply, world.now)
    return reply


@pytest.mark.parametrize("is_checked", [True, False])
def test_a_question_is_answered_as_cancelled_when_its_request_is(is_checked):
    world = World()
    reply, other = asked_for(world, 7), asked_for(world, "7")
    if is_checked:
        world.answer_checks()
    world.supervisor.cancel_request(7, world.now)
    world.answer_checks()
    world.count(3)
    while not other.is_settled:
        world.count(3)

    assert reply.error.kind.code == -32800
    assert other.result.page_count == 3


def test_the_job_that_a_request_started_ends_when_the_request_is_cancelled():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf", request_id="start")
    world.submit("/b.pdf", request_id=1)
    world.supervisor.cancel_request("start", world.now)

    (terminal,) = world.host.terminals
    assert (terminal.job_id, terminal.state) == (reply.result.job_id, "cancelled")


def test_a_request_that_never_was_can_be_cancelled_too():
    world = World()
    world.supervisor.cancel_request(99, world.now)

    assert world.host.notifications == []


def test_an_inspector_that_never_begins_is_replaced_and_the_question_asked_again():
    world = World()
    reply = asked_for(world, 1)
    world.answer_checks()
    world.start_workers()
    world.advance(10.5)
    inspector = world.supervisor.pool.inspector
    assert world.workers.killed == [inspector.worker_id]
    world.die(inspector)
    world.count(4)

    assert reply.result.page_count == 4


def test_the_scratch_copy_of_a_cancelled_request_goes_when_the_file_system_answers():
    world = World()
    asked_for(world, 1)
    token, _ = world.files.checks.pop(0)
    world.supervisor.cancel_request(1, world.now)
    world.handle(PathsChecked(token, (DocumentChecked("/scratch/copy", is_copy=True),)))

    assert world.files.discarded == ["/scratch/copy"]
