"""Damaged files by the thousand: what the daemon says of each, and what they cost it.

Files of the corpus (`python -m tests.corpus`) with seeded damage, in jobs of a hundred. Whatever
is wrong with a file must be told by a kind of error that is about files; a worker that dies of one,
or has to be ended, is counted, and its file is kept in `--keep DIR`.

    python -m benchmarks.hostile --files 5000 --seed 1
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import psutil

from benchmarks.daemons import daemon, open_client
from benchmarks.harness import Report, say
from daemon.client import Client
from tests.corpus import build
from tests.corpus.mutations import mutations

COSTLY = {"worker_crashed", "timeout"}
"""Kinds that take a worker with them."""
EXPECTED = COSTLY | {
    "document_unreadable",
    "unsupported_format",
    "limit_exceeded",
    "password_required",
    "password_wrong",
}
JOB_FILES = 100


class Hostile:
    """One run, and what came of its files."""

    def __init__(self, client: Client, keep: Path | None) -> None:
        self.client = client
        self.keep = keep
        self.kinds: Counter[str] = Counter()
        self.states: Counter[str] = Counter()
        self.faults: list[str] = []
        self.costly: list[str] = []
        self.peak_bytes = 0

    def read(self, files: list[Path]) -> None:
        """Have files read in one job, and hold what is told against what was promised."""
        documents = [{"path": str(path), "password": "open sesame"} for path in files]
        options = {"engine": "null", "max_attempts": 1}
        *events, end = self.client.job_events(
            self.client.start(documents, options=options), timeout_s=300
        )
        pages = [event.params for event in events if event.method == "job/page"]
        counts = end.params["pages"]
        if sum(counts.values()) != len(pages):
            self.faults.append(f"{len(pages)} pages told, {counts} counted")
        ended = [each["document"] for each in end.params["successful"] + end.params["failed"]]
        if sorted(ended) != list(range(len(files))):
            self.faults.append("a document ended not at all, or twice")
        for page in pages:
            self.states[page["state"]] += 1
            if page["state"] == "failed":
                self.note(files[page["document"]], page["error"]["data"]["kind"])
        told = {page["document"] for page in pages}
        for each in end.params["failed"]:
            if each["document"] not in told:
                self.note(files[each["document"]], each["kind"])
        for process in psutil.Process(os.getpid()).children(recursive=True):
            self.peak_bytes = max(self.peak_bytes, process.memory_info().rss)

    def note(self, path: Path, kind: str) -> None:
        """Take down an error."""
        self.kinds[kind] += 1
        if kind not in EXPECTED:
            self.faults.append(f"{kind} of {path.name}")
        if kind in COSTLY or kind not in EXPECTED:
            self.costly.append(f"{kind}: {path.name}")
            if self.keep is not None:
                shutil.copy(path, self.keep)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=2000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where costly files are kept")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    if args.keep is not None:
        args.keep.mkdir(parents=True, exist_ok=True)
    settings = {name: str(value) for name, value in vars(args).items()}
    report = Report(f"hostile files, seed {args.seed}", 1, settings)
    os.environ.setdefault("OCR_SIDECAR_NULL_ENGINE", '{"text": "x"}')
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="ocr-sidecar-hostile-") as name,
        daemon(report, open_client, options=("--page-timeout-s", "20")) as client,
    ):
        folder = Path(name)
        (folder / "corpus").mkdir()
        entries = build(folder / "corpus")
        hostile = Hostile(client, args.keep)
        made = mutations(folder / "corpus", entries, args.files, args.seed)
        while group := list(islice(made, JOB_FILES)):
            files = []
            for file_name, content in group:
                files.append(folder / file_name)
                files[-1].write_bytes(content)
            hostile.read(files)
            for path in files:
                path.unlink()
        metrics = client.request("metrics/get")
    for line in hostile.costly:
        say(line)
    say(f"pages {dict(hostile.states)}, errors {dict(hostile.kinds)}")
    say(f"restarts {metrics['restarts']}")
    report.check("every file has a typed error or its pages", hostile.faults)
    report.add("files", "", [args.files])
    report.add("files that cost a worker", "", [len(hostile.costly)])
    report.add("restarts", "", [sum(metrics["restarts"].values())])
    report.add("largest worker seen", "MB", [hostile.peak_bytes / 1e6])
    report.add("time", "s", [time.monotonic() - started])
    return report.finish(args.json)


if __name__ == "__main__":
    sys.exit(main())
