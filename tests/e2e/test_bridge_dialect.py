"""An app that was written for a bridge of its own, before the real daemon with the null engine."""

import json
import os
import signal
import sys

import psutil
import pytest
from PIL import Image

from tests.bridge_app import App
from tests.scans import scan_pdf

NULL = {"engine": "null"}
SLOW = json.dumps({"seconds": 30})
STEADY = json.dumps({"seconds": 0.15, "text": "hello"})
CANCELLED = {"message": "Processing cancelled by user"}


@pytest.fixture
def spawn_app(tmp_path):
    """Start daemons that speak the dialect; none may leave a process behind."""
    apps = []

    def spawn(null_engine=None):
        apps.append(App(tmp_path, null_engine or "{}"))
        return apps[-1]

    yield spawn
    for app in apps:
        app.close()
    _, alive = psutil.wait_procs(psutil.Process().children(recursive=True), timeout=5)
    for process in alive:
        process.kill()
    assert not alive, f"left behind: {alive}"


@pytest.fixture
def pdf(tmp_path):
    """Return what makes a PDF of small blank pages, and its path."""

    def make(name, n_pages):
        path = tmp_path / name
        scan_pdf(path, [Image.new("L", (100, 100), 255)] * n_pages, dpi=72)
        return str(path)

    return make


def process(app, path, request_id, **options):
    app.ask("process", path, {"force_ocr": True, "ocr_config": NULL, **options}, request_id)


def batch(app, files, output_dir, request_id=None):
    options = {"files": files, "output_dir": str(output_dir), "ocr_config": NULL}
    app.ask("ocr_batch", options=options, request_id=request_id)


def test_an_app_runs_a_working_day_on_the_daemon(spawn_app, pdf, tmp_path):
    app = spawn_app(STEADY)
    one, two, out = pdf("one.pdf", 1), pdf("two.pdf", 2), tmp_path / "out"

    assert app.answer("analyze", None, file_path=two)["data"]["total_pages"] == 2

    process(app, one, None, output_dir=str(out))
    *progress, result = app.events_until_last(None)
    assert {event["type"] for event in progress} == {"progress"}
    assert progress[-1]["data"]["message"] == "Processing file 1/1: one.pdf (page 1/1)"
    (successful,) = result["data"]["successful"]
    assert successful == {"file": one, "pages": 1, "output": str(out / "one.txt")}
    assert (out / "one.txt").read_text() == "hello\n"

    lost = str(tmp_path / "lost.pdf")
    batch(app, [one, lost, two], out, request_id="batch")
    *progress, result = app.events_until_last("batch")
    assert {event["request_id"] for event in progress} == {"batch"}
    data = result["data"]
    assert (result["type"], data["total_files"], data["total_pages_processed"]) == ("result", 3, 3)
    assert [(each["file"], each["pages"]) for each in data["successful"]] == [(one, 1), (two, 2)]
    assert [each["file"] for each in data["failed"]] == [lost]
    assert data["duration_seconds"] > 0

    languages = app.answer("list_available_languages")["data"]
    assert languages["count"] == len(languages["languages"]) > 40
    installed = app.answer("list_installed_languages")["data"]
    assert "en" in installed["installed_languages"]
    options = {"language_code": "de"}
    assert app.answer("get_language_status", options=options)["data"]["installed"] is True
    download = app.answer("download_language_pack", options=options)
    assert (download["type"], "offline" in download["data"]["message"]) == ("error", True)
    assert app.answer("get_hardware_capabilities")["data"]["workers"] == 1
    assert app.leave() == 0


@pytest.mark.guarantee("G-5")
def test_a_cancel_amid_a_batch_ends_it_and_the_next_command_runs(spawn_app, pdf, tmp_path):
    app = spawn_app(STEADY)
    files = [pdf(f"{number}.pdf", 20) for number in range(3)]
    batch(app, files, tmp_path / "out", request_id="batch")
    assert app.next_event()["type"] == "progress"
    app.ask("cancel", request_id="the cancel's own")

    *progress, error = app.events_until_last("batch")
    assert {event["type"] for event in progress} <= {"progress"}
    assert (error["type"], error["data"]) == ("error", CANCELLED)
    process(app, pdf("next.pdf", 1), "next")
    events = app.events_until_last("next")
    assert {event["request_id"] for event in events} == {"next"}, "nothing follows the last event"
    assert events[-1]["type"] == "result"
    assert app.leave() == 0


def test_two_commands_at_a_time_tell_progress_under_their_own_ids(spawn_app, pdf):
    app = spawn_app(STEADY)
    process(app, pdf("a.pdf", 4), "a")
    process(app, pdf("b.pdf", 4), "b")
    events = app.events_until_last("a")
    if ("result", "b") not in [(event["type"], event["request_id"]) for event in events]:
        events += app.events_until_last("b")

    for name in ("a", "b"):
        mine = [event for event in events if event["request_id"] == name]
        assert [event["type"] for event in mine].count("progress") > 1
        assert [event["type"] for event in mine].index("result") == len(mine) - 1
        assert all(f"{name}.pdf" in event["data"]["message"] for event in mine[:-1])


@pytest.mark.guarantee("G-4")
def test_questions_are_answered_while_a_page_is_read(spawn_app, pdf):
    app = spawn_app(SLOW)
    path = pdf("a.pdf", 3)
    process(app, path, "slow")

    assert app.answer("analyze", file_path=path)["data"]["total_pages"] == 3
    assert app.answer("get_hardware_capabilities")["type"] == "result"
    app.ask("cancel", request_id="slow")
    assert app.events_until_last("slow")[-1]["data"] == CANCELLED


@pytest.mark.guarantee("G-8")
def test_bad_lines_get_one_error_each_and_nothing_else(spawn_app):
    app = spawn_app()
    lines = [
        ("nonsense", None),
        ("[]", None),
        ('{"command":"no_such","request_id":"a"}', "a"),
        ('{"command":"process","file_path":"/gone.pdf","request_id":"b"}', "b"),
        ('{"command":"ocr_batch","options":{"files":[]},"request_id":"c"}', "c"),
        ("\ufeff", "nothing"),
        ('{"command":"cancel","request_id":"d"}', "nothing"),
        ('{"jsonrpc":"2.0","id":1,"method":"ping"}', None),
    ]
    for line, _ in lines:
        app.send(line)

    owed = [request_id for _, request_id in lines if request_id != "nothing"]
    told = [app.next_event() for _ in owed]
    assert {event["type"] for event in told} == {"error"}
    assert sorted(str(event["request_id"]) for event in told) == sorted(map(str, owed))
    assert app.leave() == 0


def test_the_end_of_stdin_ends_what_runs(spawn_app, pdf):
    app = spawn_app(SLOW)
    process(app, pdf("a.pdf", 3), "slow")
    assert app.answer("list_installed_languages")["type"] == "result"
    app.end_input()

    assert app.events_until_last("slow")[-1]["data"] == CANCELLED
    assert app.next_event() is None
    assert app.process.wait(10) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
def test_a_signal_ends_what_runs(spawn_app, pdf):
    app = spawn_app(SLOW)
    process(app, pdf("a.pdf", 3), "slow")
    assert app.answer("list_installed_languages")["type"] == "result"
    os.kill(app.process.pid, signal.SIGTERM)

    assert app.events_until_last("slow")[-1]["data"] == CANCELLED
    assert app.process.wait(10) == 143
