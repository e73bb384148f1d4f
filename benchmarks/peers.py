"""Other programs and libraries that read the same pages: what each needs, and how one is run.

Each runs in a process of its own, `benchmarks.peer`, so that neither burdens the other. One that
is not installed is skipped with a word.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import util
from pathlib import Path


@dataclass(frozen=True)
class Peer:
    """Python modules and commands that have to be there."""

    modules: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def missing(self) -> list[str]:
        modules = [f"module {name}" for name in self.modules if util.find_spec(name) is None]
        return modules + [f"command {name}" for name in self.commands if not shutil.which(name)]


PEERS = {
    "rapidocr": Peer(modules=("rapidocr", "onnxruntime")),
    "rapidocr-openvino": Peer(modules=("rapidocr", "openvino")),
    # Both take the data of languages from where the command has it.
    "kreuzberg": Peer(modules=("kreuzberg",), commands=("tesseract",)),
    "ocrmypdf": Peer(modules=("ocrmypdf",), commands=("tesseract",)),
    "tesseract": Peer(commands=("tesseract",)),
    "pipeline": Peer(),
}
"""Each is a function of `benchmarks.peer`, which tells how it reads."""


@dataclass(frozen=True)
class Readable:
    """The same pages as a PDF and as images, in order."""

    pdf: Path
    images: list[Path]


def installed(names: Iterable[str]) -> list[str]:
    """Return those that can be run here; say of the others what they lack."""
    found = []
    for name in names:
        if missing := PEERS[name].missing:
            print(f"{name}: skipped, it is not installed ({', '.join(missing)})")
        else:
            found.append(name)
    return found


def read(name: str, pages: Readable, folder: Path) -> tuple[float, list[str]]:
    """Have the peer read the pages; return the seconds that took and what it read.

    The texts are those of the pages, or one for the whole document where it tells no more.
    """
    result = folder / f"{name}.json"
    command = [sys.executable, "-m", "benchmarks.peer", name, str(result), str(pages.pdf)]
    command += map(str, pages.images)
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    found = json.loads(result.read_text(encoding="utf-8"))
    return found["seconds"], found["texts"]
