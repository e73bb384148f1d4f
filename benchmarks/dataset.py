"""The data set of scanned pages: a folder with `NNN.jpg` and `truth.json`.

`truth.json` maps the name of an image without its suffix to its lines, each with `text`.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.scoring import Words, words_of


@dataclass(frozen=True)
class DataSet:
    """Images and the words on them, in the order of their names."""

    images: list[Path]
    truth: list[Words]


def load(folder: Path) -> DataSet:
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    names = sorted(truth)
    return DataSet(
        images=[folder / f"{name}.jpg" for name in names],
        truth=[words_of("\n".join(line["text"] for line in truth[name])) for name in names],
    )


def write_pdf(images: list[Path], path: Path) -> None:
    """Write one page an image, pixel for pixel; encoded anew, so at a quality that loses little."""
    pages = []
    for name in images:
        with Image.open(name) as image:
            pages.append(image.convert("RGB"))
    pages[0].save(path, save_all=True, append_images=pages[1:], resolution=200, quality=95)
