"""The whole daemon with the null engine: what it tells about itself, and what mends it."""

import json
import os
import shlex
import signal
import sys
from pathlib import Path

import psutil
import pytest
from PIL import Image

from daemon.client import RequestError
from tests.scans import scan_pdf

ROOT = Path(__file__).parent.parent.parent
NULL = {"engine": "null"}
SLOW = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"seconds": 30})}


@pytest.fixture
def pdf(tmp_path):
    """A PDF of four small pages."""
    path = tmp_path / "four.pdf"
    scan_pdf(path, [Image.new("L", (200, 300), 255) for _ in range(4)], dpi=72)
    return str(path)


def start(client, pdf, **params):
    params = {"document": {"path": pdf}, "options": NULL, **params}
    return client.request("ocr/start", params)["job_id"]


def run(client, pdf, **params):
    """The params of the terminal notification of a job."""
    return list(client.job_events(start(client, pdf, **params), timeout_s=30))[-1].params


def wait_state(client, slot, state):
    """Wait until a slot has come to a state."""
    while True:
        told = client.next_notification()
        where = (told.params.get("slot"), told.params.get("state"))
        if told.method == "worker/state" and where == (slot, state):
            return


def dying_workers(tmp_path, *, while_there_is):
    """A worker command that dies at start as long as a file exists, and is our own otherwise."""
    program = tmp_path / "worker.py"
    program.write_text(
        f"""
import os, runpy, sys
sys.path.insert(0, {str(ROOT)!r})
dies = os.path.exists({str(while_there_is)!r})
runpy.run_module("tests.workers.dies_at_start" if dies else "ocr_worker", run_name="__main__")
"""
    )
    return shlex.join([sys.executable, "-P", str(program)])


def test_what_a_job_has_done_is_counted(spawn_daemon, pdf, tmp_path):
    client = spawn_daemon("--workers", "1")
    run(client, pdf, output_dir=str(tmp_path / "out"))
    with pytest.raises(RequestError):
        client.request("job/status", {"job_id": "no such"})
    metrics = client.request("metrics/get")

    assert metrics["pages"] == {
        "recognized": 0,
        "native_text": 0,
        "empty": 4,
        "failed": 0,
        "cancelled": 0,
    }
    assert metrics["errors"] == {"job_not_found": 1}
    assert not any(metrics["restarts"].values())
    assert {stage: one["n"] for stage, one in metrics["latency_s"].items()} == {
        "queue": 4,
        "render": 4,
        "recognize": 4,
        "assemble": 1,
    }
    assert metrics["latency_s"]["render"]["p50"] > 0
    assert metrics["pages_per_min"] > 0
    assert metrics["events_per_s"] > 0
    assert metrics["uptime_s"] > 0
    assert {name: queue["n"] for name, queue in metrics["queues"].items()} == {
        "replies": 0,
        "notifications": 0,
        "pages": 0,
        "documents": 0,
        "inspections": 0,
    }
    assert {name for name, n in metrics["dropped"].items() if n} <= {"notifications"}
    assert metrics["daemon"]["rss_bytes"] > 1e6
    assert [(row["slot"], row["pages"]) for row in metrics["workers"]] == [(0, 0), (1, 4)]
    assert all(row["rss_bytes"] > 1e6 and row["uptime_s"] > 0 for row in metrics["workers"])


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_stopped_worker_makes_a_deep_check_degraded_and_one_that_goes_on_does_not(
    spawn_daemon, pdf
):
    client = spawn_daemon("--workers", "1")
    run(client, pdf)
    pids = {row["slot"]: row["pid"] for row in client.request("worker/list")["workers"]}
    os.kill(pids[1], signal.SIGSTOP)
    try:
        # The order is given at once and carried out when the system next runs the process.
        while psutil.Process(pids[1]).status() != psutil.STATUS_STOPPED:
            pass
        shallow = client.request("health/check")
        deep = client.request("health/check", {"deep": True})
    finally:
        os.kill(pids[1], signal.SIGCONT)
    well = client.request("health/check", {"deep": True})

    assert shallow["status"] == "ok"
    assert deep["status"] == "degraded"
    assert [row["responsive"] for row in deep["workers"]] == [True, False]
    assert [problem["kind"] for problem in deep["problems"]] == ["worker_unresponsive"]
    assert well["status"] == "ok"
    assert [row["responsive"] for row in well["workers"]] == [True, True]


def test_a_worker_that_reads_a_page_answers_a_deep_check(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", env=SLOW)
    start(client, pdf)
    wait_state(client, 1, "running")
    health = client.request("health/check", {"deep": True})

    assert health["status"] == "ok"
    assert health["workers"][1] == {"slot": 1, "state": "running", "responsive": True}


def test_a_slot_that_gave_up_is_given_back_by_a_restart(spawn_daemon, pdf, tmp_path):
    broken = tmp_path / "broken"
    broken.touch()
    command = dying_workers(tmp_path, while_there_is=broken)
    client = spawn_daemon("--workers", "1", "--worker-command", command)
    failed = run(client, pdf)
    health = client.request("health/check")
    restarts = client.request("metrics/get")["restarts"]
    broken.unlink()
    client.request("worker/restart", {"slot": 1})
    mended = client.request("health/check")

    assert failed["error"]["data"]["kind"] == "workers_unavailable"
    assert health["status"] == "failed"
    assert health["workers"][1]["state"] == "error"
    assert restarts["start_failed"] == 4
    assert (mended["status"], mended["workers"][1]["state"]) == ("ok", "stopped")
    assert run(client, pdf)["state"] == "succeeded"


def test_living_workers_are_replaced_by_a_restart(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1")
    run(client, pdf)
    before = [row["worker_id"] for row in client.request("worker/list")["workers"]]
    client.request("worker/restart")
    seen = {}
    while len(seen) < 2:
        told = client.next_notification()
        if told.method == "worker/state" and told.params["worker_id"] not in before:
            seen[told.params["slot"]] = told.params["state"]

    assert seen == {0: "idle", 1: "idle"}
    assert client.request("metrics/get")["restarts"]["requested"] == 2
    assert run(client, pdf)["state"] == "succeeded"


@pytest.mark.parametrize("slot", [-1, 2])
def test_a_slot_that_is_not_there_cannot_be_restarted(spawn_daemon, slot):
    client = spawn_daemon("--workers", "1")
    with pytest.raises(RequestError) as refused:
        client.request("worker/restart", {"slot": slot})

    assert refused.value.kind == "invalid_params"
    assert refused.value.data["path"] == "slot"


def test_a_host_that_asked_is_told_what_is_logged(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1")
    client.request("initialize", {"capabilities": {"log_level": "info"}})
    job_id = start(client, pdf)
    told = client.next_notification()
    while told.method != "log/message":
        told = client.next_notification()

    assert told.params["level"] == "info"
    assert job_id in told.params["message"]


def test_a_host_that_did_not_ask_is_not_told(spawn_daemon, pdf):
    client = spawn_daemon("--workers", "1", "--log-level", "debug")
    start(client, pdf)
    methods = {client.next_notification().method}
    while "job/result" not in methods:
        methods.add(client.next_notification().method)

    assert "log/message" not in methods


def test_the_level_of_the_log_file_can_be_changed(spawn_daemon, tmp_path, pdf):
    """A worker's stderr is relayed at debug."""
    broken = tmp_path / "broken"
    broken.touch()
    command = dying_workers(tmp_path, while_there_is=broken)
    client = spawn_daemon("--workers", "1", "--worker-command", command)
    log_path = Path(client.request("initialize")["server"]["log_path"])
    client.request("log/set_level", {"level": "debug"})
    start(client, pdf)
    while client.next_notification().params.get("exit_code") != 3:
        pass
    client.close()

    lines = [line for line in log_path.read_text().splitlines() if "stderr: " in line]
    assert lines
    assert all(line.endswith("stderr: dies_at_start: last words") for line in lines)
    assert all("'worker': '" in line for line in lines)


def test_a_level_that_does_not_exist_is_refused(spawn_daemon):
    client = spawn_daemon("--workers", "1")
    with pytest.raises(RequestError) as refused:
        client.request("log/set_level", {"level": "loud"})

    assert refused.value.kind == "invalid_params"


def crash(spawn_daemon, pdf, program, **capabilities):
    """Let a worker die on page 2; return the job's error, and the log's lines with its id."""
    command = shlex.join([sys.executable, "-P", str(ROOT / "tests" / "workers" / program)])
    env = {"PYTHONPATH": str(ROOT)}
    client = spawn_daemon("--workers", "1", "--worker-command", command, env=env)
    wishes = {"capabilities": capabilities}
    log_path = Path(client.request("initialize", wishes)["server"]["log_path"])
    document = {"path": pdf, "pages": "2"}
    terminal = run(client, pdf, document=document, options={**NULL, "max_attempts": 1})
    client.close()
    error_id = terminal["error"]["data"]["error_id"]
    lines = [line for line in log_path.read_text().splitlines() if error_id in line]
    return terminal["error"], lines


@pytest.mark.parametrize(("diagnostics", "tail"), [(False, None), (True, "out of paper\n")])
def test_a_crash_is_told_with_last_words_only_to_a_host_that_asked(
    spawn_daemon, pdf, diagnostics, tail
):
    error, lines = crash(spawn_daemon, pdf, "dies_on_a_page.py", diagnostics=diagnostics)

    assert (error["code"], error["message"]) == (1020, "The worker ended with exit code 7.")
    assert error["data"].get("stderr_tail") == tail
    assert any("WARNING" in line and "ended with exit code 7" in line for line in lines)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_worker_that_something_else_killed_is_told_as_perhaps_out_of_memory(spawn_daemon, pdf):
    error, lines = crash(spawn_daemon, pdf, "kills_itself.py")

    assert error["message"] == "The worker was killed, perhaps out of memory."
    assert any("WARNING" in line and "perhaps out of memory" in line for line in lines)
