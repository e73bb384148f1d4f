"""The bundle at work, where there is no Python, no home, and nothing that may be written."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from PIL import Image

from bundle.contents import ROOT
from daemon.client import DaemonGone
from tests.conftest import SAMPLE
from tests.corpus.images import HEIC
from tests.e2e.test_real_scan import TRUTH, f1
from tests.liveness import family, wait_until_gone
from tests.scans import text_pdf
from tests.searchable import found_words

WAIT_S = 30
SLOW = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"seconds": 60})}
WITHOUT_SOCKETS = (sys.executable, str(Path(__file__).parent.parent / "without_sockets.py"))
linux = pytest.mark.skipif(sys.platform != "linux", reason="a filter of the Linux kernel")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")

pytestmark = [pytest.mark.bundle, pytest.mark.timeout(60, func_only=True)]


@pytest.fixture
def scan(workplace):
    """The sample, where whoever runs the bundle may read it."""
    return Path(shutil.copy(SAMPLE, workplace / "scän.pdf"))


def read(client, path, **kwargs):
    job_id = client.start([path], **kwargs)
    events = list(client.job_events(job_id, timeout_s=WAIT_S))
    assert events[-1].method == "job/result", str(events)
    return events


def test_it_greets_its_host_and_tells_the_whole_protocol(spawn_daemon):
    client = spawn_daemon()
    server = client.request("initialize")["server"]
    told = client.request("rpc.discover")

    assert (server["name"], server["pid"]) == ("ocr-sidecar", client.pid)
    assert told == json.loads((ROOT / "schema" / "openrpc.json").read_text(encoding="utf-8"))


def test_the_second_worker_takes_the_models_that_the_first_has_kept(spawn_daemon, scan, workplace):
    def kept():
        return {one.name: one.stat().st_mtime_ns for one in (workplace / "models").iterdir()}

    read(spawn_daemon("--workers", "1"), scan)
    first = kept()
    read(spawn_daemon("--workers", "1"), scan)

    # The detector, and the recognizer for usual rows and for those of the scan's longer lines.
    assert len(first) == 3
    # One that could not be used would have been replaced.
    assert kept() == first


def test_it_reads_a_scan_and_writes_its_text(spawn_daemon, scan, workplace):
    outputs = ["text", "json", "searchable_pdf"]
    events = read(spawn_daemon(), scan, output_dir=workplace, outputs=outputs)

    pages = [event.params for event in events if event.method == "job/page"]
    assert {page["engine"] for page in pages} == {"rapidocr"}
    for page in pages:
        assert f1(page["text"], TRUTH[page["page"] - 1]) >= 0.97
    (document,) = events[-1].params["successful"]
    assert f1(Path(document["outputs"]["text"]).read_text(encoding="utf-8"), "".join(TRUTH)) >= 0.97
    searchable = Path(document["outputs"]["searchable_pdf"])
    for page, truth in enumerate(TRUTH, 1):
        assert f1(" ".join(word.text for word in found_words(searchable, page)), truth) >= 0.97


@pytest.mark.parametrize(
    "format_", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000", "AVIF"]
)
def test_it_opens_and_shows_every_format(spawn_daemon, workplace, format_):
    image = workplace / f"page.{format_.lower()}"
    Image.new("RGB", (200, 100), "white").save(image, format=format_)
    client = spawn_daemon()
    outputs = {"output_dir": workplace / "out", "outputs": ["searchable_pdf"]}
    pages = read(client, image, options={"engine": "null"}, **outputs)
    params = {"document": {"path": str(image)}, "page": 1, "format": "jpeg"}
    shown = client.request("document/render", params, timeout_s=WAIT_S)

    assert pages[-1].params["pages"]["empty"] == 1
    (document,) = pages[-1].params["successful"]
    assert Path(document["output"]).read_bytes().startswith(b"%PDF-")
    assert shown["width_px"] > 0


def test_it_opens_pictures_of_phones_and_repairs_pdfs(spawn_daemon, workplace):
    """Both by packages that are imported when a file needs them."""
    broken = text_pdf(workplace / "broken.pdf", [["Some words on a page"]])
    broken.write_bytes(broken.read_bytes().replace(b"trailer\n<<", b"trailer\n<"))
    client = spawn_daemon()
    for path, format_ in (
        (shutil.copy(HEIC / "heic-plain.heic", workplace), "heic"),
        (broken, "pdf"),
    ):
        about = client.request("document/info", {"document": {"path": str(path)}})
        assert (about["format"], about["page_count"]) == (format_, 1)


def test_its_engine_and_versions_are_found(spawn_daemon):
    engines = spawn_daemon().request("engine/list", timeout_s=WAIT_S)["engines"]

    (rapidocr,) = [engine for engine in engines if engine["name"] == "rapidocr"]
    assert rapidocr["available"], rapidocr["reason"]
    assert "unknown" not in rapidocr["version"]


def test_doctor_finds_nothing_wrong(daemon_program, daemon_env):
    command = [*daemon_program, "doctor"]
    done = subprocess.run(command, capture_output=True, env=daemon_env, timeout=WAIT_S)

    assert done.returncode == 0, done.stderr.decode()
    assert b"rapidocr            available" in done.stdout


def test_its_command_line_reads_a_scan(daemon_program, daemon_env, scan):
    command = [*daemon_program, "recognize", "--pages", "1", str(scan)]
    done = subprocess.run(command, capture_output=True, env=daemon_env, timeout=WAIT_S)

    assert done.returncode == 0, done.stderr.decode()
    assert f1(done.stdout.decode(), TRUTH[0]) >= 0.97
    assert b"page 1/1" in done.stderr


@posix
def test_a_killed_daemon_leaves_neither_process_nor_file(spawn_daemon, workplace):
    client = spawn_daemon("--workers", "1", env=SLOW)
    image = io.BytesIO()
    Image.new("L", (50, 50), 255).save(image, "PNG")
    scratch = workplace / "scratch"
    path = workplace / "page.png"
    path.write_bytes(image.getvalue())
    client.start([path], options={"engine": "null"}, output_dir=workplace)
    for event in client.notifications(timeout_s=WAIT_S):
        if event.params.get("state") == "running" and event.params.get("slot") == 1:
            break
    processes = family(client.pid)
    assert len(processes) == 4  # daemon, guard, inspector, worker
    names = {Path(one.exe()).name for one in processes.values()}
    assert names == {"ocr-sidecar", "ocr-sidecar-worker"}
    os.kill(client.pid, signal.SIGKILL)

    wait_until_gone(processes)
    with pytest.raises(DaemonGone):
        client.request("ping")
    assert not scratch.exists() or list(scratch.iterdir()) == []


@posix
def test_a_guard_is_one_small_process(program, as_another, tmp_path):
    command = [*as_another, program("ocr-sidecar"), "--guard", str(tmp_path / "none")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={}) as guard:
        guard.stdin.write(b"+0\n")
        guard.stdin.flush()
        alone = psutil.Process(guard.pid).children()
        guard.stdin.close()
        assert guard.wait(WAIT_S) == 0

    assert alone == []


@posix
@pytest.mark.parametrize("given", [None, "/opt/lib"])
def test_a_foreign_worker_does_not_find_our_libraries_before_its_own(
    spawn_daemon, workplace, given
):
    told = workplace / "environment"
    script = workplace / "worker.sh"
    script.write_text(f"#!/bin/sh\nenv > '{told}.new'\nmv '{told}.new' '{told}'\nexit 78\n")
    script.chmod(0o755)
    env = {} if given is None else {"LD_LIBRARY_PATH": given}
    client = spawn_daemon("--worker-command", f"'{script}'", env=env)
    with pytest.raises(Exception, match="inspector"):
        client.request("engine/list", timeout_s=WAIT_S)

    environment = dict(line.split("=", 1) for line in told.read_text().splitlines())
    assert environment.get("LD_LIBRARY_PATH") == given
    assert [name for name in environment if name.startswith("_PYI")] == []


@linux
def test_it_reads_a_scan_where_asking_for_the_network_is_death(spawn_daemon, scan, workplace):
    home = workplace / "home"
    home.mkdir()
    home.chmod(0o777)
    client = spawn_daemon(under=WITHOUT_SOCKETS, env={"HOME": str(home)})
    events = read(client, scan)

    assert events[-1].params["pages"]["recognized"] == 3
    assert [path for path in home.rglob("*") if path.is_file()] == []


@linux
def test_the_filter_of_the_test_above_is_deadly():
    code = "import socket; print('still here'); socket.socket(); print('and now')"
    command = [*WITHOUT_SOCKETS, sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S)

    assert done.returncode == -signal.SIGSYS
    assert "and now" not in done.stdout
