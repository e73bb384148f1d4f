"""One run over scored pages, by the daemon and by its peers: what `receipts` and `versus` share."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.dataset import DataSet
from benchmarks.harness import Report, say
from benchmarks.peers import Readable
from benchmarks.scoring import Words, misplaced, word_f1, words_of
from daemon.client import Client

PAGE_FLOOR = 0.5
"""A page below it was mixed up or lost; the hardest of the receipts stay well above."""


class Run:
    """What one run measured: by the way of reading, pages a minute and F1."""

    def __init__(self, report: Report, data: DataSet) -> None:
        self.report = report
        self.data = data
        self.rates: dict[str, float] = {}
        self.scores: dict[str, float] = {}
        self.warm_up_s = 0.0

    def note(self, way: str, seconds: float, pages: Sequence[Words]) -> None:
        truth = self.data.truth
        self.rates[way] = 60 * len(truth) / seconds
        if len(pages) == 1:
            truth = [sum(truth, start=Words())]
        self.scores[way] = word_f1(zip(pages, truth, strict=True))
        say(f"  {way}: F1 {self.scores[way]:.4f}, {self.rates[way]:.1f} pages/min")

    def read(
        self, client: Client, way: str, paths: list[Path], output_dir: Path, output: str = "json"
    ) -> None:
        """Read the documents in one job, and hold what is told of it against what is known."""
        n_pages = len(self.data.truth)
        started = time.perf_counter()
        *events, terminal = client.recognize(
            [*paths], output_dir=output_dir, outputs=[output], options={"inline": "text"}
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
        if output == "json":
            written = [words_of(text) for text in written_texts(terminal.params)]
            faults = [] if written == pages else ["the files differ from what was told"]
            self.report.check("files hold the pages in order", faults)

    def read_by(self, peer: str, pages: Readable, folder: Path) -> None:
        """Have a peer read the pages. One that knows no pages is scored by the whole document."""
        seconds, texts = peers.read(peer, pages, folder)
        self.note(peer, seconds, [words_of(text) for text in texts])


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
