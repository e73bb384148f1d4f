"""The guard as a process of its own, and the daemon's hold on it."""

import ast
import os
import select
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from queue import SimpleQueue

import pytest

from daemon import guard, guard_process
from daemon.guard import read_groups
from daemon.guard_process import GuardProcess, guard_command
from tests.liveness import wait_until_gone

WAIT_S = 10
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the guard is for POSIX")


@pytest.fixture
def group():
    """A process in a group of its own that stays until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", "import signal; signal.pause()"], start_new_session=True
    )
    yield process.pid
    process.kill()
    process.wait(WAIT_S)


@contextmanager
def spawned(scratch):
    """A guard, and the pipe that it listens to."""
    guard = subprocess.Popen(guard_command(scratch), stdin=subprocess.PIPE, bufsize=0)
    try:
        yield guard
    finally:
        guard.stdin.close()
        guard.wait(WAIT_S)


def is_alive(pid):
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None


def test_what_was_given_and_not_taken_back_is_in_its_care():
    reader, writer = os.pipe()
    os.write(writer, b"+300\n+200\n-300\n-400\n+100\n")
    os.close(writer)

    assert read_groups(reader) == {100, 200}
    os.close(reader)


def test_half_a_number_and_the_numbers_that_mean_everybody_are_nobody():
    reader, writer = os.pipe()
    os.write(writer, b"+0\n+1\n+12")
    os.close(writer)

    assert read_groups(reader) == set()
    os.close(reader)


@pytest.mark.guarantee("G-6")
def test_the_end_of_its_pipe_ends_what_is_in_its_care_and_the_scratch_folder(group, tmp_path):
    scratch = tmp_path / "a folder\nof two lines"
    scratch.mkdir()
    (scratch / "page").write_text("x")
    (tmp_path / f"{scratch.name}.lock").touch()
    with spawned(scratch) as guard:
        guard.stdin.write(b"+%d\n" % group)

    wait_until_gone([group])
    assert list(tmp_path.iterdir()) == []
    assert guard.returncode == 0


def test_what_was_taken_back_is_spared(group, tmp_path):
    with spawned(tmp_path / "none") as guard:
        guard.stdin.write(b"+%d\n-%d\n" % (group, group))

    assert is_alive(group)


@pytest.mark.guarantee("G-6")
def test_signals_that_stop_a_whole_family_do_not_stop_the_guard(group, tmp_path):
    with spawned(tmp_path / "none") as guard:
        pipe = guard.stdin.fileno()
        os.write(pipe, b"+%d\n" % group)
        os.set_blocking(pipe, False)
        with suppress(BlockingIOError):
            while True:
                os.write(pipe, b"-2\n" * 1000)
        # A full pipe takes more only once the guard reads it, and then it is ready for signals.
        assert select.select([], [pipe], [], WAIT_S)[1]
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            guard.send_signal(number)

    assert guard.returncode == 0
    wait_until_gone([group])


class Hold:
    """The daemon's hold on guards that tell their pids as they start."""

    def __init__(self, tmp_path):
        path = tmp_path / "guards"
        os.mkfifo(path)
        self.pids = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.keeps_open = os.open(path, os.O_WRONLY)  # else there is an end between two guards
        tells = ["sh", "-c", 'echo $$ > "$0"; exec "$@"', str(path)]
        self.posted = SimpleQueue()
        self.has_let_go = False
        self.process = GuardProcess([*tells, *guard_command(tmp_path / "x")], self.posted.put)
        self.process.start()

    def next_guard(self):
        """Return the pid of the next guard that starts."""
        assert select.select([self.pids], [], [], WAIT_S)[0], "no guard has started"
        return int(os.read(self.pids, 100))

    def has_another(self):
        return bool(select.select([self.pids], [], [], 0)[0])

    def let_go(self):
        """Be a daemon that ends."""
        self.has_let_go = True
        self.process.close()

    def close(self):
        if not self.has_let_go:
            self.process.close()
        os.close(self.pids)
        os.close(self.keeps_open)


@pytest.fixture
def hold(tmp_path):
    hold = Hold(tmp_path)
    yield hold
    hold.close()
    assert hold.posted.empty(), "a thread has crashed"


def test_the_guard_comes_with_the_first_group_and_leaves_with_the_daemon(hold, group):
    assert not hold.has_another()
    hold.process.add(group)
    guard = hold.next_guard()
    hold.process.remove(group)
    hold.let_go()

    wait_until_gone([guard])
    assert is_alive(group)


@pytest.mark.guarantee("G-6")
def test_a_guard_that_was_killed_is_followed_by_one_that_knows_everything(hold, group):
    hold.process.add(group)
    os.kill(hold.next_guard(), signal.SIGKILL)
    hold.next_guard()
    hold.let_go()

    wait_until_gone([group])


def test_a_guard_that_does_not_listen_holds_nobody_up(hold, group):
    hold.process.add(group)
    guard = hold.next_guard()
    os.kill(guard, signal.SIGSTOP)
    for _ in range(20_000):  # more than its pipe holds
        hold.process._orders.put(guard_process._Add(group, SimpleQueue()))
    hold.process.remove(group)

    os.kill(guard, signal.SIGKILL)
    hold.next_guard()


def test_an_executable_that_holds_everything_is_its_own_guard(group, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-P", "-m", "daemon", "--guard", str(scratch)]
    subprocess.run(command, input=b"+%d\n" % group, timeout=WAIT_S, check=True)

    wait_until_gone([group])
    assert not scratch.exists()


def test_a_guard_imports_nothing_of_ours_and_nothing_from_site_packages(tmp_path):
    program = """
import sys
from daemon.__main__ import main
from daemon import guard
guard.main = lambda scratch: sys.exit(str(sorted(sys.modules)))
main(["--guard", ""])"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=WAIT_S
    )
    loaded = {name.partition(".")[0] for name in ast.literal_eval(done.stderr)}

    assert not loaded & {"msgspec", "loguru", "psutil", "orjson", "ocr_worker"}


def test_a_guard_that_cannot_be_started_is_given_up_at_last(group):
    posted = SimpleQueue()
    process = GuardProcess(["/no/such/program"], posted.put)
    process._policy.backoff_s = (0.0, 0.0)
    process.start()
    process.add(group)
    process.add(group)
    process.remove(group)
    process.close()

    assert posted.empty()
    assert is_alive(group)


def test_unfinished_outputs_are_found_by_their_notes_and_nothing_else_is(tmp_path):
    ours, foreign = tmp_path / ".ocr-sidecar-1.text.tmp", tmp_path / "letter.txt"
    for path in (ours, foreign):
        path.write_text("x")
    (tmp_path / f"1{guard.UNFINISHED}").write_text(f"{ours}\n{foreign}", encoding="utf-8")
    (tmp_path / f"2{guard.UNFINISHED}").write_bytes(b"\xff")
    (tmp_path / "page-1.json").write_text(str(foreign))

    assert guard.find_unfinished(str(tmp_path)) == [str(ours)]
    assert guard.find_unfinished(str(tmp_path / "gone")) == []
    guard.remove_unfinished([str(ours), str(ours)])
    assert (ours.exists(), foreign.exists()) == (False, True)
