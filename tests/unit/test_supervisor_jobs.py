"""The owner on its own: what becomes of jobs, over every order of events that can race."""

from collections import Counter
from itertools import permutations

import msgspec
import pytest

from daemon import __version__
from daemon.admission import judge
from daemon.config import Config
from daemon.errors import RpcError
from daemon.events import DocumentChecked, OutputsPublished, PathsChecked, WorkerGone, WorkerSaid
from daemon.jobs import Document
from daemon.params import DocumentInfoParams, DocumentParams, OcrOptions
from ocr_worker import wire
from tests.fakes import FakeReply, World

A_PAGE = wire.Page(page=1, state="recognized", text="", width_pt=1, height_pt=1)


def ledger(world):
    """The counts of the only terminal notification, states that did not occur left out."""
    (terminal,) = world.host.terminals
    pages = terminal.pages
    counts = {name: getattr(pages, name) for name in pages.__struct_fields__}
    return {name: n for name, n in counts.items() if n}


def run_to_the_end(world):
    """Let whatever is in a slot be done, until nothing is."""
    for _ in range(1000):
        world.start_workers()
        busy = world.busy_slots()
        if not busy:
            return
        world.finish_page(busy[0])
    raise AssertionError("it does not end")


def run_with_poison(world, poison, file="/a.pdf"):
    """Run everything, while the given pages of a file kill each worker that gets them."""
    for _ in range(1000):
        world.start_workers()
        busy = world.busy_slots()
        if not busy:
            return
        slot = busy[0]
        job = world.supervisor.book.find(slot.task.ref.job_id)
        if job.documents[0].file == file and slot.task.ref.page in poison:
            world.accept(slot)
            world.die(slot)
        else:
            world.finish_page(slot)
    raise AssertionError("it does not end")


def test_a_job_of_one_document_ends_with_every_page_recognized():
    world = World()
    reply = world.submit("/a.pdf")
    world.count(5)

    run_to_the_end(world)

    assert reply.result.job_id == world.host.terminals[0].job_id
    assert world.host.terminals[0].state == "succeeded"
    assert ledger(world) == {"recognized": 5}
    assert len(world.host.of("job/page")) == 5


def test_the_reply_comes_before_the_first_notification_of_the_job():
    world = World()
    reply = world.submit("/a.pdf", check=False)

    assert not reply.is_settled
    assert world.host.notifications == []


def test_pages_run_side_by_side_on_the_slots():
    world = World(n_slots=2)
    world.submit("/a.pdf")
    world.count(5)

    assert len(world.busy_slots()) == 2


def test_no_more_workers_are_started_than_pages_wait():
    world = World(n_slots=4)
    world.submit("/a.pdf")
    world.count(2)

    assert [slot for _, slot, _ in world.workers.spawned if slot] == [1, 2]


def test_jobs_of_one_class_take_turns():
    world = World(n_slots=1)
    for file in ("/a.pdf", "/b.pdf"):
        world.submit(file)
        world.count(4)

    run_to_the_end(world)

    files = "".join(page.file[1] for page in world.host.of("job/page"))
    assert files == "aabababb"


def test_an_interactive_job_overtakes_without_ending_the_running_page():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(3)
    world.submit("/b.pdf", priority="interactive")
    world.count(1)

    run_to_the_end(world)

    files = [page.file for page in world.host.of("job/page")]
    assert files == ["/a.pdf", "/b.pdf", "/a.pdf", "/a.pdf"]
    assert world.workers.killed == []


def test_a_failed_page_costs_one_page():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(3)

    world.accept(world.busy_slots()[0])
    world.fail_page(world.busy_slots()[0])
    run_to_the_end(world)

    (terminal,) = world.host.terminals
    assert terminal.state == "partial"
    assert ledger(world) == {"recognized": 2, "failed": 1}
    assert [(page.page, page.kind) for page in terminal.failed_pages] == [(1, "recognition_failed")]


def test_a_failure_that_every_page_would_share_is_met_once():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(4)

    world.accept(world.busy_slots()[0])
    world.fail_page(world.busy_slots()[0], "engine_unavailable")

    assert ledger(world) == {"failed": 4}
    assert world.host.terminals[0].error.code == 1030
    assert [page.attempts for page in world.host.terminals[0].failed_pages] == [1, 0, 0, 0]


@pytest.mark.guarantee("G-3")
def test_a_page_that_kills_its_worker_is_tried_three_times_and_the_others_go_on():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(3)

    run_with_poison(world, {2})

    (terminal,) = world.host.terminals
    assert ledger(world) == {"recognized": 2, "failed": 1}
    assert [(page.kind, page.attempts) for page in terminal.failed_pages] == [("worker_crashed", 3)]


def test_the_last_attempt_of_a_page_is_at_lower_resolution():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    for _ in range(3):
        slot = world.busy_slots()[0]
        world.accept(slot)
        world.die(slot)
        world.start_workers()

    orders = [order for _, order in world.workers.sent if isinstance(order, wire.Recognize)]
    assert [order.scale for order in orders] == [1.0, 1.0, 0.5]


def test_a_death_before_the_page_was_accepted_counts_against_the_slot():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)

    for _ in range(4):
        world.die(world.supervisor.pool.slots[1])
        world.advance(10)
        world.start_workers()

    (terminal,) = world.host.terminals
    assert terminal.error.data.kind == "workers_unavailable"
    assert world.supervisor.pool.slots[1].state.value == "error"


def test_a_worker_that_cannot_start_is_not_started_again():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.die(world.supervisor.pool.slots[1], code=wire.WorkerExit.CANNOT_START, signal=None)
    world.count(2)
    world.advance(100)

    assert len([slot for _, slot, _ in world.workers.spawned if slot == 1]) == 1
    assert world.host.terminals[0].error.code == 1022
    assert ledger(world) == {"failed": 2}


def test_a_page_that_takes_too_long_gets_one_more_attempt_at_lower_resolution():
    world = World(n_slots=1)
    world.submit("/a.pdf", page_timeout_s=10)
    world.count(1)

    for _ in range(2):
        world.accept(world.busy_slots()[0])
        world.advance(10.5)
        world.die(world.supervisor.pool.slots[1])
        world.start_workers()

    (terminal,) = world.host.terminals
    assert [(page.kind, page.attempts) for page in terminal.failed_pages] == [("timeout", 2)]
    assert terminal.error.data.which == "page"
    assert len(world.workers.killed) == 2


def test_the_time_of_a_page_counts_from_the_workers_acknowledgement():
    world = World(n_slots=1)
    world.submit("/a.pdf", page_timeout_s=10)
    world.count(1)

    world.advance(20)

    assert world.workers.killed == []


def test_a_job_that_takes_too_long_keeps_its_finished_pages():
    world = World(n_slots=1)
    world.submit("/a.pdf", job_timeout_s=30)
    world.count(3)
    world.finish_page(world.busy_slots()[0])

    world.advance(30)

    (terminal,) = world.host.terminals
    assert terminal.state == "failed"
    assert terminal.error.data.which == "job"
    assert ledger(world) == {"recognized": 1, "failed": 2}


@pytest.mark.guarantee("G-5")
def test_a_cancelled_job_ends_at_once_and_keeps_its_finished_pages():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf")
    world.count(4)
    world.finish_page(world.busy_slots()[0])
    world.accept(world.busy_slots()[0])

    world.supervisor.cancel(world.supervisor.book.find(reply.result.job_id), world.now)

    (terminal,) = world.host.terminals
    assert terminal.state == "cancelled"
    assert terminal.error.message == "Processing cancelled by user"
    assert ledger(world) == {"recognized": 1, "cancelled": 3}
    assert [page.state for page in world.host.of("job/page")] == ["recognized", "cancelled"]
    assert world.host.notifications[-1][0] in ("job/error", "worker/state")


def test_a_worker_that_leaves_a_cancelled_page_is_not_killed_and_takes_the_next():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf")
    world.count(1)
    slot = world.busy_slots()[0]
    world.accept(slot)
    world.supervisor.cancel(world.supervisor.book.find(reply.result.job_id), world.now)
    world.say(slot, wire.Stopped(task=slot.task_id))
    world.advance(5)

    assert world.workers.killed == []
    assert slot.state.value == "idle"


def test_a_worker_that_does_not_leave_a_cancelled_page_is_killed_and_replaced():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf")
    world.count(1)
    slot = world.busy_slots()[0]
    world.accept(slot)
    world.supervisor.cancel(world.supervisor.book.find(reply.result.job_id), world.now)
    world.advance(0.2)
    assert world.workers.killed == [slot.worker_id]

    world.die(slot)
    world.submit("/b.pdf")
    world.count(1)
    run_to_the_end(world)

    assert [terminal.state for terminal in world.host.terminals] == ["succeeded", "cancelled"]
    assert slot.policy.deaths == 0


def test_a_cancel_during_counting_ends_the_job_without_pages():
    world = World()
    reply = world.submit("/a.pdf")
    world.supervisor.cancel(world.supervisor.book.find(reply.result.job_id), world.now)
    world.count(3)

    assert ledger(world) == {}
    assert world.host.terminals[0].state == "cancelled"


def test_a_second_cancel_changes_nothing():
    world = World()
    reply = world.submit("/a.pdf")
    job = world.supervisor.book.find(reply.result.job_id)
    world.supervisor.cancel(job, world.now)
    world.supervisor.cancel(job, world.now)

    assert len(world.host.terminals) == 1


RACERS = {
    "recognized": lambda slot: WorkerSaid(
        slot.worker_id,
        wire.Recognized(
            task=slot.task_id,
            page=A_PAGE,
        ),
    ),
    "died": lambda slot: WorkerGone(slot.worker_id, signal=9),
    "failed": lambda slot: WorkerSaid(
        slot.worker_id, wire.Failed(task=slot.task_id, kind="recognition_failed", message="No.")
    ),
    "cancelled": None,
    "timed out": None,
}


@pytest.mark.guarantee("G-1")
@pytest.mark.guarantee("G-2")
@pytest.mark.parametrize("order", list(permutations(RACERS)), ids="-".join)
def test_a_job_ends_exactly_once_and_adds_up_in_every_order_of_events(order):
    world = World(n_slots=1)
    reply = world.submit("/a.pdf", page_timeout_s=50)
    world.count(2)
    slot = world.busy_slots()[0]
    world.accept(slot)
    # What is on its way was sent by this worker about this task, whatever happens meanwhile.
    events = {name: make(slot) for name, make in RACERS.items() if make}

    for name in order:
        if name == "cancelled":
            job = world.supervisor.book.find(reply.result.job_id)
            world.supervisor.cancel(job, world.now)
        elif name == "timed out":
            world.advance(50)
        else:
            world.handle(events[name])
    run_to_the_end(world)

    (terminal,) = world.host.terminals
    assert sum(ledger(world).values()) == 2
    told = Counter(page.page for page in world.host.of("job/page"))
    assert max(told.values()) == 1, "a page was told twice"
    of_the_job = [
        method
        for method, params in world.host.notifications
        if getattr(params, "job_id", None) == terminal.job_id
    ]
    assert of_the_job[-1] in ("job/result", "job/error"), "something came after the terminal"


@pytest.mark.parametrize("order", list(permutations(["assembled", "died", "cancelled"])))
def test_a_document_being_assembled_is_written_or_discarded_in_every_order_of_events(order):
    world = World(n_slots=1)
    reply = world.submit("/a.pdf", outputs=("text",))
    world.count(1)
    world.finish_page(world.busy_slots()[0])
    slot = world.busy_slots()[0]
    world.accept(slot)
    temporary = slot.task.temporary["text"]
    events = {
        "assembled": WorkerSaid(slot.worker_id, wire.Assembled(task=slot.task_id)),
        "died": WorkerGone(slot.worker_id, signal=9),
    }

    for name in order:
        if name == "cancelled":
            job = world.supervisor.book.find(reply.result.job_id)
            world.supervisor.cancel(job, world.now)
        else:
            world.handle(events[name])
    was_ordered = bool(world.files.publications)
    if was_ordered:
        world.publish()

    (terminal,) = world.host.terminals
    assert len(terminal.successful) == was_ordered
    assert (temporary in world.files.discarded) != was_ordered


def test_outputs_are_told_what_they_say_of_themselves():
    world = World(n_slots=1)
    world.submit("/a.pdf", outputs=("alto", "hocr"), languages=("deu", "en"))
    world.count(1)
    world.finish_page(world.busy_slots()[0])

    (order,) = [order for _, order in world.workers.sent if isinstance(order, wire.Assemble)]
    assert list(order.outputs) == ["alto", "hocr"]
    assert (order.engine, order.languages, order.version) == (
        "rapidocr",
        ("deu", "en"),
        __version__,
    )


def test_a_cancel_after_the_order_to_rename_leaves_the_document_finished():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf", outputs=("text",))
    world.count(1)
    world.finish_page(world.busy_slots()[0])
    world.finish_assembling(world.busy_slots()[0])
    world.supervisor.cancel(world.supervisor.book.find(reply.result.job_id), world.now)
    assert world.host.terminals == []

    world.publish()

    (terminal,) = world.host.terminals
    assert terminal.state == "cancelled"
    assert terminal.successful[0].outputs == {"text": "/out/a.text"}


def test_outputs_that_cannot_be_written_fail_the_document_and_keep_its_pages():
    world = World(n_slots=1)
    world.submit("/a.pdf", outputs=("text",))
    world.count(1)
    world.finish_page(world.busy_slots()[0])
    world.finish_assembling(world.busy_slots()[0])
    token, _ = world.files.publications.pop(0)
    world.handle(OutputsPublished(token, {}, RpcError("output_failed", "The disk is full.")))

    (terminal,) = world.host.terminals
    assert terminal.error.data.kind == "output_failed"
    assert ledger(world) == {"recognized": 1}


def test_a_missing_document_refuses_a_single_job():
    world = World()
    reply = world.submit("/gone.pdf", check=False)
    token, _ = world.files.checks.pop(0)
    gone = RpcError("document_not_found", "There is no file of that name.")
    world.handle(PathsChecked(token, (DocumentChecked("", gone),)))

    assert reply.error.kind.code == 1001
    assert world.host.notifications == []


def test_a_missing_document_of_a_batch_is_listed_and_the_others_go_on():
    world = World(n_slots=1)
    world.submit("/a.pdf", "/gone.pdf", check=False)
    token, _ = world.files.checks.pop(0)
    gone = RpcError("document_not_found", "There is no file of that name.")
    world.handle(PathsChecked(token, (DocumentChecked("/a.pdf"), DocumentChecked("", gone))))
    world.count(1)
    run_to_the_end(world)

    (terminal,) = world.host.terminals
    assert terminal.state == "partial"
    assert [(one.file, one.kind) for one in terminal.failed] == [
        ("/gone.pdf", "document_not_found")
    ]
    assert terminal.total_files == 2
    assert terminal.total_pages_processed == 1


def test_a_file_system_that_does_not_answer_lets_the_job_be_accepted():
    world = World(n_slots=1)
    reply = world.submit("/mnt/a.pdf", check=False)
    world.advance(2.0)
    assert reply.result is not None

    world.answer_checks()
    world.count(1)
    run_to_the_end(world)

    assert world.host.terminals[0].state == "succeeded"


def test_a_selection_outside_the_document_ends_the_job_with_its_error():
    world = World()
    reply = FakeReply()
    submission = judge(
        (DocumentParams(path="/a.pdf", pages="7"),),
        None,
        None,
        OcrOptions(),
        is_batch=False,
        config=Config(),
    )
    world.supervisor.submit(submission, reply, world.now)
    world.answer_checks()
    world.count(3)

    assert world.host.terminals[0].error.code == 1008


def test_no_page_is_handed_out_while_the_host_does_not_read():
    world = World(n_slots=1)
    world.host.backlog_bytes = 9 * 1024 * 1024
    world.submit("/a.pdf")
    world.count(2)
    assert world.busy_slots() == []

    world.host.backlog_bytes = 0
    world.supervisor.pump(world.now)

    assert len(world.busy_slots()) == 1


def test_progress_is_told_at_most_once_an_interval():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(10)
    for _ in range(9):
        world.finish_page(world.busy_slots()[0])
    assert len(world.host.of("job/progress")) == 1

    world.advance(0.1)

    assert [told.current for told in world.host.of("job/progress")] == [1, 9]


def test_progress_reads_as_people_say_it():
    world = World(n_slots=1)
    world.submit("/dir/a.pdf", "/dir/b.pdf")
    world.count(4)
    world.finish_page(world.busy_slots()[0])

    told = world.host.of("job/progress")[0]
    assert told.message == "Processing file 1/2: a.pdf (page 1/4)"
    assert (told.current, told.total, told.percent) == (1, None, None)


@pytest.mark.parametrize("path", ["/" + "x" * 33_000, "/" + "\x01" * 6_000])
def test_a_path_that_no_line_has_room_for_is_refused(path):
    with pytest.raises(RpcError, match=r"document\.path"):
        World().submit(path)


def test_progress_of_a_file_with_an_endless_name_fits_a_line():
    world = World()
    world.submit("/" + "x" * 32_000)
    world.count(1)
    world.finish_page(world.busy_slots()[0])

    progress = world.host.of("job/progress")[-1]
    assert len(msgspec.json.encode(progress)) < 33_000


def test_a_finished_job_is_forgotten_after_an_hour():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf")
    world.count(1)
    run_to_the_end(world)
    world.advance(3601)

    with pytest.raises(RpcError) as caught:
        world.supervisor.book.find(reply.result.job_id)
    assert caught.value.kind.name == "job_not_found"


def test_only_the_newest_two_hundred_finished_jobs_are_kept():
    world = World(n_slots=1)
    replies = []
    for number in range(201):
        replies.append(world.submit(f"/{number}.pdf"))
        world.count(1)
        run_to_the_end(world)

    kept = {job.job_id for job in world.supervisor.book}
    assert len(kept) == 200
    assert replies[0].result.job_id not in kept


def test_scratch_files_of_a_job_go_when_it_ends():
    world = World(n_slots=1)
    world.submit("/a.pdf", outputs=("text",))
    world.count(2)
    run = [world.busy_slots()[0].task.keep]
    world.finish_page(world.busy_slots()[0])
    run.append(world.busy_slots()[0].task.keep)
    world.finish_page(world.busy_slots()[0])
    world.finish_assembling(world.busy_slots()[0])
    world.publish()

    assert set(run) <= set(world.files.discarded)


def test_a_second_answer_about_an_earlier_page_changes_nothing():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(3)
    slot = world.busy_slots()[0]
    first = slot.task_id
    world.finish_page(slot)
    world.say(slot, wire.Recognized(task=first, page=A_PAGE))

    assert len(world.host.of("job/page")) == 1
    assert slot.task.ref.page == 2


def test_late_news_of_a_dead_worker_do_not_bury_its_successor():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(2)
    slot = world.busy_slots()[0]
    world.accept(slot)
    dead = slot.worker_id
    world.die(slot)
    world.start_workers()
    world.handle(WorkerGone(dead, signal=9))
    world.handle(WorkerSaid(dead, wire.Recognized(task=slot.task_id, page=A_PAGE)))

    assert slot.worker_id not in (None, dead)
    assert slot.task is not None
    assert world.host.of("job/page") == []


def test_a_worker_that_speaks_another_wire_version_gets_no_page():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    world.die(world.supervisor.pool.slots[1])
    slot = world.supervisor.pool.slots[1]
    world.advance(1)
    world.say(slot, wire.Hello(wire_version=wire.WIRE_VERSION + 1, pid=1))
    world.say(slot, wire.Ready())

    assert world.workers.killed == [slot.worker_id]
    assert slot.task is None


def test_a_cancelled_page_stays_cancelled_when_its_worker_dies():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf")
    world.count(1)
    slot = world.busy_slots()[0]
    world.accept(slot)
    job = world.supervisor.book.find(reply.result.job_id)
    world.supervisor.cancel(job, world.now)
    world.die(slot)

    assert [page.state for page in job.documents[0].pages.values()] == ["cancelled"]


def test_a_finished_page_gives_a_slot_its_budget_back():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(3)
    slot = world.supervisor.pool.slots[1]
    for _ in range(3):
        for _ in range(3):
            world.die(slot)
            world.advance(5)
            world.start_workers()
        world.finish_page(slot)

    assert world.host.terminals[0].state == "succeeded"


def test_a_page_that_has_ended_cannot_end_again():
    document = Document(index=0, file="a", path="/a", stem="a")
    document.counted([1], 1)
    document.end_page(1, "recognized")

    with pytest.raises(ValueError, match="has ended"):
        document.end_page(1, "failed")


def test_a_job_that_is_over_is_not_ended_again():
    world = World(n_slots=1)
    reply = world.submit("/a.pdf")
    world.count(1)
    run_to_the_end(world)
    job = world.supervisor.book.find(reply.result.job_id)
    world.supervisor.runner.settle(job, world.now)

    assert len(world.host.terminals) == 1


def test_an_assembling_that_takes_too_long_ends_its_worker_and_leaves_no_file():
    world = World(n_slots=1)
    world.submit("/a.pdf", outputs=("text",))
    world.count(1)
    world.finish_page(world.busy_slots()[0])
    slot = world.busy_slots()[0]
    world.accept(slot)
    temporary = slot.task.temporary["text"]
    world.advance(600.5)
    assert slot.worker_id in world.workers.killed
    assert temporary not in world.files.discarded, "its worker may still write it"
    world.die(slot)

    assert temporary in world.files.discarded
    assert world.host.terminals[0].error.data.kind == "timeout"


def test_a_page_that_waits_for_its_next_attempt_is_told_when_its_document_is_hopeless():
    world = World(n_slots=2)
    world.submit("/a.pdf")
    world.count(3)
    first, second = world.busy_slots()
    for slot in (first, second):
        world.accept(slot)
    world.host.backlog_bytes = 9 * 1024 * 1024
    world.die(first)
    world.fail_page(second, "document_changed")

    told = {page.page: page.attempts for page in world.host.of("job/page")}
    assert told == {1: 1, 2: 1}
    assert ledger(world) == {"failed": 3}


@pytest.mark.parametrize("is_refused", [True, False])
def test_the_scratch_copy_of_base64_data_goes_with_its_job(is_refused):
    world = World(n_slots=1)
    reply = FakeReply()
    submission = judge(
        (DocumentParams(data="QQ==", name="mail.pdf"),),
        "/out",
        None,
        OcrOptions(inline="none"),
        is_batch=False,
        config=Config(),
    )
    world.supervisor.submit(submission, reply, world.now)
    token, _ = world.files.checks.pop(0)
    failure = RpcError("output_failed", "No.") if is_refused else None
    copy = DocumentChecked("/scratch/copy", is_copy=True)
    world.handle(PathsChecked(token, (copy,), failure))
    if not is_refused:
        world.count(1)
        world.finish_page(world.busy_slots()[0])
        world.finish_assembling(world.busy_slots()[0])
        world.publish()

    assert "/scratch/copy" in world.files.discarded
    assert "/scratch/copy" not in str(world.host.terminals)


def test_the_scratch_copy_of_a_question_goes_with_its_answer():
    world = World()
    params = DocumentInfoParams(document=DocumentParams(data="QQ=="))
    world.supervisor.describe(params, FakeReply(), world.now)
    token, _ = world.files.checks.pop(0)
    world.handle(PathsChecked(token, (DocumentChecked("/scratch/copy"),)))
    world.count(1)

    assert world.files.discarded == ["/scratch/copy"]
