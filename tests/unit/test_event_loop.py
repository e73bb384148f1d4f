"""The loop between a fake transport and the real supervisor: signals, floods, bugs."""

from queue import SimpleQueue

import orjson
import pytest

from daemon.dispatch import Dispatcher, Method
from daemon.event_loop import EventLoop
from daemon.events import ChunkWritten, HostClosed, HostGone, LinesReceived, ThreadCrashed
from daemon.host_watch import HostWatch
from daemon.messages import Empty
from daemon.outbox import Outbox
from daemon.params import NoParams
from tests.fakes import World


class FakeTransport:
    """Writes when it is told to, unless the host does not read; `writes_at_once` is not a turn."""

    def __init__(self, inbox):
        self.inbox = inbox
        self.lines = []
        self.credits = 0
        self.host_reads = True
        self.writes_at_once = False

    def start(self):
        pass

    def give_credit(self):
        self.credits += 1

    def write(self, lines):
        self.lines += [orjson.loads(line) for line in lines]
        if self.host_reads and not self.writes_at_once:
            self.inbox.put(ChunkWritten())
        return self.writes_at_once


class Loop:
    """A loop that has not begun; what is posted happens in order when it does."""

    def __init__(self):
        self.world = World()
        self.inbox = SimpleQueue()
        self.transport = FakeTransport(self.inbox)
        outbox = Outbox(str)
        methods = {
            "ping": Method(NoParams, Empty, lambda params, call: Empty()),
        }
        dispatcher = Dispatcher(methods, outbox, 100, 1000)
        self.host_watch = HostWatch(self.inbox.put)
        self.loop = EventLoop(
            self.inbox,
            self.world.supervisor,
            dispatcher,
            outbox,
            self.transport,
            self.host_watch,
        )

    def run(self, *events):
        for event in events:
            self.inbox.put(event)
        return self.loop.run()


PING = b'{"jsonrpc":"2.0","id":%d,"method":"ping"}'


def test_what_was_asked_before_the_end_is_answered_and_then_the_loop_ends():
    loop = Loop()
    lines = [PING % number for number in range(5)]

    assert loop.run(LinesReceived(lines), HostClosed(broken=False)) == 0
    assert [line["id"] for line in loop.transport.lines] == [0, 1, 2, 3, 4]
    assert loop.transport.credits == 1


def test_what_was_written_at_once_is_not_waited_for():
    loop = Loop()
    loop.transport.writes_at_once = True

    assert loop.run(LinesReceived([PING % 1]), LinesReceived([PING % 2]), HostClosed(False)) == 0
    assert [line["id"] for line in loop.transport.lines] == [1, 2]


@pytest.mark.parametrize(("number", "code"), [(15, 143), (2, 130)])
def test_a_signal_ends_the_loop_with_its_code(number, code):
    loop = Loop()
    loop.loop.on_signal(number)

    assert loop.run() == code


def test_the_death_of_the_host_ends_the_loop_and_nothing_more_is_written():
    loop = Loop()
    loop.host_watch.pid = 7
    loop.transport.host_reads = False
    lines = [LinesReceived([PING % number]) for number in (1, 2)]

    assert loop.run(*lines, HostGone(7), ChunkWritten()) == 0
    assert [line["id"] for line in loop.transport.lines] == [1]


def test_the_death_of_a_launcher_is_nothing_once_the_host_has_named_itself():
    loop = Loop()
    loop.host_watch.pid = 7

    loop.run(HostGone(6), LinesReceived([PING % 1]), HostClosed(broken=False))
    assert [line["id"] for line in loop.transport.lines] == [1]


def test_a_thread_that_crashed_ends_the_loop_as_a_bug():
    assert Loop().run(ThreadCrashed("host-reader")) == 70


def test_a_bug_in_the_loop_cancels_what_runs_and_ends_it(monkeypatch):
    loop = Loop()
    loop.world.submit("/a.pdf")

    def bug(*args):
        raise RuntimeError

    monkeypatch.setattr(loop.world.supervisor, "handle", bug)
    for slot in loop.world.supervisor.pool.slots:
        slot.bury()  # so that there is none to wait for

    assert loop.run(object()) == 70
    assert [terminal.state for terminal in loop.world.host.terminals] == ["cancelled"]


def test_a_loop_that_cannot_even_leave_kills_its_workers(monkeypatch):
    loop = Loop()
    loop.world.submit("/a.pdf")

    def bug(*args):
        raise RuntimeError

    monkeypatch.setattr(loop.world.supervisor, "handle", bug)
    monkeypatch.setattr(loop.world.supervisor, "leave", bug)

    assert loop.run(object()) == 70
    assert len(loop.world.workers.killed) == 2


def test_a_host_that_does_not_read_is_not_waited_for_at_the_end():
    loop = Loop()
    loop.transport.host_reads = False

    assert loop.run(LinesReceived([PING % 1] * 10), HostClosed(broken=False)) == 0


def test_no_credit_is_given_while_too_much_is_unread(monkeypatch):
    from daemon import event_loop

    monkeypatch.setattr(event_loop, "MAX_UNREAD_BYTES", 10)
    loop = Loop()
    loop.transport.host_reads = False
    loop.run(LinesReceived([PING % 1]), LinesReceived([PING % 2]), HostClosed(broken=False))

    assert loop.transport.credits == 1
