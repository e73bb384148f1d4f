"""What a host that does not read costs the daemon, and whether it finds everything afterwards.

    python -m benchmarks.stalled [--minutes 10] [--variant silent] [--json FILE]

Jobs run on the null engine at full rate, each page with some 4 KB of text, and the host stops
reading: *silent* reads nothing, *trickle* a byte a second, *asking* nothing while it sends requests
as fast as the daemon takes them. The daemon's memory is looked at every second. In the middle of
the stall a job is cancelled. Then the host reads everything and holds it against what it is owed.
"""

import argparse
import os
import select
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.audit import Audit
from benchmarks.chaos import make_document
from benchmarks.daemons import daemon, documents
from benchmarks.harness import Report, say
from benchmarks.pipe import Pipe

VARIANTS = ("silent", "trickle", "asking")
PAGES = 60
"""Of a document."""
DOCUMENTS = 25
"""Of a job; there are three, so that far more pages wait than may be unread."""
TEXT = "word " * 800
METRICS_EVERY_S = 10
READ_ALL_S = 300.0
"""What has not been read by then is lost."""
MAX_MB = 256
MAX_GROWTH_MB = 2
MAX_CANCEL_S = 0.25


@dataclass
class Books:
    """Everything that was asked and everything that was read."""

    pipe: Pipe
    audit: Audit = field(default_factory=Audit)
    asked: Counter[int] = field(default_factory=Counter)
    answers: dict[int, Any] = field(default_factory=dict)
    answered: Counter[int] = field(default_factory=Counter)
    seqs: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def ask(self, method: str, params: dict[str, Any] | None = None) -> int:
        number = self.pipe.send(method, params)
        self.asked[number] += 1
        return number

    def read(self, n_bytes: int = 64 * 1024) -> None:
        """Read once and enter what came."""
        for message in self.pipe.take(n_bytes):
            if "method" in message:
                self.seqs.append(message["params"]["seq"])
                self.audit.enter(message["method"], message["params"])
                text = message["params"].get("text", TEXT.strip())
                if message["method"] == "job/page" and text != TEXT.strip():
                    self.faults.append(f"a page of {len(text)} characters")
            else:
                self.answered[message["id"]] += 1
                self.answers[message["id"]] = message.get("result")
                self.faults += [str(message["error"])] if "error" in message else []

    def wait(self, number: int) -> Any:
        """Read until this request is answered; return its result."""
        while number not in self.answers:
            self.read()
        return self.answers[number]

    @property
    def is_complete(self) -> bool:
        return not self.audit.open_jobs and len(self.answered) >= len(self.asked)


@dataclass
class Stall:
    """What was seen while the host did not read."""

    rss_mb: list[float] = field(default_factory=list)
    metrics: list[int] = field(default_factory=list)
    """Requests whose answers, read later, tell what waited at that time."""
    cancelled_at: float = 0.0
    """Unix seconds."""


def start_job(books: Books, document: str) -> str:
    batch = documents([Path(document)] * DOCUMENTS)
    number = books.ask("ocr/start_batch", {"documents": batch, "options": {"engine": "null"}})
    job_id: str = books.wait(number)["job_id"]
    books.audit.accept(job_id, [PAGES] * DOCUMENTS, None)
    return job_id


def stall(books: Books, variant: str, seconds: float, to_cancel: str) -> Stall:
    """Do not read for so long; cancel that job half-way."""
    seen = Stall()
    process = psutil.Process(books.pipe.pid)
    started = due = time.monotonic()
    while due < started + seconds:
        elapsed = due - started
        seen.rss_mb.append(process.memory_info().rss / 1e6)
        if elapsed >= seconds / 2 and not seen.cancelled_at:
            seen.cancelled_at = time.time()
            books.ask("job/cancel", {"job_id": to_cancel})
        if variant != "asking":
            is_turn = int(elapsed) % METRICS_EVERY_S == METRICS_EVERY_S - 1
            number = books.ask("metrics/get" if is_turn else "ping")
            seen.metrics += [number] if is_turn else []
        due += min(1.0, seconds / 20)
        while variant == "asking" and seen.cancelled_at and time.monotonic() < due:
            left_s = max(0.0, due - time.monotonic())
            if select.select([], [books.pipe.write_fd], [], left_s)[1]:
                books.ask("worker/list")
        time.sleep(max(0.0, due - time.monotonic()))
        if variant == "trickle":
            books.read(1)
    return seen


def read_all(books: Books) -> float:
    """Read until nothing is owed any more; return the seconds that took."""
    started = time.monotonic()
    # A read that waits for what was lost would never end.
    timer = threading.Timer(READ_ALL_S, lambda: psutil.Process(books.pipe.pid).kill())
    timer.start()
    try:
        while not books.is_complete:
            books.read()
    except EOFError:
        books.faults.append(f"not all had come after {READ_ALL_S:g} s")
    timer.cancel()
    return time.monotonic() - started


def measure(report: Report, variant: str, minutes: float) -> None:
    env = {"OCR_SIDECAR_NULL_ENGINE": f'{{"text": "{TEXT.strip()}"}}'}
    with (
        tempfile.TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as folder,
        daemon(report, Pipe, env=env) as pipe,
    ):
        document = make_document(Path(folder) / "pages.pdf", PAGES)
        books = Books(pipe)
        books.wait(books.ask("initialize"))
        idle_mb = psutil.Process(pipe.pid).memory_info().rss / 1e6
        jobs = [start_job(books, document) for _ in range(3)]
        say(f"{variant}: not reading for {minutes:g} minutes")
        seen = stall(books, variant, 60 * minutes, jobs[0])
        say(f"{variant}: reading")
        took_s = read_all(books)
        after_mb = psutil.Process(pipe.pid).memory_info().rss / 1e6
        status = books.wait(books.ask("job/status", {"job_id": jobs[0]}))
    half = len(seen.rss_mb) // 2
    report.add(f"{variant}: memory before", "MB", [idle_mb])
    report.add(f"{variant}: memory at most", "MB", [max(seen.rss_mb)], ("<", MAX_MB))
    # The answers to requests in the stall are owed, and take what they take, up to 64 MiB.
    target = None if variant == "asking" else ("<", MAX_GROWTH_MB)
    grown_mb = max(seen.rss_mb[half:]) - max(seen.rss_mb[:half])
    report.add(f"{variant}: grown in the second half", "MB", [grown_mb], target)
    report.add(f"{variant}: memory when all was read", "MB", [after_mb])
    waiting = [books.answers[number]["queues"]["notifications"] for number in seen.metrics]
    if waiting:
        most = max(queue["bytes"] for queue in waiting) / 1e6
        report.add(f"{variant}: notifications unread at most", "MB", [most])
    report.add(f"{variant}: requests in the stall", "", [sum(books.asked.values())])
    report.add(f"{variant}: pages read in all", "", [books.audit.n_pages])
    report.add(f"{variant}: until all was read", "s", [took_s])
    cancel_s = status["finished_at"] - seen.cancelled_at
    report.add(f"{variant}: cancel to the job's end", "s", [cancel_s], ("<", MAX_CANCEL_S))
    was_cancelled = status["state"] == "cancelled"
    report.check("cancelled in the stall", [] if was_cancelled else [status["state"]])
    report.check("every request answered once", _differences(books))
    report.check("seq without a gap", _gaps(books.seqs))
    for name, faults in books.audit.faults().items():
        report.check(name, faults)
    report.check("nothing else amiss", books.faults)


def _differences(books: Books) -> list[str]:
    wrong = (books.asked - books.answered) + (books.answered - books.asked)
    return [f"{len(wrong)} were not"] if wrong else []


def _gaps(seqs: list[int]) -> list[str]:
    is_whole = seqs == list(range(1, len(seqs) + 1))
    return [] if is_whole else [f"{len(seqs)} notifications, the last numbered {seqs[-1]}"]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--minutes", type=float, default=10, metavar="N", help="each variant; default: %(default)s"
    )
    parser.add_argument("--variant", choices=VARIANTS, action="append", help="default: all")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    # Whether a pipe would take more can be asked on POSIX only.
    variants = options.variant or VARIANTS[: None if os.name == "posix" else -1]
    report = Report("stalled", 1, {"minutes": options.minutes})
    for variant in variants:
        measure(report, variant, options.minutes)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
