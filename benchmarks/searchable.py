"""Searchable PDFs of scanned pages: whether their words are found, and where; what they cost.

    python -m benchmarks.searchable --data DIR [--runs 1] [--pages 2000] [--json FILE]

The pages are read as one PDF. Poppler's `pdftotext` and PDFium are then asked for the words of the
searchable PDF, which are held against those that were read, and boxes against boxes. Every page is
shown before and after. Peaks of memory are those of a process that writes the outputs of a made-up
document of dense pages, half and all of `--pages`, as a PDF and as a TIFF of a tenth as many.
"""

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import dataset
from benchmarks.daemons import daemon, open_client
from benchmarks.harness import Report, arguments, say
from benchmarks.made_up import FORMATS, peak_of
from benchmarks.scoring import word_f1
from ocr_worker import wire
from ocr_worker.documents import open_document

TARGET_F1, TARGET_IOU = 0.995, 0.8
PAGE_BYTES = 10 * 1024
"""What a page may grow by, beside a twentieth of the document."""
SHOWN_PX = 1000
_WORD = re.compile(r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*?)</word>')

Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""
Words = list[tuple[str, Box]]


def read_words(path: Path) -> list[Words]:
    """Return the words of every page of a JSON output, as white space divides them."""
    pages = json.loads(path.read_text(encoding="utf-8"))["pages"]
    return [[word for line in page["lines"] for word in words_of(line)] for page in pages]


def words_of(line: dict[str, Any]) -> Iterable[tuple[str, Box]]:
    """Yield the words of a line; of a script without spaces the characters up to the next one."""
    words = iter(line["words"])
    for text in line["text"].split():
        spelt, boxes = "", []
        while len(spelt) < len(text):
            word = next(words)
            spelt += word["text"]
            x, y = word["x"], word["y"]
            boxes.append((x, y, x + word["width"], y + word["height"]))
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        yield text, (min(lefts), min(tops), max(rights), max(bottoms))


def poppler_words(path: Path) -> list[Words]:
    done = subprocess.run(
        ["pdftotext", "-bbox", str(path), "-"], capture_output=True, text=True, check=True
    )
    return [
        [(unescape(text), tuple(map(float, box))) for *box, text in _WORD.findall(page)]
        for page in done.stdout.split("<page ")[1:]
    ]


def pdfium_words(path: Path, n_pages: int) -> list[Words]:
    document = open_document(wire.Source(path=str(path)), wire.Limits())
    found = []
    for page in range(1, n_pages + 1):
        layer = document.text_layer(page)
        lines = layer.lines if layer else ()
        words = [word for line in lines for word in line.words]
        found.append([(w.text, (w.x, w.y, w.x + w.width, w.y + w.height)) for w in words])
    document.close()
    return found


def f1(found: list[Words], read: list[Words]) -> float:
    counted = [[Counter(text for text, _ in words) for words in pages] for pages in (found, read)]
    return word_f1(zip(*counted, strict=True))


def overlaps(found: list[Words], read: list[Words]) -> Iterable[float]:
    """Yield for each word that was read how well the best of its like lies on it."""
    for page, expected in zip(found, read, strict=True):
        for text, box in expected:
            yield max((iou(box, other) for like, other in page if like == text), default=0.0)


def iou(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return common / (areas - common)


def looks(before: Path, after: Path, n_pages: int) -> list[str]:
    """Say which pages show another pixel than they did."""
    one, other = (
        open_document(wire.Source(path=str(path)), wire.Limits()) for path in (before, after)
    )
    faults = [
        f"page {page} looks different"
        for page in range(1, n_pages + 1)
        if not np.array_equal(
            one.show(page, max_px=SHOWN_PX, dpi=None), other.show(page, max_px=SHOWN_PX, dpi=None)
        )
    ]
    one.close()
    other.close()
    return faults


def syntax_faults(path: Path) -> list[str]:
    if shutil.which("qpdf") is None:
        import pikepdf

        with pikepdf.open(path) as pdf:
            return [str(fault) for fault in pdf.check_pdf_syntax()]
    done = subprocess.run(
        ["qpdf", "--check", str(path)], capture_output=True, text=True, check=False
    )
    return [] if done.returncode == 0 else [done.stdout.splitlines()[-1]]


def measure(report: Report, pdf: Path, folder: Path, n_pages: int) -> dict[str, float]:
    with daemon(report, open_client, workers=2) as client:
        events = client.recognize(
            [pdf], output_dir=folder, outputs=["json", "searchable_pdf"], options={"mode": "force"}
        )
        terminal = list(events)[-1].params
        outputs = {kind: Path(path) for kind, path in terminal["successful"][0]["outputs"].items()}
        assembled = client.request("metrics/get")["latency_s"]["assemble"]["p50"]
    searchable, read = outputs["searchable_pdf"], read_words(outputs["json"])
    by_poppler, by_pdfium = poppler_words(searchable), pdfium_words(searchable, n_pages)
    grown = searchable.stat().st_size - pdf.stat().st_size
    room = 0.05 * pdf.stat().st_size + n_pages * PAGE_BYTES
    faults = [] if grown < room else [f"it has {grown} bytes more"]
    report.check("it grows by little", faults)
    report.check("every page looks as it did", looks(pdf, searchable, n_pages))
    report.check("its syntax is right", syntax_faults(searchable))
    return {
        "word F1, pdftotext": f1(by_poppler, read),
        "word F1, PDFium": f1(by_pdfium, read),
        "median IoU, pdftotext": statistics.median(overlaps(by_poppler, read)),
        "median IoU, PDFium": statistics.median(overlaps(by_pdfium, read)),
        "growth of a page [KB]": grown / n_pages / 1024,
        "writing both outputs of a page [ms]": 1000 * assembled / n_pages,
    }


def main() -> int:
    parser = arguments(__doc__, runs=1)
    parser.add_argument("--pages", type=int, default=2000, help="of the made-up PDF; default: 2000")
    options = parser.parse_args()
    if shutil.which("pdftotext") is None:
        raise SystemExit("pdftotext is needed: apt install poppler-utils")
    data = dataset.load(options.data)
    n_pages = len(data.images)
    report = Report("searchable", options.runs, {"pages": n_pages, "made up": options.pages})
    figures: dict[str, list[float]] = {}
    for number in range(1, options.runs + 1):
        say(f"run {number} of {options.runs}")
        with tempfile.TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as temporary:
            folder = Path(temporary)
            pdf = folder / "receipts.pdf"
            dataset.write_pdf(data.images, pdf)
            found = measure(report, pdf, folder, n_pages)
            for format_ in FORMATS:
                for n_made in (options.pages // 2, options.pages):
                    n_made = n_made if format_ == "pdf" else n_made // 10
                    started = time.perf_counter()
                    found[f"peak of {n_made} pages, {format_} [MB]"] = peak_of(
                        format_, n_made, folder
                    )
                    say(f"  {n_made} pages, {format_}: {time.perf_counter() - started:.0f} s")
        for name, value in found.items():
            figures.setdefault(name, []).append(value)
    targets = {"F1": (">=", TARGET_F1), "IoU": (">=", TARGET_IOU)}
    for name, values in figures.items():
        target = next((bound for word, bound in targets.items() if word in name), None)
        report.add(name, "", values, target)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
