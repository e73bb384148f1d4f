"""Words over a picture: which are found, which are refused, and where their frames are drawn."""

import json

import numpy as np
import pytest

from daemon.errors import RpcError
from daemon.lines import Place
from daemon.params import DocumentParams, DocumentRenderParams, OverlayParams
from ocr_worker import wire
from ocr_worker.errors import TaskError
from ocr_worker.overlay import COLOUR, frame_words
from tests.fakes import FakeReply, World

WORD = {"text": "a", "confidence": 1, "x": 10, "y": 20, "width": 30, "height": 8}


def told(*words, **more):
    page = {"page": 1, "width_pt": 100.0, "height_pt": 200.0, "words": words, **more}
    return wire.Told(content=json.dumps(page))


def white(width, height):
    return np.full((height, width, 3), 255, np.uint8)


def coloured(pixels):
    """Left, top, right and bottom of the pixels in a frame's colour, the last two beyond it."""
    rows, columns = np.nonzero((pixels == COLOUR).all(axis=2))
    return tuple(
        int(each) for each in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    )


@pytest.mark.parametrize("scale", [1, 2, 5])
def test_a_frame_lies_where_the_word_is(scale):
    pixels = white(100 * scale, 200 * scale)

    framed = frame_words(pixels, told(WORD))

    assert coloured(framed) == (10 * scale, 20 * scale, 40 * scale, 28 * scale)
    assert framed.shape == pixels.shape
    assert (pixels == 255).all()


def test_a_frame_is_thin_and_leaves_the_word_to_be_seen():
    framed = frame_words(white(1200, 2400), told(WORD))

    assert (framed[240:336, 120:122] == COLOUR).all()
    assert (framed[242:334, 122:478] == 255).all()


def test_every_word_has_its_frame_at_the_edge_too():
    corner = {**WORD, "x": 95, "y": 195, "width": 5, "height": 5}

    framed = frame_words(white(100, 200), told(WORD, corner))

    assert coloured(framed) == (10, 20, 100, 200)


def test_a_word_without_size_does_no_harm():
    framed = frame_words(white(100, 200), told({**WORD, "width": 0, "height": 0}))

    left, top, right, bottom = coloured(framed)
    assert (left, top) == (10, 20)
    assert max(right - left, bottom - top) <= 2


def test_a_page_without_text_has_no_frames():
    assert (frame_words(white(100, 200), told()) == 255).all()


SIZE = {"width_pt": 100.0, "height_pt": 200.0}


@pytest.mark.parametrize(
    "page", [SIZE, {"words": None, **SIZE}, {"words": [WORD], "width_pt": None, "height_pt": None}]
)
def test_a_page_of_which_no_words_are_kept_is_refused(page):
    with pytest.raises(TaskError) as failure:
        frame_words(white(100, 200), wire.Told(content=json.dumps({"page": 1, **page})))

    assert failure.value.kind == "invalid_params"


def test_a_page_that_was_moved_to_a_file_is_read_from_there(tmp_path):
    content = told(WORD).content.encode()
    (tmp_path / "pages").write_bytes(b"before" + content + b"behind")
    place = wire.Told(path=str(tmp_path / "pages"), offset=6, size_bytes=len(content))

    assert coloured(frame_words(white(100, 200), place)) == (10, 20, 40, 28)


def test_a_file_that_has_gone_with_its_job_is_told(tmp_path):
    with pytest.raises(TaskError) as failure:
        frame_words(white(100, 200), wire.Told(path=str(tmp_path / "gone"), size_bytes=9))

    assert failure.value.kind == "job_not_found"


def read(inline="words", state="recognized"):
    """A world with a job of one document, of which the first of two pages was read."""
    world = World(n_slots=1)
    reply = world.submit("/a.pdf", inline=inline)
    world.count(2)
    world.finish_page(world.busy_slots()[0], state)
    return world, reply.result.job_id


def ask(world, job_id, page=1, document=0):
    reply = FakeReply()
    asked = DocumentRenderParams(
        document=DocumentParams(path="/a.pdf"),
        page=page,
        overlay=OverlayParams(job_id=job_id, document=document),
    )
    world.supervisor.render(asked, reply, world.now)
    world.answer_checks()
    world.start_workers()
    return [order for _, order in world.workers.sent if isinstance(order, wire.Render)]


@pytest.mark.parametrize("state", ["recognized", "native_text", "empty"])
def test_the_inspector_is_told_of_the_page_as_the_host_was(state):
    world, job_id = read(state=state)

    (order,) = ask(world, job_id)

    page = json.loads(order.overlay.content)
    assert (page["job_id"], page["page"], page["words"]) == (job_id, 1, [])


def test_a_page_that_was_moved_is_named_by_its_place():
    world, job_id = read()
    world.supervisor.book.pages.on_moved(job_id, [((0, 1), Place("/scratch/pages", 7, 99))])

    (order,) = ask(world, job_id)

    assert order.overlay == wire.Told(path="/scratch/pages", offset=7, size_bytes=99)


def test_a_picture_without_overlay_is_told_of_no_page():
    world, _ = read()
    asked = DocumentRenderParams(document=DocumentParams(path="/a.pdf"), page=1)
    world.supervisor.render(asked, FakeReply(), world.now)
    world.answer_checks()
    world.start_workers()

    (order,) = [order for _, order in world.workers.sent if isinstance(order, wire.Render)]
    assert order.overlay is None


@pytest.mark.parametrize(
    ("inline", "asked", "kind", "path"),
    [
        ("words", {"job_id": "none"}, "job_not_found", None),
        ("words", {"document": 1}, "invalid_params", "overlay.document"),
        ("words", {"document": -1}, "invalid_params", "overlay.document"),
        ("words", {"page": 2}, "invalid_params", "page"),
        ("words", {"page": 9}, "invalid_params", "page"),
        ("text", {}, "invalid_params", "overlay.job_id"),
        ("none", {}, "invalid_params", "overlay.job_id"),
    ],
)
def test_words_that_are_not_kept_are_refused_at_once(inline, asked, kind, path):
    world, job_id = read(inline)

    with pytest.raises(RpcError) as refusal:
        ask(world, **{"job_id": job_id, **asked})

    assert refusal.value.kind.name == kind
    assert refusal.value.data.get("path") == path
    assert (inline == "words") or 'inline "words"' in refusal.value.message
