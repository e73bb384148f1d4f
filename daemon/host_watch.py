"""Watching the host's process, so that its death is noticed while its pipe is still open.

The end of stdin tells of that death too, but it never comes while another process holds the write
end, as every child does of a host that lets its descriptors be inherited.
"""

import os
import sys
from collections.abc import Callable

import psutil
from loguru import logger

from daemon.events import Event, HostGone
from daemon.process_end import open_process
from daemon.threads import start_thread


class HostWatch:
    """Watches one process: our parent, until the host names another. The loop's thread owns it."""

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self.pid: int | None = None
        """The process whose end is the host's; news of any other is not wanted any more."""

    def watch_parent(self, parent: int) -> None:
        """Watch the process that started us; `parent` is its id as we read it first of all."""
        # With 1 there is nothing to wait for: either our parent had left before we looked, as
        # launchers do, or it is the first process of a container, whose end is everybody's.
        # 0 is a parent in another container.
        if parent <= 1:
            return
        wait = open_process(parent)
        if os.getppid() != parent:
            # It died before we held it, and what we have opened may be a stranger.
            self.pid = parent
            self._post(HostGone(parent))
        elif wait is not None and _has_started_us(parent):
            self._start(parent, wait)

    def watch(self, host_pid: int | None) -> bool:
        """Watch this process instead, where that is possible; tell whether the host is watched.

        A host that names nobody is our parent, or whom it named before.
        """
        if host_pid is None or host_pid == self.pid:
            return self.pid is not None
        wait = open_process(host_pid)
        if wait is None:
            logger.info("process {} cannot be watched", host_pid)
            return False
        self._start(host_pid, wait)
        return True

    def _start(self, pid: int, wait: Callable[[], None]) -> None:
        def watch() -> None:
            wait()
            self._post(HostGone(pid))

        self.pid = pid
        start_thread("host-watch", watch, self._post)


def _has_started_us(parent: int) -> bool:
    if sys.platform == "win32":
        # It keeps telling the number of a parent that is gone. Whoever has it now began after
        # us, which psutil compares.
        found = psutil.Process().parent()
        return found is not None and found.pid == parent
    return True  # else os.getppid() would have changed
