"""Runs a command in which whoever asks for a way to the network is killed, on Linux.

    python without_sockets.py COMMAND…

The kernel holds every process that the command starts to it as well. Sockets of the file system
stay, by which the C library asks for the names of users.
"""

import ctypes
import os
import platform
import struct
import sys

MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""The kernel's number of each architecture, and there of the call `socket`."""
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
CALL, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
AF_UNIX = 1
KILL, ALLOW = 0x80000000, 0x7FFF0000


class Program(ctypes.Structure):
    _fields_ = (("n_steps", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def forbid_sockets():
    architecture, socket = MACHINES[platform.machine()]
    # The numbers in the middle are how many steps to skip when equal, and when not.
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_IF_EQUAL, 0, 4, architecture),
        (LOAD, 0, 0, CALL),
        (JUMP_IF_EQUAL, 0, 3, socket),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_IF_EQUAL, 1, 0, AF_UNIX),
        (RETURN, 0, 0, KILL),
        (RETURN, 0, 0, ALLOW),
    ]
    program = Program(len(steps), b"".join(struct.pack("=HBBI", *step) for step in steps))
    libc = ctypes.CDLL(None, use_errno=True)
    for order in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*order) != 0:
            raise OSError(ctypes.get_errno(), "the kernel refuses the filter")


if __name__ == "__main__":
    forbid_sockets()
    os.execv(sys.argv[1], sys.argv[1:])
