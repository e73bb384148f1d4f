"""The owner on its own: a worker whose end was ordered, but is not in yet, is given nothing."""

from daemon.config import Config
from daemon.errors import ExitCode
from daemon.events import WorkerGone, WorkerSaid
from ocr_worker import wire
from tests.fakes import FakeReply, World
from tests.unit.test_supervisor_jobs import ledger, run_to_the_end


def tasks_of(world, worker_id):
    return [one for to, one in world.workers.sent if to == worker_id and hasattr(one, "task")]


def world_with_an_idle_worker(**settings):
    world = World(n_slots=1, config=Config(**settings))
    world.submit("/a.pdf")
    world.count(1)
    run_to_the_end(world)
    return world, world.supervisor.pool.slots[1]


def test_an_idle_worker_that_is_being_ended_for_its_silence_gets_no_page():
    world, slot = world_with_an_idle_worker()
    hung = slot.worker_id
    n_tasks = len(tasks_of(world, hung))
    world.deaf.add(hung)
    world.advance(40)
    assert world.workers.killed == [hung]

    world.submit("/b.pdf", max_attempts=1)
    world.count(1)
    assert len(tasks_of(world, hung)) == n_tasks
    world.die(slot)
    world.advance(1)
    run_to_the_end(world)
    assert [terminal.state for terminal in world.host.terminals] == ["succeeded"] * 2


def test_a_worker_that_is_ready_when_its_time_to_start_is_over_gets_no_page():
    world = World(n_slots=1)
    world.submit("/a.pdf", max_attempts=1)
    late = [slot.worker_id for slot in world.supervisor.pool.slots]
    world.advance(60)
    assert world.workers.killed == late
    world.start_workers()
    assert [tasks_of(world, worker_id) for worker_id in late] == [[], []]

    for slot in world.supervisor.pool.slots:
        world.die(slot)
    world.advance(1)
    world.count(1)
    run_to_the_end(world)
    assert ledger(world) == {"recognized": 1}


def test_a_successor_that_is_ready_when_its_time_to_start_is_over_takes_no_slot():
    world, slot = world_with_an_idle_worker()
    present = slot.worker_id
    world.supervisor.restart([slot], world.now)
    successor = slot.successor_id
    world.advance(60)
    assert successor in world.workers.killed

    world.handle(WorkerSaid(successor, wire.Ready()))
    assert slot.worker_id == present
    world.handle(WorkerGone(successor, signal=9))
    world.submit("/b.pdf")
    world.count(1)
    assert len(world.busy_slots()) == 1, "the present one reads on"


def test_nothing_is_given_to_workers_that_a_second_signal_has_killed():
    world, slot = world_with_an_idle_worker()
    inspector = world.supervisor.pool.inspector
    killed = inspector.worker_id
    world.supervisor.restart([inspector, slot], world.now)
    successors = [inspector.successor_id, slot.successor_id]
    checked = FakeReply()
    world.supervisor.checkups.check(True, checked, world.now.monotonic)
    world.supervisor.leave(ExitCode.SIGTERM, world.now)
    world.supervisor.pool.kill_all()
    n_tasks = len(tasks_of(world, killed))
    reply = FakeReply()
    world.supervisor.inspector.list_engines(reply)
    for successor in successors:
        world.handle(WorkerSaid(successor, wire.Ready()))

    assert len(tasks_of(world, killed)) == n_tasks
    assert [tasks_of(world, one) for one in successors] == [[], []]


def test_a_daemon_that_sleeps_while_it_stops_tells_nobody_twice():
    world, slot = world_with_an_idle_worker()
    worker_id = slot.worker_id
    world.supervisor.shutdown("now", 0, world.now)
    world.seconds += 3600
    world.advance(0)

    shutdowns = [one for one in world.workers.sent if one == (worker_id, wire.Shutdown())]
    assert len(shutdowns) == 1
    assert world.workers.ended_input.count(worker_id) == 1
