"""Waiting for processes to end, whosever children they are; a zombie has ended."""

import os
import select
import sys
import time

import psutil

WAIT_S = 5


def wait_until_gone(pids):
    """Wait for the end of each process, within one time for all of them; fail if one stays."""
    if sys.platform != "linux":
        found = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
        assert psutil.wait_procs(found, timeout=WAIT_S)[1] == []
        return
    ends_at = time.monotonic() + WAIT_S
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        has_ended = poll.poll(max(0, ends_at - time.monotonic()) * 1000)
        os.close(descriptor)
        assert has_ended, f"{pid} is still there"


def family(pid):
    """Return the process and all that it has started, by pid."""
    process = psutil.Process(pid)
    return {one.pid: one for one in (process, *process.children(recursive=True))}
