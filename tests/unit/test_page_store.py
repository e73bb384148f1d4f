"""Pages that are kept for their hosts: in memory, then in files, and gone with their jobs."""

from queue import SimpleQueue

import orjson
import pytest

from daemon.lines import Place
from daemon.page_files import PageFiles
from daemon.page_store import Move, PageStore
from daemon.scratch import Scratch

PAGE = orjson.dumps({"page": 1, "text": "x" * 80})


def store_of(n_pages, max_bytes=250, job_id="j"):
    store = PageStore(max_bytes)
    store.open(job_id)
    for number in range(1, n_pages + 1):
        store.put(job_id, (0, number), PAGE)
    return store


def test_what_memory_has_no_room_for_is_to_be_moved_once_the_oldest_first():
    store = store_of(5)

    (move,) = store.take_excess()

    assert [key for key, _ in move.pages] == [(0, 1), (0, 2), (0, 3)]
    assert store.take_excess() == []
    assert store.memory_bytes == 5 * len(PAGE), "what is being written is still there"


def test_what_was_moved_is_read_from_its_place():
    store = store_of(5)
    (move,) = store.take_excess()
    places = [(key, Place("/f", 0, len(PAGE))) for key, _ in move.pages]
    store.on_moved("j", places)

    assert [type(content) for _, content in store.pages("j")] == [Place] * 3 + [bytes] * 2
    assert store.memory_bytes == 2 * len(PAGE)


def test_what_cannot_be_moved_loses_its_text_and_says_so():
    store = store_of(3)
    (move,) = store.take_excess()
    store.on_moved("j", [(key, None) for key, _ in move.pages])

    page = orjson.loads(store.pages("j")[0][1])
    assert "text" not in page
    assert "could not be kept" in page["warnings"][0]


def test_a_job_that_is_forgotten_takes_its_pages_along_whatever_was_under_way():
    store = store_of(5)
    (move,) = store.take_excess()
    store.close("j")
    store.on_moved("j", [(key, None) for key, _ in move.pages])

    assert store.memory_bytes == 0
    store.open("k")
    store.put("k", (0, 1), PAGE)
    assert store.take_excess() == []


def test_pages_come_in_the_order_of_documents_and_numbers():
    store = PageStore()
    store.open("j")
    for key in [(1, 1), (0, 10), (0, 9)]:
        store.put("j", key, b"{}")

    assert [key for key, _ in store.pages("j")] == [(0, 9), (0, 10), (1, 1)]


@pytest.fixture
def page_files(tmp_path):
    """Files in a scratch folder, and the queue of what they have to say."""
    scratch = Scratch(tmp_path, "0" * 32)
    inbox = SimpleQueue()
    files = PageFiles(scratch, inbox.put)
    yield files, inbox, scratch
    files.close(5)
    scratch.remove()


def test_moved_pages_lie_where_it_is_said(page_files):
    files, inbox, _ = page_files
    for number in (1, 2):
        files.keep(Move("j", (((0, number), b"page %d" % number), ((1, number), b"other"))))
    places = [*inbox.get(timeout=10).places, *inbox.get(timeout=10).places]

    found = {}
    for key, place in places:
        with open(place.path, "rb") as file:
            file.seek(place.offset)
            found[key] = file.read(place.size)
    assert found == {(0, 1): b"page 1", (1, 1): b"other", (0, 2): b"page 2", (1, 2): b"other"}


def test_a_job_that_is_dropped_takes_its_file_along(page_files):
    files, inbox, scratch = page_files
    files.keep(Move("j", (((0, 1), b"page"),)))
    files.drop("j")
    files.keep(Move("k", (((0, 1), b"page"),)))
    inbox.get(timeout=10), inbox.get(timeout=10)

    assert [path.name for path in scratch.path.iterdir()] == ["pages-k.json"]


def test_a_disk_that_cannot_be_written_is_told(page_files):
    files, inbox, scratch = page_files
    scratch.make()
    (scratch.path / "pages-j.json").mkdir()
    files.keep(Move("j", (((0, 1), b"page"),)))

    assert inbox.get(timeout=10).places == (((0, 1), None),)
