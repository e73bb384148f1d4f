"""How soon the daemon answers and cancels while both slots read pages.

    python -m benchmarks.latency --data DIR [--runs 5] [--seconds 20] [--json FILE]

A run sends `ping` every 10 ms for that many seconds, then `document/info` of another PDF every
100 ms for as long, one request at a time on the bare pipe; then it cancels ten jobs whose pages are
in both slots, at various moments of a page. `cancel to next job` is from the cancel to both slots
having a page of the job that follows. Percentiles are those of a run; the median is over the runs.
"""

import math
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import dataset
from benchmarks.daemons import daemon, documents, wait_slots, warm_up
from benchmarks.harness import Report, arguments, percentile, say
from benchmarks.pipe import Pipe

WORKERS = 2
PING_EVERY_S = 0.01
INFO_EVERY_S = 0.1
N_CANCELS = 10
N_PAGES = 16
"""Of a job to be cancelled; many enough that pages are in both slots at any moment up to:"""
LATEST_CANCEL_S = 1.0
MAX_PAGES_PER_S = 10.0
"""More than two slots read; so that a job is not over before the measuring is."""
TARGETS_MS = {"ping p99": 5, "document/info p99": 300, "cancel max": 250}
OTHER_PDF = Path(__file__).resolve().parent.parent / "samples" / "scan.pdf"

Samples = dict[str, list[float]]


def row_of(pipe: Pipe, job_id: str) -> dict[str, Any]:
    """Return what `job/list` has of a job: `job/status` of so many documents is a file."""
    return next(row for row in pipe.request("job/list")["jobs"] if row["job_id"] == job_id)


def start(pipe: Pipe, images: list[Path], n_pages: int) -> str:
    """Start a job of so many pages and return its id once both slots read it."""
    paths = [images[i % len(images)] for i in range(n_pages)]
    started = pipe.request("ocr/start_batch", {"documents": documents(paths)})
    job_id: str = started["job_id"]
    while row_of(pipe, job_id)["total"] is None:
        time.sleep(0.01)  # the documents are being counted
    wait_slots(pipe, lambda slots: all(slot.get("job_id") == job_id for slot in slots))
    return job_id


def sample(ask: Callable[[], object], every_s: float, seconds: float) -> list[float]:
    """Ask at a steady pace; return the milliseconds that each answer took."""
    took = []
    begun = time.perf_counter()
    due = begun
    while due < begun + seconds:
        time.sleep(max(0.0, due - time.perf_counter()))
        asked = time.perf_counter()
        ask()
        answered = time.perf_counter()
        took.append(1000 * (answered - asked))
        due = max(due + every_s, answered)
    return took


def cancel(report: Report, pipe: Pipe, job_id: str) -> float:
    """Cancel a running job; return the milliseconds until its terminal notification."""
    pipe.drop_events()
    asked = time.perf_counter()
    pipe.request("job/cancel", {"job_id": job_id})
    terminal = pipe.wait_event(job_id, ["job/result", "job/error"])
    took = 1000 * (time.perf_counter() - asked)
    was_running = terminal["state"] == "cancelled" and terminal["pages"]["cancelled"] >= WORKERS
    report.check("cancelled with pages in both slots", [] if was_running else [str(terminal)])
    return took


def ocr_worker_ids(pipe: Pipe) -> set[str]:
    """Return who fills the OCR slots now; a worker that was killed has a successor."""
    return {slot["worker_id"] for slot in pipe.request("worker/list")["workers"][1:]}


def run_once(report: Report, images: list[Path], seconds: float) -> Samples:
    found: Samples = {"cancel": [], "cancel to next job": []}
    moments = random.Random(1)
    other = {"document": documents([OTHER_PDF])[0]}
    n_pages = math.ceil(2 * seconds * MAX_PAGES_PER_S) + 2 * WORKERS
    with daemon(report, Pipe, workers=WORKERS) as pipe:
        warm_up(pipe, images[0], workers=WORKERS)
        job_id = start(pipe, images, n_pages)
        found["ping"] = sample(lambda: pipe.request("ping"), PING_EVERY_S, seconds)
        found["document/info"] = sample(
            lambda: pipe.request("document/info", other), INFO_EVERY_S, seconds
        )
        state = row_of(pipe, job_id)["state"]
        report.check("slots busy throughout", [] if state == "running" else [f"job {state}"])
        cancel(report, pipe, job_id)
        job_id = start(pipe, images, N_PAGES)
        worker_ids = ocr_worker_ids(pipe)
        for number in range(1, N_CANCELS + 1):
            time.sleep(moments.uniform(0, LATEST_CANCEL_S))
            asked = time.perf_counter()
            found["cancel"].append(cancel(report, pipe, job_id))
            # Other pages each time: how soon a worker can leave one depends on the page.
            first = number * len(images) // N_CANCELS
            job_id = start(pipe, images[first:] + images[:first], N_PAGES)
            found["cancel to next job"].append(1000 * (time.perf_counter() - asked))
            worker_ids.update(ocr_worker_ids(pipe))
        cancel(report, pipe, job_id)
        found["workers killed"] = [float(len(worker_ids) - WORKERS)]
    return found


def measure(report: Report, images: list[Path], seconds: float = 20) -> None:
    """Ask busy daemons, one a run, for twice so many seconds, and add what came of it."""
    runs = []
    for number in range(1, report.runs + 1):
        runs.append(run_once(report, images, seconds))
        ping, cancelled = runs[-1]["ping"], runs[-1]["cancel"]
        say(f"run {number}: ping p99 {percentile(ping, 99):.1f} ms, cancel {max(cancelled):.1f} ms")
    for what, percents in (
        ("ping", (50, 90, 99, 100)),
        ("document/info", (50, 90, 99, 100)),
        ("cancel", (50, 100)),
        ("cancel to next job", (50, 100)),
    ):
        for percent in percents:
            name = f"{what} {'max' if percent == 100 else f'p{percent}'}"
            values = [percentile(run[what], percent) for run in runs]
            target = ("<", TARGETS_MS[name]) if name in TARGETS_MS else None
            report.add(name, "ms", values, target)
    killed = [run["workers killed"][0] for run in runs]
    report.add(f"workers killed in {N_CANCELS} cancels", "", killed)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="default: %(default)s")
    options = parser.parse_args()
    settings = {"seconds": options.seconds, "workers": WORKERS, "cancels": N_CANCELS}
    report = Report("latency", options.runs, settings)
    measure(report, dataset.load(options.data).images, options.seconds)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
