"""`document/render` in the owner: its turn, where pictures go, and what a request leaves."""

import os
from itertools import permutations

import pytest
from msgspec import structs

from daemon.admission import judge_picture
from daemon.config import Config
from daemon.errors import RpcError
from daemon.events import DocumentChecked, FileReplaced, PathsChecked
from daemon.lifecycle import Phase
from daemon.newest import MAX_BYTES, MAX_FILES
from daemon.params import DocumentInfoParams, DocumentParams, DocumentRenderParams
from daemon.pictures import ENVELOPE_BYTES, MAX_INLINE_BYTES
from daemon.validation import convert
from ocr_worker import wire
from tests.fakes import FakeReply, World

OUTPUT = os.path.join(os.sep, "pictures", "page.png")
MEGABYTE = 1024 * 1024


def render(world, path="/a.pdf", request_id=None, *, check=True, page=1, **params):
    """Ask for a page; with `check`, its paths are found to be fine."""
    reply = FakeReply(request_id=request_id)
    document = params.pop("document", None) or DocumentParams(path=path)
    asked = DocumentRenderParams(document=document, page=page, **params)
    world.supervisor.render(asked, reply, world.now)
    if check:
        world.answer_checks()
    return reply


def describe(world, path="/q.pdf"):
    reply = FakeReply()
    params = DocumentInfoParams(document=DocumentParams(path=path))
    world.supervisor.describe(params, reply, world.now)
    world.answer_checks()
    return reply


def inspector(world):
    return world.supervisor.pool.inspector


def orders(world, kind=wire.Render):
    return [order for _, order in world.workers.sent if isinstance(order, kind)]


def show(world, data=None, size_bytes=1000):
    """The inspector makes the picture that it has been asked for."""
    world.start_workers()
    slot = inspector(world)
    world.accept(slot)
    answer = wire.Rendered(
        task=slot.task_id, width_px=849, height_px=1200, size_bytes=size_bytes, data=data
    )
    world.say(slot, answer)


def begin(world):
    """The inspector has begun; return its slot and its task."""
    world.start_workers()
    world.accept(inspector(world))
    return inspector(world), inspector(world).task


def test_a_picture_that_fits_is_in_the_reply():
    world = World()
    reply = render(world, page=3)
    show(world, data="UE5H")

    assert (reply.result.page, reply.result.width_px, reply.result.height_px) == (3, 849, 1200)
    assert reply.result.data == "UE5H"
    assert not reply.result.path
    assert world.files.discarded == []


def test_a_picture_that_does_not_fit_is_a_file_of_ours():
    world = World()
    reply = render(world, format="jpeg")
    show(world)

    assert reply.result.path == orders(world)[0].path == "/scratch/picture-1.jpeg"
    assert not reply.result.data
    assert world.files.discarded == []


def test_the_order_names_what_the_host_asked_for():
    world = World()
    document = DocumentParams(path="/a.pdf", password="sesame")
    render(world, document=document, page=7, dpi=150.0, format="jpeg")
    world.start_workers()
    (order,) = orders(world)

    assert order.source == wire.Source(path="/a.pdf", password="sesame")
    assert (order.page, order.dpi, order.max_px, order.format) == (7, 150.0, None, "jpeg")
    assert order.limits == world.config.limits


@pytest.mark.parametrize(
    ("asked", "max_px"), [({}, 1200), ({"max_px": 300}, 300), ({"dpi": 72.0}, None)]
)
def test_a_size_that_is_left_to_us_is_1200_pixels(asked, max_px):
    world = World()
    render(world, **asked)
    world.start_workers()

    assert orders(world)[0].max_px == max_px


@pytest.mark.parametrize("request_id", [None, 1, "a" * 5000, "é\n" * 500])
def test_a_reply_with_its_picture_fits_the_line_whatever_the_id(request_id):
    import msgspec
    import orjson

    world = World()
    reply = render(world, request_id=request_id)
    world.start_workers()
    show(world, data="A" * orders(world)[0].inline_bytes)
    result = msgspec.to_builtins(reply.result)
    line = orjson.dumps({"jsonrpc": "2.0", "result": result, "id": request_id}) + b"\n"

    assert world.host.max_line_bytes - ENVELOPE_BYTES < len(line) < world.host.max_line_bytes


@pytest.mark.parametrize(
    ("line_bytes", "id_bytes", "expected"),
    [
        (100_000, 1, 100_000 - ENVELOPE_BYTES - 3),
        (10**9, 1, MAX_INLINE_BYTES),
        (100, 1, 0),
        (48 * 1024, 60_000, 0),
    ],
)
def test_how_much_fits_is_what_the_host_takes_within_reason(line_bytes, id_bytes, expected):
    world = World()
    world.host.max_line_bytes = line_bytes
    render(world, request_id="x" * id_bytes)
    world.start_workers()

    assert orders(world)[0].inline_bytes == expected


def test_the_hosts_own_file_is_named_once_it_is_complete():
    world = World()
    world.files.real_output = "/mnt/real/page.png"
    reply = render(world, output=OUTPUT)
    show(world)
    (order,) = orders(world)
    assert not reply.is_settled

    (token, temporary, target, note) = world.files.replacements.pop()
    assert os.path.dirname(temporary) == "/mnt/real", "a rename is within one folder"
    assert os.path.basename(temporary).startswith(".ocr-sidecar-")
    assert temporary.endswith(".tmp")
    assert note.endswith(".unfinished")
    assert (order.path, order.note, order.inline_bytes) == (temporary, note, 0)
    assert target == "/mnt/real/page.png"
    world.handle(FileReplaced(token))

    assert reply.result.path == OUTPUT, "as the host gave it"
    assert not reply.result.data


def test_a_file_that_cannot_be_named_fails_the_request():
    world = World()
    reply = render(world, output=OUTPUT)
    show(world)
    token, *_ = world.files.replacements.pop()
    world.handle(FileReplaced(token, RpcError("output_failed", "No.")))

    assert reply.error.kind.code == 1007


def test_a_file_system_that_does_not_name_the_file_is_not_waited_for():
    world = World()
    reply = render(world, output=OUTPUT)
    show(world)
    world.advance(10)
    assert reply.error.data["which"] == "inspect"

    token, *_ = world.files.replacements.pop()
    world.handle(FileReplaced(token))
    assert reply.result is None


@pytest.mark.guarantee("G-4")
def test_a_picture_waits_for_questions_and_counting_waits_for_pictures():
    world = World()
    world.submit("/a.pdf", "/b.pdf")
    pictures = [render(world, page=page) for page in (1, 2)]
    question = describe(world)
    # Nothing was handed to the inspector before it was up.
    for _ in range(5):
        world.start_workers()
        if isinstance(world.workers.sent[-1][1], wire.Render):
            assert question.is_settled
            show(world, data="QQ==")
        else:
            world.count(1)

    asked = [
        order for _, order in world.workers.sent if isinstance(order, wire.Inspect | wire.Render)
    ]
    places = [(type(order), order.source.path) for order in asked]
    assert places == [
        (wire.Inspect, "/q.pdf"),
        (wire.Render, "/a.pdf"),
        (wire.Render, "/a.pdf"),
        (wire.Inspect, "/a.pdf"),
        (wire.Inspect, "/b.pdf"),
    ]
    assert [picture.result.page for picture in pictures] == [1, 2]


def test_a_picture_does_not_wait_for_pages():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(5)
    assert len(world.busy_slots()) == 1
    reply = render(world)
    show(world, data="QQ==")

    assert reply.result.data == "QQ=="


def test_the_scratch_copy_of_base64_data_goes_with_the_answer():
    world = World()
    reply = render(world, document=DocumentParams(data="QQ=="), check=False)
    token, _ = world.files.checks.pop(0)
    world.handle(PathsChecked(token, (DocumentChecked("/scratch/copy", is_copy=True),)))
    show(world, data="QQ==")

    assert reply.result is not None
    assert world.files.discarded == ["/scratch/copy"]


@pytest.mark.parametrize("is_copy", [False, True])
def test_an_output_that_cannot_be_written_refuses_the_request_and_leaves_no_copy(is_copy):
    world = World()
    reply = render(world, output=OUTPUT, check=False)
    token, _ = world.files.checks.pop(0)
    checked = DocumentChecked("/scratch/copy", is_copy=is_copy)
    world.handle(PathsChecked(token, (checked,), RpcError("output_failed", "No.")))

    assert reply.error.kind.code == 1007
    assert orders(world) == []
    assert world.files.discarded == (["/scratch/copy"] if is_copy else [])


def test_a_missing_document_refuses_the_request():
    world = World()
    reply = render(world, check=False)
    token, _ = world.files.checks.pop(0)
    gone = RpcError("document_not_found", "There is no file of that name.")
    world.handle(PathsChecked(token, (DocumentChecked("", gone),)))

    assert reply.error.kind.code == 1001


def test_a_file_system_that_does_not_answer_fails_the_request():
    world = World()
    reply = render(world, check=False)
    world.advance(2)

    assert (reply.error.kind.name, reply.error.data["which"]) == ("timeout", "inspect")


def test_a_page_that_is_not_there_fails_with_what_the_worker_says():
    world = World()
    reply = render(world, output=OUTPUT)
    slot, task = begin(world)
    failed = wire.Failed(
        task=slot.task_id, kind="page_out_of_range", message="No.", data={"page_count": 3}
    )
    world.say(slot, failed)

    assert (reply.error.kind.code, reply.error.data["page_count"]) == (1008, 3)
    assert {task.picture, task.note} <= set(world.files.discarded), "the note may be there"


ANSWERS = {
    "picture": wire.Rendered(task=0, width_px=1, height_px=1, size_bytes=1, data="QQ=="),
    "description": wire.Inspected(
        task=0, format="pdf", page_count=1, encrypted=False, size_bytes=1, modified_ns=1
    ),
    "engines": wire.EnginesListed(task=0, engines=()),
    "outputs": wire.Assembled(task=0),
}


def list_engines(world):
    reply = FakeReply()
    world.supervisor.list_engines(reply, world.now)
    return reply


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(
    ("asked", "question"),
    [("picture", render), ("description", describe), ("engines", list_engines)],
)
def test_an_inspector_that_answers_what_it_was_not_asked_fails_the_request(asked, question, answer):
    world = World()
    reply = question(world)
    slot, task = begin(world)
    world.say(slot, structs.replace(ANSWERS[answer], task=slot.task_id))

    if answer == asked:
        assert reply.result is not None
    else:
        assert reply.error.kind.name == "internal_error"
        assert task.picture is None or task.picture in world.files.discarded


@pytest.mark.parametrize("answer", ["picture", "engines", "outputs"])
def test_an_inspector_that_does_not_count_when_asked_to_fails_the_document(answer):
    world = World()
    world.submit("/a.pdf")
    slot, _ = begin(world)
    world.say(slot, structs.replace(ANSWERS[answer], task=slot.task_id))

    assert world.host.terminals[0].error.data.kind == "internal_error"


@pytest.mark.parametrize("output", [None, OUTPUT])
def test_a_request_whose_inspector_dies_is_tried_once_more_with_another_file(output):
    world = World()
    reply = render(world, output=output)
    files = []
    for _ in range(2):
        slot, task = begin(world)
        files.append(task.picture)
        assert not reply.is_settled
        world.die(slot)
        assert {name for name in (task.picture, task.note) if name} <= set(world.files.discarded)

    assert reply.error.kind.name == "worker_crashed"
    assert len(set(files)) == 2
    assert world.files.replacements == []


def test_the_second_attempt_may_succeed():
    world = World()
    reply = render(world)
    slot, first = begin(world)
    world.die(slot)
    show(world)

    assert reply.result.path not in (None, first.picture)
    assert reply.result.path not in world.files.discarded


def test_a_picture_that_takes_too_long_ends_the_inspector_and_its_file_goes_with_it():
    world = World()
    reply = render(world, output=OUTPUT)
    slot, task = begin(world)
    world.advance(11)

    assert (reply.error.kind.name, reply.error.data["which"]) == ("timeout", "inspect")
    assert "shown" in reply.error.message
    assert world.workers.killed == [slot.worker_id]
    assert task.picture not in world.files.discarded, "its worker may still write it"
    world.die(slot)
    assert {task.picture, task.note} <= set(world.files.discarded)


def test_an_inspector_that_never_begins_is_replaced_and_the_picture_asked_for_again():
    world = World()
    reply = render(world)
    world.start_workers()
    slot = inspector(world)
    world.advance(10.5)
    assert world.workers.killed == [slot.worker_id]
    world.die(slot)
    show(world, data="QQ==")

    assert reply.result.data == "QQ=="


EVENTS = ("rendered", "cancelled", "died", "timed out")


@pytest.mark.parametrize("order", list(permutations(EVENTS)), ids="-".join)
@pytest.mark.parametrize("output", [None, OUTPUT])
def test_a_request_is_answered_once_and_leaves_no_file_in_every_order_of_events(order, output):
    world = World()
    reply = render(world, output=output, request_id=5)
    slot, task = begin(world)
    worker_id, task_id = slot.worker_id, slot.task_id
    for name in order:
        if name == "rendered":
            answer = wire.Rendered(task=task_id, width_px=1, height_px=1, size_bytes=1)
            if slot.worker_id == worker_id:
                world.say(slot, answer)
        elif name == "cancelled":
            world.supervisor.cancel_request(5, world.now)
        elif name == "died":
            if slot.worker_id == worker_id:
                world.die(slot)
        else:
            world.advance(10)
    for token, temporary, *_ in world.files.replacements:
        assert temporary not in world.files.discarded
        world.handle(FileReplaced(token))
    while not reply.is_settled:  # it is tried once more
        show(world)
        for token, *_ in world.files.replacements:
            world.handle(FileReplaced(token))

    was_named = task.picture in [temporary for _, temporary, *_ in world.files.replacements]
    is_ours = reply.result is not None and reply.result.path == task.picture
    assert (task.picture in world.files.discarded) != (was_named or is_ours)


def test_a_picture_that_waits_its_turn_can_be_cancelled():
    world = World()
    first, second = render(world, request_id=1), render(world, request_id=2)
    world.supervisor.cancel_request(2, world.now)
    show(world, data="QQ==")

    assert second.error.kind.code == -32800
    assert first.result is not None
    assert len(orders(world)) == 1


def test_a_picture_whose_paths_are_looked_at_can_be_cancelled():
    world = World()
    reply = render(world, request_id=1, check=False)
    world.supervisor.cancel_request(1, world.now)
    world.answer_checks()
    world.start_workers()

    assert reply.error.kind.code == -32800
    assert orders(world) == []


def test_a_picture_that_is_being_named_counts_as_finished():
    world = World()
    reply = render(world, request_id=1, output=OUTPUT)
    show(world)
    world.supervisor.cancel_request(1, world.now)
    token, *_ = world.files.replacements.pop()
    world.handle(FileReplaced(token))

    assert reply.result.path == OUTPUT


def test_the_picture_of_a_cancelled_request_is_removed_when_it_comes():
    world = World()
    reply = render(world, request_id=1, output=OUTPUT)
    _, task = begin(world)
    world.supervisor.cancel_request(1, world.now)
    assert reply.error.kind.code == -32800
    show(world)

    assert {task.picture, task.note} <= set(world.files.discarded)
    assert world.files.replacements == []


def test_pictures_are_refused_after_shutdown():
    world = World(n_slots=1)
    world.submit("/a.pdf")
    world.count(1)
    world.supervisor.shutdown("drain", 600, world.now)
    with pytest.raises(RpcError) as caught:
        render(world)

    assert caught.value.kind.code == 1040


def bury_all(world):
    for slot in world.supervisor.pool.slots:
        if slot.worker_id is not None:
            world.die(slot, code=0, signal=None)


@pytest.mark.parametrize("output", [None, OUTPUT])
def test_a_picture_under_way_is_awaited_when_stdin_ends(output):
    world = World()
    reply = render(world, output=output)
    world.supervisor.on_host_closed(broken=False, now=world.now)
    show(world)
    for token, *_ in world.files.replacements:
        assert world.supervisor.lifecycle.phase is Phase.CANCELLING
        world.handle(FileReplaced(token))

    assert reply.result is not None
    bury_all(world)
    assert world.supervisor.lifecycle.phase is Phase.STOPPED


@pytest.mark.parametrize("is_shown", [False, True])
def test_a_picture_that_takes_longer_is_cancelled_when_stdin_ends(is_shown):
    world = World()
    reply = render(world, output=OUTPUT)
    _, task = begin(world)
    waiting = render(world)
    if is_shown:
        show(world)
        begin(world)
    world.supervisor.on_host_closed(broken=False, now=world.now)
    world.advance(1)
    assert [one.error.kind.code for one in (reply, waiting)] == [-32800, -32800]
    assert world.supervisor.inspector.n_waiting == 0

    bury_all(world)
    assert world.supervisor.lifecycle.phase is Phase.STOPPED
    assert (task.picture in world.files.discarded) != is_shown


def test_of_the_pictures_in_scratch_the_newest_are_kept():
    world = World()
    paths = []
    for _ in range(MAX_FILES + 3):
        reply = render(world)
        show(world)
        paths.append(reply.result.path)

    assert world.files.discarded == paths[:3]


def test_of_large_pictures_fewer_are_kept_but_always_the_one_that_was_answered():
    world = World()
    paths, n_discarded = [], []
    for megabytes in (100, 100, 57, 50, 49, 600, 1):
        reply = render(world)
        show(world, size_bytes=megabytes * MEGABYTE)
        paths.append(reply.result.path)
        n_discarded.append(len(world.files.discarded))

    assert 200 * MEGABYTE < MAX_BYTES < 257 * MEGABYTE
    assert n_discarded == [0, 0, 1, 1, 1, 5, 6]
    assert world.files.discarded == paths[:6]


def test_pictures_of_the_hosts_own_are_not_counted_among_ours():
    world = World()
    for _ in range(MAX_FILES + 3):
        render(world, output=OUTPUT)
        show(world, size_bytes=MAX_BYTES)
        token, *_ = world.files.replacements.pop()
        world.handle(FileReplaced(token))

    assert world.files.discarded == []


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({}, "document"),
        ({"document": {"path": "/a.pdf"}}, "page"),
        ({"document": {}, "page": 1}, "document"),
        ({"document": {"path": "a.pdf"}, "page": 1}, "document.path"),
        ({"page": 0}, "page"),
        ({"page": -1}, "page"),
        ({"page": "1"}, "page"),
        ({"page": 1, "max_px": 15}, "max_px"),
        ({"page": 1, "max_px": 8193}, "max_px"),
        ({"page": 1, "dpi": 19.9}, "dpi"),
        ({"page": 1, "dpi": 1201}, "dpi"),
        ({"page": 1, "dpi": 72, "max_px": 100}, "dpi"),
        ({"page": 1, "format": "gif"}, "format"),
        ({"page": 1, "output": "page.png"}, "output"),
        ({"page": 1, "output": "file:///page.png"}, "output"),
        ({"page": 1, "output": "/a\0b"}, "output"),
    ],
)
def test_wrong_params_are_refused_with_the_member_that_is_wrong(params, path):
    if "page" in params and "document" not in params:
        params = {"document": {"path": "/a.pdf"}, **params}
    with pytest.raises(RpcError) as caught:
        judge_picture(convert(params, DocumentRenderParams), Config())

    assert (caught.value.kind.code, caught.value.data["path"]) == (-32602, path)


@pytest.mark.parametrize("asked", [{"max_px": 16}, {"max_px": 8192}, {"dpi": 20}, {"dpi": 1200}])
def test_the_bounds_themselves_are_taken(asked):
    params = {"document": {"path": "/a.pdf"}, "page": 1, "output": "/b.png", **asked}

    judge_picture(convert(params, DocumentRenderParams), Config())
