"""One real worker process at a time: its threads, its death, what may be done to it."""

import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

import psutil
import pytest

from daemon.events import WorkerGone, WorkerSaid, WorkerSpawned, WorkerSpawnFailed
from daemon.worker_process import WorkerProcesses, worker_command
from ocr_worker import wire

PROGRAMS = Path(__file__).parent.parent / "workers"
ROOT = str(PROGRAMS.parent.parent)
WAIT_S = 10
"""Where a Python starts cold on a busy machine."""


class Bench:
    """One set of worker processes, and the events they post."""

    def __init__(self, program):
        self.inbox = SimpleQueue()
        self.seen = []
        command = [sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]);"]
        command[2] += "import runpy; runpy.run_module(sys.argv[2], run_name='__main__')"
        if program is None:
            build = worker_command(None)
        else:

            def build(slot, engine):
                return [*command, ROOT, f"tests.workers.{program}"]

        self.workers = WorkerProcesses(self.inbox.put, build)
        self.workers.start()

    def wait(self, kind, matches=lambda event: True):
        """Return the next event of a kind; the others met on the way are noted."""
        while True:
            try:
                event = self.inbox.get(timeout=WAIT_S)
            except Empty:
                raise AssertionError(f"no {kind.__name__}; seen {self.seen}") from None
            self.seen.append(event)
            if isinstance(event, kind) and matches(event):
                return event

    def wait_message(self, kind):
        event = self.wait(WorkerSaid, lambda event: isinstance(event.message, kind))
        return event.message

    @property
    def messages(self):
        return [event.message for event in self.seen if isinstance(event, WorkerSaid)]


@contextmanager
def bench(program=None, engine=None):
    """A worker that is spawned and, at the end, surely gone."""
    one = Bench(program)
    one.workers.spawn("w", 1, engine)
    spawned = one.wait(WorkerSpawned)
    one.pid = spawned.pid
    try:
        yield one
    finally:
        one.workers.kill("w")
        if not any(isinstance(event, WorkerGone) for event in one.seen):
            one.wait(WorkerGone)
        assert not psutil.pid_exists(one.pid), "not reaped"


def test_a_worker_says_hello_and_ready_and_does_what_it_is_asked():
    with bench(engine="null") as one:
        hello = one.wait_message(wire.Hello)
        one.wait_message(wire.Ready)
        one.workers.send("w", wire.Ping(token=5))
        pong = one.wait_message(wire.Pong)
        one.workers.send("w", wire.ListEngines(task=7))
        one.wait_message(wire.Accepted)
        listed = one.wait_message(wire.EnginesListed)

        assert (hello.wire_version, hello.pid) == (wire.WIRE_VERSION, one.pid)
        assert pong.token == 5
        assert (listed.task, listed.engines[0].name) == (7, "rapidocr")


def test_a_worker_does_not_stay_in_the_folder_of_its_host(tmp_path, monkeypatch):
    """OpenVINO looks for libraries where it is, and somebody's documents are no place for them."""
    monkeypatch.chdir(tmp_path)
    with bench(None) as one:
        pid = one.wait_message(wire.Hello).pid

        assert psutil.Process(pid).cwd() == os.path.realpath(os.path.dirname(sys.executable))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems choose by themselves")
def test_where_memory_runs_out_a_worker_goes_before_its_daemon_and_its_host():
    with bench(None) as one:
        pid = one.wait_message(wire.Hello).pid

        own = int(Path("/proc/self/oom_score_adj").read_text())
        assert max(own, 500) == int(Path(f"/proc/{pid}/oom_score_adj").read_text())


def test_a_worker_ends_in_order_when_it_is_told_to():
    with bench(engine="null") as one:
        one.wait_message(wire.Ready)
        one.workers.send("w", wire.Shutdown())
        gone = one.wait(WorkerGone)

        assert (gone.code, gone.signal) == (0, None)


def test_a_worker_ends_when_its_input_does():
    with bench(engine="null") as one:
        one.wait_message(wire.Ready)
        one.workers.end_input("w")

        assert one.wait(WorkerGone).code == 0


@pytest.mark.guarantee("G-6")
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells only Linux processes")
def test_a_worker_whose_parent_is_not_the_one_it_was_told_of_leaves_at_once():
    one = Bench(None)
    one.workers._command = lambda slot, engine: [
        *worker_command(None)(slot, engine)[:-1],
        str(os.getpid() + 1),
    ]
    one.workers.spawn("w", 1, None)

    assert one.wait(WorkerGone).code == 0
    assert one.messages == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_death_by_signal_is_told_from_one_by_exit_code():
    with bench(engine="null") as one:
        one.wait_message(wire.Ready)
        os.kill(one.pid, signal.SIGSEGV)
        gone = one.wait(WorkerGone)

        assert (gone.code, gone.signal) == (None, signal.SIGSEGV)
        assert gone.error_id


def test_stray_prints_of_every_kind_miss_the_wire():
    with bench("prints_to_stdout") as one:
        one.wait_message(wire.Ready)
        one.workers.end_input("w")
        one.wait(WorkerGone)

        assert one.messages == [wire.Ready()]


def test_lines_that_are_no_messages_are_skipped_and_half_a_line_is_dropped():
    with bench("sends_garbage") as one:
        gone = one.wait(WorkerGone)

        assert gone.code == 3
        assert one.messages == [wire.Ready()]


def test_a_flood_on_stderr_does_not_stop_a_worker():
    with bench("floods_stderr") as one:
        one.wait_message(wire.Ready)


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_a_grandchild_that_holds_the_pipe_goes_with_its_worker():
    with bench("leaves_a_grandchild") as one:
        grandchild = psutil.Process(one.wait_message(wire.Hello).pid)
        gone = one.wait(WorkerGone)

        assert gone.code == 7
        psutil.wait_procs([grandchild], timeout=WAIT_S)
        assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_worker_that_ignores_sigterm_is_killed():
    with bench("ignores_sigterm") as one:
        one.wait_message(wire.Ready)
        one.workers.terminate("w")
        one.workers.send("w", wire.Ping(token=1))
        one.workers.kill("w")

        assert one.wait(WorkerGone).signal == signal.SIGKILL


def test_a_program_that_is_not_there_is_told_as_an_event():
    one = Bench(None)
    one.workers._command = lambda slot, engine: ["/no/such/program"]
    one.workers.spawn("w", 1, None)

    assert one.wait(WorkerSpawnFailed).worker_id == "w"
