"""The data set of scanned pages, a folder with `NNN.jpg` and `truth.json`; and drawn ones like it.

`truth.json` maps the name of an image without its suffix to its lines, each with `text`.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.pages import LANGUAGES, Spoiling, draw
from benchmarks.scoring import Words, words_of

DRAWN_DPI = 300


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


def drawn(folder: Path, n_pages: int) -> DataSet:
    """Draw clean A4 pages full of English text, as they come from a good scanner, into files."""
    folder.mkdir()
    images, truth = [], []
    for seed in range(n_pages):
        page = draw(LANGUAGES[0], Spoiling(dpi=DRAWN_DPI), seed)
        if page is None:
            raise SystemExit(f"one of the fonts {LANGUAGES[0].fonts} is needed")
        images.append(folder / f"{seed:03}.png")
        page.image.save(images[-1], dpi=(DRAWN_DPI, DRAWN_DPI))
        truth.append(words_of(page.text))
    return DataSet(images, truth)


def write_pdf(images: list[Path], path: Path, dpi: int = 200) -> None:
    """Write one page an image, pixel for pixel; encoded anew, so at a quality that loses little."""
    pages = []
    for name in images:
        with Image.open(name) as image:
            pages.append(image.convert("RGB"))
    pages[0].save(path, save_all=True, append_images=pages[1:], resolution=dpi, quality=95)
