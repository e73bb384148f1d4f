"""Whom the daemon takes for its host's process, and the races at its start."""

import ctypes
import os
import sys
from queue import SimpleQueue

import pytest

from daemon.events import HostGone
from daemon.host_watch import HostWatch
from daemon.windows_job import ExtendedLimits


@pytest.fixture
def posted():
    return SimpleQueue()


@pytest.fixture
def watch(posted):
    return HostWatch(posted.put)


@pytest.mark.skipif(sys.platform == "win32", reason="there a process keeps its parent's number")
def test_a_parent_that_died_before_it_was_held_is_gone(watch, posted):
    watch.watch_parent(os.getpid())

    assert posted.get(timeout=5) == HostGone(os.getpid())
    assert watch.pid == os.getpid()


@pytest.mark.parametrize("parent", [0, 1])
def test_a_parent_that_had_left_before_we_looked_is_not_taken_for_dead(watch, posted, parent):
    watch.watch_parent(parent)

    assert posted.empty()
    assert not watch.watch(None)


def test_a_daemon_is_not_its_own_host(watch):
    assert not watch.watch(os.getpid())


def test_the_structure_for_windows_has_the_size_that_windows_expects():
    """144 bytes on every 64-bit Windows."""
    assert ctypes.sizeof(ExtendedLimits) == 144 or ctypes.sizeof(ctypes.c_void_p) == 4
