"""What differs once PyInstaller has frozen us: no interpreter, but executables in one folder.

Daemon and worker are two executables that share the folder `_internal`; the daemon's own is also
its guard. Standard library only, since the client imports this as well.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

WORKER: Final = "ocr-sidecar-worker"
"""The worker's executable, without the suffix that Windows wants."""
_LIBRARY_PATH: Final = "LD_LIBRARY_PATH"
_BOOTLOADER: Final = "_PYI_"
"""Begins the variables by which a frozen process tells its children that they are its own."""


def is_frozen() -> bool:
    """Whether this process is an executable of a bundle."""
    return bool(getattr(sys, "frozen", False))


def beside_us(program: str) -> str:
    """Return the path of another executable of our bundle."""
    suffix = ".exe" if sys.platform == "win32" else ""
    return os.path.join(os.path.dirname(sys.executable), program + suffix)


def environment_before_us(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment that our host gave us, for what we spawn.

    The bootloader has put our libraries before everybody's (on Linux), where a program that is
    not ours would find them in place of its own.
    """
    given = dict(environment)
    if not is_frozen():
        return given
    given = {name: value for name, value in given.items() if not name.startswith(_BOOTLOADER)}
    given.pop(_LIBRARY_PATH, None)
    original = given.pop(f"{_LIBRARY_PATH}_ORIG", None)
    return given if original is None else {**given, _LIBRARY_PATH: original}


@contextmanager
def without_our_libraries() -> Iterator[None]:
    """Let what is spawned inside not find our libraries before its own, on Windows.

    There the bootloader names our folder to the loader of the whole process, and children inherit
    that. Meanwhile another thread cannot load a library by its bare name, which nobody does.
    """
    if sys.platform == "win32" and is_frozen():
        import ctypes

        kernel32 = ctypes.windll.kernel32
        kernel32.SetDllDirectoryW(None)
        try:
            yield
        finally:
            kernel32.SetDllDirectoryW(getattr(sys, "_MEIPASS", None))
    else:
        yield
