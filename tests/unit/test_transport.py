"""The host's end on real pipes: what the loop writes itself, and what it leaves to the writer."""

import os
import socket
import sys
from queue import SimpleQueue

import pytest

from daemon.events import ChunkWritten, HostClosed
from daemon.lines import StoredLine
from daemon.transport import Transport

LINE = b'{"jsonrpc":"2.0","result":{},"id":1}\n'

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes cannot be polled there")


@pytest.fixture
def pipe():
    """Both ends of a pipe; those that the test has not closed are closed."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


@pytest.fixture
def transport_to():
    """Make transports of a host that has nothing to say, until the test is over."""
    silent, to_close = os.pipe()

    def make(wire_out, inbox):
        return Transport(silent, wire_out, 1000, inbox.put, bytes)

    yield make
    os.close(to_close)  # which ends the reader, if one was started


def fill(wire_out):
    """Write until the pipe takes no more; return how many bytes it took."""
    os.set_blocking(wire_out, False)
    n_bytes = 0
    try:
        while True:
            n_bytes += os.write(wire_out, b" " * 4096)
    except BlockingIOError:
        os.set_blocking(wire_out, True)
        return n_bytes


def test_a_short_answer_is_written_at_once_and_without_a_thread(pipe, transport_to):
    read_end, write_end = pipe
    inbox = SimpleQueue()

    assert transport_to(write_end, inbox).write([LINE, LINE])
    assert os.read(read_end, 1000) == LINE * 2
    assert inbox.empty()


def test_a_line_for_which_the_disk_is_needed_is_left_to_the_writer(pipe, transport_to):
    _, write_end = pipe

    assert not transport_to(write_end, SimpleQueue()).write([StoredLine((LINE,), b"")])


@pytest.mark.guarantee("G-7")
def test_a_full_pipe_is_left_to_the_writer(pipe, transport_to):
    read_end, write_end = pipe
    inbox = SimpleQueue()
    transport = transport_to(write_end, inbox)
    left = fill(write_end)

    assert not transport.write([LINE]), "or the loop would wait for the host"
    transport.start()
    while left:
        left -= len(os.read(read_end, left))
    assert inbox.get(timeout=10) == ChunkWritten()
    assert os.read(read_end, 1000) == LINE


def test_what_a_pipe_may_not_take_at_once_is_left_to_the_writer(pipe, transport_to):
    read_end, write_end = pipe
    inbox = SimpleQueue()
    transport = transport_to(write_end, inbox)
    lines = [LINE * 1000]

    assert not transport.write(lines)
    transport.start()
    assert inbox.get(timeout=10) == ChunkWritten()
    assert os.read(read_end, 100_000) == lines[0]


def test_a_broken_pipe_is_told_once_by_the_writer(pipe, transport_to):
    read_end, write_end = pipe
    inbox = SimpleQueue()
    transport = transport_to(write_end, inbox)
    os.close(read_end)

    assert not transport.write([LINE])
    transport.start()
    assert inbox.get(timeout=10) == HostClosed(broken=True)


def test_a_socket_which_promises_nothing_is_left_to_the_writer(transport_to):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        inbox = SimpleQueue()
        transport = transport_to(ours.fileno(), inbox)

        assert not transport.write([LINE])
        transport.start()
        assert inbox.get(timeout=10) == ChunkWritten()
        assert theirs.recv(1000) == LINE
