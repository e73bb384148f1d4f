"""From the death of a worker in mid-page to a pool that is whole again.

Workers that read real pages are killed one after the other. For each the time is taken until the
host is told, until a worker is ready in that slot again, and until the page is recognized.

    python -m benchmarks.recovery --data DIR --kills 50
"""

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.daemons import daemon, documents, open_client, warm_up
from benchmarks.harness import Report, arguments, say
from daemon.client import TERMINAL_METHODS, Client, Notification

_WAIT_S = 60.0
_BATCH = 40


class Endless:
    """Jobs that never run out, and the news of the daemon with the time each came."""

    def __init__(self, client: Client, paths: list[dict[str, str]]) -> None:
        self.client = client
        self._paths = itertools.cycle(paths)
        self._n_waiting = 0

    def feed(self) -> None:
        if self._n_waiting < _BATCH // 2:
            batch = [next(self._paths) for _ in range(_BATCH)]
            self.client.request("ocr/start_batch", {"documents": batch})
            self._n_waiting += _BATCH

    def news(self) -> Iterator[tuple[float, Notification]]:
        for event in self.client.notifications(timeout_s=_WAIT_S):
            if event.method == "job/page":
                self._n_waiting -= 1
            elif event.method in TERMINAL_METHODS:
                # Kept jobs would look like a leak for the first two hundred of them.
                self.client.request("job/forget", {"job_id": event.params["job_id"]})
            yield time.perf_counter(), event

    def wait(self, matches: Callable[[str, dict[str, Any]], bool]) -> float:
        for when, event in self.news():
            if matches(event.method, event.params):
                return when
        raise AssertionError("the daemon has ended")


def kill_one(load: Endless, slot: int) -> tuple[float, float, float]:
    """Kill the worker of a slot in mid-page; return the three times in seconds."""
    while True:
        load.feed()
        rows = load.client.request("worker/list")["workers"]
        row = rows[slot]
        if row["state"] == "running" and "page" in row:
            break
        load.wait(lambda method, params: method == "worker/state")
    place = (row["job_id"], row["document"], row["page"])
    killed_at = time.perf_counter()
    os.kill(row["pid"], signal.SIGKILL)
    times: dict[str, float] = {}
    for when, event in load.news():
        load.feed()
        params = event.params
        if event.method == "worker/state" and params["slot"] == slot:
            if params["worker_id"] == row["worker_id"] and "signal" in params:
                times.setdefault("told", when - killed_at)
            elif params["worker_id"] != row["worker_id"] and params["state"] in ("idle", "running"):
                times.setdefault("ready", when - killed_at)
        elif event.method == "job/page" and place == (
            params["job_id"],
            params["document"],
            params["page"],
        ):
            if params["attempts"] == 1:
                return kill_one(load, slot)  # it had just been finished
            times["page"] = when - killed_at
        if len(times) == 3:
            return times["told"], times["ready"], times["page"]
    raise AssertionError("the daemon has ended")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--kills", type=int, default=50, metavar="N", help="default: %(default)s")
    args = parser.parse_args()
    report = Report("recovery", args.kills, {"data": args.data.name})
    images = sorted(args.data.glob("*.jpg"))
    figures = []
    with daemon(report, open_client) as client:
        warm_up(client, images[0])
        load = Endless(client, documents(images))
        for number in range(args.kills):
            figures.append(kill_one(load, number % 2 + 1))
            say(f"kill {number + 1}: " + ", ".join(f"{value:.3f} s" for value in figures[-1]))
    told, ready, page = zip(*figures, strict=True)
    report.add("host told", "ms", [1000 * value for value in told], ("<", 50))
    report.add("worker ready again", "s", ready, ("<", 2))
    report.add("page recognized", "s", page, ("<", 3.5))
    return report.finish(args.json)


if __name__ == "__main__":
    sys.exit(main())
