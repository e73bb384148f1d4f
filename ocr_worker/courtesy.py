"""A thread that gives way: what nobody waits for runs on it, at low priority for CPU and disk.

Without rights a Linux thread that has lowered its priority cannot raise it again. So nothing is
ever raised: the thread lowers itself as it begins, and what somebody waits for runs elsewhere, at
the priority that the worker came with. What was tried and measured is in docs/adr/0020.
"""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, Generic, TypeVar

T = TypeVar("T")

LOWEST_NICE: Final = 19
STACK_BYTES: Final = 16 * 1024**2
"""As much as a main thread has, and more: some systems give other threads half a megabyte, and
PDFium goes deep into hostile documents."""
_AUTOGROUP: Final = "/proc/self/autogroup"
_IOPRIO_WHO_PROCESS: Final = 1
_IOPRIO_IDLE: Final = 3 << 13
"""linux/ioprio.h"""
_IOPRIO_SET: Final = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "ppc64le": 273, "s390x": 282}
"""The system call, which no library of C has a name for, by `os.uname().machine`."""
_PRIO_DARWIN_THREAD: Final = 3
_PRIO_DARWIN_BG: Final = 0x1000
"""sys/resource.h of macOS: little CPU, the slow cores, throttled disk."""
_THREAD_MODE_BACKGROUND_BEGIN: Final = 0x00010000
"""Windows, SetThreadPriority: the lowest CPU, disk and memory priority. Its likeness for whole
processes was rejected, since that takes nearly all of their working set."""
_RETRY_S: Final = 0.05
_MOST_TRIES: Final = 20
"""Linux lets all processes together change an autogroup's weight ten times a second."""


class _Done(Generic[T]):
    """What a call has come to: its value, or what it raised."""

    def __init__(self, function: Callable[[], T]) -> None:
        self.error: BaseException | None = None
        try:
            self.value = function()
        except BaseException as error:  # noqa: BLE001  it is raised again where it is waited for
            self.error = error


class Courtesy(Generic[T]):
    """Runs calls one at a time, on the calling thread or on one that gives way."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], T]] = SimpleQueue()
        self._done: SimpleQueue[_Done[T]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._session_gives_way = False

    def call(self, function: Callable[[], T], *, gives_way: bool) -> T:
        """Return what the function returns, or raise what it raises."""
        if not gives_way:
            for _ in range(_MOST_TRIES):
                if self._weigh_session(gives_way=False):
                    break
                threading.Event().wait(_RETRY_S)
            return function()
        self._start()
        self._calls.put(function)
        done = self._wait()
        if done.error is not None:
            raise done.error
        return done.value

    def _wait(self) -> _Done[T]:
        """Return what the other thread has done; until then, see to our session's weight."""
        while not self._weigh_session(gives_way=True):
            with suppress(Empty):
                return self._done.get(timeout=_RETRY_S)
        return self._done.get()

    def _start(self) -> None:
        if self._thread is None:
            stack_bytes = threading.stack_size(STACK_BYTES)
            self._thread = threading.Thread(target=self._run, name="courteous", daemon=True)
            self._thread.start()
            threading.stack_size(stack_bytes)

    def _run(self) -> None:
        give_way()
        while True:
            self._done.put(_Done(self._calls.get()))

    def _weigh_session(self, *, gives_way: bool) -> bool:
        """Set the weight of our session; False when it is too early for another change.

        Linux weighs sessions against each other where there are no control groups for the CPU,
        and then a thread's priority counts within its session only. A session's may be raised.
        """
        if gives_way != self._session_gives_way:
            try:
                set_session_nice(LOWEST_NICE if gives_way else 0)
            except BlockingIOError:
                return False
            self._session_gives_way = gives_way
        return True


def set_session_nice(nice: int) -> None:
    """Weigh our whole session on Linux, if it is a session of our own.

    Raise `BlockingIOError` when it is too early for another change.
    """
    if sys.platform != "linux" or os.getsid(0) != os.getpid():
        return
    try:
        # A kernel without such groups has no such file, and a sandbox may forbid it.
        with open(_AUTOGROUP, "wb", buffering=0) as file:
            file.write(str(nice).encode())
    except BlockingIOError:
        raise
    except OSError:
        return


def give_way() -> None:
    """Lower the calling thread to where it disturbs nobody; for good, on Linux.

    What a system does not know, or forbids, is left: the page is read all the same.
    """
    if sys.platform == "linux":
        import ctypes

        number = _IOPRIO_SET.get(os.uname().machine)
        if number is not None:
            with suppress(OSError):
                libc = ctypes.CDLL(None, use_errno=True)
                libc.syscall(number, _IOPRIO_WHO_PROCESS, 0, _IOPRIO_IDLE)
        # Last, since from here on everything may take long.
        try:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        except OSError:
            # Where a sandbox knows no scheduling policies. This too is about the thread alone.
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, 0, LOWEST_NICE)
    elif sys.platform == "darwin":
        with suppress(OSError):
            os.setpriority(_PRIO_DARWIN_THREAD, 0, _PRIO_DARWIN_BG)
    elif sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.GetCurrentThread.restype = ctypes.c_void_p
        kernel.SetThreadPriority.argtypes = (ctypes.c_void_p, ctypes.c_int)
        kernel.SetThreadPriority(kernel.GetCurrentThread(), _THREAD_MODE_BACKGROUND_BEGIN)
