"""How much faster two slots are than one, on the same pages.

    python -m benchmarks.scaling --data DIR [--runs 5] [--pages 40] [--slots 2] [--json FILE]

Two daemons, one with one slot and one with two, both warm, read the same batch in turn: one, two,
one, two. The ratio is taken pair by pair, so that what slows the machine for a while slows both
halves of a pair. `page` is a page's time in its worker; where it is longer with two slots, the
processors share something. `slots busy` is the share of the time that slots had a page in hand;
the rest is the daemon's, and the wait for the last page. `--slots 4` adds daemons with three and
with four slots, for the plot; all of them are in memory at the same time.
"""

import contextlib
import sys
import time
from pathlib import Path

from benchmarks import dataset
from benchmarks.daemons import daemon, open_client, warm_up
from benchmarks.harness import Report, arguments, ratios, say
from daemon.client import Client

TARGET = 1.9


def slots(number: int) -> str:
    return f"{number} slot{'s' if number > 1 else ''}"


def speed_name(number: int) -> str:
    """Return the name of the figure that tells the speed of so many slots."""
    return f"speed, {slots(number)}"


class Side:
    """One of the daemons and what was measured on it."""

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
        say(f"  {slots(self.workers)}: {self.rates[-1]:.1f} pages/min")
        state = terminal.params["state"]
        is_whole = state == "succeeded" and len(took) == len(images)
        return [] if is_whole else [f"{len(took)} pages, {state}"]


def measure(report: Report, images: list[Path], max_slots: int = 2) -> None:
    """Read the images by 1, 2 and up to `max_slots` slots in turn, and add what came of it."""
    with contextlib.ExitStack() as stack:
        sides = []
        for number in range(1, max_slots + 1):
            client = stack.enter_context(daemon(report, open_client, workers=number))
            warm_up(client, images[0], workers=number)
            sides.append(Side(client, number))
        for number in range(1, report.runs + 1):
            say(f"round {number} of {report.runs}")
            for side in sides:
                report.check("all pages read", side.read(images))
    for side in sides[1:]:
        target = (">=", TARGET) if side.workers == 2 else None
        name = f"{slots(side.workers)} / 1 slot"
        report.add(name, "", ratios(side.rates, sides[0].rates), target)
    for side in sides:
        report.add(speed_name(side.workers), "pages/min", side.rates)
        report.add(f"page, {slots(side.workers)}", "s", side.page_s)
        report.add(f"slots busy, {slots(side.workers)}", "%", side.busy)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--pages", type=int, metavar="N", help="every so manieth; default: all")
    parser.add_argument("--slots", type=int, default=2, metavar="N", help="at most; default: 2")
    options = parser.parse_args()
    images = dataset.load(options.data).images
    if options.pages:
        images = [images[i * len(images) // options.pages] for i in range(options.pages)]
    settings = {"pages": len(images), "slots": options.slots}
    report = Report("scaling", options.runs, settings)
    measure(report, images, options.slots)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
