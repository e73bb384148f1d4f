"""Where Tesseract's language data lies, and what to install where it does not.

Standard library only: the worker looks for the data, the daemon tells hosts how to install it.

One folder is used, as Tesseract itself has it, and looked for in this order:

1. `OCR_SIDECAR_TESSDATA_DIR`, which is what the daemon's option `--tessdata-dir` becomes;
2. `TESSDATA_PREFIX`, Tesseract's own variable: the folder, or the one that `tessdata` lies in;
3. `tessdata` beside our executable, where an installer may put it, and `share/tessdata` of the
   environment, where conda does;
4. the usual places of the system: the packages of Linux distributions with the newest version
   first, Homebrew and MacPorts, the installer for Windows.

A folder that is named (1, 2) is the only one that counts; of the others it is the first that holds
any data. Nothing is remembered, so what somebody installs is found at the next look.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

VARIABLE: Final = "OCR_SIDECAR_TESSDATA_DIR"
TESSERACTS_VARIABLE: Final = "TESSDATA_PREFIX"
SUFFIX: Final = ".traineddata"

_FOLDER: Final = "tessdata"
_LINUX: Final = (
    "/usr/local/share/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
)
_MACOS: Final = (
    "/opt/homebrew/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/local/share/tessdata",
)
_WINDOWS: Final = ("ProgramFiles", "ProgramFiles(x86)", "ProgramW6432", "LOCALAPPDATA")
"""Variables that name folders in which Tesseract's installer puts `Tesseract-OCR`."""
_DEBIAN: Final = "/usr/share/tesseract-ocr"
"""Holds a folder for each version of Tesseract: `5/tessdata`, before that `4.00/tessdata`."""


def find_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder that holds the data, or None where there is none."""
    if named := environment.get(VARIABLE):
        return _with_data(Path(named))
    if prefix := environment.get(TESSERACTS_VARIABLE):
        return _with_data(Path(prefix)) or _with_data(Path(prefix) / _FOLDER)
    return next(
        (found for place in _usual_places(environment) if (found := _with_data(place))), None
    )


def names_in(folder: Path | None) -> frozenset[str]:
    """Return the names of the data in a folder, such as `eng`; none where it cannot be read."""
    if folder is None:
        return frozenset()
    try:
        entries = os.listdir(folder)
    except OSError:
        return frozenset()
    return frozenset(name.removesuffix(SUFFIX) for name in entries if name.endswith(SUFFIX))


def how_to_install(name: str, platform: str = sys.platform) -> str:
    """Return what somebody must do to have the data of this name, for the end of a sentence."""
    file = f"{name}{SUFFIX}"
    if platform == "win32":
        return (
            f"put the file {file} into the folder tessdata of Tesseract,"
            " or into the one that --tessdata-dir names"
        )
    package = f"tesseract-ocr-{name.replace('_', '-')}"
    command = "brew install tesseract-lang" if platform == "darwin" else f"apt install {package}"
    return f"{command}, or put the file {file} into the folder that --tessdata-dir names"


def _with_data(folder: Path) -> Path | None:
    return folder if names_in(folder) else None


def _usual_places(environment: Mapping[str, str]) -> Iterator[Path]:
    yield Path(sys.executable).parent / _FOLDER
    yield Path(sys.prefix) / "share" / _FOLDER
    if sys.platform == "win32":
        for variable in _WINDOWS:
            if folder := environment.get(variable):
                yield Path(folder) / "Tesseract-OCR" / _FOLDER
                yield Path(folder) / "Programs" / "Tesseract-OCR" / _FOLDER
    elif sys.platform == "darwin":
        yield from map(Path, _MACOS)
    else:
        yield from _of_debian(Path(_DEBIAN))
        yield from map(Path, _LINUX)


def _of_debian(parent: Path) -> list[Path]:
    """Return the folders of Debian's packages, the newest version first."""

    def version(folder: Path) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", folder.parent.name)]

    return sorted(parent.glob(f"*/{_FOLDER}"), key=version, reverse=True)
