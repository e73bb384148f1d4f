"""Background jobs on the owner's side: who gives way, who overtakes, and that it costs no page."""

import pytest

from daemon import assembling
from ocr_worker import wire
from tests.fakes import World
from tests.unit.test_supervision import fall_silent
from tests.unit.test_supervisor_jobs import ledger, run_to_the_end

PAGE_S = 60.0


def background(n_slots=1, pages=1, **options):
    """A world in which a background job has its first page in a slot."""
    world = World(n_slots=n_slots)
    reply = world.submit("/a.pdf", priority="background", page_timeout_s=PAGE_S, **options)
    world.count(pages)
    return world, reply


def orders(world, kind=wire.Recognize):
    """What workers were told to do, in order."""
    return [order for _, order in world.workers.sent if isinstance(order, kind)]


def run_out_of_time(world, how):
    """Let the page in the only slot take too long, or its worker fall silent."""
    (slot,) = world.busy_slots()
    world.accept(slot)
    if how == "timeout":
        world.advance(PAGE_S)
    else:
        fall_silent(world, slot, 1.0, 1.0)
    world.advance(1)
    world.die(slot)
    world.start_workers()


@pytest.mark.parametrize(
    ("priority", "gives_way"), [("interactive", False), ("normal", False), ("background", True)]
)
def test_only_pages_and_outputs_of_background_jobs_give_way(priority, gives_way):
    world = World(n_slots=1)
    world.submit("/a.pdf", priority=priority, outputs=("text",))
    world.count(2)
    run = world.busy_slots
    world.finish_page(run()[0])
    world.finish_page(run()[0])
    world.finish_assembling(run()[0])

    told = orders(world) + orders(world, wire.Assemble)
    assert [order.gives_way for order in told] == [gives_way] * 3


def test_a_page_handed_out_after_its_job_was_moved_up_does_not_give_way():
    world, reply = background(pages=2)
    job = world.supervisor.book.find(reply.result.job_id)
    world.supervisor.book.prioritize(job, "interactive", 0, None)
    run_to_the_end(world)

    assert [order.gives_way for order in orders(world)] == [True, False]


def test_interactive_pages_overtake_those_in_the_background_on_the_same_worker():
    world, _ = background(pages=3)
    world.submit("/b.pdf", priority="interactive")
    world.count(2)
    run_to_the_end(world)

    read = [
        (page.file, order.gives_way)
        for page, order in zip(world.host.of("job/page"), orders(world), strict=True)
    ]
    assert read == [
        ("/a.pdf", True),
        ("/b.pdf", False),
        ("/b.pdf", False),
        ("/a.pdf", True),
        ("/a.pdf", True),
    ]
    assert len({worker_id for worker_id, order in world.workers.sent}) == 2, "and the inspector"


@pytest.mark.parametrize("how", ["timeout", "silence"])
def test_a_page_whose_time_runs_out_while_it_gives_way_is_read_again_without_and_as_it_was(how):
    world, _ = background(max_attempts=1)
    run_out_of_time(world, how)

    assert [(order.gives_way, order.scale) for order in orders(world)] == [(True, 1), (False, 1)]
    run_to_the_end(world)
    assert ledger(world) == {"recognized": 1}
    assert [page.attempts for page in world.host.of("job/page")] == [1]


@pytest.mark.parametrize("how", ["timeout", "silence"])
def test_a_page_that_has_its_time_to_itself_and_runs_out_of_it_again_fails_as_any_other(how):
    world, _ = background(max_attempts=1)
    run_out_of_time(world, how)
    run_out_of_time(world, how)

    assert ledger(world) == {"failed": 1}
    (page,) = world.host.of("job/page")
    assert (page.error.data.kind, page.error.data.attempts) == ("timeout", 1)


def test_a_page_that_ends_its_worker_while_it_gives_way_has_had_an_attempt():
    world, _ = background(max_attempts=1)
    (slot,) = world.busy_slots()
    world.accept(slot)
    world.die(slot)

    assert ledger(world) == {"failed": 1}


def test_outputs_whose_time_runs_out_while_they_give_way_are_written_again_without():
    world, _ = background(outputs=("text",))
    world.finish_page(world.busy_slots()[0])
    for _ in range(2):
        (slot,) = world.busy_slots()
        world.accept(slot)
        if len(orders(world, wire.Assemble)) == 1:
            world.advance(assembling.TIMEOUT_S)
            world.advance(1)
            world.die(slot)
            world.start_workers()
    world.say(slot, wire.Assembled(task=slot.task_id))
    world.publish()

    assert [order.gives_way for order in orders(world, wire.Assemble)] == [True, False]
    assert ledger(world) == {"recognized": 1}
