"""Made-up documents of many dense pages, and what memory writing their searchable PDF takes.

    python -m benchmarks.made_up FORMAT N_PAGES FOLDER

makes one in the folder and its searchable PDF, and prints the peak in MB of the process that wrote
that, which read no page and loaded no engine.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pikepdf
from PIL import Image

from benchmarks.peak import peak_bytes
from ocr_worker import wire
from ocr_worker.outputs import write_outputs
from ocr_worker.outputs.scratch import keep_page

FORMATS = ("pdf", "tiff")
_LINES, _WORDS = 60, 10
_IMAGE_BYTES = 100_000
_SIDE_PX = 1200
"""Of a page of the TIFF: some four megabytes that no compression makes smaller."""


def peak_of(format_: str, n_pages: int, folder: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.made_up", format_, str(n_pages), str(folder)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def peak_mib() -> float:
    # What `getrusage` tells on Linux begins with the peak of whoever started this process.
    peak = peak_bytes() or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20


def make_pdf(path: Path, n_pages: int) -> None:
    with pikepdf.Pdf.new() as pdf:
        for _ in range(n_pages):
            pdf.add_blank_page(page_size=(595, 842))
            noise = pdf.make_stream(os.urandom(_IMAGE_BYTES))
            pdf.pages[-1].obj.PieceInfo = pikepdf.Dictionary(Noise=noise)
        pdf.save(path)


def make_tiff(path: Path, n_pages: int) -> None:
    size = (_SIDE_PX, _SIDE_PX)

    def noise() -> Image.Image:
        return Image.frombytes("RGB", size, os.urandom(3 * _SIDE_PX * _SIDE_PX))

    others = (noise() for _ in range(n_pages - 1))
    noise().save(path, save_all=True, append_images=others)


def make_page(number: int) -> wire.Page:
    """Return a page full of words, each of its own."""
    lines = []
    for row in range(_LINES):
        texts = [f"{number:04}{row:02}{column:02}" for column in range(_WORDS)]
        place = {"y": 30.0 + 13 * row, "height": 11.0, "confidence": 1.0, "block": 0}
        words = tuple(
            wire.Word(text=text, x=30.0 + 54 * column, width=50.0, line=row, **place)
            for column, text in enumerate(texts)
        )
        lines.append(wire.Line(text=" ".join(texts), x=30.0, width=536.0, words=words, **place))
    return wire.Page(
        page=number, state="recognized", text="", width_pt=595, height_pt=842, lines=tuple(lines)
    )


def main(format_: str, n_pages: int, folder: Path) -> None:
    source, output = folder / f"made-up.{format_}", folder / "made-up.ocr.pdf"
    # In a process of its own, or its peak would be ours.
    if os.fork() == 0:
        {"pdf": make_pdf, "tiff": make_tiff}[format_](source, n_pages)
        for number in range(1, n_pages + 1):
            keep_page(make_page(number), str(folder / f"made-up-page-{number}"))
        os._exit(0)
    os.wait()
    kept = [str(folder / f"made-up-page-{number}") for number in range(1, n_pages + 1)]
    task = wire.Assemble(
        task=1,
        source=wire.Source(path=str(source)),
        limits=wire.Limits(),
        file=source.name,
        page_count=n_pages,
        outputs={"searchable_pdf": str(output)},
        pages=tuple(kept),
    )
    write_outputs(task)
    print(peak_mib())
    for path in (source, output, *map(Path, kept)):
        path.unlink()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
