"""The product beside its peers, each over the same pages in the same run.

    python -m benchmarks.versus --data DIR [--runs 5] [--only NAME]... [--json FILE]

Scanned receipts as a PDF, to JSON, to text and to a searchable PDF, and clean A4 pages full of
English text at 300 dpi to a searchable PDF: by a daemon of two slots, warm, with its defaults; and
by those who make the same of them (`benchmarks/peer.py` tells how). `pipeline` is the daemon's own
pipeline in two bare processes. `scaling`, `native`, `startup`, `latency` and `memory`, in which
nobody else takes part, are the benchmarks of these names.
A row is a kind of pages and of output; those who share it take turns, begin by turns, and are
compared run by run.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from benchmarks import dataset, latency, memory, native, peers, scaling, startup
from benchmarks.daemons import daemon, open_client, warm_up
from benchmarks.dataset import DataSet
from benchmarks.harness import Report, arguments, ratios, say
from benchmarks.peers import Readable
from benchmarks.reading import Run

WORKERS = 2
OURS = "ocr-sidecar"
RECEIPTS, DENSE = "receipts", "dense pages"

_T = TypeVar("_T")


@dataclass(frozen=True)
class Comparison:
    """A peer beside the product; how many times its speed is wanted, and how much more F1."""

    name: str
    peer: str
    pages: str
    output: str
    times: float | None = None
    more_f1: float | None = None

    @property
    def row(self) -> tuple[str, str]:
        return self.pages, self.output


COMPARISONS = (
    Comparison("rapidocr", "rapidocr", RECEIPTS, "json", times=4, more_f1=-0.003),
    Comparison("pipeline", "pipeline", RECEIPTS, "json", times=0.97, more_f1=0),
    Comparison("kreuzberg", "kreuzberg", RECEIPTS, "text", times=4),
    Comparison("tesseract", "tesseract", RECEIPTS, "text"),
    Comparison("ocrmypdf", "ocrmypdf", RECEIPTS, "searchable_pdf", times=4),
    Comparison("dense", "ocrmypdf", DENSE, "searchable_pdf", times=2, more_f1=0),
)
"""Those of a row stand together."""
OTHERS = ("scaling", "native", "startup", "latency", "memory")
NAMES = (*(one.name for one in COMPARISONS), *OTHERS)


def in_turn(ways: Sequence[_T], run: int) -> list[_T]:
    """Return the ways in the order of a run, from 1: each begins, and is before each other one."""
    first = (run - 1) // 2 % len(ways)
    order = [*ways[first:], *ways[:first]]
    return order if run % 2 else order[::-1]


def read_ours(run: Run, pages: Readable, output: str, folder: Path) -> None:
    with daemon(run.report, open_client, workers=WORKERS) as client:
        warm_up(client, pages.images[0], workers=WORKERS)
        run.read(client, OURS, [pages.pdf], folder, output)


def read_row(
    report: Report, comparisons: Sequence[Comparison], data: DataSet, pdf: Path, folder: Path
) -> list[Run]:
    """Have all of a row read the pages once a run."""
    pages = Readable(pdf, data.images)
    runs = []
    for number in range(1, report.runs + 1):
        say(f"{pdf.stem}, {comparisons[0].output}: run {number} of {report.runs}")
        run = Run(report, data)
        for way in in_turn([OURS, *(one.peer for one in comparisons)], number):
            if way == OURS:
                read_ours(run, pages, comparisons[0].output, folder)
            else:
                run.read_by(way, pages, folder)
        runs.append(run)
    return runs


def summarize(report: Report, comparisons: Sequence[Comparison], runs: Sequence[Run]) -> None:
    """Add the figures of a row: speed and F1 of each, ours against each."""
    name = " to ".join(comparisons[0].row)
    rates = {way: [run.rates[way] for run in runs] for way in runs[0].rates}
    scores = {way: [run.scores[way] for run in runs] for way in runs[0].scores}
    ways = [OURS, *(one.peer for one in comparisons)]
    for way in ways:
        report.add(f"{name}, {way}", "pages/min", rates[way])
    for one in comparisons:
        target = None if one.times is None else (">=", one.times)
        report.add(f"{name}, times {one.peer}", "", ratios(rates[OURS], rates[one.peer]), target)
    for way in ways:
        report.add(f"{name}, word F1, {way}", "", scores[way])
    for one in comparisons:
        target = None if one.more_f1 is None else (">=", one.more_f1)
        pairs = zip(scores[OURS], scores[one.peer], strict=True)
        more = [own - other for own, other in pairs]
        report.add(f"{name}, word F1 more than {one.peer}", "", more, target)


def prepare(pages: str, data: Path, n_dense: int, folder: Path) -> tuple[DataSet, Path]:
    """Return the pages of a kind and the PDF that has them."""
    pdf = folder / f"{pages}.pdf"
    if pages == RECEIPTS:
        receipts = dataset.load(data)
        dataset.write_pdf(receipts.images, pdf)
        return receipts, pdf
    drawn = dataset.drawn(folder / "drawn", n_dense)
    dataset.write_pdf(drawn.images, pdf, dataset.DRAWN_DPI)
    return drawn, pdf


def main() -> int:
    parser = arguments(__doc__)
    only = "may be repeated; default: all of them"
    parser.add_argument("--only", action="append", choices=NAMES, help=only)
    parser.add_argument("--dense-pages", type=int, default=12, metavar="N", help="default: 12")
    options = parser.parse_args()
    wanted = options.only or NAMES
    asked = [one for one in COMPARISONS if one.name in wanted]
    there = peers.installed(dict.fromkeys(one.peer for one in asked))
    chosen = [one for one in asked if one.peer in there]
    settings = {
        "workers": WORKERS,
        "dense pages": options.dense_pages,
        "skipped": [one.name for one in asked if one not in chosen],
    }
    report = Report("versus", options.runs, settings)
    with tempfile.TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as temporary:
        folder = Path(temporary)
        for pages, of_pages in groupby(chosen, lambda one: one.pages):
            data, pdf = prepare(pages, options.data, options.dense_pages, folder)
            for _, row in groupby(of_pages, lambda one: one.row):
                comparisons = list(row)
                runs = read_row(report, comparisons, data, pdf, folder)
                summarize(report, comparisons, runs)
    images = dataset.load(options.data).images
    if "scaling" in wanted:
        scaling.measure(report, images)
    if "native" in wanted:
        native.measure(report)
    if "startup" in wanted:
        startup.measure(report)
    if "latency" in wanted:
        latency.measure(report, images)
    if "memory" in wanted:
        memory.measure(report, images)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
