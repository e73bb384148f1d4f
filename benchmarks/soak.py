"""Real pages for a long time: memory of the daemon and its workers, and whether it slows down.

    python -m benchmarks.soak --data DIR --minutes 20

The daemon's memory is fitted by a line after the first quarter; its slope is given for an hour. A
dip is how far the slowest minute lies below the median one. Workers are replaced on the way: with
`--max-worker-pages` low enough, often.
"""

import statistics
import sys
import time
from collections import Counter

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
    pages_by_minute: Counter[int] = Counter()
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
                pages_by_minute[int(elapsed // 60)] += 1
            if when >= next_sample:
                next_sample = when + _SAMPLE_S
                own.append((elapsed / 3600, process.memory_info().rss / 1e6))
                rows = client.request("worker/list")["workers"][1:]
                workers_mb += [row["rss_bytes"] / 1e6 for row in rows if row["pid"]]
                ids |= {row["worker_id"] for row in rows}
                say(f"{elapsed:.0f} s: daemon {own[-1][1]:.1f} MB, workers {workers_mb[-2:]} MB")
    full = [pages_by_minute[minute] for minute in range(int(args.minutes))]
    usual = statistics.median(full)
    settled = own[len(own) // 4 :]
    grows = slope(settled)
    dip = 100 * (usual - min(full)) / usual
    report.add("pages a minute", "", full)
    report.add("daemon, resident", "MB", [mb for _, mb in settled])
    report.add("daemon, slope", "MB/h", [grows])
    report.add("a worker, resident", "MB", workers_mb)
    report.add("workers used", "", [len(ids)])
    report.check("memory flat", [f"{grows:.1f} MB/h"] if grows > MAX_SLOPE_MB_PER_HOUR else [])
    report.check("no dip", [f"{dip:.1f} %"] if dip > MAX_DIP_PERCENT else [])
    return report.finish(args.json)


if __name__ == "__main__":
    sys.exit(main())
