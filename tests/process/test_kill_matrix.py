"""Every process of ours, ended in every way, in every state: once the host is gone, all is.

A cell is who meets what, when. A host of its own process (`tests/hosts_for_matrix.py`) brings a
daemon into the state, with workers that stay in it (`tests/workers/holds_in_a_state.py`); then the
cell's victim meets its fate, and at last the host ends. `idle` is after one finished job;
`shutting_down` is after the reply to `shutdown`, with workers that hear nothing, which
lasts for as long as the daemon is patient with it (0.8 s), so on a slow machine a cell may come
after the end. The other states last until the fate comes.

The telling cells run always, all of them with `pytest -m matrix`; see `tests/conftest.py`.
"""

import base64
import io
import itertools
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from tests.liveness import wait_until_gone

WAIT_S = 20
GONE_S = 5
"""The promise is 2 s; the rest is for a machine that does other things as well."""
READY_S = 30
"""Before a cell can begin: of a machine that may be busy, and promised to nobody."""
HOST = Path(__file__).parent.parent / "hosts_for_matrix.py"

VICTIMS = ("host", "leaking_host", "daemon", "worker", "inspector", "guard")
FATES = ("sigkill", "sigterm", "stopped_then_killed", "closed_stdin", "closed_stdout")
STATES = ("idle", "starting", "recognizing", "assembling", "shutting_down")

MEANINGLESS = {
    ("host", "closed_stdin"): "a host's own pipes are nothing to us; the daemon's are its cells",
    ("host", "closed_stdout"): "as above",
    ("leaking_host", "closed_stdin"): "as above, and what it leaks is what it could not close",
    ("leaking_host", "closed_stdout"): "as above",
    ("worker", "closed_stdin"): "the daemon alone has the other end, and closes it to end a worker",
    ("inspector", "closed_stdin"): "as above",
    ("guard", "closed_stdin"): "its stdin ends with the daemon, so these are the daemon's cells",
    ("guard", "closed_stdout"): "it has none",
}
TELLING = {
    ("host", "sigkill", "idle"),
    ("host", "sigkill", "starting"),
    ("host", "sigkill", "recognizing"),
    ("host", "sigkill", "assembling"),
    ("host", "stopped_then_killed", "shutting_down"),
    ("leaking_host", "sigkill", "recognizing"),
    ("leaking_host", "sigterm", "idle"),
    ("daemon", "sigkill", "starting"),
    ("daemon", "sigkill", "recognizing"),
    ("daemon", "sigterm", "assembling"),
    ("daemon", "closed_stdin", "assembling"),
    ("daemon", "closed_stdout", "recognizing"),
    ("worker", "sigkill", "assembling"),
    ("worker", "stopped_then_killed", "shutting_down"),
    ("inspector", "sigkill", "recognizing"),
    ("guard", "sigkill", "recognizing"),
    ("daemon", "sigkill", "assembling"),
}


def cells():
    for victim, fate, state in itertools.product(VICTIMS, FATES, STATES):
        cell = (victim, fate, state)
        if (victim, fate) in MEANINGLESS:
            continue
        marks = [pytest.mark.matrix]
        if cell not in TELLING:
            marks.append(pytest.mark.matrix_full)
        yield pytest.param(*cell, marks=marks, id="-".join(cell))


class Host:
    """The host program and its daemon, held from outside."""

    def __init__(self, folder, state, *, leaks):
        self._state = state
        fifo = folder / "held"
        os.mkfifo(fifo)
        self.broken = folder / "held.broken"
        self.output_dir = folder / "out"
        self.output_dir.mkdir()
        self.scratch_dir = folder / "scratch"
        seconds = 60 if state == "recognizing" else 0
        env = {
            **os.environ,
            "OCR_SIDECAR_LOG_DIR": str(folder / "log"),
            "OCR_SIDECAR_SCRATCH_DIR": str(self.scratch_dir),
            "OCR_SIDECAR_NULL_ENGINE": json.dumps({"seconds": seconds, "text": "x"}),
            "MATRIX_STATE": state,
            "MATRIX_FIFO": str(fifo),
        }
        params = {
            # As data, so that there is a scratch folder from the start.
            "document": {"data": png(), "name": "page.png"},
            "output_dir": str(self.output_dir),
            "options": {"engine": "null"},
        }
        told = {"state": state, "leaks": leaks, "params": params}
        # Of others that the test run may have.
        self._strangers = {one.pid for one in psutil.Process().children(recursive=True)}
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(HOST), json.dumps(told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=env,
            cwd=folder,
        )
        self._pending = b""

    def roles(self):
        """Wait until the state is reached; return its processes by role."""
        roles = {role: psutil.Process(pid) for role, pid in self._hear().items()}
        if self._state == "shutting_down":
            # Only now, so that none has ended before it is held.
            self.tell("shutdown")
        return roles

    def tell(self, word):
        """Have the host do something; return what came of it."""
        self._process.stdin.write(word.encode() + b"\n")
        return self._hear()

    def kill(self):
        self._process.kill()

    def wait(self):
        self._process.wait(WAIT_S)

    def left(self):
        """Return the pids of all processes that have come from it, zombies included."""
        ours = psutil.Process().children(recursive=True)
        return {one.pid for one in ours} - self._strangers

    def close(self):
        """End all that is left, whatever has happened."""
        while left := self.left():
            for pid in left:
                end(pid, signal.SIGKILL)
            wait_until_gone(left)
            self._process.poll()
            reap(left)
        self._process.wait(WAIT_S)
        self._process.stdin.close()
        self._process.stdout.close()

    def _hear(self):
        while b"\n" not in self._pending:
            assert select.select([self._process.stdout], [], [], WAIT_S)[0], "the host is silent"
            chunk = os.read(self._process.stdout.fileno(), 65536)
            assert chunk, "the host has ended"
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return json.loads(line)


def png():
    image = io.BytesIO()
    Image.new("L", (50, 50), 255).save(image, "PNG")
    return base64.b64encode(image.getvalue()).decode()


def end(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def reap(pids):
    """Reap those that are our children, as the first process of a system does with orphans."""
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue  # another's child, who has to do it


@pytest.fixture
def start_host(tmp_path):
    hosts = []

    def start(state, *, leaks):
        hosts.append(Host(tmp_path, state, leaks=leaks))
        return hosts[-1]

    yield start
    for host in hosts:
        host.close()


def meet(host, victim, fate):
    """Let the process meet its fate, unless it has ended on its own while shutting down."""
    try:
        match fate:
            case "sigkill":
                victim.kill()
            case "sigterm":
                victim.terminate()
            case "stopped_then_killed":
                victim.suspend()
                stopped = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
                spin_until(lambda: victim.status() in stopped)
                victim.kill()
            case "closed_stdin":
                host.tell("close-stdin")
            case "closed_stdout":
                victim.send_signal(signal.SIGUSR2)
                spin_until(lambda: host.broken.exists() or not victim.is_running())
    except psutil.NoSuchProcess:
        return


def spin_until(is_so):
    """Wait for what the system brings about in no time, but tells nobody."""
    ends_at = time.monotonic() + READY_S
    while not is_so():
        assert time.monotonic() < ends_at, "it does not come about"
        os.sched_yield()


def await_reaped(host, process):
    """Wait until the daemon has left no zombie of its child; it answers meanwhile, or is gone."""
    ends_at = time.monotonic() + GONE_S
    while psutil.pid_exists(process.pid) and host.tell("ping") != "gone":
        assert time.monotonic() < ends_at, f"{process} is there, or its zombie"


def assert_no_process_is_left(host, *, but):
    """Processes that are not known to the test included, such as a worker that was replaced."""
    ends_at = time.monotonic() + GONE_S
    while left := host.left() - but:
        wait_until_gone(left)
        reap(left)
        assert time.monotonic() < ends_at, f"zombies were left: {left}"


def names_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.guarantee("G-6")
@pytest.mark.skipif(sys.platform != "linux", reason="adopts orphans, as only Linux allows it")
@pytest.mark.parametrize(("who", "fate", "state"), list(cells()))
def test_nothing_is_left_once_the_host_is_gone(start_host, who, fate, state):
    host = start_host(state, leaks=who == "leaking_host")
    roles = host.roles()
    leaker = {roles.pop("leaker").pid} if who == "leaking_host" else set()
    victim = roles["host" if who == "leaking_host" else who]
    if (who, fate) == ("daemon", "closed_stdout"):
        host.tell("close-stdout")
    else:
        meet(host, victim, fate)

    match who:
        case "daemon" if fate != "closed_stdout":
            # The host lives; the daemon's zombie is the host's to reap.
            wait_until_gone([one.pid for role, one in roles.items() if role != "host"])
            host.kill()
        case "daemon":
            host.kill()  # one that says nothing may not have noticed
        case "worker" | "inspector" | "guard":
            if fate in ("sigkill", "stopped_then_killed"):
                await_reaped(host, victim)
            if who == "worker":
                host.kill()
            else:
                assert host.tell("leave") == 0
    host.wait()
    assert_no_process_is_left(host, but=leaker)

    assert host.left() == leaker
    assert names_in(host.scratch_dir) == []
    outputs = {name: (host.output_dir / name).read_text() for name in names_in(host.output_dir)}
    assert outputs == ({"page.txt": "x\n"} if state == "idle" else {})
