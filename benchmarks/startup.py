"""How soon a daemon answers, how soon it has read a page, and how little it holds when idle.

    python -m benchmarks.startup [--runs 10] [--json FILE] [--command PATH]

Each run starts a bare interpreter that prints one line, then a daemon. Times count from just before
the spawn: to the interpreter's line, to the reply of `initialize`, and to the text of page 1 of
samples/scan.pdf, for which an engine is loaded. Memory is that of the daemon's own process once it
has answered, before any worker is there. `--command` names another daemon than the installed one,
such as the executable of a bundle.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from benchmarks.daemons import daemon, documents
from benchmarks.harness import Report, arguments, say
from benchmarks.pipe import Pipe

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "scan.pdf"
TARGET_REPLY_MS = 200
TARGET_PAGE_S = 1.5
TARGET_RSS_MB = 60


def bare_interpreter_ms() -> float:
    started = time.perf_counter()
    command = [sys.executable, "-P", "-c", "print(flush=True)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        os.read(process.stdout.fileno(), 1)
        return 1000 * (time.perf_counter() - started)


def memory_mb(pid: int) -> tuple[float, float | None]:
    """Return resident and, where the system tells, unshared memory."""
    process = psutil.Process(pid)
    rss = process.memory_info().rss / 1e6
    unshared = getattr(process.memory_full_info(), "uss", None)
    return rss, None if unshared is None else unshared / 1e6


def measure(report: Report, command: list[str] | None = None) -> None:
    """Start daemons of a command, two a run, and add what came of it."""
    bare, replies, pages, rss, uss = [], [], [], [], []
    for number in range(1, report.runs + 1):
        bare.append(bare_interpreter_ms())
        with daemon(report, Pipe, command=command) as pipe:
            pipe.request("initialize")
            replies.append(1000 * (time.perf_counter() - pipe.spawned_at))
            slots = pipe.request("worker/list")["workers"]
            up = [f"slot {slot['slot']} is {slot['state']}" for slot in slots if slot["pid"]]
            report.check("idle without a worker", up)
            resident, unshared = memory_mb(pipe.pid)
        # Another daemon, so that the page has not waited for the questions above.
        with daemon(report, Pipe, command=command) as pipe:
            pipe.request("initialize")
            document = {**documents([SAMPLE])[0], "pages": "1"}
            job_id = pipe.request("ocr/start", {"document": document})["job_id"]
            page = pipe.wait_event(job_id, ["job/page"])
            pages.append(time.perf_counter() - pipe.spawned_at)
            has_text = page["state"] == "recognized" and page["text"].strip()
            report.check("page read", [] if has_text else [f"page 1 is {page['state']}"])
        rss.append(resident)
        if unshared is not None:
            uss.append(unshared)
        say(f"run {number}: reply {replies[-1]:.0f} ms, page {pages[-1]:.2f} s")
    report.add("reply of initialize", "ms", replies, ("<", TARGET_REPLY_MS))
    report.add("bare interpreter", "ms", bare)
    ratios = [reply / other for reply, other in zip(replies, bare, strict=True)]
    report.add("reply / bare interpreter", "", ratios)
    report.add("first page's text", "s", pages, ("<", TARGET_PAGE_S))
    report.add("idle memory, resident", "MB", rss, ("<", TARGET_RSS_MB))
    if uss:
        report.add("idle memory, unshared", "MB", uss)


def main() -> int:
    parser = arguments(__doc__, runs=10, data=False)
    parser.add_argument("--command", metavar="PATH", help="the daemon (default: the installed one)")
    options = parser.parse_args()
    report = Report("startup", options.runs)
    measure(report, None if options.command is None else [options.command])
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
