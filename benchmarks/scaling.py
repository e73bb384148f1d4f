"""How much faster two slots are than one, on the same pages.

    python -m benchmarks.scaling --data DIR [--runs 5] [--pages 40] [--json FILE]

Two daemons, one with one slot and one with two, both warm, read the same batch in turn: one, two,
one, two. The ratio is taken pair by pair, so that what slows the machine for a while slows both
halves of a pair. `page` is a page's time in its worker; where it is longer with two slots, the
processors share something. `slots busy` is the share of the time that slots had a page in hand;
the rest is the daemon's, and the wait for the last page.
"""

import sys
import time
from pathlib import Path

from benchmarks import dataset
from benchmarks.daemons import daemon, open_client, warm_up
from benchmarks.harness import Report, arguments, say
from daemon.client import Client

TARGET = 1.7


class Side:
    """One of the two daemons and what was measured on it."""

    def __init__(self, client: Client, workers: int) -> None:
        self.client = client
        self.workers = workers
        self.rates: list[float] = []
        self.page_s: list[float] = []
        self.busy: list[float] = []

    def read(self, images: list[Path]) -> list[str]:
        """Read the images once, note the figures, and return what was wrong."""
        started = time.perf_counter()
        *events, terminal = self.client.recognize([*images])
        seconds = time.perf_counter() - started
        took = [event.params["duration_s"] for event in events if event.method == "job/page"]
        self.rates.append(60 * len(images) / seconds)
        self.page_s.append(sum(took) / len(took))
        self.busy.append(100 * sum(took) / (self.workers * seconds))
        say(f"  {self.workers} slot(s): {self.rates[-1]:.1f} pages/min")
        state = terminal.params["state"]
        is_whole = state == "succeeded" and len(took) == len(images)
        return [] if is_whole else [f"{len(took)} pages, {state}"]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--pages", type=int, metavar="N", help="every so manieth; default: all")
    options = parser.parse_args()
    images = dataset.load(options.data).images
    if options.pages:
        images = [images[i * len(images) // options.pages] for i in range(options.pages)]
    report = Report("scaling", options.runs, {"pages": len(images)})
    with (
        daemon(report, open_client, workers=1) as one_client,
        daemon(report, open_client, workers=2) as two_client,
    ):
        one, two = Side(one_client, 1), Side(two_client, 2)
        for side in (one, two):
            warm_up(side.client, images[0], workers=side.workers)
        for number in range(1, options.runs + 1):
            say(f"pair {number} of {options.runs}")
            for side in (one, two):
                report.check("all pages read", side.read(images))
    ratios = [both / single for single, both in zip(one.rates, two.rates, strict=True)]
    report.add("two slots / one slot", "", ratios, (">=", TARGET))
    for side, name in ((one, "one slot"), (two, "two slots")):
        report.add(f"speed, {name}", "pages/min", side.rates)
        report.add(f"page, {name}", "s", side.page_s)
        report.add(f"slots busy, {name}", "%", side.busy)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
