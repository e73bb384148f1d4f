"""What is left when a host or a daemon is killed: nothing."""

import base64
import io
import json
import os
import shlex
import signal
import subprocess
import sys

import psutil
import pytest
from PIL import Image

from daemon.client import DaemonGone
from tests.liveness import family, wait_until_gone
from tests.process.test_scratch import names_in

WAIT_S = 10
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SLOW = {"OCR_SIDECAR_NULL_ENGINE": json.dumps({"seconds": 60})}
LAUNCHER = (sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])")
"""Its child has its stdin and stdout, so killing it leaves both pipes as they are: the test holds
their other ends, as a process would that has inherited them from a host that leaks descriptors.
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and sessions are POSIX")


def start_job(client):
    """Begin a job that has a scratch folder and does not end; return once a worker has a page."""
    image = io.BytesIO()
    Image.new("L", (50, 50), 255).save(image, "PNG")
    document = {"data": base64.b64encode(image.getvalue()).decode(), "name": "page.png"}
    client.start([document], options={"engine": "null"})
    wait_worker(client, 1, "running")


def wait_worker(client, slot, state):
    for event in client.notifications(timeout_s=WAIT_S):
        told = (event.method, event.params.get("slot"), event.params.get("state"))
        if told == ("worker/state", slot, state):
            return
    raise AssertionError("the daemon has ended")


def rest(client):
    """Return the methods of what the daemon still says, up to its end."""
    return [event.method for event in client.notifications(timeout_s=WAIT_S)]


def guard_of(pid):
    # By the end of its path: the daemon may be installed elsewhere than the tests are.
    script = os.path.join("daemon", "guard.py")
    (guard,) = [one for one in psutil.Process(pid).children() if script in " ".join(one.cmdline())]
    return guard.pid


@pytest.fixture
def stranger():
    """A process that stays until its stdin is closed."""
    process = subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.stdin.close()
    process.wait(WAIT_S)


def host_watched(client, **params):
    return client.request("initialize", params)["host_watched"]


@pytest.mark.guarantee("G-6")
def test_a_host_that_is_killed_takes_everything_along_though_its_pipes_stay_open(spawn_daemon):
    client = spawn_daemon("--workers", "1", under=LAUNCHER, env=SLOW)
    start_job(client)
    processes = family(client.pid)
    assert len(processes) == 5  # launcher, daemon, guard, inspector, worker
    os.kill(client.pid, signal.SIGKILL)

    wait_until_gone(processes)
    # Nobody is there to be told how the job ended.
    assert "job/error" not in rest(client)


@pytest.mark.guarantee("G-6")
def test_the_process_that_the_host_names_is_watched_in_place_of_the_parent(spawn_daemon, stranger):
    client = spawn_daemon("--workers", "1", under=LAUNCHER)
    assert host_watched(client, host_pid=stranger.pid)
    processes = family(client.pid)
    os.kill(client.pid, signal.SIGKILL)
    wait_until_gone([client.pid])

    assert client.request("engine/list")["engines"]
    stranger.kill()
    wait_until_gone(processes)


def test_who_initializes_again_without_a_name_is_watched_as_before(spawn_daemon, stranger):
    client = spawn_daemon()
    assert host_watched(client, host_pid=stranger.pid)
    assert host_watched(client, capabilities={"progress_interval_ms": 5})
    stranger.kill()

    with pytest.raises(DaemonGone) as gone:
        client.next_message(timeout_s=WAIT_S)
    assert gone.value.exit_code == 0


@pytest.mark.parametrize("host_pid", [0, 2**22 + 1, 2**62])
def test_a_host_that_cannot_be_seen_is_no_error_and_the_parent_stays_watched(
    spawn_daemon, host_pid
):
    client = spawn_daemon(under=LAUNCHER)
    assert not host_watched(client, host_pid=host_pid)
    assert client.request("ping") == {}

    processes = family(client.pid)
    os.kill(client.pid, signal.SIGKILL)
    wait_until_gone(processes)


def test_without_parent_watch_the_end_of_stdin_decides(spawn_daemon):
    client = spawn_daemon("--workers", "1", "--no-parent-watch", under=LAUNCHER)
    assert not host_watched(client)
    processes = family(client.pid)
    os.kill(client.pid, signal.SIGKILL)
    wait_until_gone([client.pid])

    assert client.request("engine/list")["engines"]
    client.close()
    wait_until_gone(processes)


def test_without_parent_watch_a_host_that_is_named_is_watched(spawn_daemon, stranger):
    client = spawn_daemon("--no-parent-watch")
    assert host_watched(client, host_pid=stranger.pid)
    stranger.kill()

    with pytest.raises(DaemonGone):
        client.next_message(timeout_s=WAIT_S)


@pytest.fixture
def stubborn(spawn_daemon):
    """A daemon whose worker has a child and hears of nothing, and that has a scratch folder."""
    program = os.path.join(ROOT, "tests", "workers", "keeps_a_grandchild.py")
    client = spawn_daemon(
        "--workers",
        "1",
        "--worker-command",
        shlex.join([sys.executable, "-P", program]),
        env={"PYTHONPATH": ROOT},
    )
    start_job(client)
    return client


@pytest.mark.guarantee("G-6")
def test_nothing_is_left_of_a_daemon_that_is_killed(stubborn, tmp_path):
    assert len(names_in(tmp_path / "scratch")) == 2
    processes = family(stubborn.pid)
    assert len(processes) == 5  # daemon, guard, inspector, worker, and the worker's child
    os.kill(stubborn.pid, signal.SIGKILL)

    wait_until_gone(processes)
    assert names_in(tmp_path / "scratch") == []


@pytest.mark.guarantee("G-6")
def test_a_guard_that_is_killed_is_followed_by_another(stubborn, tmp_path):
    first = guard_of(stubborn.pid)
    os.kill(first, signal.SIGKILL)
    wait_until_gone([first])
    # A new worker is given into the new guard's care before the host hears of it.
    worker = stubborn.request("worker/list")["workers"][1]["pid"]
    os.kill(worker, signal.SIGKILL)
    wait_worker(stubborn, 1, "running")
    second = guard_of(stubborn.pid)
    processes = family(stubborn.pid)
    os.kill(stubborn.pid, signal.SIGKILL)

    assert first != second
    wait_until_gone(processes)
    assert names_in(tmp_path / "scratch") == []


@pytest.mark.guarantee("G-6")
def test_the_next_start_clears_away_what_a_killed_daemon_and_its_guard_have_left(
    spawn_daemon, tmp_path
):
    living, dead = [spawn_daemon("--workers", "1", env=SLOW) for _ in range(2)]
    start_job(living)
    of_the_living = names_in(tmp_path / "scratch")
    start_job(dead)
    guard = guard_of(dead.pid)
    processes = family(dead.pid)
    os.kill(guard, signal.SIGSTOP)
    os.kill(dead.pid, signal.SIGKILL)
    os.kill(guard, signal.SIGKILL)
    wait_until_gone(processes)
    assert len(names_in(tmp_path / "scratch")) == 4
    spawn_daemon().close()

    assert names_in(tmp_path / "scratch") == of_the_living
    assert living.request("ping") == {}
