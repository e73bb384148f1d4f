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
UNFINISHED = ".unfinished"
"""Ends the names of scratch files that name outputs which are being written."""
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


def find_unfinished(folder: str) -> list[str]:
    """Return the temporary outputs that a scratch folder tells of; called by `scratch` as well."""
    found: list[str] = []
    try:
        notes = [name for name in os.listdir(folder) if name.endswith(UNFINISHED)]
    except OSError:
        return found
    for name in notes:
        try:
            with open(os.path.join(folder, name), encoding="utf-8") as note:
                paths = note.read().split("\n")
        except (OSError, ValueError):
            continue
        # Only what is called as ours are, whatever else may have got into the file.
        found += [path for path in paths if _is_ours(os.path.basename(path))]
    return found


def remove_unfinished(paths: list[str]) -> None:
    """Remove what a daemon that was killed has not finished."""
    for path in paths:
        try:
            os.unlink(path)
        except OSError:
            continue  # it was finished, or never begun


def _is_ours(name: str) -> bool:
    return name.startswith(".ocr-sidecar-") and name.endswith(".tmp")


def _remove(folder: str) -> None:
    unfinished = find_unfinished(folder)
    n_tries = 0
    while os.path.lexists(folder):
        if n_tries == _N_TRIES:
            remove_unfinished(unfinished)
            return  # its lock stays as well, by which the next daemon finds it
        import shutil  # only now: most guards never need it

        shutil.rmtree(folder, ignore_errors=True)
        n_tries += 1
    # Last, when those who write them have felt their end.
    remove_unfinished(unfinished)
    try:
        os.unlink(f"{folder}.lock")
    except OSError:
        return  # a daemon that ended in order has removed it


if __name__ == "__main__":
    main(sys.argv[1])
