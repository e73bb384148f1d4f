"""What is done to a bundle of Linux once PyInstaller has made it: less weight, and two checks.

The check: every library that something here is linked with is here, or belongs to every system.
"""

import fnmatch
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bundle.elf import Elf, is_elf, read_elf, symbols
from bundle.problems import Problem

_OF_THE_SYSTEM: Final = (
    "ld-linux*.so.*",
    "libc.so.*",
    "libdl.so.*",
    "libm.so.*",
    "libpthread.so.*",
    "librt.so.*",
    "libutil.so.*",
)
"""glibc, which is as old as the system."""
_OF_PYTHON: Final = ("_internal/libpython*.so*", "_internal/python3*/lib-dynload/*.so")
_OF_VIDEO: Final = (
    "libavcodec-*",
    "libavformat-*",
    "libavif-*",
    "libavutil-*",
    "libswscale-*",
)
"""FFmpeg and a picture format, which the OpenCV of the wheels is linked with on Linux."""
_TRAP: Final = {"x86_64": ".byte 0x0f, 0x0b", "aarch64": ".long 0"}
"""An instruction that ends the process, by machine."""
_ASSEMBLY: Final = """\
.globl {name}
.type {name}, %function
{name}:
"""


def finish(folder: Path) -> str:
    """Make the bundle lighter and check it; return the oldest glibc it runs with, such as 2.31.

    Raise `Problem` when a library is missing.
    """
    _strip(folder)
    elves = _elves(folder)
    _put_stand_ins(elves)
    elves = _elves(folder)
    _remove_orphans(folder, elves)
    elves = _elves(folder)
    _check_complete(elves)
    return ".".join(str(part) for part in max(elf.glibc for elf in elves))


def _strip(folder: Path) -> None:
    """Take the debugger's tables out of Python itself, which is often built with them.

    Not out of the libraries of wheels: those were patched to find each other, and `strip` breaks
    what was patched.
    """
    for path in [path for pattern in _OF_PYTHON for path in folder.glob(pattern)]:
        subprocess.run(["strip", "--strip-unneeded", str(path)], check=True, timeout=60)


def _elves(folder: Path) -> list[Elf]:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [read_elf(path) for path in sorted(files) if is_elf(path)]


def _put_stand_ins(elves: Iterable[Elf]) -> None:
    """Put empty libraries in the place of those for videos.

    They are a tenth of the bundle, speak to the network, and bring an OpenSSL of their own; none
    of it is ever called, but OpenCV does not load without the names. A stand-in has the names and
    no code: what calls it ends its process at once.
    """
    opencv = [elf for elf in elves if elf.path.parent.name == "cv2"]
    wanted = {elf.path: symbols(elf.path)[False] for elf in opencv}
    for elf in elves:
        if not any(fnmatch.fnmatch(elf.path.name, pattern) for pattern in _OF_VIDEO):
            continue
        users = [user for user in opencv if elf.path.name in user.needs]
        if not users:
            continue
        names = symbols(elf.path)[True] & {one for user in users for one in wanted[user.path]}
        _write_stand_in(elf.path, sorted(names), users[0].versions.get(elf.path.name))


def _write_stand_in(path: Path, names: list[str], version: str | None) -> None:
    trap = _TRAP[platform.machine()]
    code = "".join(_ASSEMBLY.format(name=name) for name in names)
    source = f'.section .note.GNU-stack,"",%progbits\n.text\n{code}{trap}\n'
    exported = "".join(f"{name};" for name in names)
    with TemporaryDirectory() as scratch:
        made = Path(scratch)
        (made / "stand_in.s").write_text(source, encoding="utf-8")
        (made / "versions").write_text(f"{version or ''} {{ global: {exported} local: *; }};")
        link = ["ld", "-shared", "-z", "noexecstack", "-soname", path.name]
        link += ["--version-script=versions", "-o", str(path), "stand_in.o"]
        for command in (["as", "-o", "stand_in.o", "stand_in.s"], link):
            subprocess.run(command, cwd=made, check=True, timeout=60)


def _remove_orphans(folder: Path, elves: Iterable[Elf]) -> None:
    """Remove the libraries of wheels that nothing is linked with any more."""
    left = [elf for elf in elves if elf.path.parent.suffix != ".libs"]
    rest = {elf.path.name: elf for elf in elves if elf.path.parent.suffix == ".libs"}
    while left:
        for name in left.pop().needs:
            if name in rest:
                left.append(rest.pop(name))
    for elf in rest.values():
        elf.path.unlink()


def _check_complete(elves: Iterable[Elf]) -> None:
    here = {elf.path.name for elf in elves}
    missing = [
        f"{elf.path.name} is linked with {name}"
        for elf in elves
        for name in elf.needs
        if name not in here
        if not any(fnmatch.fnmatch(name, pattern) for pattern in _OF_THE_SYSTEM)
    ]
    if missing:
        raise Problem(f"libraries are missing in the bundle: {'; '.join(missing)}")
