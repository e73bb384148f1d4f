"""The scratch folder: one for each daemon, gone with it, or cleared away by a later one.

Beside each folder lies a file that its daemon keeps locked for as long as it lives. The system
lets go of the lock however the daemon ends, so a lock that can be taken says that the folder's
owner is gone. A process number in the name would not: it is another's in another container that
shares the user's cache folder.
"""

import errno
import os
import re
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from loguru import logger

from daemon.guard import find_unfinished, remove_unfinished

_PREFIX: Final = "ocr-sidecar-"
_LOCK: Final = re.compile(rf"{_PREFIX}[0-9a-f]{{32}}\.lock")
"""The names that are ours: the folder above may be anybody's, /tmp even."""


class Scratch:
    """One daemon's folder; all methods are for threads that may wait for a disk."""

    def __init__(self, root: Path, instance_id: str) -> None:
        self._root = root
        # Made absolute, since the guard removes it from another working directory.
        self.path = (root / f"{_PREFIX}{instance_id}").absolute()
        self._lock_path = Path(f"{self.path}.lock")
        self._lock: int | None = None
        self._is_removed = False

    def make(self) -> None:
        """Make the folder unless it is there. Raise `OSError`, also when it was removed."""
        if self._is_removed:
            raise OSError(errno.ENOENT, "the daemon leaves")
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock is None:
            self._claim()
        self.path.mkdir(mode=0o700, exist_ok=True)

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        self._is_removed = True
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            with suppress(OSError):
                self._lock_path.unlink()

    def sweep(self) -> None:
        """Remove the folders whose daemons were killed and had no guard to do it."""
        with suppress(OSError):
            locks = [path for path in self._root.iterdir() if _LOCK.fullmatch(path.name)]
            for lock in locks:
                if _sweep_one(lock):
                    logger.info("cleared away after a daemon that was killed")

    def _claim(self) -> None:
        # Several threads may be here at a time: one of them makes the file, or each makes one
        # and the last stays, locked as all of them are.
        try:
            self._lock = _make_locked(self._lock_path)
        except FileExistsError:
            return
        except OSError as error:
            # Nobody can lock anything there, so nobody will take it for abandoned either.
            logger.warning("the scratch folder cannot be locked: {}", error.strerror)


def open_private(path: str, flags: int) -> int:
    """Open a file as `open` wants its `opener` to; one that is made is for this user only."""
    return os.open(path, flags, 0o600)


def _clear(folder: Path) -> None:
    """Remove a dead daemon's folder, and the outputs that it had not finished."""
    unfinished = find_unfinished(str(folder))
    shutil.rmtree(folder, ignore_errors=True)
    remove_unfinished(unfinished)


if sys.platform == "win32":

    def _make_locked(path: Path) -> int:
        # A file that is open can be neither removed nor renamed here: that is the lock.
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOINHERIT)

    def _sweep_one(lock: Path) -> bool:
        folder = lock.with_suffix("")
        try:
            os.replace(lock, lock)
        except OSError:
            return False  # its daemon lives, or another is at it
        _clear(folder)
        if folder.exists():
            return False
        lock.unlink(missing_ok=True)
        return True

else:
    import fcntl

    def _make_locked(path: Path) -> int:
        # Locked before it gets the name that others look for, so that none meets it unlocked.
        unnamed = path.with_suffix(".new")
        lock = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.replace(unnamed, path)
        except OSError:
            os.close(lock)
            unnamed.unlink(missing_ok=True)
            raise
        return lock

    def _sweep_one(lock: Path) -> bool:
        folder = lock.with_suffix("")
        try:
            descriptor = os.open(lock, os.O_RDWR)
        except OSError:
            return False  # another was faster, or it is not ours
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _clear(folder)
            if folder.exists():
                return False
            lock.unlink(missing_ok=True)
        except OSError:
            return False  # its daemon lives, or another is at it
        finally:
            os.close(descriptor)
        return True
