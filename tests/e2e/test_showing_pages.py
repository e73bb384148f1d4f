"""The whole daemon over real pipes: pages as pictures, and the pages that a host wants first."""

import base64
import io
import json
import os
import select
import shlex
import sys
from pathlib import Path

import psutil
import pytest
from PIL import Image

from daemon.client import RequestError
from tests.conftest import SAMPLE
from tests.liveness import family, wait_until_gone
from tests.scans import encrypted_pdf, scan_pdf

ROOT = Path(__file__).parent.parent.parent
SLOW = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"seconds": 30})}
NULL = {"engine": "null"}
INSPECT_S = 30


@pytest.fixture
def pdf(tmp_path):
    """A PDF of ten small pages."""
    path = tmp_path / "ten.pdf"
    scan_pdf(path, [Image.new("L", (200, 300), 20 * n) for n in range(10)], dpi=72)
    return str(path)


def render(client, path, page=1, **params):
    asked = {"document": {"path": str(path)}, "page": page, **params}
    return client.request("document/render", asked, timeout_s=INSPECT_S)


def refusal(client, path, page=1, **params):
    with pytest.raises(RequestError) as caught:
        render(client, path, page, **params)
    return caught.value


def opened(content):
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def test_a_small_picture_comes_in_the_reply(spawn_daemon, pdf, tmp_path):
    client = spawn_daemon("--workers", "1")
    answer = render(client, pdf, page=10, max_px=150)
    image = opened(base64.b64decode(answer["data"]))

    assert (answer["page"], answer["width_px"], answer["height_px"]) == (10, 100, 150)
    assert (image.format, image.size) == ("PNG", (100, 150))
    assert image.getpixel((50, 75)) == (180, 180, 180)
    assert "path" not in answer
    assert not list(tmp_path.rglob("picture-*"))


def test_a_large_picture_comes_as_a_file_that_stays_until_the_daemon_leaves(spawn_daemon, tmp_path):
    client = spawn_daemon("--workers", "1")
    first, second = (render(client, SAMPLE, page) for page in (1, 2))
    images = [opened(Path(answer["path"]).read_bytes()) for answer in (first, second)]

    assert {image.size for image in images} == {(849, 1200)}
    assert images[0].tobytes() != images[1].tobytes()
    assert "data" not in first
    assert Path(first["path"]).is_relative_to(tmp_path / "scratch")
    client.close()
    assert not Path(first["path"]).exists()


def test_a_host_that_takes_longer_lines_gets_larger_pictures_in_the_reply(spawn_daemon):
    client = spawn_daemon("--workers", "1")
    client.request("initialize", {"capabilities": {"max_line_bytes": 4_000_000}})
    answer = render(client, SAMPLE, format="jpeg")

    assert opened(base64.b64decode(answer["data"])).format == "JPEG"
    assert len(answer["data"]) > 48 * 1024
    client.request("initialize", {})
    assert "path" in render(client, SAMPLE, format="jpeg")


def test_a_document_may_come_as_base64_and_its_copy_goes(spawn_daemon, pdf, tmp_path):
    client = spawn_daemon("--workers", "1")
    data = base64.b64encode(Path(pdf).read_bytes()).decode()
    asked = {"document": {"data": data}, "page": 1, "max_px": 30}

    assert client.request("document/render", asked)["height_px"] == 30
    # It is removed on a thread of its own: ask for something else until it is gone.
    for _ in range(1000):
        if not list(tmp_path.rglob("document-*")):
            break
        client.request("document/render", {**asked, "document": {"path": pdf}})
    assert not list(tmp_path.rglob("document-*"))


def test_the_hosts_own_file_is_written_whole_and_may_be_replaced(spawn_daemon, pdf, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    output = out / "page.image"
    client = spawn_daemon("--workers", "1")
    for page, format_, size in ((1, "png", (849, 1200)), (2, "jpeg", (849, 1200))):
        answer = render(client, SAMPLE, page, format=format_, output=str(output))
        assert answer["path"] == str(output)
        assert "data" not in answer
        image = opened(output.read_bytes())
        assert (image.format.lower(), image.size) == (format_, size)
    assert "path" in render(client, pdf, max_px=16, output=str(output)), "however small"

    assert [path.name for path in out.iterdir()] == ["page.image"]
    assert not list((tmp_path / "scratch").rglob("*.unfinished"))


def test_a_picture_never_replaces_its_document(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1")
    before = Path(pdf).read_bytes()
    error = refusal(client, pdf, output=pdf)

    assert (error.code, error.data["path"]) == (-32602, "output")
    assert Path(pdf).read_bytes() == before


def test_what_cannot_be_shown_is_refused_with_its_own_error(spawn_daemon, pdf, tmp_path):
    locked = encrypted_pdf(tmp_path / "locked.pdf", "secret")
    client = spawn_daemon("--workers", "1", "--max-page-pixels", "1000000")
    cases = [
        (refusal(client, tmp_path / "gone.pdf"), 1001, "document_not_found"),
        (refusal(client, ROOT / "pyproject.toml"), 1003, "unsupported_format"),
        (refusal(client, locked), 1004, "password_required"),
        (refusal(client, pdf, max_px=2000), 1005, "limit_exceeded"),
        (refusal(client, pdf, page=11), 1008, "page_out_of_range"),
        (refusal(client, pdf, page=0), -32602, "invalid_params"),
        (refusal(client, pdf, output=str(tmp_path / "no" / "a.png")), 1007, "output_failed"),
        (refusal(client, pdf, dpi=72, max_px=100), -32602, "invalid_params"),
    ]
    for error, code, kind in cases:
        assert (error.code, error.kind) == (code, kind)
        assert str(tmp_path) not in json.dumps([error.message, error.data]), "no path in an error"
    opens = {"document": {"path": str(locked), "password": "secret"}, "page": 1, "max_px": 99}
    assert client.request("document/render", opens)["height_px"] == 99


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right there")
def test_documents_and_outputs_lie_under_the_allowed_folders(spawn_daemon, pdf, tmp_path):
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    inside = scan_pdf(allowed / "a.pdf", [Image.new("L", (20, 20))])
    (allowed / "way_out").symlink_to(tmp_path)
    client = spawn_daemon("--workers", "1", "--allow-dir", str(allowed))
    for error in (
        refusal(client, pdf),
        refusal(client, inside, output=str(tmp_path / "page.png")),
        refusal(client, inside, output=str(allowed / "way_out" / "page.png")),
    ):
        assert (error.code, error.kind) == (1006, "path_not_allowed")
    assert not (tmp_path / "page.png").exists()
    assert render(client, inside, output=str(allowed / "page.png"))["height_px"] > 0


@pytest.mark.guarantee("G-4")
def test_pages_are_shown_while_every_slot_is_busy(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", env=SLOW)
    client.request("ocr/start", {"document": {"path": pdf}, "options": NULL})
    wait_for_worker(client, "running")

    for page in (1, 2, 3):
        assert render(client, pdf, page, max_px=60)["height_px"] == 60
    assert client.request("status/get")["current_page"] == 0


def wait_for_worker(client, state):
    for event in client.notifications(timeout_s=30):
        if (event.method, event.params.get("slot")) == ("worker/state", 1) and event.params[
            "state"
        ] == state:
            return


class Drawing:
    """A daemon whose inspector stays in the middle of a picture, so many times."""

    def __init__(self, spawn_daemon, folder, times):
        self.fifo = folder / "half_way"
        os.mkfifo(self.fifo)
        self.half_way = os.open(self.fifo, os.O_RDWR)
        (folder / "times").write_text("\n".join("1" * times))
        self.out = folder / "out"
        self.out.mkdir()
        self.output = self.out / "page.png"
        program = ROOT / "tests" / "workers" / "holds_while_drawing.py"
        command = shlex.join([sys.executable, "-P", str(program)])
        env = {
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "HOLD_FIFO": str(self.fifo),
            "HOLD_TIMES": str(folder / "times"),
        }
        self.client = spawn_daemon("--workers", "1", "--worker-command", command, env=env)

    def ask(self):
        asked = {"document": {"path": str(SAMPLE)}, "page": 1, "output": str(self.output)}
        return self.client.send_request("document/render", asked)

    def wait_half_way(self):
        """Return the file that is half there."""
        readable, _, _ = select.select([self.half_way], [], [], 20)
        assert readable, "no picture was begun"
        os.read(self.half_way, 1)
        (temporary,) = self.out.glob("*.tmp")
        assert temporary.stat().st_size > 0
        return temporary

    def kill_inspector(self):
        workers = self.client.request("worker/list")["workers"]
        psutil.Process(workers[0]["pid"]).kill()

    def names(self):
        return [path.name for path in self.out.iterdir()]


@pytest.fixture
def drawing(spawn_daemon, tmp_path):
    if sys.platform == "win32":
        pytest.skip("needs a named pipe of POSIX")
    made = []

    def make(times):
        made.append(Drawing(spawn_daemon, tmp_path, times))
        return made[-1]

    yield make
    for one in made:
        os.close(one.half_way)


@pytest.mark.parametrize("was_there", [False, True])
def test_an_inspector_that_dies_twice_leaves_the_output_as_it_was(drawing, was_there):
    daemon = drawing(times=2)
    if was_there:
        daemon.output.write_text("old")
    request = daemon.ask()
    for _ in range(2):
        daemon.wait_half_way()
        assert daemon.output.exists() == was_there
        daemon.kill_inspector()
    with pytest.raises(RequestError) as caught:
        daemon.client.wait_reply(request)

    assert caught.value.code == 1020
    assert daemon.client.request("ping") == {}
    daemon.client.close()
    assert daemon.names() == (["page.png"] if was_there else [])
    assert not was_there or daemon.output.read_text() == "old"


def test_an_inspector_that_dies_once_costs_nothing(drawing):
    daemon = drawing(times=1)
    request = daemon.ask()
    daemon.wait_half_way()
    daemon.kill_inspector()
    answer = daemon.client.wait_reply(request)

    assert opened(daemon.output.read_bytes()).size == (answer["width_px"], answer["height_px"])
    daemon.client.close()
    assert daemon.names() == ["page.png"]


@pytest.mark.guarantee("G-6")
def test_a_daemon_that_is_killed_leaves_no_half_picture(drawing):
    daemon = drawing(times=1)
    daemon.ask()
    daemon.wait_half_way()
    pids = family(daemon.client.pid)
    psutil.Process(daemon.client.pid).kill()
    wait_until_gone(pids)

    assert daemon.names() == []


def test_a_cancelled_picture_is_answered_at_once_and_leaves_no_file(drawing):
    daemon = drawing(times=1)
    request = daemon.ask()
    daemon.wait_half_way()
    daemon.client.notify("$/cancelRequest", {"id": request})
    with pytest.raises(RequestError) as caught:
        daemon.client.wait_reply(request, timeout_s=5)

    assert caught.value.code == -32800
    daemon.kill_inspector()
    daemon.client.close()
    assert daemon.names() == []


def test_a_picture_that_is_not_finished_when_the_host_leaves_is_answered_and_gone(drawing):
    daemon = drawing(times=1)
    request = daemon.ask()
    daemon.wait_half_way()
    daemon.client.notify("exit")
    with pytest.raises(RequestError) as caught:
        daemon.client.wait_reply(request)

    assert caught.value.code == -32800
    for _ in daemon.client.notifications(timeout_s=10):
        pass  # until it has left
    assert daemon.names() == []


def test_the_pages_that_a_host_wants_come_next(spawn_daemon, pdf):
    env = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"seconds": 0.3})}
    client = spawn_daemon("--workers", "1", env=env)
    started = client.request("ocr/start", {"document": {"path": pdf}, "options": NULL})
    job_id = started["job_id"]
    wait_for_worker(client, "running")
    answer = client.request("job/prioritize", {"job_id": job_id, "pages": "9,7,1"})
    n_ended = client.request("job/status", {"job_id": job_id})["current"]
    events = list(client.job_events(job_id, timeout_s=30))
    order = [event.params["page"] for event in events if event.method == "job/page"]

    assert answer == {"job_id": job_id, "state": "running"}
    assert n_ended < 5, "the machine was too slow for this test"
    assert order.index(9) <= n_ended + 1, "after those that had ended and the one that ran"
    assert order[order.index(9) :][:2] == [9, 7]
    assert order == [*range(1, order.index(9) + 1), 9, 7] + [
        page for page in range(order.index(9) + 1, 11) if page not in (7, 9)
    ]
    assert client.request("job/prioritize", {"job_id": job_id, "pages": "1"})["state"] == (
        "succeeded"
    )


def test_a_job_in_a_better_class_goes_on_before_the_others(spawn_daemon, pdf):
    env = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"seconds": 0.1})}
    client = spawn_daemon("--workers", "1", env=env)
    first, second = (
        client.request("ocr/start", {"document": {"path": pdf}, "options": NULL})["job_id"]
        for _ in range(2)
    )
    client.request("job/prioritize", {"job_id": second, "priority": "interactive", "pages": "10"})
    pages = []
    terminals = 0
    for event in client.notifications(timeout_s=30):
        if event.method == "job/page":
            pages.append((event.params["job_id"], event.params["page"]))
        terminals += event.method == "job/result"
        if terminals == 2:
            break
    of_the_second = [page for job_id, page in pages if job_id == second]

    assert of_the_second[0] == 10
    last = max(index for index, (job_id, _) in enumerate(pages) if job_id == second)
    assert pages[last + 1 :], "the first job was overtaken"
    assert {job_id for job_id, _ in pages[last + 1 :]} == {first}


def test_the_words_that_a_job_has_read_are_framed(spawn_daemon, pdf):
    speaking = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"text": "two words"})}
    client = spawn_daemon("--workers", "1", env=speaking)
    document = {"path": pdf, "pages": "10"}
    options = {**NULL, "inline": "words"}
    job_id = client.request("ocr/start", {"document": document, "options": options})["job_id"]
    (told,) = [
        event.params["words"]
        for event in client.job_events(job_id, timeout_s=INSPECT_S)
        if event.method == "job/page"
    ]

    plain = opened(base64.b64decode(render(client, pdf, page=10, max_px=900)["data"]))
    answer = render(client, pdf, page=10, max_px=900, overlay={"job_id": job_id})
    framed = opened(base64.b64decode(answer["data"]))

    assert plain.size == framed.size == (600, 900)
    for word in told:
        corner = (round(3 * word["x"]), round(3 * word["y"]))
        assert plain.getpixel(corner) == (180, 180, 180)
        assert framed.getpixel(corner) == (214, 0, 92)
    assert framed.getpixel((10, 10)) == plain.getpixel((10, 10))
    client.request("job/forget", {"job_id": job_id})
    refused = refusal(client, pdf, page=10, overlay={"job_id": job_id})
    assert refused.kind == "job_not_found"
