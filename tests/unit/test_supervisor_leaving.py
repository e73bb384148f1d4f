"""The owner on its own: shutdown, exit, end of stdin, signals."""

import pytest

from daemon.config import Config
from daemon.errors import ExitCode, RpcError
from daemon.lifecycle import Phase
from daemon.params import DocumentInfoParams, DocumentParams
from ocr_worker import wire
from tests.fakes import FakeReply, World


def phase(world):
    return world.supervisor.lifecycle.phase


def bury_all(world):
    for slot in world.supervisor.pool.slots:
        if slot.worker_id is not None:
            world.die(slot, code=0, signal=None)


def test_an_idle_daemon_stops_at_once_when_stdin_ends():
    world = World()
    world.supervisor.on_host_closed(broken=False, now=world.now)

    assert phase(world) is Phase.STOPPED
    assert world.supervisor.lifecycle.exit_code == ExitCode.OK


def test_running_jobs_are_cancelled_when_stdin_ends():
    world = World()
    world.submit("/a.pdf")
    world.count(3)
    world.supervisor.on_host_closed(broken=False, now=world.now)

    assert [terminal.state for terminal in world.host.terminals] == ["cancelled"]
    assert phase(world) is Phase.STOPPING
    bury_all(world)
    assert phase(world) is Phase.STOPPED


def test_running_jobs_are_finished_when_stdin_ends_and_draining_was_asked_for():
    world = World(n_slots=1, config=Config(on_eof="drain"))
    world.submit("/a.pdf")
    world.count(1)
    world.supervisor.on_host_closed(broken=False, now=world.now)
    assert phase(world) is Phase.DRAINING

    world.finish_page(world.busy_slots()[0])

    assert [terminal.state for terminal in world.host.terminals] == ["succeeded"]
    assert phase(world) is Phase.STOPPING


def test_a_broken_stdout_always_cancels():
    world = World(config=Config(on_eof="drain"))
    world.submit("/a.pdf")
    world.count(1)
    world.supervisor.on_host_closed(broken=True, now=world.now)

    assert [terminal.state for terminal in world.host.terminals] == ["cancelled"]


def test_the_end_of_stdin_after_shutdown_with_drain_cancels_nothing():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    world.supervisor.shutdown("drain", 600, world.now)
    world.supervisor.on_host_closed(broken=False, now=world.now)

    assert world.host.terminals == []
    assert phase(world) is Phase.DRAINING


def test_draining_ends_when_its_time_is_over():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    world.supervisor.shutdown("drain", 5, world.now)
    world.advance(5)

    assert [terminal.state for terminal in world.host.terminals] == ["cancelled"]


def test_nothing_new_is_taken_after_shutdown():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    world.supervisor.shutdown("drain", 600, world.now)

    with pytest.raises(RpcError) as caught:
        world.submit("/b.pdf")
    assert caught.value.kind.code == 1040


@pytest.mark.parametrize("asked", [True, False])
def test_exit_is_an_error_unless_shutdown_came_first(asked):
    world = World()
    if asked:
        world.supervisor.shutdown("drain", 600, world.now)
    world.supervisor.exit(world.now)

    assert world.supervisor.lifecycle.exit_code == (0 if asked else 1)


def test_a_question_under_way_is_answered_when_stdin_ends():
    world = World()
    reply = FakeReply()
    params = DocumentInfoParams(document=DocumentParams(path="/a.pdf"))
    world.supervisor.describe(params, reply, world.now)
    world.supervisor.on_host_closed(broken=False, now=world.now)
    world.answer_checks()
    world.count(7)

    assert reply.result.page_count == 7
    bury_all(world)
    assert phase(world) is Phase.STOPPED


def test_a_question_that_takes_too_long_is_cancelled_when_stdin_ends():
    world = World()
    reply = FakeReply()
    params = DocumentInfoParams(document=DocumentParams(path="/a.pdf"))
    world.supervisor.describe(params, reply, world.now)
    world.answer_checks()
    world.supervisor.on_host_closed(broken=False, now=world.now)
    world.advance(1.0)

    assert reply.error.kind.code == -32800


def test_workers_are_asked_then_terminated_then_killed():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    world.supervisor.leave(ExitCode.SIGTERM, world.now)
    assert [order for _, order in world.workers.sent if order == wire.Shutdown()]
    assert len(world.workers.ended_input) == 2

    world.advance(0.3)
    assert len(world.workers.terminated) == 2
    world.advance(0.3)
    assert set(world.workers.terminated) <= set(world.workers.killed)


def test_a_question_whose_inspector_dies_is_asked_once_more_and_then_fails():
    world = World()
    reply = FakeReply()
    params = DocumentInfoParams(document=DocumentParams(path="/a.pdf"))
    world.supervisor.describe(params, reply, world.now)
    world.answer_checks()
    for _ in range(2):
        world.start_workers()
        world.accept(world.supervisor.pool.inspector)
        world.die(world.supervisor.pool.inspector)

    assert reply.error.kind.name == "worker_crashed"


def test_a_question_that_takes_too_long_ends_the_inspector_and_fails():
    world = World()
    reply = FakeReply()
    params = DocumentInfoParams(document=DocumentParams(path="/a.pdf"))
    world.supervisor.describe(params, reply, world.now)
    world.answer_checks()
    world.start_workers()
    world.accept(world.supervisor.pool.inspector)
    world.advance(11)

    assert reply.error.data["which"] == "inspect"
    assert world.workers.killed == [world.supervisor.pool.inspector.worker_id]


def test_a_hosts_question_goes_before_the_counting_of_a_batch():
    world = World()
    world.submit("/a.pdf", "/b.pdf", "/c.pdf")
    reply = FakeReply()
    params = DocumentInfoParams(document=DocumentParams(path="/q.pdf"))
    world.supervisor.describe(params, reply, world.now)
    world.answer_checks()
    # Nothing was handed to the inspector before it was up.
    world.count(1)

    assert reply.result is not None


def test_a_file_system_that_hangs_does_not_keep_the_daemon():
    world = World()
    reply = world.submit("/mnt/a.pdf", check=False)
    world.supervisor.on_host_closed(broken=False, now=world.now)
    world.advance(10)

    assert reply.error.kind.name == "cancelled"
    assert phase(world) is Phase.STOPPED
