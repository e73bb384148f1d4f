"""Writes the folder `LICENSES` of a bundle: an index, and the texts for all that is inside."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bundle.parts import Part

FOLDER: Final = "LICENSES"
_INDEX: Final = """\
This program is made of what is listed here; the folders beside this file hold the licences.
The models of PP-OCRv6 come with rapidocr: see rapidocr's MODEL_LICENSES.md. Of pyinstaller, only
what starts the program is inside, which its licence lets anybody give away under any terms.

"""


def place_of(part: Part) -> str:
    """Return the folder of the bundle that holds a part's licences."""
    name = f"{part.name}-{part.version}" if part.version else part.name
    return f"{FOLDER}/{name.replace(':', '_')}"  # Debian's versions have what Windows takes not


def write_licences(bundle: Path, parts: Sequence[Part]) -> None:
    """Write the folder anew."""
    lines = []
    for part in parts:
        lines.append(f"{part.name} {part.version}: {part.licence}\n")
        for text, source in part.texts.items():
            target = bundle / place_of(part) / text
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    (bundle / FOLDER / "README.txt").write_text(_INDEX + "".join(lines), encoding="utf-8")
