"""What an ELF file of Linux says of itself, as `objdump` of the binutils reads it."""

import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MAGIC: Final = b"\x7fELF"
_VERSIONS: Final = re.compile(r"required from (\S+):\n((?:\s+0x.*\n)*)")
_GLIBC: Final = re.compile(r"\bGLIBC_(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Elf:
    """One library or executable."""

    path: Path
    needs: tuple[str, ...]
    """Names of the libraries that it is linked with."""
    versions: dict[str, str]
    """The version of their symbols that it asks for, by library; the first, where there are more.

    Libraries without versions are not here.
    """
    glibc: tuple[int, int]
    """The oldest glibc that it runs with; (0, 0) when it asks for none."""


def is_elf(path: Path) -> bool:
    """Whether this is an ELF file at all."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_elf(path: Path) -> Elf:
    """Return what the headers say. Raise `CalledProcessError` for no ELF file."""
    text = _objdump("-p", path)
    versions = {
        library: lines.split()[3] for library, lines in _VERSIONS.findall(text) if lines.split()
    }
    glibc = [(int(major), int(minor)) for major, minor in _GLIBC.findall(text)]
    return Elf(
        path=path,
        needs=tuple(re.findall(r"NEEDED\s+(\S+)", text)),
        versions=versions,
        glibc=max(glibc, default=(0, 0)),
    )


def symbols(path: Path) -> dict[bool, set[str]]:
    """Return the names of the dynamic symbols: under True those it has, under False it wants."""
    found: dict[bool, set[str]] = defaultdict(set)
    for line in _objdump("-T", path).splitlines():
        columns = line.split()
        if len(columns) > 4:
            found["*UND*" not in columns].add(columns[-1])
    return found


def _objdump(option: str, path: Path) -> str:
    done = subprocess.run(
        ["objdump", option, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout
