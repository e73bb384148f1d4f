"""The guard: a process that outlives a killed daemon and clears away what was left of it.

stdin is a pipe from the daemon. A line `+N` gives process group N into its care, `-N` takes it
back. When the pipe ends, whatever ended the daemon, it kills the groups and removes the scratch
folder that it was named at its start. POSIX only.

Run as a program by its path, so it imports nothing of ours and of the standard library only what
it needs at once: it is there for as long as the daemon, and is to be small.
"""

import os
import signal
import sys

OPTION = "--guard"
"""How an executable that holds daemon and guard in one is told which of them to be."""
_N_TRIES = 3
"""A worker that was killed may finish one write more while its folder is removed."""


def main(scratch: str) -> None:
    """Wait for the end of stdin, clear away, and leave; does not return."""
    # Only the end of the daemon ends us: what stops a whole family of processes, such as a
    # session manager at log-out, must not take the guard before those it guards.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for group in read_groups(0):
        _kill(group)
    _remove(scratch)
    os._exit(0)


def read_groups(descriptor: int) -> set[int]:
    """Read to the end; return the groups that are in our care then."""
    groups: set[int] = set()
    pending = b""
    while chunk := os.read(descriptor, 4096):
        # Whatever follows the last line feed is half a number, and that is another group's.
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            group = int(line[1:])
            if line.startswith(b"-"):
                groups.discard(group)
            elif group > 1:  # killing group 1 would be killing everything that we may kill
                groups.add(group)
    return groups


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        return  # it is gone already


def _remove(folder: str) -> None:
    n_tries = 0
    while os.path.lexists(folder):
        if n_tries == _N_TRIES:
            return  # its lock stays as well, by which the next daemon finds it
        import shutil  # only now: most guards never need it

        shutil.rmtree(folder, ignore_errors=True)
        n_tries += 1
    try:
        os.unlink(f"{folder}.lock")
    except OSError:
        return  # a daemon that ended in order has removed it


if __name__ == "__main__":
    main(sys.argv[1])
