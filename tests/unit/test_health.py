"""Asking how the daemon is: every order of pongs, workers that do not answer, deaths while asked.

And what is done about it: slots that gave up are given back, living workers replaced.
"""

from itertools import permutations

import pytest
from msgspec import UNSET

from daemon.checkups import ANSWER_TIMEOUT_S
from daemon.config import Config
from daemon.errors import RpcError
from daemon.events import WorkerGone, WorkerSaid
from daemon.job_runner import MAX_BACKLOG_BYTES
from daemon.worker_slot import SlotState
from ocr_worker import wire
from tests.fakes import FakeReply, World


def check(world, *, deep=False, request_id=None):
    """Ask; the workers answer when the test says so."""
    reply = FakeReply(request_id=request_id)
    world.deaf.update(slot.worker_id for slot in world.supervisor.pool.slots if slot.is_up)
    world.supervisor.checkups.check(deep, reply, world.now.monotonic)
    return reply


def awake(n_slots=2):
    """A world whose workers are all up: the inspector and every OCR slot, each with a page."""
    world = World(n_slots=n_slots)
    world.submit("/a.pdf")
    world.count(10)
    assert all(slot.is_ready for slot in world.supervisor.pool.slots)
    return world


def pings(world):
    return [(to, order.token) for to, order in world.workers.sent if isinstance(order, wire.Ping)]


def pong(world, worker_id, token):
    world.handle(WorkerSaid(worker_id, wire.Pong(token=token, progress=0)))


def kinds(reply):
    return [problem.kind for problem in reply.result.problems]


def responsive(reply):
    """By slot, where it was asked."""
    rows = reply.result.workers
    return {row.slot: row.responsive for row in rows if isinstance(row.responsive, bool)}


def give_up(world, number):
    """Let a slot's worker die until the slot has no budget left."""
    slot = world.supervisor.pool.slots[number]
    for _ in range(4):
        if not slot.is_up:
            world.supervisor.pool.start(slot, None, world.now.monotonic)
        world.die(slot)
        world.advance(10)
    assert slot.state is SlotState.ERROR
    return slot


def test_a_daemon_without_workers_is_well():
    world = World(n_slots=2)
    reply = check(world, deep=True)

    assert (reply.result.status, kinds(reply)) == ("ok", [])
    assert [(row.slot, row.state) for row in reply.result.workers] == [
        (0, "stopped"),
        (1, "stopped"),
        (2, "stopped"),
    ]
    assert responsive(reply) == {}


def test_a_shallow_check_asks_nobody_and_is_answered_at_once():
    world = awake()
    reply = check(world)

    assert reply.result.status == "ok"
    assert responsive(reply) == {}
    assert pings(world) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_deep_check_is_answered_once_all_pongs_are_in_whatever_their_order(order):
    world = awake()
    reply = check(world, deep=True)
    asked = pings(world)

    for index in order:
        assert not reply.is_settled
        pong(world, *asked[index])
    assert reply.result.status == "ok"
    assert responsive(reply) == {0: True, 1: True, 2: True}


def test_a_worker_that_does_not_answer_in_time_makes_the_daemon_degraded():
    world = awake()
    reply = check(world, deep=True)
    silent = world.supervisor.pool.slots[1].worker_id
    for worker_id, token in pings(world):
        if worker_id != silent:
            pong(world, worker_id, token)

    assert not reply.is_settled
    world.advance(ANSWER_TIMEOUT_S)

    assert reply.result.status == "degraded"
    assert responsive(reply) == {0: True, 1: False, 2: True}
    assert kinds(reply) == ["worker_unresponsive"]


def test_a_pong_that_comes_after_the_answer_changes_nothing():
    world = awake()
    reply = check(world, deep=True)
    world.advance(ANSWER_TIMEOUT_S)
    status = reply.result.status
    for worker_id, token in pings(world):
        pong(world, worker_id, token)

    assert reply.result.status == status == "degraded"


def test_a_pong_to_somebody_elses_ping_is_no_answer_to_ours():
    world = awake(n_slots=1)
    inspector, slot = (slot.worker_id for slot in world.supervisor.pool.slots)
    world.deaf.add(inspector)
    world.advance(Config().heartbeat_s)
    ((heartbeat_to, heartbeat),) = pings(world)
    assert heartbeat_to == inspector
    reply = check(world, deep=True)
    pong(world, slot, dict(pings(world))[slot])
    pong(world, inspector, heartbeat)

    assert not reply.is_settled


def test_a_worker_that_is_starting_is_not_asked():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    reply = check(world, deep=True)

    assert reply.result.status == "ok"
    assert responsive(reply) == {}


def outcomes(world):
    """What may become of the two OCR workers while they are asked, each a function."""
    inspector, first, second = (slot.worker_id for slot in world.supervisor.pool.slots)
    tokens = dict(pings(world))
    return {
        "pong": lambda: pong(world, first, tokens[first]),
        "death": lambda: world.handle(WorkerGone(second, None, 9)),
        "inspector": lambda: pong(world, inspector, tokens[inspector]),
        "time": lambda: world.advance(ANSWER_TIMEOUT_S),
    }


@pytest.mark.parametrize("order", list(permutations(["pong", "death", "inspector", "time"])))
def test_a_check_is_answered_once_in_every_order_of_pongs_death_and_time(order):
    world = awake()
    reply = check(world, deep=True)
    happens = outcomes(world)
    for what in order:
        happens[what]()

    before_time = order[: order.index("time")]
    assert reply.is_settled
    expected = {0: "inspector" in before_time, 1: "pong" in before_time}
    # The dead one's successor was not asked; a living one that has not answered is told as such.
    if "death" not in before_time:
        expected[2] = False
    assert responsive(reply) == expected


def test_the_death_of_the_last_that_was_awaited_is_an_answer_too():
    world = awake(n_slots=1)
    reply = check(world, deep=True)
    tokens = dict(pings(world))
    inspector, slot = world.supervisor.pool.slots
    pong(world, inspector.worker_id, tokens[inspector.worker_id])
    world.die(slot)

    assert reply.is_settled
    assert responsive(reply) == {0: True}


def test_two_checks_at_once_are_answered_each_by_its_own_pongs():
    world = awake(n_slots=1)
    first = check(world, deep=True)
    to_first = pings(world)
    second = check(world, deep=True)
    to_second = pings(world)[len(to_first) :]

    for each in to_second:
        pong(world, *each)
    assert (first.is_settled, second.is_settled) == (False, True)
    for each in to_first:
        pong(world, *each)
    assert first.result.status == second.result.status == "ok"


def test_a_slot_that_gave_up_makes_the_daemon_degraded_and_the_last_one_failed():
    world = World(n_slots=2)
    give_up(world, 1)
    degraded = check(world)
    give_up(world, 2)
    failed = check(world)

    assert (degraded.result.status, kinds(degraded)) == ("degraded", ["worker_unavailable"])
    assert failed.result.status == "failed"
    assert kinds(failed) == ["workers_unavailable", "worker_unavailable", "worker_unavailable"]


def test_without_an_inspector_no_document_can_be_opened():
    world = World(n_slots=1)
    for _ in range(4):
        world.submit("/a.pdf")
        world.die(world.supervisor.pool.inspector)
        world.advance(10)
    reply = check(world)

    assert reply.result.status == "failed"
    assert "inspector_unavailable" in kinds(reply)


def test_a_host_that_does_not_read_is_a_problem():
    world = World()
    world.host.backlog_bytes = MAX_BACKLOG_BYTES + 1
    reply = check(world)

    assert (reply.result.status, kinds(reply)) == ("degraded", ["host_not_reading"])


def test_a_check_that_is_under_way_when_the_daemon_leaves_is_answered_before_it_is_gone():
    world = awake(n_slots=1)
    reply = check(world, deep=True)
    world.supervisor.shutdown("now", 0, world.now)
    assert not reply.is_settled
    world.advance(1)

    assert reply.error.kind.name == "cancelled"
    world.advance(5)


def test_a_check_can_be_cancelled_by_the_request_that_asked():
    world = awake(n_slots=1)
    kept, cancelled = check(world, deep=True, request_id=1), check(world, deep=True, request_id="1")
    world.supervisor.cancel_request("1", world.now)

    assert cancelled.error.kind.name == "cancelled"
    assert not kept.is_settled


def restart(world, *numbers):
    pool = world.supervisor.pool
    slots = [pool.slots[number] for number in numbers] if numbers else pool.slots
    world.supervisor.restart(slots, world.now)


def test_a_slot_that_gave_up_is_given_back_and_filled_when_there_is_work():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(2)
    slot = give_up(world, 1)
    assert world.host.terminals[0].error.data.kind == "workers_unavailable"
    restart(world, 1)
    assert (slot.state, slot.message) == (SlotState.STOPPED, None)

    world.submit("/b.pdf")
    world.count(1)
    world.finish_page(world.busy_slots()[0])
    assert [terminal.state for terminal in world.host.of("job/result")] == ["succeeded"]


def test_a_backoff_is_cut_short():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    slot = world.supervisor.pool.slots[1]
    world.die(slot)
    n_spawned = len(world.workers.spawned)
    assert not slot.is_up
    restart(world, 1)

    assert slot.is_up
    assert len(world.workers.spawned) == n_spawned + 1
    assert slot.policy.deaths == 0
    world.start_workers()
    world.advance(1)
    assert slot.is_ready
    assert slot.state is not SlotState.STOPPED


def test_an_idle_worker_is_replaced_by_one_that_is_ready():
    world = awake(n_slots=1)
    inspector = world.supervisor.pool.inspector
    old = inspector.worker_id
    restart(world, 0)
    successor, slot, _ = world.workers.spawned[-1]
    assert (slot, inspector.worker_id) == (0, old)
    world.handle(WorkerSaid(successor, wire.Ready()))

    assert inspector.worker_id == successor
    assert old in world.workers.ended_input
    assert world.supervisor.metrics.restarts()["requested"] == 1


def test_a_busy_worker_is_replaced_after_its_page():
    world = awake(n_slots=1)
    slot = world.supervisor.pool.slots[1]
    old = slot.worker_id
    restart(world, 1)
    successor = world.workers.spawned[-1][0]
    world.handle(WorkerSaid(successor, wire.Ready()))
    assert (slot.worker_id, slot.state) == (old, SlotState.RUNNING)
    world.finish_page(slot)

    assert slot.worker_id == successor
    assert [page.state for page in world.host.of("job/page")] == ["recognized"]
    assert slot.state is SlotState.RUNNING


def test_without_a_slot_all_are_restarted():
    world = awake(n_slots=2)
    n_spawned = len(world.workers.spawned)
    restart(world)

    assert sorted(slot for _, slot, _ in world.workers.spawned[n_spawned:]) == [0, 1, 2]


def test_a_restart_that_is_asked_twice_happens_once():
    world = awake(n_slots=1)
    n_spawned = len(world.workers.spawned)
    restart(world, 1)
    restart(world, 1)

    assert len(world.workers.spawned) == n_spawned + 1


def test_a_worker_that_leaves_for_want_of_work_takes_its_successor_along():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    world.finish_page(world.busy_slots()[0])
    slot = world.supervisor.pool.slots[1]
    world.advance(Config().idle_timeout_s - 1)
    restart(world, 1)
    successor = slot.successor_id
    world.advance(1)

    assert (slot.state, slot.successor_id) == (SlotState.STOPPED, None)
    assert successor in world.workers.ended_input


def test_nothing_is_restarted_while_the_daemon_leaves():
    world = awake(n_slots=1)
    world.supervisor.shutdown("now", 0, world.now)
    world.advance(0.3)
    n_spawned = len(world.workers.spawned)
    restart(world)

    assert len(world.workers.spawned) == n_spawned


def lost_page_error(world):
    """Let the only attempt at a page end with its worker; return the error that is told."""
    slot = world.busy_slots()[0]
    world.accept(slot)
    assert slot.worker_id is not None
    world.handle(WorkerGone(slot.worker_id, None, 9, "id", "last words"))
    return world.host.of("job/page")[0].error


@pytest.mark.parametrize("wanted", [False, True])
def test_a_dead_workers_last_words_are_told_only_to_a_host_that_asked(wanted):
    world = World(n_slots=1)
    world.supervisor.tells_stderr = wanted
    world.submit("/a.pdf", max_attempts=1)
    world.count(1)
    error = lost_page_error(world)

    assert error.data.stderr_tail == ("last words" if wanted else UNSET)
    assert error.message == "The worker was killed, perhaps out of memory."


def test_a_death_by_another_signal_or_an_exit_code_is_told_as_such():
    from daemon.reports import how_it_ended

    gone = [WorkerGone("w", None, 11), WorkerGone("w", 3), WorkerGone("w")]
    assert [how_it_ended(event, is_unasked=True) for event in gone] == [
        "died of signal 11",
        "ended with exit code 3",
        "could not be started",
    ]
    assert how_it_ended(WorkerGone("w", None, 9), is_unasked=False) == "died of signal 9"


def test_the_error_of_a_check_that_failed_is_the_one_given():
    world = awake(n_slots=1)
    reply = check(world, deep=True)
    world.supervisor.checkups.fail_questions(RpcError("cancelled", "Gone."))
    world.advance(ANSWER_TIMEOUT_S)

    assert reply.error.message == "Gone."
