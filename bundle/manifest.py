"""`manifest.json` of a bundle: what it is, what it is made of, and each file with size and hash.

An installer or an updater checks a folder against it, and the build learns from it whether a
bundle is still the one that it would make.
"""

import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from bundle.contents import ROOT
from bundle.licences import place_of
from bundle.parts import Part
from daemon import __version__

NAME: Final = "manifest.json"
_MADE_OF: Final = ("daemon", "ocr_worker", "bundle", "LICENSE")
"""What of the repository a bundle depends on."""


def write_manifest(bundle: Path, target: str, glibc: str | None, parts: Sequence[Part]) -> None:
    """Describe a bundle that is otherwise complete."""
    files = {
        path.relative_to(bundle).as_posix(): {"size": path.stat().st_size, "sha256": _hash(path)}
        for path in _files(bundle)
    }
    described: dict[str, Any] = {
        "name": "ocr-sidecar",
        "version": __version__,
        "target": target,
        "python": platform.python_version(),
        "sources": fingerprint(),
        "size": sum(file["size"] for file in files.values()),
        "parts": [
            {
                "name": part.name,
                "version": part.version,
                "licence": part.licence,
                "texts": place_of(part),
            }
            for part in parts
        ],
        "files": files,
    }
    if glibc is not None:
        described["glibc"] = glibc
    (bundle / NAME).write_text(json.dumps(described, indent=1) + "\n", encoding="utf-8")


def read_manifest(bundle: Path) -> dict[str, Any]:
    """Return what the manifest says; nothing when there is none."""
    try:
        described: dict[str, Any] = json.loads((bundle / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return described


def differences(bundle: Path) -> list[str]:
    """Return what is not as the manifest says: files that are gone, changed, or new."""
    told = read_manifest(bundle).get("files", {})
    here = {path.relative_to(bundle).as_posix(): path for path in _files(bundle)}
    found = [f"{name} is gone" for name in told.keys() - here.keys()]
    found += [f"{name} is new" for name in here.keys() - told.keys()]
    for name in sorted(told.keys() & here.keys()):
        path = here[name]
        if (path.stat().st_size, _hash(path)) != (told[name]["size"], told[name]["sha256"]):
            found.append(f"{name} has changed")
    return found


def fingerprint() -> str:
    """Return what changes when another bundle would be made: by sources, packages or Python."""
    seen = hashlib.sha256()
    for path in _sources():
        seen.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        seen.update(path.read_bytes())
    packages = {
        f"{one.name} {one.version}" for one in metadata.distributions() if one.name != "ocr-sidecar"
    }
    machine = (sys.version, platform.machine(), *platform.libc_ver())
    seen.update("\0".join([*sorted(packages), *machine]).encode())
    return seen.hexdigest()


def _sources() -> Iterator[Path]:
    for name in _MADE_OF:
        path = ROOT / name
        found: Iterable[Path] = [path] if path.is_file() else path.rglob("*")
        yield from sorted(one for one in found if one.is_file() and "__pycache__" not in one.parts)


def _files(bundle: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(bundle):
        for name in sorted(names):
            path = Path(folder) / name
            # A link, of which there are some on macOS, is no file of its own.
            if path.is_file() and not path.is_symlink() and path != bundle / NAME:
                yield path


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
