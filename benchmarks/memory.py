"""Memory of one worker over many pages of mixed sizes, none of which replaces it.

    python -m benchmarks.memory --data DIR [--pages 1000] [--every 10] [--json FILE]

One slot whose worker is never replaced reads receipts as they are, A4 at 150, 200 and 300 dpi as
PDFs, and small and large images, shuffled. After every so many pages, when the worker has nothing
in hand, its resident memory is taken and the most that it ever was, pages in hand included. The
slope is that of the line through the resident memory after the first tenth of the pages. The JSON
file has the series, for `benchmarks.plots`.
"""

import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks import dataset
from benchmarks.daemons import daemon, documents, open_client, warm_up
from benchmarks.harness import Report, arguments, say
from benchmarks.pages import LANGUAGES, Spoiling, draw
from benchmarks.peak import peak_bytes
from benchmarks.soak import slope
from daemon.client import Client

TARGET_MB = 700
MAX_SLOPE_MB = 35
"""In 1,000 pages: a twentieth of what the worker may have."""
A4_DPI = (150, 200, 300)
LARGE_DPI = 600
SMALL_PX = (60, 900)
"""The least and the greatest side."""
N_SMALL, N_LARGE = 12, 3
N_PAGES, EVERY = 1000, 10
N_DRAWN = 8
"""Of each resolution."""
RESIDENT, PEAK = "resident", "peak"
NEVER = ["--max-worker-pages", "1000000000", "--max-worker-bytes", "1000000000000"]

Points = list[tuple[float, float]]
"""Pages read, and MB."""


def draw_mix(folder: Path, n_each: int) -> Iterator[Path]:
    """Draw the pages that are no receipts, and yield their files."""
    dice = random.Random(0)
    for dpi in A4_DPI:
        for seed in range(n_each):
            image = _save(folder / f"{dpi}-{seed}.png", dpi, seed)
            pdf = image.with_suffix(".pdf")
            dataset.write_pdf([image], pdf, dpi)
            yield pdf
    for seed in range(N_SMALL):
        width, height = dice.randint(*SMALL_PX), dice.randint(*SMALL_PX)
        yield _save(folder / f"small-{seed}.png", 200, seed, (width, height))
    for seed in range(N_LARGE):
        yield _save(folder / f"large-{seed}.png", LARGE_DPI, seed)


def _save(path: Path, dpi: int, seed: int, size: tuple[int, int] | None = None) -> Path:
    """Draw a page, or what lies at its margins' corner, into a file."""
    page = draw(LANGUAGES[0], Spoiling(dpi=dpi), seed)
    if page is None:
        raise SystemExit(f"one of the fonts {LANGUAGES[0].fonts} is needed")
    image = page.image
    if size is not None:
        left = top = dpi // 2
        image = image.crop((left, top, left + size[0], top + size[1]))
    image.save(path, dpi=(dpi, dpi))
    return path


def endless(paths: list[Path]) -> Iterator[Path]:
    """Yield all paths in an order that a seed shuffles, again and again."""
    dice = random.Random(0)
    while True:
        yield from dice.sample(paths, len(paths))


def settled(points: Points) -> Points:
    """Leave out the first tenth of the pages, in which the worker takes what it keeps."""
    n_pages = points[-1][0]
    return [point for point in points if point[0] >= n_pages / 10]


def run(report: Report, client: Client, paths: list[Path], n_pages: int, every: int) -> None:
    """Read the pages, and take the memory on the way."""
    resident: Points = report.series.setdefault(RESIDENT, [])
    peak: Points = report.series.setdefault(PEAK, [])
    chosen = endless(paths)
    workers = set()
    n_read = 0
    while n_read < n_pages:
        batch = [next(chosen) for _ in range(min(every, n_pages - n_read))]
        *_, terminal = client.recognize(documents(batch))
        n_read += len(batch)
        state = terminal.params["state"]
        report.check("all pages read", [] if state == "succeeded" else [f"a job {state}"])
        # Kept results are the daemon's, which is not looked at; but they are not needed either.
        client.request("job/forget", {"job_id": terminal.params["job_id"]})
        slot = client.request("worker/list")["workers"][1]
        workers.add(slot["worker_id"])
        resident.append((n_read, psutil.Process(slot["pid"]).memory_info().rss / 1e6))
        peak.append((n_read, max(peak_bytes(slot["pid"]) / 1e6, resident[-1][1])))
        say(f"{n_read} pages: {resident[-1][1]:.0f} MB, at most {peak[-1][1]:.0f} MB")
    report.check("one worker throughout", [] if len(workers) == 1 else [f"{len(workers)} of them"])


def summarize(report: Report) -> None:
    resident, peak = report.series[RESIDENT], report.series[PEAK]
    after = settled(resident)
    report.add(f"resident after {after[0][0]} pages", "MB", [after[0][1]])
    n_pages, last = resident[-1]
    report.add(f"resident after {n_pages} pages", "MB", [last], ("<", TARGET_MB))
    report.add("peak", "MB", [peak[-1][1]])
    report.add("slope", "MB/1000 pages", [1000 * slope(after)], ("<", MAX_SLOPE_MB))


def measure(
    report: Report,
    images: list[Path],
    n_pages: int = N_PAGES,
    every: int = EVERY,
    n_drawn: int = N_DRAWN,
) -> None:
    """Have one worker read so many pages, and add what came of it."""
    with tempfile.TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as folder:
        paths = [*images, *draw_mix(Path(folder), n_drawn)]
        say(f"{len(paths)} documents of one page")
        with daemon(report, open_client, workers=1, options=NEVER) as client:
            warm_up(client, images[0], workers=1)
            run(report, client, paths, n_pages, every)
    summarize(report)


def main() -> int:
    parser = arguments(__doc__, runs=1)
    shown = "default: %(default)s"
    parser.add_argument("--pages", type=int, default=N_PAGES, metavar="N", help=shown)
    parser.add_argument("--every", type=int, default=EVERY, metavar="N", help=shown)
    parser.add_argument("--drawn", type=int, default=N_DRAWN, metavar="N", help=f"of each; {shown}")
    options = parser.parse_args()
    report = Report("memory", 1, {"pages": options.pages, "drawn": options.drawn})
    images = dataset.load(options.data).images
    measure(report, images, options.pages, options.every, options.drawn)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
