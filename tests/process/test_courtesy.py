"""What background pages are read at: the priority of a real worker's threads, during a page."""

import ctypes
import os
import shlex
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from unittest.mock import create_autospec

import msgspec
import pytest

from daemon.events import WorkerMeasured
from ocr_worker import courtesy, wire
from ocr_worker.control import Control
from ocr_worker.courtesy import Courtesy
from ocr_worker.serve import Server
from tests.conftest import SAMPLE
from tests.process.test_worker_process import bench
from tests.scans import text_image

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="read from Linux's /proc")

IOPRIO_GET = {"x86_64": 252, "aarch64": 31}
IDLE_CLASS = 3
SLOW = '{"seconds": 60}'


def io_class(tid):
    """The class that a thread's reads and writes are in; None where we cannot ask."""
    number = IOPRIO_GET.get(os.uname().machine)
    if number is None:
        return None
    return ctypes.CDLL(None).syscall(number, 1, tid) >> 13


def session_nice(pid):
    """How our session's weight is set; None where sessions have none, or this one has none."""
    try:
        words = Path(f"/proc/{pid}/autogroup").read_text().split()
    except OSError:
        return None
    return int(words[-1]) if words else None


def switches(pid):
    """How often each thread of a process has gone to sleep."""
    counts = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        (count,) = [line.split()[1] for line in lines if line.startswith("voluntary")]
        counts[int(task.name)] = int(count)
    return counts


def order(path, task, *, gives_way):
    return wire.Recognize(
        task=task,
        source=wire.Source(path=str(path)),
        limits=wire.Limits(),
        page=1,
        options=wire.RecognizeOptions(engine="null", mode="force", skip_blank=False),
        gives_way=gives_way,
    )


def reader_of(one, task):
    """The thread that reads the page: of those that speak to nobody, the one that gets on."""
    while one.wait_message(wire.Stage).name != "recognize":
        pass
    before = switches(one.pid)
    for _ in range(10):
        one.wait_message(wire.Stage)
    after = switches(one.pid)
    named = {tid: Path(f"/proc/{one.pid}/task/{tid}/comm").read_text().strip() for tid in after}
    assert named
    quiet = [tid for tid in after if tid not in one.speakers]
    return max(quiet, key=lambda tid: after[tid] - before.get(tid, 0))


@pytest.fixture
def slow_worker(monkeypatch):
    """A real worker that takes a minute for each page, and where its own threads are."""
    monkeypatch.setenv("OCR_SIDECAR_NULL_ENGINE", SLOW)
    with bench(engine="null") as one:
        one.wait_message(wire.Ready)
        # Its two threads on the wire began before it said hello; the main one is the process.
        one.speakers = sorted(set(switches(one.pid)) - {one.pid})[:2]
        yield one


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.png"
    text_image(["courtesy"]).save(path)
    return path


def stop(one, task):
    one.workers.send("w", wire.StopTask(task=task))
    assert one.wait_message(wire.Stopped).task == task


def test_a_worker_reads_background_pages_at_low_priority_and_the_next_one_at_its_own(
    slow_worker, page
):
    one = slow_worker
    own = os.sched_getscheduler(one.pid), os.getpriority(os.PRIO_PROCESS, one.pid)
    for task, gives_way in ((1, True), (2, False), (3, True), (4, False)):
        one.workers.send("w", order(page, task, gives_way=gives_way))
        reader = reader_of(one, task)
        policy, io = os.sched_getscheduler(reader), io_class(reader)
        if gives_way:
            assert policy == os.SCHED_IDLE
            assert io in (IDLE_CLASS, None)
            assert session_nice(one.pid) in (courtesy.LOWEST_NICE, None)
        else:
            assert reader == one.pid
            assert (policy, os.getpriority(os.PRIO_PROCESS, reader)) == own
            assert io in (io_class(os.getpid()), None)
            assert session_nice(one.pid) in (0, None)
        stop(one, task)


def test_the_threads_that_speak_with_the_daemon_never_give_way(slow_worker, page):
    one = slow_worker
    one.workers.send("w", order(page, 1, gives_way=True))
    reader_of(one, 1)

    policies = {os.sched_getscheduler(tid) for tid in (one.pid, *one.speakers)}
    assert policies == {os.sched_getscheduler(os.getpid())}


def test_what_gives_way_runs_elsewhere_and_comes_back_with_its_value_or_its_error():
    calls = Courtesy()
    here = threading.get_native_id()
    there = calls.call(threading.get_native_id, gives_way=True)

    assert calls.call(threading.get_native_id, gives_way=False) == here
    assert there not in (here, None)
    assert calls.call(threading.get_native_id, gives_way=True) == there, "one thread for all"
    with pytest.raises(ValueError, match="seven"):
        calls.call(partial(int, "seven"), gives_way=True)
    assert calls.call(lambda: 7, gives_way=True) == 7


def test_a_session_that_gives_way_is_set_back_however_often_the_system_puts_it_off(monkeypatch):
    wanted = []

    def refuse_some(nice):
        wanted.append(nice)
        if len(wanted) in (2, 3):
            raise BlockingIOError

    monkeypatch.setattr(courtesy, "set_session_nice", refuse_some)
    calls = Courtesy()
    calls.call(int, gives_way=True)
    calls.call(int, gives_way=True)
    calls.call(int, gives_way=False)
    calls.call(int, gives_way=False)

    assert wanted == [19, 0, 0, 0]


def test_giving_way_is_tried_again_while_the_page_is_read(monkeypatch):
    """Two workers that begin at one time may not both change their weight at once."""
    wanted, done = [], threading.Event()

    def refuse_some(nice):
        wanted.append(nice)
        if len(wanted) < 3:
            raise BlockingIOError
        done.set()

    monkeypatch.setattr(courtesy, "set_session_nice", refuse_some)

    assert Courtesy().call(partial(done.wait, 10), gives_way=True)
    assert wanted == [19, 19, 19]


def test_a_page_that_is_read_waits_for_no_system_that_puts_giving_way_off(monkeypatch):
    def refuse(nice):
        raise BlockingIOError

    monkeypatch.setattr(courtesy, "set_session_nice", refuse)

    assert Courtesy().call(lambda: 7, gives_way=True) == 7


@pytest.mark.parametrize(
    ("command", "expected"), [("exec {weigh}", 5), ("{weigh} && exit 0", 0)], ids=["own", "others"]
)
def test_a_session_is_weighed_by_who_leads_it_alone(command, expected):
    """In a new session, since the one that began with the system has no weight at all."""
    program = "from ocr_worker import courtesy; courtesy.set_session_nice(5)"
    look = "print(open(courtesy._AUTOGROUP).read())"
    weigh = shlex.join([sys.executable, "-c", f"{program}; {look}"])
    shell = ["sh", "-c", command.format(weigh=weigh)]
    if not Path(courtesy._AUTOGROUP).exists():
        pytest.skip("this system weighs no sessions")
    told = subprocess.run(
        shell, start_new_session=True, check=True, stdout=subprocess.PIPE, text=True
    )
    if not told.stdout.strip():
        pytest.skip("this system weighs no sessions")

    assert int(told.stdout.split()[-1]) == expected


@pytest.mark.parametrize(
    ("program", "is_held_up"), [("computes_in_silence", True), ("hangs_without_the_gil", False)]
)
def test_a_worker_that_would_go_on_is_told_from_one_that_hangs(program, is_held_up, page):
    """On a busy machine a page at low priority may be given no processor for half a minute."""
    with bench(program) as one:
        one.wait_message(wire.Ready)
        told = order(page, 1, gives_way=True)
        one.workers.send("w", msgspec.structs.replace(told, page=2))
        one.wait_message(wire.Accepted)
        measured = None
        # It may have been on the way into the state that it is to be found in.
        for _ in range(1000):
            one.workers.measure("w")
            measured = one.wait(WorkerMeasured).is_held_up
            if measured == is_held_up:
                break

        assert measured == is_held_up


def policies(pid):
    """The scheduling policy of each thread of a process that is still there to be asked."""
    return {os.sched_getscheduler(int(task.name)) for task in Path(f"/proc/{pid}/task").iterdir()}


def test_a_daemon_has_only_pages_of_background_jobs_read_at_low_priority(spawn_daemon, page):
    slow = {"OCR_SIDECAR_NULL_ENGINE": '{"seconds": 60}'}
    client = spawn_daemon("--workers", "1", env=slow)
    own = os.sched_getscheduler(0)
    for priority, expected in (("normal", {own}), ("background", {own, os.SCHED_IDLE})):
        options = {"engine": "null", "mode": "force", "skip_blank": False, "priority": priority}
        job = client.start([str(page)], options=options)
        running = None
        for notification in client.notifications(timeout_s=20):
            if notification.method == "worker/state" and notification.params["state"] == "running":
                worker = client.request("worker/list")["workers"][notification.params["slot"]]
                if worker["slot"] == 1 and worker["state"] == "running":
                    running = worker
                    break
        assert running is not None
        # The thread lowers itself before it takes the page, a moment after the daemon's order.
        for _ in range(1000):
            if policies(running["pid"]) == expected:
                break
            client.request("ping")
        assert policies(running["pid"]) == expected
        client.request("job/cancel", {"job_id": job})


def test_what_is_read_and_written_does_not_depend_on_the_thread(tmp_path, monkeypatch):
    """PDFium, the engine and the outputs, begun on one thread and gone on with on the other.

    At the priority that the tests have, or a busy machine would make this last for minutes.
    """
    monkeypatch.setattr(courtesy, "give_way", lambda: None)
    monkeypatch.setattr(courtesy, "set_session_nice", lambda nice: None)
    server = Server(create_autospec(Control, instance=True))
    source, calls = wire.Source(path=str(SAMPLE)), Courtesy()
    found, contents = [], []
    for number, gives_way in enumerate((False, True, False, True)):
        kept, folder = tmp_path / f"page-{number}.json", tmp_path / str(number)
        folder.mkdir()
        read = wire.Recognize(
            task=1,
            source=source,
            limits=wire.Limits(),
            page=1,
            options=wire.RecognizeOptions(mode="force"),
            keep=str(kept),
            with_lines=True,
        )
        written = {kind: str(folder / kind) for kind in ("text", "searchable_pdf")}
        write = wire.Assemble(
            task=2,
            source=source,
            limits=wire.Limits(),
            file="scan.pdf",
            page_count=3,
            outputs=written,
            pages=(str(kept),),
        )
        outcome = calls.call(partial(server._outcome, read), gives_way=gives_way)
        found.append(msgspec.structs.replace(outcome.page, seconds={}))
        outcome = calls.call(partial(server._outcome, write), gives_way=gives_way)
        assert isinstance(outcome, wire.Assembled)
        contents.append(Path(written["text"]).read_text())
        assert Path(written["searchable_pdf"]).stat().st_size > 1000

    assert found[0].lines
    assert found == [found[0]] * 4
    assert contents == [contents[0]] * 4
