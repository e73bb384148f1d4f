"""Waiting for the end of a process that is perhaps no child of ours, without reaping it.

Through a handle that the system gives. Asking again and again whether a process of that number
exists would not do: zombies exist, and numbers are given away again.
"""

import os
import select
import sys
from collections.abc import Callable


def open_process(pid: int) -> Callable[[], None] | None:
    """Return what waits for the end of a process; None when it is not there, or not to be seen.

    It is not to be seen from another container, by another user on Windows, and on a Linux before
    5.3.
    """
    if pid <= 0 or pid == os.getpid():
        return None
    try:
        return _open(pid)
    except (OSError, OverflowError):
        return None


def await_end_of_child(pid: int) -> None:
    """Wait until a child of ours has ended; it still has to be reaped. POSIX only."""
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    elif wait := open_process(pid):
        # macOS before Python 3.13. A child that is not to be seen has ended already.
        wait()


if sys.platform == "linux":

    def _open(pid: int) -> Callable[[], None]:
        if not hasattr(os, "pidfd_open"):
            raise OSError("this Python was built on an older Linux")
        descriptor = os.pidfd_open(pid)

        def wait() -> None:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll()
            os.close(descriptor)

        return wait

elif sys.platform == "win32":
    import ctypes

    _SYNCHRONIZE = 0x00100000
    _INFINITE = 0xFFFFFFFF

    def _open(pid: int) -> Callable[[], None]:
        if pid > 0xFFFFFFFF:
            raise OverflowError  # ctypes would cut it down to some other process's
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.OpenProcess.argtypes = (ctypes.c_uint32, ctypes.c_int, ctypes.c_uint32)
        kernel32.OpenProcess.restype = ctypes.c_void_p
        kernel32.WaitForSingleObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
        kernel32.WaitForSingleObject.restype = ctypes.c_uint32
        kernel32.CloseHandle.argtypes = (ctypes.c_void_p,)
        handle = kernel32.OpenProcess(_SYNCHRONIZE, False, pid)
        if not handle:
            raise ctypes.WinError(ctypes.get_last_error())

        def wait() -> None:
            if kernel32.WaitForSingleObject(handle, _INFINITE) != 0:
                raise ctypes.WinError(ctypes.get_last_error())
            kernel32.CloseHandle(handle)

        return wait

else:

    def _open(pid: int) -> Callable[[], None]:
        queue = select.kqueue()
        end = select.kevent(
            pid,
            filter=select.KQ_FILTER_PROC,
            flags=select.KQ_EV_ADD | select.KQ_EV_ONESHOT,
            fflags=select.KQ_NOTE_EXIT,
        )
        try:
            queue.control([end], 0)
        except OSError:
            queue.close()
            raise

        def wait() -> None:
            queue.control(None, 1)
            queue.close()

        return wait
