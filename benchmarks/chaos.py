"""Faults at random while jobs are started, cancelled and asked for: nothing may be lost or doubled.

Signals hit workers and the inspector, with short silence timeouts. At the end the books of the
host are held against what it was promised: every job ended once, every page told once, every
request answered, files whole, nothing left running. One seed gives one order of faults, though the
machine decides what each of them meets.

    python -m benchmarks.chaos --engine null --faults 1000 --pages 20000 --seed 1
    python -m benchmarks.chaos --engine rapidocr --faults 60 --pages 200 --seed 1
"""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

from benchmarks.audit import Audit
from benchmarks.daemons import daemon, open_client
from benchmarks.harness import Report, say
from daemon.client import Client, RequestError

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP, signal.SIGTERM)
PAGES = (1, 5, 20, 60)
"""Pages of the documents there are."""
QUESTIONS = ("ping", "status/get", "job/list", "worker/list", "hardware/get")


class Chaos:
    """One run: a host that does what hosts do, and a hand that kills what it runs on."""

    def __init__(self, client: Client, folder: Path, args: argparse.Namespace) -> None:
        self.client = client
        self.folder = folder
        self.args = args
        self.random = Random(args.seed)
        self.audit = Audit()
        self.n_faults = self.n_asked = self.n_answered = self.n_started = 0
        self.documents = {n: make_document(folder / f"{n}.pdf", n) for n in PAGES}

    def run(self) -> None:
        while self.audit.n_pages < self.args.pages or self.n_faults < self.args.faults:
            while len(self.audit.open_jobs) < 3:
                self.start()
            self.listen(20)
            due = self.args.faults * self.audit.n_pages / self.args.pages
            if self.n_faults < due:
                self.hurt()
            if self.random.random() < 0.05:
                self.cancel()
            if self.random.random() < 0.3:
                self.ask(self.random.choice(QUESTIONS))
        deadline = time.monotonic() + 120
        while self.audit.open_jobs and time.monotonic() < deadline:
            self.listen(20)

    def listen(self, n_at_most: int) -> None:
        for _ in range(n_at_most):
            try:
                event = self.client.next_notification(timeout_s=0.05)
            except TimeoutError:
                return
            self.audit.enter(event.method, event.params)

    def start(self) -> None:
        counts = self.random.choices(PAGES, k=self.random.randint(1, 4))
        self.n_started += 1
        output_dir = None
        if self.random.random() < 0.5:
            output_dir = self.folder / f"out-{self.n_started}"
        job_id = self.client.start(
            [self.documents[n] for n in counts],
            output_dir=None if output_dir is None else str(output_dir),
            outputs=None if output_dir is None else ["text"],
            options={
                "engine": self.args.engine,
                "silence_timeout_s": self.args.silence_s,
                "max_attempts": 5,
                "priority": self.random.choice(("interactive", "normal", "background")),
            },
        )
        self.audit.accept(job_id, counts, output_dir)

    def hurt(self) -> None:
        workers = [one for one in self.client.request("worker/list")["workers"] if one["pid"]]
        if not workers:
            return
        # The inspector less often: there is one, and a document that ends it twice has failed.
        victim = self.random.choice(workers[1:] or workers)
        if self.random.random() < 0.05:
            victim = workers[0]
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim["pid"], self.random.choice(SIGNALS))
            self.n_faults += 1

    def cancel(self) -> None:
        if self.audit.open_jobs:
            self.ask("job/cancel", job_id=self.random.choice(self.audit.open_jobs))

    def ask(self, method: str, **params: str) -> None:
        self.n_asked += 1
        with contextlib.suppress(RequestError):
            self.client.request(method, params, timeout_s=10)
        self.n_answered += 1


def make_document(path: Path, n_pages: int) -> str:
    """Write a PDF of small pages with a line of text each."""
    pages = []
    for number in range(1, n_pages + 1):
        page = Image.new("L", (400, 120), 255)
        font = ImageFont.load_default(32)
        ImageDraw.Draw(page).text((20, 40), f"Page {number} of {n_pages}", 0, font=font)
        pages.append(page)
    pages[0].save(path, save_all=True, append_images=pages[1:], resolution=150)
    return str(path)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=("null", "rapidocr"), default="null")
    parser.add_argument("--faults", type=int, default=1000, metavar="N")
    parser.add_argument("--pages", type=int, default=20_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--silence-s", type=float, default=1.0, metavar="SECONDS")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    settings = {name: str(value) for name, value in vars(args).items()}
    report = Report(f"chaos, {args.engine}, seed {args.seed}", 1, settings)
    os.environ.setdefault("OCR_SIDECAR_NULL_ENGINE", '{"text": "x"}')
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="ocr-sidecar-chaos-") as folder,
        daemon(report, open_client) as client,
    ):
        chaos = Chaos(client, Path(folder), args)
        say(f"seed {args.seed}")
        chaos.run()
        for name, faults in chaos.audit.faults().items():
            report.check(name, faults)
    unanswered = chaos.n_asked - chaos.n_answered
    report.check("every request answered", [f"{unanswered} were not"] if unanswered else [])
    report.add("pages told", "", [chaos.audit.n_pages])
    report.add("faults", "", [chaos.n_faults])
    report.add("jobs", "", [len(chaos.audit.accounts)])
    report.add("time", "s", [time.monotonic() - started])
    return report.finish(args.json)


if __name__ == "__main__":
    sys.exit(main())
