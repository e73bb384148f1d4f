"""The whole daemon over real pipes with the null engine: jobs from start to end."""

import json
from pathlib import Path

import pytest
from PIL import Image

from daemon.client import RequestError
from tests.scans import scan_pdf

SLOW = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"seconds": 30})}
TALKATIVE = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"text": "hello world"})}
NULL = {"engine": "null"}


@pytest.fixture
def pdf(tmp_path):
    """A PDF of ten small pages."""
    path = tmp_path / "ten.pdf"
    scan_pdf(path, [Image.new("L", (200, 300), 255) for _ in range(10)], dpi=72)
    return str(path)


def start(client, document, **params):
    return client.request("ocr/start", {"document": document, "options": NULL, **params})["job_id"]


def run(client, job_id):
    """All notifications of a job, the terminal one last."""
    return list(client.job_events(job_id, timeout_s=30))


def by_method(events, method):
    return [event.params for event in events if event.method == method]


@pytest.mark.guarantee("G-1")
@pytest.mark.guarantee("G-2")
def test_a_document_ends_with_every_page_told_once_and_counts_that_add_up(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "2", env=TALKATIVE)
    events = run(client, start(client, {"path": pdf}))

    pages = by_method(events, "job/page")
    assert sorted(page["page"] for page in pages) == list(range(1, 11))
    assert {page["text"] for page in pages} == {"hello world"}
    assert events[-1].method == "job/result"
    assert events[-1].params["state"] == "succeeded"
    assert events[-1].params["pages"]["recognized"] == 10
    assert events[-1].params["total_pages_processed"] == 10
    assert by_method(events, "job/progress")


def test_pages_and_passwords_and_order_are_taken_as_asked(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1")
    events = run(client, start(client, {"path": pdf, "pages": "9-,2,-10"}))

    assert [page["page"] for page in by_method(events, "job/page")] == [1, 2, 9, 10]
    assert events[-1].params["pages"]["empty"] == 4


def test_outputs_are_written_whole_under_their_names(spawn_daemon, pdf, tmp_path):
    client = spawn_daemon("--workers", "1", env=TALKATIVE)
    out = tmp_path / "new" / "out"
    first, second = (
        run(
            client,
            start(client, {"path": pdf}, output_dir=str(out), outputs=["text", "json"]),
        )[-1].params["successful"][0]
        for _ in range(2)
    )

    assert first["output"] == str(out / "ten.txt")
    assert second["outputs"] == {
        "text": str(out / "ten (2).txt"),
        "json": str(out / "ten (2).json"),
    }
    assert (out / "ten.txt").read_text() == "\f".join(["hello world\n"] * 10)
    document = json.loads((out / "ten (2).json").read_text())
    assert [page["page"] for page in document["pages"]] == list(range(1, 11))
    assert document["pages"][0]["lines"][0]["words"][1]["text"] == "world"
    assert sorted(path.name for path in out.iterdir()) == [
        "ten (2).json",
        "ten (2).txt",
        "ten.json",
        "ten.txt",
    ]


def test_an_output_replaces_the_one_there_when_asked_but_never_an_input(spawn_daemon, tmp_path):
    image = tmp_path / "page.txt"
    Image.new("L", (50, 50), 255).save(image, "PNG")
    before = image.read_bytes()
    (tmp_path / "page (2).txt").write_text("old")
    client = spawn_daemon("--workers", "1")
    options = {**NULL, "overwrite": True}
    job_id = start(client, {"path": str(image)}, output_dir=str(tmp_path), options=options)
    terminal = run(client, job_id)[-1].params

    assert terminal["successful"][0]["output"] == str(tmp_path / "page (2).txt")
    assert image.read_bytes() == before
    assert (tmp_path / "page (2).txt").read_text() == "\n"


def test_words_come_with_boxes_inside_the_page(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", env=TALKATIVE)
    options = {**NULL, "inline": "words"}
    (page, *_) = by_method(
        run(client, start(client, {"path": pdf, "pages": "1"}, options=options)), "job/page"
    )

    assert [word["text"] for word in page["words"]] == ["hello", "world"]
    for word in page["words"]:
        assert 0 <= word["x"] <= word["x"] + word["width"] <= page["width_pt"]
        assert 0 <= word["y"] <= word["y"] + word["height"] <= page["height_pt"]


def test_nothing_is_told_inline_when_nothing_is_wanted(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", env=TALKATIVE)
    options = {**NULL, "inline": "none"}
    (page, *_) = by_method(
        run(client, start(client, {"path": pdf, "pages": "1"}, options=options)), "job/page"
    )

    assert "text" not in page
    assert "words" not in page


def test_a_batch_reports_what_succeeded_and_what_failed(spawn_daemon, pdf, tmp_path):
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing more")
    client = spawn_daemon("--workers", "2")
    documents = [{"path": pdf}, {"path": str(tmp_path / "gone.png")}, {"path": str(broken)}]
    reply = client.request("ocr/start_batch", {"documents": documents, "options": NULL})
    terminal = run(client, reply["job_id"])[-1].params

    assert terminal["state"] == "partial"
    assert [one["file"] for one in terminal["successful"]] == [pdf]
    assert sorted(one["kind"] for one in terminal["failed"]) == [
        "document_not_found",
        "document_unreadable",
    ]
    assert terminal["total_files"] == 3
    assert terminal["total_pages_processed"] == 10
    assert terminal["duration_seconds"] > 0


def test_a_document_may_come_as_base64(spawn_daemon, pdf):
    import base64

    data = base64.b64encode(Path(pdf).read_bytes()).decode()
    client = spawn_daemon("--workers", "1")
    info = client.request("document/info", {"document": {"data": data}})
    events = run(client, start(client, {"data": data, "name": "mail.pdf"}))

    assert info["page_count"] == 10
    assert "path" not in info
    assert by_method(events, "job/page")[0]["file"] == "mail.pdf"
    assert events[-1].params["pages"]["empty"] == 10


@pytest.mark.guarantee("G-4")
def test_the_daemon_answers_while_every_slot_is_busy(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", env=SLOW)
    job_id = start(client, {"path": pdf})
    wait_for_worker(client, "running")

    assert client.request("ping", timeout_s=5) == {}
    assert client.request("document/info", {"document": {"path": pdf}}, timeout_s=5)["page_count"]
    assert client.request("job/status", {"job_id": job_id}, timeout_s=5)["state"] == "running"
    status = client.request("status/get", timeout_s=5)
    assert (status["state"], status["is_running"], status["total_pages"]) == ("running", True, 10)
    (_, worker) = client.request("worker/list", timeout_s=5)["workers"]
    assert (worker["slot"], worker["job_id"], worker["page"]) == (1, job_id, 1)
    assert worker["rss_bytes"] > 0


def wait_for_worker(client, state):
    for event in client.notifications(timeout_s=30):
        if (event.method, event.params.get("slot")) == ("worker/state", 1) and event.params[
            "state"
        ] == state:
            return


@pytest.mark.guarantee("G-5")
def test_a_cancelled_job_ends_promptly_and_the_slot_is_usable_again(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", env=SLOW)
    job_id = start(client, {"path": pdf})
    wait_for_worker(client, "running")
    (_, before) = client.request("worker/list")["workers"]

    assert client.request("job/cancel", {"job_id": job_id}) == {
        "job_id": job_id,
        "state": "cancelled",
    }
    events = run(client, job_id)
    wait_for_worker(client, "idle")
    (_, after) = client.request("worker/list")["workers"]

    assert events[-1].method == "job/error"
    assert events[-1].params["error"]["message"] == "Processing cancelled by user"
    assert events[-1].params["pages"]["cancelled"] == 10
    assert after["worker_id"] == before["worker_id"], "asked, not killed"
    assert client.request("job/cancel", {"job_id": job_id})["state"] == "cancelled"
    assert client.request("status/get")["state"] == "cancelled"


def test_results_can_be_asked_for_until_they_are_forgotten(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", env=TALKATIVE)
    job_id = start(client, {"path": pdf})
    terminal = run(client, job_id)[-1].params

    result = client.request("job/result", {"job_id": job_id, "pages": "2-3"})
    assert [page["page"] for page in result["pages"]] == [2, 3]
    assert result["terminal"] == {k: v for k, v in terminal.items() if k != "seq"}
    (row,) = client.request("job/list", {"state": "succeeded"})["jobs"]
    assert (row["job_id"], row["current"], row["percent"]) == (job_id, 10, 100.0)
    assert client.request("job/list", {"state": "failed"})["jobs"] == []
    status = client.request("job/status", {"job_id": job_id})
    assert status["documents"][0]["state"] == "succeeded"
    assert status["finished_at"] >= status["started_at"] >= status["created_at"]

    assert client.request("job/forget", {"job_id": job_id}) == {}
    with pytest.raises(RequestError) as caught:
        client.request("job/status", {"job_id": job_id})
    assert caught.value.code == 1010


def test_a_running_job_cannot_be_forgotten(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", env=SLOW)
    job_id = start(client, {"path": pdf})
    with pytest.raises(RequestError) as caught:
        client.request("job/forget", {"job_id": job_id})

    assert caught.value.code == -32602
    client.request("job/cancel", {"job_id": job_id})
    run(client, job_id)


def test_what_there_is_can_be_asked_for(spawn_daemon):
    client = spawn_daemon("--workers", "1")
    hello = client.request("initialize", {"protocol_version": 1, "client": {"name": "test"}})
    engines = client.request("engine/list")["engines"]
    languages = client.request("language/list", {"engine": "rapidocr"})["languages"]
    hardware = client.request("hardware/get")

    assert hello["server"]["pid"] == client.pid
    assert Path(hello["server"]["log_path"]).exists()
    assert "ocr/start" in hello["methods"]
    available = {engine["name"]: engine["available"] for engine in engines}
    assert available.keys() == {"rapidocr", "tesseract", "null"}
    assert available["rapidocr"]
    assert available["null"]
    (english,) = [language for language in languages if language["code"] == "en"]
    assert (english["name"], english["script"]) == ("English", "Latn")
    assert english["engines"][0] == "rapidocr"
    assert "null" not in english["engines"], "it reads nothing"
    assert (hardware["workers"], hardware["threads_per_worker"]) == (1, 1)


def test_another_protocol_version_is_refused_with_the_ones_there_are(spawn_daemon):
    client = spawn_daemon()
    with pytest.raises(RequestError) as caught:
        client.request("initialize", {"protocol_version": 2})

    assert (caught.value.code, caught.value.data["supported"]) == (-32602, [1])


def test_shutdown_with_drain_finishes_and_leaves_in_order(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", env=TALKATIVE)
    job_id = start(client, {"path": pdf})
    assert client.request("shutdown", {"mode": "drain"}) == {}
    with pytest.raises(RequestError) as caught:
        client.request("ocr/start", {"document": {"path": pdf}})

    assert caught.value.code == 1040
    assert run(client, job_id)[-1].params["state"] == "succeeded"
    assert client.close() == 0


def test_shutdown_now_cancels_what_runs(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", env=SLOW)
    job_id = start(client, {"path": pdf})
    client.request("shutdown")

    assert run(client, job_id)[-1].params["state"] == "cancelled"
    assert client.close() == 0


def test_a_file_that_changes_while_it_is_read_fails_its_pages(spawn_daemon, pdf, tmp_path):
    env = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"seconds": 0.3})}
    client = spawn_daemon("--workers", "1", env=env)
    job_id = start(client, {"path": pdf})
    for event in client.job_events(job_id, timeout_s=30):
        if event.method == "job/page":
            break
    scan_pdf(Path(pdf), [Image.new("L", (80, 80), 255)] * 2, dpi=72)
    terminal = run(client, job_id)[-1].params

    assert terminal["state"] == "partial"
    assert {page["kind"] for page in terminal["failed_pages"]} == {"document_changed"}
    assert sum(terminal["pages"].values()) == 10


def test_a_worker_that_is_killed_costs_no_page(spawn_daemon, pdf):
    import psutil

    env = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"seconds": 0.2, "text": "x"})}
    client = spawn_daemon("--workers", "1", env=env)
    job_id = start(client, {"path": pdf})
    wait_for_worker(client, "running")
    (_, worker) = client.request("worker/list")["workers"]
    psutil.Process(worker["pid"]).kill()
    terminal = run(client, job_id)[-1].params

    assert terminal["state"] == "succeeded"
    assert terminal["pages"]["recognized"] == 10


def test_ten_thousand_requests_before_the_first_reply_is_read_are_all_answered(spawn_daemon):
    client = spawn_daemon()
    lines = (b'{"jsonrpc":"2.0","id":%d,"method":"ping"}\n' % n for n in range(10_000))
    client.send_raw(b"".join(lines), timeout_s=30)
    answered = {client.next_message(timeout_s=30)["id"] for _ in range(10_000)}

    assert answered == set(range(10_000))


def states_of_slot_1(client, until):
    """What the first slot has been up to, until something was heard."""
    states = []
    for notification in client.notifications(timeout_s=30):
        if notification.method == "worker/state" and notification.params["slot"] == 1:
            states.append(notification.params["state"])
        if until(notification.method, states):
            return states
    raise AssertionError(states)


def test_a_worker_gets_ready_while_its_host_only_looks_at_a_document(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1")
    client.request("document/info", {"document": {"path": str(pdf)}})

    states_of_slot_1(client, lambda _, states: states[-1:] == ["idle"])
    assert client.request("status/get")["jobs"] == {}


def test_a_worker_that_is_not_to_be_warmed_up_waits_for_a_job(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", "--no-warm-up", env=TALKATIVE)
    client.request("document/info", {"document": {"path": str(pdf)}})
    assert client.request("worker/list")["workers"][1]["state"] == "stopped"

    client.start([str(pdf)], options={"engine": "null"})
    heard = states_of_slot_1(client, lambda method, _: method == "job/result")
    assert heard[0] == "starting"
