"""A host for the kill matrix: a program that brings a daemon into a state and then does as told.

Its one argument is JSON: `state`, `leaks`, and what `ocr/start` gets as `params`. It prints the
processes by role, one line of JSON, and then obeys a word a line: `close-stdin` and `close-stdout`
(the daemon's), `ping` and `shutdown` (requests), `leave`. It imports nothing of ours.
"""

import json
import os
import select
import shlex
import subprocess
import sys
import time
from pathlib import Path

import psutil

WAIT_S = 15
WORKER = Path(__file__).parent / "workers" / "holds_in_a_state.py"
SLEEPER = "import signal; signal.pause()"


class Gone(Exception):
    """The daemon's stdout has ended."""


class Daemon:
    """A daemon over raw pipes; each wait is bounded."""

    def __init__(self):
        worker = shlex.join([sys.executable, "-P", str(WORKER)])
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "daemon", "--workers", "1", "--worker-command", worker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self.n_requests = 0
        self.pending = b""

    def request(self, method, **params):
        """Return the result."""
        self.n_requests += 1
        number = self.n_requests
        line = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        try:
            self.process.stdin.write(json.dumps(line).encode() + b"\n")
        except OSError:
            raise Gone from None
        return self.wait_for(lambda message: message.get("id") == number)["result"]

    def wait_for(self, wanted):
        """Read up to the message that is wanted, and return it."""
        ends_at = time.monotonic() + WAIT_S
        while True:
            line, found, rest = self.pending.partition(b"\n")
            if found:
                self.pending = rest
                message = json.loads(line)
                if wanted(message):
                    return message
                continue
            wait_readable(self.process.stdout.fileno(), ends_at)
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                raise Gone
            self.pending += chunk

    def workers(self, ready):
        """Return the workers once both have a process and `ready` says so."""
        ends_at = time.monotonic() + WAIT_S
        while time.monotonic() < ends_at:
            workers = self.request("worker/list")["workers"]
            if all(worker["pid"] for worker in workers) and ready(workers):
                return workers
        raise TimeoutError(f"the workers are not there: {workers}")


def wait_readable(descriptor, ends_at):
    if not select.select([descriptor], [], [], max(0.0, ends_at - time.monotonic()))[0]:
        raise TimeoutError("nothing came")


def guard_of(pid):
    # By the end of its path: the daemon may be installed elsewhere than the tests are.
    script = os.path.join("daemon", "guard.py")
    (guard,) = [one for one in psutil.Process(pid).children() if script in " ".join(one.cmdline())]
    return guard.pid


def bring_into(daemon, state, params, fifo):
    """Return the pids by role, in the state, or before the `shutdown` that begins it."""
    daemon.request("ocr/start", **params)
    if state == "idle":
        daemon.wait_for(lambda message: message.get("method") == "job/result")
        inspector, worker = daemon.workers(lambda all_: {one["state"] for one in all_} == {"idle"})
    else:
        wait_readable(fifo, time.monotonic() + WAIT_S)
        inspector, worker = daemon.workers(lambda all_: all_[0]["state"] == "idle")
    pid = daemon.process.pid
    roles = {"host": os.getpid(), "daemon": pid, "guard": guard_of(pid)}
    roles |= {"inspector": inspector["pid"], "worker": worker["pid"]}
    return roles


def obey(daemon, word):
    """Do it, and return what is to be printed."""
    match word:
        case "close-stdin":
            daemon.process.stdin.close()
        case "close-stdout":
            daemon.process.stdout.close()
        case "ping" | "shutdown":
            try:
                return daemon.request(word)
            except Gone:
                return "gone"
        case "leave":
            daemon.process.stdin.close()
            return daemon.process.wait(WAIT_S)
    return word


def main():
    told = json.loads(sys.argv[1])
    # Both ways, so that opening waits for nobody and no end comes.
    fifo = os.open(os.environ["MATRIX_FIFO"], os.O_RDWR)
    daemon = Daemon()
    roles = {}
    if told["leaks"]:
        roles["leaker"] = subprocess.Popen(
            [sys.executable, "-S", "-c", SLEEPER],
            pass_fds=[daemon.process.stdin.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        ).pid
    roles |= bring_into(daemon, told["state"], told["params"], fifo)
    print(json.dumps(roles), flush=True)
    for line in sys.stdin:
        print(json.dumps(obey(daemon, line.strip())), flush=True)
        if line.strip() == "leave":
            return


if __name__ == "__main__":
    main()
