"""Real pages for a long time: memory of the daemon and its workers, and whether it slows down.

    python -m benchmarks.soak --data DIR --minutes 20

The daemon's memory is fitted by a line after the first quarter; its slope is given for an hour. A
dip is how far the slowest stretch lies below the median one. A stretch is as many whole rounds of
the data as take about a minute, since a minute by the clock has dearer pages now and cheaper ones
then. Workers are replaced on the way: with `--max-worker-pages` low enough, often.
"""

import statistics
import sys
import time
from itertools import pairwise

import psutil

from benchmarks.daemons import daemon, documents, open_client, warm_up
from benchmarks.harness import Report, arguments, say
from benchmarks.recovery import Endless

_SAMPLE_S = 5.0
MAX_DIP_PERCENT = 5.0
MAX_SLOPE_MB_PER_HOUR = 5.0


def slope(points: list[tuple[float, float]]) -> float:
    """Return the slope of the line through the points by least squares."""
    return statistics.linear_regression(*zip(*points, strict=True)).slope


def stretches(page_times: list[float], round_pages: int) -> list[float]:
    """Return the pages a minute of one stretch after the other, given when, in seconds, each page
    was told."""
    n_minutes = max(page_times[-1] / 60, 1)
    n_pages = round_pages * max(round(len(page_times) / round_pages / n_minutes), 1)
    ends = [0.0, *page_times[n_pages - 1 :: n_pages]]
    return [60 * n_pages / (end - begin) for begin, end in pairwise(ends)]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--minutes", type=float, default=20, metavar="N")
    parser.add_argument("--max-worker-pages", type=int, default=300, metavar="N")
    args = parser.parse_args()
    settings = {"minutes": args.minutes, "max_worker_pages": args.max_worker_pages}
    report = Report("soak", 1, settings)
    images = sorted(args.data.glob("*.jpg"))
    own: list[tuple[float, float]] = []
    workers_mb: list[float] = []
    page_times: list[float] = []
    ids = set()
    options = ["--max-worker-pages", str(args.max_worker_pages)]
    with daemon(report, open_client, options=options) as client:
        warm_up(client, images[0])
        load = Endless(client, documents(images))
        process = psutil.Process(client.pid)
        load.feed()
        started = time.perf_counter()
        next_sample = started
        for when, event in load.news():
            elapsed = when - started
            if elapsed > 60 * args.minutes:
                break
            load.feed()
            if event.method == "job/page":
                page_times.append(elapsed)
            if when >= next_sample:
                next_sample = when + _SAMPLE_S
                own.append((elapsed / 3600, process.memory_info().rss / 1e6))
                rows = client.request("worker/list")["workers"][1:]
                workers_mb += [row["rss_bytes"] / 1e6 for row in rows if row["pid"]]
                ids |= {row["worker_id"] for row in rows}
                say(f"{elapsed:.0f} s: daemon {own[-1][1]:.1f} MB, workers {workers_mb[-2:]} MB")
    rates = stretches(page_times, len(images))
    usual = statistics.median(rates)
    settled = own[len(own) // 4 :]
    grows = slope(settled)
    dip = 100 * (usual - min(rates)) / usual
    report.add("pages a minute", "", rates)
    report.add("daemon, resident", "MB", [mb for _, mb in settled])
    report.add("daemon, slope", "MB/h", [grows])
    report.add("a worker, resident", "MB", workers_mb)
    report.add("workers used", "", [len(ids)])
    report.check("memory flat", [f"{grows:.1f} MB/h"] if grows > MAX_SLOPE_MB_PER_HOUR else [])
    report.check("no dip", [f"{dip:.1f} %"] if dip > MAX_DIP_PERCENT else [])
    return report.finish(args.json)


if __name__ == "__main__":
    sys.exit(main())
