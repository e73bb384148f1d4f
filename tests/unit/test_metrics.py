"""What is counted: rates and quantiles on their own, then what the owner feeds them."""

import pytest

from daemon.events import HostClosed, LinesReceived, LogWritten
from daemon.metrics import MAX_SAMPLES, WINDOW_S, Durations, Rate
from ocr_worker import wire
from tests.fakes import World
from tests.unit.test_event_loop import Loop

NO_RESTARTS = {
    "crash": 0,
    "start_failed": 0,
    "timeout": 0,
    "silence": 0,
    "cancel": 0,
    "recycle": 0,
    "requested": 0,
}


def restarts(world):
    """The causes that occurred."""
    return {cause: n for cause, n in world.supervisor.metrics.restarts().items() if n}


def pages(world):
    return world.supervisor.metrics.pages(world.supervisor.book.active)


def errors(world):
    return world.supervisor.metrics.errors(world.supervisor.book.active)


def running(world, n_pages, **options):
    """A job of so many pages, its first ones in slots."""
    world.submit("/a.pdf", **options)
    world.count(n_pages)
    return world


def test_a_rate_is_over_the_window_and_what_is_older_is_forgotten():
    rate = Rate()
    for second in range(1000):
        for _ in range(3):
            rate.add(second + 0.5)

    assert rate.per_second(1000.0) == pytest.approx(3.0, rel=0.05)
    assert rate.per_second(1000.0 + WINDOW_S) == 0.0


def test_a_rate_keeps_one_number_a_second_however_much_happens():
    rate = Rate()
    for n in range(100_000):
        rate.add(n / 1000)

    assert len(rate._seconds) <= WINDOW_S + 1
    assert rate.per_second(100.0) == pytest.approx(1000, rel=0.05)


def test_a_rate_that_has_just_begun_is_not_thinned_by_time_that_was_not():
    rate = Rate()
    assert rate.per_second(500.0) == 0.0
    for n in range(20):
        rate.add(500.0 + n / 2)

    assert rate.per_second(510.0) == 2.0


def test_one_event_in_the_first_instant_is_not_a_thousand_a_second():
    rate = Rate()
    rate.add(7.0)

    assert rate.per_second(7.001) == 1.0


def test_quantiles_are_samples_that_were_seen():
    durations = Durations()
    for n in range(1, 101):
        durations.add(float(n))

    summary = durations.summary()
    assert (summary.p50, summary.p95, summary.p99, summary.n) == (50.0, 95.0, 99.0, 100)


def test_quantiles_of_one_sample_are_that_sample_and_of_none_are_null():
    durations = Durations()
    assert (durations.summary().p50, durations.summary().n) == (None, 0)
    durations.add(0.5)

    assert (durations.summary().p50, durations.summary().p99) == (0.5, 0.5)


def test_only_the_last_samples_count():
    durations = Durations()
    for n in range(MAX_SAMPLES + 1):
        durations.add(1000.0 if n == 0 else 1.0)

    assert (durations.summary().p99, durations.summary().n) == (1.0, MAX_SAMPLES)


def test_pages_are_counted_by_state_while_the_job_runs_and_once_when_it_is_over():
    world = running(World(n_slots=1), 3)
    world.finish_page(world.busy_slots()[0])
    assert pages(world).recognized == 1

    world.finish_page(world.busy_slots()[0], state="empty", text="")
    world.finish_page(world.busy_slots()[0])
    world.supervisor.runner.forget(next(iter(world.supervisor.book)))

    counts = pages(world)
    assert (counts.recognized, counts.empty, counts.failed) == (2, 1, 0)
    assert world.supervisor.metrics.pages_per_min(world.now.monotonic) == 180.0


def test_cancelled_pages_are_counted_too_those_that_were_never_tried_included():
    world = running(World(n_slots=1), 3)
    world.supervisor.cancel(next(iter(world.supervisor.book)), world.now)

    assert pages(world).cancelled == 3
    assert errors(world) == {}


def test_a_failed_page_is_an_error_of_its_kind_and_its_document_no_second_one():
    world = running(World(n_slots=1), 1)
    world.accept(world.busy_slots()[0])
    world.fail_page(world.busy_slots()[0])

    assert errors(world) == {"recognition_failed": 1}


def test_a_document_that_cannot_be_opened_is_an_error_of_its_kind():
    world = World()
    world.submit("/a.pdf")
    world.start_workers()
    inspector = world.supervisor.pool.inspector
    world.accept(inspector)
    world.fail_page(inspector, "document_unreadable")

    assert errors(world) == {"document_unreadable": 1}


def test_a_refused_request_is_an_error_of_its_kind():
    world = World()
    world.supervisor.metrics.on_refusal("parse_error")
    world.supervisor.metrics.on_refusal("parse_error")

    assert errors(world) == {"parse_error": 2}


def test_stages_are_measured_from_counted_to_handed_out_by_the_worker_and_for_outputs():
    world = World(n_slots=1)
    world.submit("/a.pdf", outputs=("text",))
    world.count(2)
    slot = world.busy_slots()[0]
    world.accept(slot)
    world.advance(3)
    page = wire.Page(
        page=1,
        state="recognized",
        text="",
        width_pt=1,
        height_pt=1,
        seconds={"render": 0.5, "recognize": 2.0, "unheard_of": 1.0},
    )
    world.say(slot, wire.Recognized(task=slot.task_id, page=page))
    world.finish_page(slot)
    world.accept(slot)
    world.advance(0.25)
    world.say(slot, wire.Assembled(task=slot.task_id))

    latencies = world.supervisor.metrics.latencies()
    assert (latencies.queue.n, latencies.queue.p50, latencies.queue.p99) == (2, 0.0, 3.0)
    assert (latencies.render.n, latencies.render.p50) == (1, 0.5)
    assert (latencies.recognize.n, latencies.recognize.p50) == (1, 2.0)
    assert (latencies.assemble.n, latencies.assemble.p50) == (1, 0.25)


def test_a_page_that_is_tried_again_has_waited_once():
    world = running(World(n_slots=1), 1)
    for _ in range(2):
        slot = world.busy_slots()[0]
        world.accept(slot)
        world.die(slot)
        world.start_workers()

    assert world.supervisor.metrics.latencies().queue.n == 1


def test_no_restart_is_counted_as_long_as_nothing_happens():
    assert World().supervisor.metrics.restarts() == NO_RESTARTS


def test_a_crash_is_a_restart_and_so_is_a_worker_that_cannot_start():
    world = running(World(n_slots=1), 1)
    world.accept(world.busy_slots()[0])
    world.die(world.busy_slots()[0])
    world.die(world.supervisor.pool.slots[1])

    assert restarts(world) == {"crash": 1, "start_failed": 1}


def test_a_worker_that_never_becomes_ready_has_failed_to_start():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.advance(61)
    for slot in world.supervisor.pool.slots:
        world.die(slot)

    assert restarts(world) == {"start_failed": 2}


def test_a_page_that_ran_out_of_time_restarts_its_worker():
    world = running(World(n_slots=1), 1, page_timeout_s=5, silence_timeout_s=60)
    slot = world.busy_slots()[0]
    world.accept(slot)
    world.advance(6)
    world.die(slot)

    assert restarts(world) == {"timeout": 1}


def test_a_worker_that_does_not_leave_a_cancelled_page_is_restarted():
    world = running(World(n_slots=1), 1)
    slot = world.busy_slots()[0]
    world.accept(slot)
    world.supervisor.cancel(next(iter(world.supervisor.book)), world.now)
    world.advance(1)
    world.die(slot)

    assert restarts(world) == {"cancel": 1}


def test_a_cancelled_page_that_is_left_in_time_costs_no_restart():
    world = running(World(n_slots=1), 1)
    slot = world.busy_slots()[0]
    world.accept(slot)
    world.supervisor.cancel(next(iter(world.supervisor.book)), world.now)
    world.say(slot, wire.Stopped(task=slot.task_id))

    assert restarts(world) == {}


def test_workers_that_end_because_the_daemon_leaves_are_no_restarts():
    world = running(World(n_slots=1), 1)
    world.supervisor.shutdown("now", 0, world.now)
    for slot in world.supervisor.pool.slots:
        if slot.is_up:
            world.die(slot, code=0, signal=None)

    assert restarts(world) == {}


def test_events_are_counted_by_the_loop():
    loop = Loop()
    events = [LogWritten("info", "a"), LinesReceived([b"{}"]), HostClosed(broken=False)]
    loop.run(*events)

    metrics = loop.world.supervisor.metrics
    assert metrics.events_per_s(metrics._events._began_at) >= len(events)
