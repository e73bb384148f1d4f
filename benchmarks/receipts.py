"""Accuracy, throughput and bookkeeping of the daemon over a data set of scanned pages.

    python -m benchmarks.receipts --data DIR [--runs 5] [--peer rapidocr] [--json FILE]

Two slots read the same pages as one PDF and as a batch of images. `cold` is the PDF in a daemon
just started, engines not loaded; the others follow a warm-up, whose time is a figure of its own.
Time counts from the request that starts the job to its terminal notification. Peers read the same
pages after each run; `benchmarks/peer.py` tells how.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks import dataset, peers
from benchmarks.daemons import daemon, open_client, warm_up
from benchmarks.harness import Report, arguments, ratios, say
from benchmarks.peers import Readable
from benchmarks.reading import Run

TARGET_F1 = 0.945
WORKERS = 2
OURS = PDF, BATCH, COLD = "one PDF", "batch of images", "one PDF, cold"


def run_daemons(run: Run, folder: Path, pdf: Path, *, pdf_first: bool) -> None:
    images = run.data.images
    ways = [(PDF, [pdf]), (BATCH, images)]
    with daemon(run.report, open_client, workers=WORKERS) as client:
        run.read(client, COLD, [pdf], folder)
    with daemon(run.report, open_client, workers=WORKERS) as client:
        run.warm_up_s = warm_up(client, images[0], workers=WORKERS)
        for way, paths in ways if pdf_first else reversed(ways):
            run.read(client, way, paths, folder)


def summarize(report: Report, runs: list[Run]) -> None:
    others = [way for way in runs[0].rates if way not in OURS]
    ways = [*OURS, *others]
    for way in ways:
        target = (">=", TARGET_F1) if way in OURS else None
        report.add(f"word F1, {way}", "", [run.scores[way] for run in runs], target)
    for way in ways:
        report.add(f"speed, {way}", "pages/min", [run.rates[way] for run in runs])
    report.add("warm-up of both slots", "s", [run.warm_up_s for run in runs])
    for way in others:
        for own in (BATCH, PDF):
            rates = [[run.rates[one] for run in runs] for one in (own, way)]
            report.add(f"{own} / {way}", "", ratios(*rates))


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument(
        "--peer", action="append", default=[], choices=list(peers.PEERS), help="may be repeated"
    )
    options = parser.parse_args()
    data = dataset.load(options.data)
    report = Report("receipts", options.runs, {"pages": len(data.images), "workers": WORKERS})
    others = peers.installed(options.peer)
    runs = []
    with tempfile.TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as temporary:
        folder = Path(temporary)
        pdf = folder / "receipts.pdf"
        dataset.write_pdf(data.images, pdf)
        for number in range(1, options.runs + 1):
            say(f"run {number} of {options.runs}")
            run = Run(report, data)
            # In turn, lest one way always find the workers warmer than the other.
            run_daemons(run, folder, pdf, pdf_first=number % 2 == 1)
            for name in others:
                run.read_by(name, Readable(pdf, data.images), folder)
            runs.append(run)
    summarize(report, runs)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
