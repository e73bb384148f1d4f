"""Accuracy, throughput and bookkeeping of the daemon over a data set of scanned pages.

    python -m benchmarks.receipts --data DIR [--runs 5] [--peer rapidocr] [--json FILE]

Two slots read the same pages as one PDF and as a batch of images. `cold` is the PDF in a daemon
just started, engines not loaded; the others follow a warm-up, whose time is a figure of its own.
Time counts from the request that starts the job to its terminal notification. A peer reads the
images one after the other in a process of its own, after each run, its first page uncounted.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import Any

from benchmarks import dataset, peer
from benchmarks.daemons import daemon, open_client, warm_up
from benchmarks.dataset import DataSet
from benchmarks.harness import Report, arguments, say
from benchmarks.scoring import Words, misplaced, word_f1, words_of
from daemon.client import Client

TARGET_F1 = 0.945
PAGE_FLOOR = 0.5
"""A page below it was mixed up or lost; the hardest of the receipts stay well above."""
WORKERS = 2
OURS = PDF, BATCH, COLD = "one PDF", "batch of images", "one PDF, cold"


class Run:
    """What one run measured: by the way of reading, pages a minute and F1."""

    def __init__(self, report: Report, data: DataSet) -> None:
        self.report = report
        self.data = data
        self.rates: dict[str, float] = {}
        self.scores: dict[str, float] = {}
        self.warm_up_s = 0.0

    def note(self, way: str, seconds: float, pages: Sequence[Words]) -> None:
        self.rates[way] = 60 * len(pages) / seconds
        self.scores[way] = word_f1(zip(pages, self.data.truth, strict=True))
        say(f"  {way}: F1 {self.scores[way]:.4f}, {self.rates[way]:.1f} pages/min")

    def read(self, client: Client, way: str, paths: list[Path], output_dir: Path) -> None:
        """Read the documents in one job, and hold what is told of it against what is known."""
        n_pages = len(self.data.truth)
        started = time.perf_counter()
        *events, terminal = client.recognize(
            [*paths], output_dir=output_dir, outputs=["json"], options={"inline": "text"}
        )
        seconds = time.perf_counter() - started
        told = [event.params for event in events if event.method == "job/page"]
        self.report.check("ledger complete", ledger_faults(terminal.params, told, n_pages))
        told.sort(key=lambda page: (page["document"], page["page"]))
        pages = [words_of(page.get("text", "")) for page in told]
        if len(pages) != n_pages:
            raise SystemExit(f"{way}: {len(pages)} of {n_pages} pages came; no score can be given")
        self.note(way, seconds, pages)
        faults = misplaced(pages, self.data.truth, PAGE_FLOOR)
        self.report.check("every page told under its own number", faults)
        written = [words_of(text) for text in written_texts(terminal.params)]
        faults = [] if written == pages else ["the files differ from what was told"]
        self.report.check("files hold the pages in order", faults)


def ledger_faults(terminal: dict[str, Any], told: list[dict[str, Any]], n_pages: int) -> list[str]:
    faults = []
    if terminal["state"] != "succeeded":
        faults.append(f"the job ended {terminal['state']}")
    if sum(terminal["pages"].values()) != n_pages:
        faults.append(f"the counts {terminal['pages']} do not sum to {n_pages}")
    times = Counter((page["document"], page["page"]) for page in told)
    if len(times) != n_pages or set(times.values()) != {1}:
        faults.append(f"{len(told)} notifications for {len(times)} pages")
    return faults


def written_texts(terminal: dict[str, Any]) -> list[str]:
    texts = []
    for document in sorted(terminal["successful"], key=lambda each: each["document"]):
        file = json.loads(Path(document["outputs"]["json"]).read_text(encoding="utf-8"))
        texts += [page["text"] for page in file["pages"]]
    return texts


def run_daemons(run: Run, folder: Path, pdf: Path, *, pdf_first: bool) -> None:
    images = run.data.images
    ways = [(PDF, [pdf]), (BATCH, images)]
    with daemon(run.report, open_client, workers=WORKERS) as client:
        run.read(client, COLD, [pdf], folder)
    with daemon(run.report, open_client, workers=WORKERS) as client:
        run.warm_up_s = warm_up(client, images[0], workers=WORKERS)
        for way, paths in ways if pdf_first else reversed(ways):
            run.read(client, way, paths, folder)


def run_peer(run: Run, name: str, folder: Path) -> None:
    """Run the peer's loop in a process of its own, so that neither burdens the other."""
    result = folder / f"{name}.json"
    command = [sys.executable, "-m", "benchmarks.peer", name, str(result)]
    command += map(str, run.data.images)
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    found = json.loads(result.read_text(encoding="utf-8"))
    run.note(name, found["seconds"], [words_of(text) for text in found["texts"]])


def summarize(report: Report, runs: list[Run]) -> None:
    peers = [way for way in runs[0].rates if way not in OURS]
    ways = [*OURS, *peers]
    for way in ways:
        target = (">=", TARGET_F1) if way in OURS else None
        report.add(f"word F1, {way}", "", [run.scores[way] for run in runs], target)
    for way in ways:
        report.add(f"speed, {way}", "pages/min", [run.rates[way] for run in runs])
    report.add("warm-up of both slots", "s", [run.warm_up_s for run in runs])
    for way in peers:
        for own in (BATCH, PDF):
            report.add(f"{own} / {way}", "", [run.rates[own] / run.rates[way] for run in runs])


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument(
        "--peer", action="append", default=[], choices=list(peer.PEERS), help="may be repeated"
    )
    options = parser.parse_args()
    data = dataset.load(options.data)
    report = Report("receipts", options.runs, {"pages": len(data.images), "workers": WORKERS})
    peers = []
    for name in options.peer:
        if all(util.find_spec(module) for module in peer.PEERS[name]):
            peers.append(name)
        else:
            print(f"{name}: skipped, it is not installed")
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
            for name in peers:
                run_peer(run, name, folder)
            runs.append(run)
    summarize(report, runs)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
