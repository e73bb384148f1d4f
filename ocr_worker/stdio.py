"""Where a process of ours keeps its wire: on private descriptors, out of the way of stray prints.

Part of the boundary, since both processes do it; the standard library only.
"""

import os
import sys


def claim_stdio() -> tuple[int, int]:
    """Take the wire off descriptors 0 and 1 and return private duplicates of them.

    Afterwards descriptor 0 reads end of file and descriptor 1 writes to stderr, for Python, for
    native libraries and for every child, so that stray prints and reads never meet the wire.
    Must run before heavy imports. The duplicates are not inherited by children.
    """
    wire_in, wire_out = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  it lives as long as the process
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        # Native code on Windows asks for the handles, not for the descriptors.
        import ctypes
        import msvcrt

        kernel32 = ctypes.windll.kernel32
        kernel32.SetStdHandle(-10, msvcrt.get_osfhandle(0))
        kernel32.SetStdHandle(-11, msvcrt.get_osfhandle(1))
        msvcrt.setmode(wire_in, os.O_BINARY)
        msvcrt.setmode(wire_out, os.O_BINARY)
    return wire_in, wire_out
