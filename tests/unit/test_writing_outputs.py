"""Outputs being written: how far that is, for how long it may go on, what is told of it."""

import pytest

from daemon import assembling
from ocr_worker import control, wire
from ocr_worker.control import Control
from ocr_worker.errors import TaskStopped
from tests.fakes import World


def writing(n_pages=4, files=("/a.pdf",)):
    """Return a world in which the outputs of the last file are being written, and the slot."""
    world = World(n_slots=1)
    world.submit(*files, outputs=("searchable_pdf",))
    for _ in files:
        world.count(n_pages)
    for number in range(len(files)):
        for _ in range(n_pages):
            world.finish_page(world.busy_slots()[0])
        if number < len(files) - 1:
            world.finish_assembling(world.busy_slots()[0])
    (slot,) = world.busy_slots()
    world.accept(slot)
    world.advance(1)
    return world, slot


def tell(world, slot, share):
    world.say(slot, wire.Stage(task=slot.task_id, name="write", share=share))


def test_progress_says_which_file_is_written_and_how_far():
    world, slot = writing(files=("/a.pdf", "/b.pdf"))

    tell(world, slot, 0.5)

    told = world.host.of("job/progress")[-1]
    assert told.message == "Writing outputs of file 2/2: b.pdf (page 2/4)"
    assert (told.document, told.file, told.page, told.page_count) == (1, "/b.pdf", None, 4)
    assert (told.current, told.total, told.percent) == (8, 8, 100.0)


def test_the_message_counts_the_pages_that_are_in_the_file():
    world = World(n_slots=1)
    world.submit("/a.pdf", outputs=("text",))
    world.count(3)
    for _ in range(2):
        world.finish_page(world.busy_slots()[0])
    world.fail_page(world.busy_slots()[0])
    (slot,) = world.busy_slots()
    world.accept(slot)
    world.advance(1)

    tell(world, slot, 0.5)

    assert world.host.of("job/progress")[-1].message.endswith("a.pdf (page 1/2)")


def test_a_page_that_ends_is_told_again_in_place_of_what_is_written():
    world = World(n_slots=2)
    world.submit("/a.pdf", "/b.pdf", outputs=("text",))
    world.count(1)
    world.count(2)
    world.start_workers()
    first, second = world.busy_slots()
    world.finish_page(first)
    world.accept(first)
    world.advance(1)
    tell(world, first, 0.5)
    assert world.host.of("job/progress")[-1].message.startswith("Writing outputs of file 1/2")

    world.advance(1)
    world.finish_page(second)

    assert world.host.of("job/progress")[-1].message.startswith("Processing file 2/2")


def test_progress_of_writing_is_told_no_more_often_than_that_of_reading():
    world, slot = writing()
    n_before = len(world.host.of("job/progress"))

    for number in range(100):
        tell(world, slot, number / 100)

    assert len(world.host.of("job/progress")) == n_before + 1
    world.advance(1)
    assert len(world.host.of("job/progress")) == n_before + 2


def test_a_worker_that_gets_on_is_given_the_time_it_needs():
    world, slot = writing()

    for step in range(1, 6):
        world.advance(assembling.TIMEOUT_S - 10)
        tell(world, slot, step / 10)

    assert slot.worker_id not in world.workers.killed
    world.say(slot, wire.Assembled(task=slot.task_id))
    world.publish()
    assert world.host.terminals[0].state == "succeeded"


def test_a_worker_that_says_the_same_again_and_again_does_not_get_on():
    world, slot = writing()
    worker_id = slot.worker_id
    tell(world, slot, 0.5)

    for _ in range(3):
        world.advance(assembling.TIMEOUT_S / 2.5)
        if slot.worker_id == worker_id:
            tell(world, slot, 0.5 + assembling.MIN_ADVANCE / 10)

    assert worker_id in world.workers.killed
    error = world.host.terminals[0].error
    assert error.data.kind == "timeout"
    assert "did not get on" in error.message


def test_what_a_second_attempt_writes_counts_from_the_beginning():
    world, slot = writing()
    tell(world, slot, 0.9)
    world.die(slot)
    world.start_workers()
    (slot,) = world.busy_slots()
    world.accept(slot)
    world.advance(1)

    tell(world, slot, 0.25)

    assert world.host.of("job/progress")[-1].message.endswith("(page 1/4)")


def test_late_news_of_a_cancelled_writing_changes_nothing():
    world, slot = writing()
    task = slot.task_id
    (job,) = world.supervisor.book.active
    world.supervisor.cancel(job, world.now)
    n_before = len(world.host.of("job/progress"))

    world.say(slot, wire.Stage(task=task, name="write", share=0.9))
    world.advance(1)

    assert len(world.host.of("job/progress")) == n_before


def test_a_share_of_a_page_task_is_no_news():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    (slot,) = world.busy_slots()
    world.accept(slot)

    tell(world, slot, 0.5)

    assert world.host.of("job/progress") == []


def test_what_the_outputs_lack_is_told_with_their_document():
    world, slot = writing()
    world.say(slot, wire.Assembled(task=slot.task_id, warnings=("It was signed.",)))
    world.publish()

    (document,) = world.host.terminals[0].successful
    assert document.warnings == ("It was signed.",)


@pytest.fixture
def told(monkeypatch):
    """A worker's control with a clock that the test moves, and what it tells the daemon."""
    clock, messages = [100.0], []
    monkeypatch.setattr(control.time, "monotonic", lambda: clock[0])
    ours = Control(-1, -1)  # its threads, which would read and write, are not started
    monkeypatch.setattr(ours, "say", messages.append)
    return ours, clock, messages


def test_a_worker_tells_ten_times_a_second_at_most_how_far_it_is(told):
    ours, clock, messages = told

    for step in range(1000):
        ours.advance(1, "write", step / 1000)
        clock[0] += 0.001

    assert 8 <= len(messages) <= 10
    assert messages[0] == wire.Stage(task=1, name="write", share=messages[0].share)
    assert [one.share for one in messages] == sorted(one.share for one in messages)


def test_a_worker_that_is_done_at_once_tells_nothing_of_the_way(told):
    ours, clock, messages = told
    for task in range(1, 4):
        for share in (0.1, 0.5, 1.0):
            ours.advance(task, "write", share)
            clock[0] += 0.01

    assert messages == []


def test_a_worker_leaves_a_task_that_is_not_wanted_at_the_next_page(told):
    ours, _, _ = told
    ours.advance(7, "write", 0.1)
    ours._obey(wire.StopTask(task=7))

    with pytest.raises(TaskStopped):
        ours.advance(7, "write", 0.2)


def stages_told(ours, clock, messages, stages, *, task=1, every_s=0.01):
    """The names of the stages that are told, of those that are entered."""
    messages.clear()
    for stage in stages:
        ours.checkpoint(task, stage)
        clock[0] += every_s
    return [(one.task, one.name) for one in messages]


def test_the_stages_of_a_page_are_told_four_times_a_second_at_most(told):
    page = ["render", "detect", *["recognize"] * 98]

    assert stages_told(*told, page) == [(1, "recognize")] * 3


def test_a_page_that_is_read_at_once_tells_of_no_stage(told):
    page = ["render", "detect", "recognize"]

    assert [stages_told(*told, page, task=task) for task in (1, 2, 3)] == [[]] * 3


def test_a_worker_leaves_a_task_at_a_stage_that_is_not_told_either(told):
    ours, _, messages = told
    ours.checkpoint(7, "recognize")
    ours._obey(wire.StopTask(task=7))

    with pytest.raises(TaskStopped):
        ours.checkpoint(7, "recognize")
    assert messages == []


def test_every_stage_shows_in_the_answer_to_a_ping(told):
    ours, _, messages = told
    for _ in range(5):
        ours.checkpoint(7, "recognize")
    ours._obey(wire.Ping(token=3))

    assert messages[-1] == wire.Pong(token=3, progress=5)
