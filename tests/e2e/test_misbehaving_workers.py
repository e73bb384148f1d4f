"""One misbehaviour of a worker at a time, and what the host sees of it.

Each program of tests/workers reads pages 1 and 3 well and misbehaves on page 2.
"""

import os
import shlex
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.scans import scan_pdf

ROOT = Path(__file__).parent.parent.parent
PROGRAMS = ROOT / "tests" / "workers"
QUICK = {"engine": "null", "silence_timeout_s": 0.5, "page_timeout_s": 30}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs use POSIX signals")


@pytest.fixture
def pdf(tmp_path):
    """A PDF of three small pages."""
    path = tmp_path / "three.pdf"
    scan_pdf(path, [Image.new("L", (50, 50), 255)] * 3, dpi=72)
    return str(path)


@pytest.fixture
def spawn(spawn_daemon):
    """Start a daemon whose OCR workers are one of the programs."""

    def spawn(program, *options, workers=1):
        command = shlex.join([sys.executable, "-P", str(PROGRAMS / f"{program}.py")])
        env = {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        return spawn_daemon(
            "--workers", str(workers), "--worker-command", command, *options, env=env
        )

    return spawn


def run(client, path, **options):
    """Run a job and return its page notifications and its terminal params."""
    job_id = client.start([path], options={**QUICK, **options})
    events = list(client.job_events(job_id, timeout_s=50))
    pages = [event.params for event in events if event.method == "job/page"]
    return pages, events[-1].params


def restarts(client):
    """Return the restarts there were, by cause."""
    counted = client.request("metrics/get")["restarts"]
    return {cause: n for cause, n in counted.items() if n}


def wait_for_state(client, state, **members):
    """Return the news that slot 1 is in this state, with these members."""
    for event in client.notifications(timeout_s=10):
        told = event.params
        if (told.get("slot"), told.get("state")) == (1, state) and members.items() <= told.items():
            return told
    raise AssertionError("the daemon has ended")


@pytest.mark.guarantee("G-3")
@pytest.mark.parametrize(
    ("program", "kind", "extra"),
    [
        ("dies_on_a_page", "worker_crashed", {"exit_code": 7, "signal": None}),
        ("kills_itself", "worker_crashed", {"exit_code": None, "signal": 9}),
        ("exits_zero_on_a_page", "worker_crashed", {"exit_code": 0, "signal": None}),
        ("half_a_line_on_a_page", "worker_crashed", {"exit_code": 1, "signal": None}),
        ("hangs_without_the_gil", "timeout", {"which": "silence"}),
        ("hangs_with_the_gil", "timeout", {"which": "silence"}),
        ("is_stopped_on_a_page", "timeout", {"which": "silence"}),
    ],
)
def test_a_page_that_ends_its_worker_fails_after_its_attempts_and_the_others_are_read(
    spawn, pdf, program, kind, extra
):
    client = spawn(program)
    pages, terminal = run(client, pdf, max_attempts=2)

    failed = {page["page"]: page for page in pages if page["state"] == "failed"}
    assert set(failed) == {2}
    error = failed[2]["error"]["data"]
    assert (error["kind"], failed[2]["attempts"]) == (kind, 2)
    assert {name: error[name] for name in extra} == extra
    assert terminal["state"] == "partial"
    assert terminal["pages"]["recognized"] == 2
    (_, terminal) = run(client, pdf, max_attempts=1)
    assert terminal["pages"]["recognized"] == 2, "the slot is usable again"


@pytest.mark.parametrize(
    "program", ["computes_in_silence", "answers_twice", "sends_garbage_on_a_page", "eats_memory"]
)
def test_what_a_worker_can_be_forgiven_costs_nothing(spawn, pdf, program):
    client = spawn(program)
    pages, terminal = run(client, pdf)

    assert terminal["state"] == "succeeded"
    assert sorted(page["page"] for page in pages) == [1, 2, 3]
    assert {page["attempts"] for page in pages} == {1}


@pytest.mark.parametrize("program", ["dies_at_start", "cannot_start", "wrong_wire_version"])
def test_a_worker_that_cannot_serve_ends_jobs_instead_of_hanging_them(spawn, pdf, program):
    client = spawn(program)
    _, terminal = run(client, pdf)

    assert terminal["error"]["data"]["kind"] == "workers_unavailable"
    assert terminal["pages"]["failed"] == 3
    workers = client.request("worker/list")["workers"]
    assert [worker["state"] for worker in workers[1:]] == ["error"]
    assert client.request("document/info", {"document": {"path": pdf}})["page_count"] == 3


def test_a_worker_that_never_becomes_ready_is_given_up_after_its_tries(spawn, pdf):
    client = spawn("never_ready", "--start-timeout-s", "0.5")
    _, terminal = run(client, pdf)

    assert terminal["error"]["data"]["kind"] == "workers_unavailable"
    (_, worker) = client.request("worker/list")["workers"]
    assert (worker["state"], worker["pid"]) == ("error", None)
    assert restarts(client) == {"start_failed": 4}


def test_a_worker_that_never_becomes_ready_can_be_left_by_a_cancel(spawn, pdf):
    client = spawn("never_ready")
    job_id = client.start([pdf], options=QUICK)
    wait_for_state(client, "starting")
    client.request("job/cancel", {"job_id": job_id})
    terminal = list(client.job_events(job_id, timeout_s=10))[-1].params

    assert terminal["state"] == "cancelled"
    assert client.close() == 0, "nor does it keep the daemon"


def test_an_idle_worker_that_answers_no_ping_is_replaced(spawn, pdf):
    client = spawn("silent_heartbeat", "--heartbeat-s", "0.5")
    first = run(client, pdf)[1]["state"]
    died = wait_for_state(client, "starting", signal=9)
    second = run(client, pdf)[1]["state"]

    assert (first, second) == ("succeeded", "succeeded")
    (_, worker) = client.request("worker/list")["workers"]
    assert worker["worker_id"] != died["worker_id"]
    assert restarts(client)["silence"] >= 1


def test_a_worker_that_stops_reading_costs_no_page_an_attempt(spawn, pdf):
    client = spawn("stops_reading")
    pages, terminal = run(client, pdf)

    assert terminal["state"] == "succeeded"
    assert [page["attempts"] for page in pages] == [1, 1, 1]
    assert restarts(client) == {"silence": 1}


def test_an_answer_after_a_cancel_changes_nothing_and_the_worker_is_kept(spawn, pdf):
    client = spawn("answers_after_cancel")
    job_id = client.start([pdf], options={**QUICK, "silence_timeout_s": 30})
    events = client.job_events(job_id, timeout_s=30)
    for event in events:
        if event.method == "job/progress" and event.params["current"] == 1:
            break
    (_, before) = client.request("worker/list")["workers"]
    client.request("job/cancel", {"job_id": job_id})
    terminal = list(events)[-1].params
    (_, after) = client.request("worker/list")["workers"]

    assert terminal["state"] == "cancelled"
    assert (terminal["pages"]["recognized"], terminal["pages"]["cancelled"]) == (1, 2)
    assert after["worker_id"] == before["worker_id"]


def test_a_worker_that_has_grown_too_large_is_replaced_between_pages(spawn, pdf):
    client = spawn("eats_memory", "--max-worker-bytes", "150000000")
    first = {run(client, pdf)[1]["state"]}
    (_, before) = client.request("worker/list")["workers"]
    for event in client.notifications(timeout_s=30):
        told = (event.params.get("slot"), event.params.get("state"))
        if told == (1, "idle") and event.params["worker_id"] != before["worker_id"]:
            break
    second = run(client, pdf)[1]["state"]
    (_, after) = client.request("worker/list")["workers"]

    assert first | {second} == {"succeeded"}
    assert after["worker_id"] != before["worker_id"]
    assert after["restarts"] == 0


@pytest.mark.guarantee("G-3")
def test_a_poisonous_document_leaves_its_neighbour_alone(spawn, tmp_path):
    poison, healthy = tmp_path / "poison.pdf", tmp_path / "healthy.pdf"
    scan_pdf(poison, [Image.new("L", (50, 50), 255)] * 2, dpi=72)
    scan_pdf(healthy, [Image.new("L", (50, 50), 255)], dpi=72)
    client = spawn("kills_itself", workers=2)
    bad = client.start([str(poison)], options={**QUICK, "priority": "interactive"})
    good = client.start([str(healthy)], options=QUICK)

    assert list(client.job_events(good, timeout_s=30))[-1].params["state"] == "succeeded"
    assert list(client.job_events(bad, timeout_s=30))[-1].params["state"] == "partial"
    states = {worker["state"] for worker in client.request("worker/list")["workers"][1:]}
    assert "error" not in states
