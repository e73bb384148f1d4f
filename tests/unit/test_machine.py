"""What of the machine is used: containers, cores, and what background jobs leave to others."""

import os
from dataclasses import replace
from types import SimpleNamespace

import pytest

from daemon import cgroups, hardware, machine_probe
from daemon.background_share import LOW_MEMORY_BYTES, share_of
from daemon.events import MachineSampled
from daemon.machine_probe import MachineProbe
from daemon.machine_watch import ANSWER_S, SAMPLE_S
from tests.fakes import FACTS, QUIET, FakeReply, World
from tests.unit.test_supervisor_jobs import ledger, run_to_the_end

FOUR = replace(FACTS, cpu_count=4, cpu_usable=4, cpu_physical=4, workers=4)
GIB = 1024**3
PLENTY = SimpleNamespace(total=64 * GIB, available=32 * GIB)


def tree(folder, files):
    """Files by name, as a file system of control groups has them."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    ours = folder / "ours"
    return {"root": folder, "ours": ours}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"ours": "0::/\n", "cpu.max": "max 100000\n"}, None),
        ({"ours": "0::/\n", "cpu.max": "150000 100000\n"}, 1.5),
        # Of a service in a slice, each with a quota, the tighter one.
        (
            {
                "ours": "0::/app.slice/us.service\n",
                "app.slice/cpu.max": "200000 100000\n",
                "app.slice/us.service/cpu.max": "400000 100000\n",
            },
            2.0,
        ),
        # A container without a name space of its own sees a path that is not there.
        ({"ours": "0::/docker/abc\n", "cpu.max": "300000 100000\n"}, 3.0),
        # The first version, on its own and beside the second.
        (
            {
                "ours": "3:cpu,cpuacct:/docker/abc\n2:memory:/\n0::/\n",
                "cpu/docker/abc/cpu.cfs_quota_us": "50000\n",
                "cpu/docker/abc/cpu.cfs_period_us": "100000\n",
            },
            0.5,
        ),
        (
            {
                "ours": "3:cpu:/\n",
                "cpu/cpu.cfs_quota_us": "-1\n",
                "cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
        ({"ours": "0::/\n", "cpu.max": "0 0\n"}, None),
        ({"ours": "0::/\n", "cpu.max": "nonsense\n"}, None),
    ],
)
def test_the_tightest_quota_of_any_group_above_us_counts(tmp_path, files, expected):
    assert cgroups.cpu_quota(**tree(tmp_path, files)) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"ours": "0::/\n", "memory.max": "max\n", "memory.current": "5\n"}, None),
        (
            {
                "ours": "0::/a\n",
                "a/memory.max": f"{4 * GIB}\n",
                "a/memory.current": f"{3 * GIB}\n",
                "a/memory.stat": f"anon {GIB}\ninactive_file {2 * GIB}\n",
            },
            cgroups.Memory(4 * GIB, 3 * GIB),
        ),
        (
            {
                "ours": "0::/a/b\n",
                "a/memory.max": f"{2 * GIB}\n",
                "a/memory.current": f"{2 * GIB}\n",
                "a/b/memory.max": f"{3 * GIB}\n",
                "a/b/memory.current": f"{GIB}\n",
            },
            cgroups.Memory(2 * GIB, 0),
        ),
        (
            {
                "ours": "4:memory:/x\n",
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
                "memory/memory.usage_in_bytes": f"{GIB}\n",
                "memory/x/memory.limit_in_bytes": f"{GIB}\n",
                "memory/x/memory.usage_in_bytes": f"{GIB // 2}\n",
                "memory/x/memory.stat": f"total_inactive_file {GIB // 4}\n",
            },
            cgroups.Memory(GIB, GIB - GIB // 4),
        ),
    ],
)
def test_the_tightest_memory_limit_counts_and_caches_do_not(tmp_path, files, expected):
    assert cgroups.memory(16 * GIB, **tree(tmp_path, files)) == expected


def test_a_quota_and_a_memory_limit_make_fewer_workers(monkeypatch):
    monkeypatch.setattr(hardware, "_affinity", lambda count: frozenset(range(6)))
    monkeypatch.setattr(cgroups, "cpu_quota", lambda: None)
    monkeypatch.setattr(cgroups, "memory", lambda total: cgroups.Memory(64 * GIB, 32 * GIB))
    monkeypatch.setattr(hardware.psutil, "virtual_memory", lambda: PLENTY)
    everything = hardware.survey(None)
    monkeypatch.setattr(cgroups, "cpu_quota", lambda: 3.7)
    by_quota = hardware.survey(None)
    monkeypatch.setattr(cgroups, "memory", lambda total: cgroups.Memory(4 * GIB, int(2.75 * GIB)))
    by_memory = hardware.survey(None)

    assert (everything.workers, everything.reason) == (6, "One for each of 6 usable processor(s).")
    assert (by_quota.cpu_usable, by_quota.workers) == (3, 3)
    assert (by_memory.workers, by_memory.memory_bytes) == (2, 4 * GIB)
    assert by_memory.reason == "2816 MiB of memory were available, and a worker takes 819."
    assert hardware.survey(5).workers == 5


def test_two_threads_of_a_core_are_one_core(tmp_path):
    for number, siblings in enumerate(("0,2", "1,3", "0,2", "1,3")):
        path = tmp_path / f"cpu{number}/topology/thread_siblings_list"
        path.parent.mkdir(parents=True)
        path.write_text(siblings)

    assert hardware._physical_cores(frozenset(range(4)), tmp_path) == 2
    assert hardware._physical_cores(frozenset({0, 2}), tmp_path) == 1


@pytest.mark.parametrize(
    ("facts", "sample", "slots", "reason"),
    [
        (FOUR, None, 4, "every worker"),
        (FOUR, QUIET, 4, "every worker"),
        (replace(FOUR, cpu_physical=2), None, 2, "physical core"),
        (replace(FOUR, cpu_physical=None), None, 4, "every worker"),
        (FOUR, replace(QUIET, on_battery=True), 1, "battery"),
        (FOUR, replace(QUIET, on_battery=None), 4, "every worker"),
        (FOUR, replace(QUIET, foreign_load=0.4), 4, "every worker"),
        (FOUR, replace(QUIET, foreign_load=0.6), 3, "keep 0.6 of 4 processors busy"),
        (FOUR, replace(QUIET, foreign_load=4.2), 1, "other programs"),
        (FOUR, replace(QUIET, foreign_load=None), 4, "every worker"),
        (FOUR, replace(QUIET, memory_available_bytes=LOW_MEMORY_BYTES - 1), 1, "1023 MiB"),
        (replace(FOUR, workers=1), replace(QUIET, on_battery=True), 1, "every worker"),
        # Processors that a container may not use are no reason to leave it more.
        (replace(FOUR, cpu_count=64), replace(QUIET, foreign_load=30.0), 4, "every worker"),
    ],
)
def test_background_jobs_use_the_least_that_anything_allows(facts, sample, slots, reason):
    share = share_of(facts, sample)

    assert share.slots == slots
    assert reason in share.reason


def reading(world):
    """How many pages of background jobs and of others are read at this moment."""
    tasks = [slot.task for slot in world.busy_slots()]
    n_background = sum(task.is_background for task in tasks)
    return n_background, len(tasks) - n_background


def test_on_battery_one_background_page_is_read_at_a_time_and_other_jobs_have_all_slots():
    world = World(n_slots=4)
    world.submit("/a.pdf", priority="background")
    world.look(on_battery=True)
    world.count(6)
    assert reading(world) == (1, 0)
    assert len({slot for _, slot, _ in world.workers.spawned}) == 2, "and the inspector"

    world.submit("/b.pdf")
    world.count(6)
    assert reading(world) == (1, 3)
    run_to_the_end(world)
    assert [terminal.state for terminal in world.host.terminals] == ["succeeded"] * 2


def test_background_jobs_get_their_slots_back_when_others_have_calmed_down():
    world = World(n_slots=4)
    world.submit("/a.pdf", priority="background")
    world.look(foreign_load=7.9)
    world.count(6)
    assert reading(world) == (1, 0)

    world.advance(SAMPLE_S)
    world.look()
    world.start_workers()
    assert reading(world) == (4, 0)


def test_a_machine_that_gets_busy_interrupts_no_page_and_loses_none():
    world = World(n_slots=4)
    world.submit("/a.pdf", priority="background")
    world.look()
    world.count(6)
    assert reading(world) == (4, 0)

    world.advance(SAMPLE_S)
    world.look(on_battery=True)
    assert reading(world) == (4, 0)
    world.finish_page(world.busy_slots()[0])
    assert reading(world) == (3, 0)
    run_to_the_end(world)
    assert ledger(world) == {"recognized": 6}
    assert world.workers.killed == []


def test_the_machine_is_looked_at_only_while_there_are_background_jobs():
    world = World()
    world.submit("/a.pdf")
    world.count(1)
    world.advance(3 * SAMPLE_S)
    assert world.machine.asked == []

    world.submit("/b.pdf", priority="background")
    world.count(1)
    world.advance(2 * SAMPLE_S)
    assert len(world.machine.asked) == 3
    assert 4001 in world.machine.asked[-1], "our workers are not others"
    run_to_the_end(world)
    world.advance(SAMPLE_S)
    world.look()
    world.advance(3 * SAMPLE_S)
    assert world.machine.asked == []


def test_the_hardware_is_told_as_it_is_when_the_machine_has_been_looked_at():
    world, reply = World(n_slots=4), FakeReply()
    world.supervisor.tell_hardware(reply, world.now)
    assert not reply.is_settled
    world.look(on_battery=True, battery_percent=70.555, load_average=1.5, foreign_load=0.25)

    told = reply.result
    assert (told.workers, told.background_workers) == (4, 1)
    assert (told.on_battery, told.battery_percent, told.load_average) == (True, 70.56, 1.5)
    for reason in (told.reason, told.threads_reason, told.background_reason):
        assert reason.endswith(".")


def test_a_machine_that_does_not_tell_holds_up_no_answer():
    world, reply = World(), FakeReply()
    world.supervisor.tell_hardware(reply, world.now)
    world.advance(ANSWER_S)

    assert reply.result.memory_available_bytes == FACTS.memory_available_bytes
    assert reply.result.on_battery is None


def test_a_question_for_the_hardware_can_be_cancelled_and_is_not_left_open():
    world = World()
    first, second = FakeReply(request_id=1), FakeReply(request_id=2)
    for reply in (first, second):
        world.supervisor.tell_hardware(reply, world.now)
    world.supervisor.cancel_request(1, world.now)
    assert first.error.kind.name == "cancelled"

    world.supervisor.leave(0, world.now)
    world.advance(ANSWER_S)
    assert second.error.kind.name == "cancelled"
    third = FakeReply()
    world.supervisor.tell_hardware(third, world.now)
    assert third.result.workers == 2, "it is told until the daemon is gone"


def test_a_sample_counts_what_others_do_and_not_what_we_do(monkeypatch):
    us, worker = os.getpid(), 4001
    clock, busy, used = [100.0], [50.0], {us: 1.0, worker: 0.0}
    monkeypatch.setattr(machine_probe, "_busy_s", lambda: busy[0])
    monkeypatch.setattr(machine_probe, "_cpu_s", lambda pid: used[pid])
    monkeypatch.setattr(machine_probe, "read_clock", lambda: Now(clock[0]))
    probe = MachineProbe(lambda event: None)

    clock[0], busy[0], used[us], used[worker] = 110.0, 70.0, 2.0, 9.0
    assert probe._take((worker,)).foreign_load == pytest.approx(1.0)
    clock[0] = 110.1
    assert probe._take((worker,)).foreign_load == pytest.approx(1.0), "too soon to tell"
    clock[0], busy[0], used[worker] = 120.0, 79.0, 18.0
    assert probe._take((worker,)).foreign_load == pytest.approx(0.0)


class Now:
    """An instant, as far as the probe looks at it."""

    def __init__(self, monotonic):
        self.monotonic = monotonic


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, (False, None)),
        ((71.2, False), (True, 71.2)),
        ((100.4, True), (False, 100.0)),
        ((50, None), (None, 50.0)),
    ],
)
def test_a_battery_is_told_as_far_as_the_system_knows_it(monkeypatch, told, expected):
    battery = told and SimpleNamespace(percent=told[0], power_plugged=told[1])
    monkeypatch.setattr(machine_probe.psutil, "sensors_battery", lambda: battery)
    assert machine_probe.battery() == expected


def test_a_driver_that_tells_nonsense_costs_no_daemon(monkeypatch):
    def fail():
        raise ZeroDivisionError

    monkeypatch.setattr(machine_probe.psutil, "sensors_battery", fail)
    assert machine_probe.battery() == (None, None)


def test_a_real_machine_is_looked_at_on_a_thread_of_its_own():
    events = machine_probe.SimpleQueue()
    MachineProbe(events.put).sample([os.getpid()])

    sampled = events.get(timeout=10)
    assert isinstance(sampled, MachineSampled)
    assert sampled.sample.memory_available_bytes > 0
