"""The same pages through another program or library, for `receipts --peer` and `versus`.

    python -m benchmarks.peer NAME RESULT PDF IMAGE...

Writes `{"seconds": float, "texts": [str, ...]}` to RESULT. Libraries are loaded and have read a
page before the clock starts; a command's start counts, as it does for whoever types it.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import bare_loop
from benchmarks.peers import Readable

PROCESSES = 2
"""Of a peer that is told how many."""

Outcome = tuple[float, list[str]]
"""Seconds, and what was read: a text for each page, or one for all."""


def rapidocr(pages: Readable, **params: Any) -> Outcome:
    """Read the images by the library's own loop as it comes: its runtime, all processors."""
    # Its telemetry would send reports over the network, and take its time for it.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    from rapidocr import RapidOCR

    engine = RapidOCR(**params)
    engine(str(pages.images[0]))  # the first page allocates and compiles
    started = time.perf_counter()
    texts = ["\n".join(engine(str(image)).txts or ()) for image in pages.images]
    return time.perf_counter() - started, texts


def rapidocr_openvino(pages: Readable) -> Outcome:
    """Read as `rapidocr` does, on the runtime that the daemon uses."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # as above
    from rapidocr import EngineType

    stages = ("Det", "Cls", "Rec")
    return rapidocr(pages, params={f"{one}.engine_type": EngineType.OPENVINO for one in stages})


def kreuzberg(pages: Readable) -> Outcome:
    """Read the PDF by Tesseract as the library comes; it knows no pages of what it recognized.

    Its cache would answer from the second run on.
    """
    from kreuzberg import ExtractionConfig, OcrConfig, extract_file_sync

    config = ExtractionConfig(force_ocr=True, use_cache=False, ocr=OcrConfig(backend="tesseract"))
    extract_file_sync(str(pages.images[0]), config=config)
    started = time.perf_counter()
    text = extract_file_sync(str(pages.pdf), config=config).content
    return time.perf_counter() - started, [text]


def ocrmypdf(pages: Readable) -> Outcome:
    """Make a searchable PDF of the PDF, neither archival nor made smaller, as ours is not."""
    output = pages.pdf.with_suffix(".ocrmypdf.pdf")
    sidecar = output.with_suffix(".txt")
    command = [sys.executable, "-m", "ocrmypdf", "-j", str(PROCESSES), "--output-type", "pdf"]
    command += ["--optimize", "0", "--sidecar", str(sidecar), str(pages.pdf), str(output)]
    started = time.perf_counter()
    subprocess.run(command, check=True)
    seconds = time.perf_counter() - started
    return seconds, sidecar_pages(sidecar.read_text(encoding="utf-8"), len(pages.images))


def sidecar_pages(text: str, n_pages: int) -> list[str]:
    """Return the pages of OCRmyPDF's text file, in which form feeds divide them."""
    texts = text.split("\f")
    if len(texts) == n_pages + 1 and not texts[-1].strip():
        texts.pop()
    if len(texts) != n_pages:
        raise ValueError(f"{len(texts)} of {n_pages} pages came")
    return texts


def tesseract(pages: Readable) -> Outcome:
    """Read the images by the command, a process for each, two at a time, of a thread each."""
    env = {**os.environ, "OMP_THREAD_LIMIT": "1"}

    def read(image: Path) -> str:
        command = ["tesseract", str(image), "-"]
        done = subprocess.run(command, stdout=subprocess.PIPE, env=env, check=True)
        return done.stdout.decode()

    read(pages.images[0])
    started = time.perf_counter()
    with ThreadPoolExecutor(PROCESSES) as pool:
        texts = list(pool.map(read, pages.images))
    return time.perf_counter() - started, texts


def pipeline(pages: Readable) -> Outcome:
    """Read the PDF by the worker's own code in bare loops."""
    return bare_loop.read(pages.pdf, len(pages.images), PROCESSES)


WAYS: dict[str, Callable[[Readable], Outcome]] = {
    "rapidocr": rapidocr,
    "rapidocr-openvino": rapidocr_openvino,
    "kreuzberg": kreuzberg,
    "ocrmypdf": ocrmypdf,
    "tesseract": tesseract,
    "pipeline": pipeline,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("name", choices=list(WAYS))
    parser.add_argument("result", type=Path)
    parser.add_argument("pdf", type=Path)
    parser.add_argument("images", type=Path, nargs="+")
    options = parser.parse_args()
    seconds, texts = WAYS[options.name](Readable(options.pdf, options.images))
    options.result.write_text(json.dumps({"seconds": seconds, "texts": texts}), encoding="utf-8")


if __name__ == "__main__":
    main()
