"""Tells what the bundle is made of: whose each file is, and where its owner's licences are.

A file that nobody can be named for stops the build, and so does an owner without a licence: what
may not be known to be given away is not given away.
"""

import fnmatch
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from shutil import which
from typing import Final

from bundle.contents import ROOT
from bundle.problems import Problem
from daemon import __version__
from ocr_worker.engines.rapidocr import lexicon

_US: Final = "ocr-sidecar"
_NOTICES: Final = Path(__file__).parent / "notices"
_WITHOUT_LICENCE: Final = {
    # The wheel carries no licence file; this is the one of its repository.
    "loguru": "loguru.txt",
}
"""Distributions whose licence is kept here, by name."""
_MICROSOFT: Final = ("vcruntime140*.dll", "msvcp140*.dll", "concrt140.dll")
_LICENCE_NAMES: Final = ("*licen[cs]e*", "*copying*", "*notice*", "*authors*", "*third*party*")


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is in the bundle under one licence or several."""

    name: str
    version: str
    licence: str
    """As its author names it, such as `MIT`."""
    texts: dict[str, Path] = field(hash=False)
    """Its licence files, by the name they get."""


def parts(sources: Iterable[str]) -> list[Part]:
    """Return what these files, as the build took them, belong to; by name.

    Raise `Problem` for a file without owner and for an owner without licence.
    """
    found = {part.name: part for part in (*_always(), *_owners(sources))}
    bare = sorted(part.name for part in found.values() if not part.texts)
    if bare:
        raise Problem(
            f"no licence file was found for {', '.join(bare)}; look for it in the project's "
            "repository, put it into bundle/notices and name it in _WITHOUT_LICENCE"
        )
    return sorted(found.values(), key=lambda part: part.name.lower())


def _always() -> Iterator[Part]:
    """Yield what is in every bundle, although no source tells.

    That is us with the words in `lexicon`, which are in our folder, and what starts Python.
    """
    yield Part(_US, __version__, "MIT", {"LICENSE": ROOT / "LICENSE"})
    words = {"LICENSE": lexicon.LICENCE}
    yield Part("tesseract-word-lists", "4.00", "Apache-2.0", words)
    yield _of_distribution(metadata.distribution("pyinstaller"))


def _owners(sources: Iterable[str]) -> Iterator[Part]:
    distributions = {
        os.path.realpath(str(distribution.locate_file(file))): distribution
        for distribution in metadata.distributions()
        if distribution.name != _US  # see `_always`, whether it is installed or not
        for file in distribution.files or ()
    }
    files = {os.path.realpath(source) for source in sources}
    for distribution in {distributions[file] for file in files if file in distributions}:
        yield _of_distribution(distribution)
    files = {file for file in files if file not in distributions and not _is_ours(file)}
    if runtime := {file for file in files if _is_named(file, _MICROSOFT)}:
        text = _NOTICES / "microsoft-visual-c++.txt"
        yield Part("Microsoft Visual C++ runtime", "", "redistributable", {text.name: text})
        files -= runtime
    packages = _system_packages(files)
    for package in set(packages.values()):
        yield _of_package(package)
    yield _python()
    python = os.path.realpath(sys.base_prefix) + os.sep
    unknown = [one for one in files if one not in packages and not one.startswith(python)]
    if unknown:
        raise Problem(
            "nobody knows whose these files are, and so under which licence: "
            f"{', '.join(sorted(unknown))}"
        )


def _is_ours(file: str) -> bool:
    """Whether it is a module of ours, or what PyInstaller makes of Python's own first modules."""
    folders = tuple(str(ROOT / name) + os.sep for name in ("daemon", "ocr_worker", "bundle"))
    return file.startswith(folders) or os.path.basename(file) == "base_library.zip"


def _is_named(file: str, patterns: Iterable[str]) -> bool:
    name = os.path.basename(file).lower()
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _of_distribution(distribution: metadata.Distribution) -> Part:
    about = distribution.metadata
    named = [*(about.get_all("License-Expression") or []), *(about.get_all("License") or [])]
    # Some have the whole text there.
    named = [name for name in named if name and "\n" not in name]
    if not named:
        classifiers = about.get_all("Classifier") or []
        named = [line.split(" :: ")[-1] for line in classifiers if line.startswith("License ::")]
    texts = {}
    for file in distribution.files or ():
        if not file.parts[0].endswith(".dist-info"):
            continue
        name = "/".join(file.parts[1:]).removeprefix("licenses/")
        if file.parts[1] == "licenses" or _is_named(str(file), _LICENCE_NAMES):
            texts[name] = Path(str(distribution.locate_file(file)))
    if not texts and distribution.name in _WITHOUT_LICENCE:
        kept = _WITHOUT_LICENCE[distribution.name]
        texts = {kept: _NOTICES / kept}
    return Part(distribution.name, distribution.version, ", ".join(named), texts)


def _python() -> Part:
    candidates = (
        Path(sysconfig.get_path("stdlib")) / "LICENSE.txt",
        Path(sys.base_prefix) / "LICENSE.txt",  # on Windows
        Path(f"/usr/share/doc/python{sysconfig.get_python_version()}/copyright"),  # on Debian
    )
    texts = {path.name: path for path in [one for one in candidates if one.is_file()][:1]}
    version = ".".join(map(str, sys.version_info[:3]))
    return Part("Python", version, "PSF-2.0", texts)


def _system_packages(sources: Iterable[str]) -> dict[str, str]:
    """Return the package of the system that each file is of, where one is; Debian's kin only."""
    if which("dpkg-query") is None:
        return {}
    # Its list has /lib/… or /usr/lib/…, which are the same folder today.
    asked = {path: source for source in sources for path in (source, source.removeprefix("/usr"))}
    done = subprocess.run(
        ["dpkg-query", "--search", *asked], capture_output=True, text=True, timeout=60, check=False
    )
    found = {}
    for line in done.stdout.splitlines():
        packages, _, path = line.partition(": ")
        if path in asked:
            found[asked[path]] = packages.split(",")[0].split(":")[0]
    return found


def _of_package(package: str) -> Part:
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Version}\n", package],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    text = Path("/usr/share/doc") / package / "copyright"
    texts = {"copyright": text} if text.is_file() else {}
    return Part(package, shown.stdout.splitlines()[0], "see its copyright file", texts)
