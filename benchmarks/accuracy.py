"""Word accuracy and character errors of the engines, on scanned receipts and on drawn pages.

    python -m benchmarks.accuracy --data DIR [--engine rapidocr] [--engine tesseract] [--only TEXT]

Every page goes the whole way of a worker: rendered, prepared, recognized, put in order. The
receipts are scored by words of `[A-Z0-9]+`; the drawn pages, several languages straight and clean,
and English turned, skewed, faded and at several resolutions, by words of any script. What
preparation is for is read without it as well, so that each step shows what it earns.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.harness import Report, arguments, say
from benchmarks.pages import LANGUAGES, Language, Spoiling, draw
from benchmarks.scoring import Words, any_words_of, error_rate, word_f1, words_of
from ocr_worker import wire
from ocr_worker.documents import open_document
from ocr_worker.engines import load_engine
from ocr_worker.engines.base import Engine
from ocr_worker.errors import TaskError
from ocr_worker.recognition import read_page

TARGET_F1 = 0.965
ENGLISH = LANGUAGES[0]
LATIN = LANGUAGES[:5]
PLAIN = wire.RecognizeOptions(rotate=False, deskew=False, contrast=False, skip_blank=False)


@dataclass(frozen=True)
class Sheet:
    """A file with one page, and the text on it."""

    path: Path
    text: str


@dataclass(frozen=True)
class Group:
    """Pages that are scored together, and the options they are read with."""

    name: str
    sheets: Callable[[], list[Sheet]]
    options: wire.RecognizeOptions = field(default_factory=wire.RecognizeOptions)
    words: Callable[[str], Words] = any_words_of


def receipts(folder: Path) -> list[Sheet]:
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return [
        Sheet(folder / f"{name}.jpg", "\n".join(line["text"] for line in truth[name]))
        for name in sorted(truth)
    ]


class Drawer:
    """Draws each kind of page once, into files."""

    def __init__(self, folder: Path, n_pages: int) -> None:
        self._folder = folder
        self._n_pages = n_pages
        self.sheets = cache(self._sheets)

    def _sheets(self, languages: tuple[Language, ...], spoiling: Spoiling) -> list[Sheet]:
        sheets = []
        for language in languages:
            for seed in range(self._n_pages):
                page = draw(language, spoiling, seed)
                if page is None:
                    break
                path = self._folder / f"{len(list(self._folder.iterdir()))}.png"
                page.image.save(path, dpi=(page.dpi, page.dpi))
                sheets.append(Sheet(path, page.text))
        return sheets


def groups(data: Path, drawer: Drawer) -> Iterator[Group]:
    yield Group("receipts", lambda: receipts(data), words=words_of)
    yield Group("receipts, unprepared", lambda: receipts(data), PLAIN, words_of)
    for language in LANGUAGES:
        options = wire.RecognizeOptions(languages=(language.code,))
        yield _drawn(drawer, f"clean, {language.code}", (language,), Spoiling(), options)
    for dpi in (100, 150, 300, 400, 600):
        yield _drawn(drawer, f"{dpi} dpi", LATIN[:3], Spoiling(dpi=dpi))
    for skew in (-10, -5, -2, 2, 5, 10):
        yield from _both_ways(drawer, f"skewed by {skew}", Spoiling(skew=skew))
    for turned in (90, 180, 270):
        yield from _both_ways(drawer, f"turned by {turned}", Spoiling(turned=turned))
    yield from _both_ways(drawer, "turned by 180, skewed by 4", Spoiling(turned=180, skew=4))
    yield from _both_ways(drawer, "faded", Spoiling(is_faded=True))
    yield from _both_ways(drawer, "shaded", Spoiling(is_shaded=True))
    yield from _both_ways(drawer, "faded and shaded", Spoiling(is_faded=True, is_shaded=True))
    yield from _both_ways(drawer, "faded, 100 dpi", Spoiling(is_faded=True, dpi=100))


def _both_ways(drawer: Drawer, name: str, spoiling: Spoiling) -> Iterator[Group]:
    yield _drawn(drawer, name, LATIN[:2], spoiling)
    yield _drawn(drawer, f"{name}, unprepared", LATIN[:2], spoiling, PLAIN)


def _drawn(
    drawer: Drawer,
    name: str,
    languages: tuple[Language, ...],
    spoiling: Spoiling,
    options: wire.RecognizeOptions | None = None,
) -> Group:
    return Group(
        name, lambda: drawer.sheets(languages, spoiling), options or wire.RecognizeOptions()
    )


def read(sheet: Sheet, engine: Engine, options: wire.RecognizeOptions) -> str:
    source, limits = wire.Source(path=str(sheet.path)), wire.Limits()
    document = open_document(source, limits)
    try:
        task = wire.Recognize(task=1, source=source, limits=limits, page=1, options=options)
        return read_page(document, task, lambda name: engine, lambda stage: None).text
    finally:
        document.close()


def score(report: Report, name: str, engine: Engine, group: Group) -> None:
    sheets = group.sheets()
    if not sheets:
        print(f"{group.name}: left out, no font for it is installed")
        return
    started = time.perf_counter()
    try:
        texts = [read(sheet, engine, group.options) for sheet in sheets]
    except TaskError as error:
        print(f"{group.name}, {name}: left out, {error.message}")
        return
    seconds = (time.perf_counter() - started) / len(sheets)
    f1 = word_f1(
        (group.words(text), group.words(sheet.text))
        for text, sheet in zip(texts, sheets, strict=True)
    )
    errors = error_rate((text, sheet.text) for text, sheet in zip(texts, sheets, strict=True))
    is_goal = group.name == "receipts" and name == "rapidocr"
    report.add(f"{group.name}, {name}: F1", "", [f1], (">=", TARGET_F1) if is_goal else None)
    report.add(f"{group.name}, {name}: character errors", "", [errors])
    report.add(f"{group.name}, {name}: a page", "s", [seconds])
    say(f"{group.name}, {name}: F1 {f1:.4f}, CER {errors:.4f}, {seconds:.2f} s a page")


def main() -> int:
    parser = arguments(__doc__, runs=1)
    parser.add_argument("--engine", action="append", help="may be repeated; default: rapidocr")
    parser.add_argument("--only", default="", metavar="TEXT", help="groups whose name has it")
    parser.add_argument("--pages", type=int, default=2, metavar="N", help="drawn of each kind")
    options = parser.parse_args()
    names = options.engine or ["rapidocr"]
    report = Report("accuracy", 1, {"pages": options.pages, "engines": names})
    with TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as folder:
        drawer = Drawer(Path(folder), options.pages)
        for name in names:
            engine = load_engine(name)
            for group in groups(options.data, drawer):
                if options.only in group.name:
                    score(report, name, engine, group)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
