"""An engine is loaded when a host looks at a document: when, for whom, and when not."""

import pytest

from daemon.config import Config
from daemon.params import DocumentInfoParams, DocumentParams, DocumentRenderParams
from ocr_worker import wire
from ocr_worker.languages import DEFAULT_ENGINE
from tests.fakes import FakeReply, World

SCAN, TEXT = False, True


def describe(world, path="/a.pdf", pages=()):
    """Ask about a document, with the pages that are found to have text or not, if any."""
    reply = FakeReply()
    document = DocumentParams(path=path)
    params = DocumentInfoParams(document=document, include_pages=bool(pages))
    world.supervisor.describe(params, reply, world.now)
    world.answer_checks()
    start_inspector(world)
    slot = world.supervisor.pool.inspector
    world.accept(slot)
    world.say(
        slot,
        wire.Inspected(
            task=slot.task_id,
            format="pdf",
            page_count=2,
            encrypted=False,
            size_bytes=1,
            modified_ns=1,
            pages=tuple(
                wire.PageInfo(
                    page=number, width_pt=1.0, height_pt=1.0, rotation=0, has_text=has_text
                )
                for number, has_text in enumerate(pages, 1)
            ),
        ),
    )
    assert reply.result is not None
    return reply


def render(world, path="/a.pdf"):
    """Ask for a picture of a page."""
    reply = FakeReply()
    params = DocumentRenderParams(document=DocumentParams(path=path), page=1)
    world.supervisor.render(params, reply, world.now)
    world.answer_checks()
    start_inspector(world)
    slot = world.supervisor.pool.inspector
    world.accept(slot)
    shown = wire.Rendered(task=slot.task_id, width_px=1, height_px=1, size_bytes=1, data="")
    world.say(slot, shown)
    assert reply.result is not None


def start_inspector(world):
    slot = world.supervisor.pool.inspector
    if not slot.is_ready:
        world.say(slot, wire.Ready())


def engines_started(world):
    """What the workers that were started for pages are to load."""
    return [engine for _, slot, engine in world.workers.spawned if slot]


def test_looking_at_a_document_has_one_worker_load_the_default_engine_after_the_answer():
    world = World(n_slots=3)
    describe(world)
    assert engines_started(world) == [DEFAULT_ENGINE]

    describe(world, "/b.pdf")
    render(world)
    assert engines_started(world) == [DEFAULT_ENGINE], "one is enough"


def test_looking_at_a_page_does_so_too():
    world = World()
    render(world)
    assert engines_started(world) == [DEFAULT_ENGINE]


def test_nothing_is_loaded_ahead_where_the_setting_says_so():
    world = World(config=Config(warm_up=False))
    describe(world)
    render(world)
    assert engines_started(world) == []

    world.submit("/a.pdf")
    assert engines_started(world) == [DEFAULT_ENGINE], "a job is more than a look"


@pytest.mark.parametrize("pages", [(TEXT, SCAN), (SCAN, SCAN)])
def test_one_page_without_text_is_enough(pages):
    world = World()
    describe(world, pages=pages)
    assert engines_started(world) == [DEFAULT_ENGINE]


def test_a_document_all_of_whose_pages_have_text_costs_no_engine_however_it_is_looked_at():
    world = World()
    describe(world, pages=(TEXT, TEXT))
    describe(world)
    render(world)
    assert engines_started(world) == []

    render(world, "/b.pdf")
    assert engines_started(world) == [DEFAULT_ENGINE], "of another one nothing is known"


def test_a_document_that_was_changed_since_is_known_by_its_last_look():
    world = World()
    describe(world, pages=(TEXT,))
    describe(world, pages=(SCAN,))
    assert engines_started(world) == [DEFAULT_ENGINE]


@pytest.mark.parametrize(
    ("files", "mode", "engine"),
    [
        (("/a.pdf",), "auto", None),
        (("/a.pdf",), "skip_text", None),
        (("/a.pdf",), "force", DEFAULT_ENGINE),
        (("/a.pdf", "/b.pdf"), "auto", DEFAULT_ENGINE),
    ],
)
def test_a_job_on_pages_that_were_seen_to_have_text_waits_for_no_engine(files, mode, engine):
    world = World(n_slots=1)
    describe(world, pages=(TEXT, TEXT))
    world.submit(*files, mode=mode)
    assert engines_started(world) == [engine]


def test_a_worker_that_was_warmed_up_for_nothing_leaves_when_it_has_been_idle():
    world = World(config=Config(idle_timeout_s=20))
    describe(world)
    world.start_workers()
    (worker_id,) = [worker for worker, slot, _ in world.workers.spawned if slot]
    world.advance(20)

    assert (worker_id, wire.Shutdown()) in world.workers.sent


def test_a_job_takes_the_worker_that_was_warmed_up():
    world = World(n_slots=1)
    describe(world)
    world.start_workers()
    world.submit("/a.pdf")
    world.count(1)

    assert len(world.busy_slots()) == 1
    assert engines_started(world) == [DEFAULT_ENGINE]


def test_a_daemon_that_leaves_loads_nothing_ahead():
    world = World()
    reply = FakeReply()
    params = DocumentInfoParams(document=DocumentParams(path="/a.pdf"))
    world.supervisor.describe(params, reply, world.now)
    world.answer_checks()
    start_inspector(world)
    world.supervisor.shutdown("drain", 60.0, world.now)
    slot = world.supervisor.pool.inspector
    world.accept(slot)
    found = wire.Inspected(
        task=slot.task_id, format="pdf", page_count=1, encrypted=False, size_bytes=1, modified_ns=1
    )
    world.say(slot, found)

    assert reply.result is not None
    assert engines_started(world) == []


def test_a_slot_that_has_given_up_is_not_tried():
    world = World(n_slots=1)
    world.supervisor.pool.ocr_slots[0].give_up("No.")
    describe(world)

    assert engines_started(world) == []
