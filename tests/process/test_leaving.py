"""The daemon's ways out, over real pipes and signals, and what is left afterwards: nothing."""

import json
import signal
import subprocess
import sys

import psutil
import pytest
from PIL import Image

from tests.scans import scan_pdf
from tests.wire_check import check_lines

SLOW = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"seconds": 60})}
WAIT_S = 10


@pytest.fixture
def busy(spawn_daemon, tmp_path):
    """A daemon in the middle of a page, its job, and the processes it has."""
    path = tmp_path / "two.pdf"
    scan_pdf(path, [Image.new("L", (200, 300), 255)] * 2, dpi=72)
    client = spawn_daemon("--workers", "1", env=SLOW)
    job_id = client.start([str(path)], options={"engine": "null"})
    for event in client.notifications(timeout_s=WAIT_S):
        state = (event.method, event.params.get("slot"), event.params.get("state"))
        if state == ("worker/state", 1, "running"):
            break
    processes = [psutil.Process(client.pid)]
    processes += processes[0].children(recursive=True)
    # The daemon, the inspector, one worker, and on POSIX the guard.
    assert len(processes) == (3 if sys.platform == "win32" else 4)
    return client, job_id, processes


def assert_gone(processes):
    _, alive = psutil.wait_procs(processes, timeout=5)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.guarantee("G-6")
@pytest.mark.skipif(sys.platform != "linux", reason="relies on the parent-death signal")
def test_no_worker_survives_a_daemon_that_is_killed(busy):
    client, _, processes = busy
    processes[0].kill()

    assert_gone(processes)
    client.close()


@pytest.mark.guarantee("G-6")
def test_nothing_survives_the_end_of_stdin(busy):
    client, _, processes = busy
    client.close()

    assert_gone(processes)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_signal_cancels_what_runs_and_leaves_with_its_code(busy, number, code):
    client, job_id, processes = busy
    processes[0].send_signal(number)
    terminal = list(client.job_events(job_id, timeout_s=WAIT_S))[-1]

    assert terminal.params["state"] == "cancelled"
    assert client.close() == code
    assert_gone(processes)


def pipe(line, *options, env):
    """Run a daemon on this input to its end; what it says is held to the schema."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "daemon", *options],
        input=line,
        capture_output=True,
        env=env,
        timeout=WAIT_S,
    )
    check_lines(line, done.stdout)
    return done


def test_one_line_in_gives_one_line_out_and_the_end(daemon_env):
    done = pipe(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n', env=daemon_env)

    assert done.stdout == b'{"jsonrpc":"2.0","result":{},"id":1}\n'
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_last_line_without_its_line_feed_is_read(daemon_env):
    done = pipe(b'{"jsonrpc":"2.0","id":1,"method":"ping"}', env=daemon_env)

    assert done.stdout.count(b"\n") == 1


def test_nothing_is_said_before_the_first_request(daemon_env):
    assert pipe(b"", env=daemon_env).stdout == b""


def test_exit_without_shutdown_is_an_error(daemon_env):
    line = b'{"jsonrpc":"2.0","method":"exit"}\n'
    assert pipe(line, env=daemon_env).returncode == 1

    shutdown = b'{"jsonrpc":"2.0","id":1,"method":"shutdown"}\n'
    assert pipe(shutdown + line, env=daemon_env).returncode == 0


def test_a_wrong_option_is_a_usage_error(daemon_env):
    done = pipe(b"", "--workers", "0", env=daemon_env)

    assert done.returncode == 2
    assert done.stdout == b""


def test_what_was_asked_before_the_end_of_stdin_is_answered(daemon_env, tmp_path):
    image = tmp_path / "page.png"
    Image.new("L", (50, 50)).save(image)
    params = {"document": {"path": str(image)}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "document/info", "params": params}
    done = pipe(json.dumps(request).encode() + b"\n", env=daemon_env)
    messages = [json.loads(line) for line in done.stdout.splitlines()]

    (reply,) = [message for message in messages if "id" in message]
    assert reply["result"]["format"] == "png" or reply["error"]["code"] == -32800
    assert done.returncode == 0


def test_a_job_is_finished_before_leaving_when_that_was_asked_for(daemon_env, tmp_path):
    image = tmp_path / "page.png"
    Image.new("L", (50, 50)).save(image)
    params = {"document": {"path": str(image)}, "options": {"engine": "null"}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "ocr/start", "params": params}
    done = pipe(json.dumps(request).encode() + b"\n", "--on-eof", "drain", env=daemon_env)
    messages = [json.loads(line) for line in done.stdout.splitlines()]

    (terminal,) = [m for m in messages if m.get("method") in ("job/result", "job/error")]
    assert terminal["params"]["state"] == "succeeded"
    assert [m["params"]["seq"] for m in messages if "method" in m] == list(range(1, len(messages)))
