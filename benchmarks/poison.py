"""What a document that kills a worker with every page costs the document beside it.

    python -m benchmarks.poison --data DIR

In each run a document is read alone, then beside a healthy one, then beside a poisonous one of as
many pages, each of which has its worker killed as soon as it is being read. What the poison costs
is how much longer the document takes than beside a healthy neighbour.
"""

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.daemons import daemon, documents, open_client, wait_slots, warm_up
from benchmarks.dataset import write_pdf
from benchmarks.harness import Report, arguments, say
from daemon.client import Client

_LOOK_S = 0.03
"""Between two looks at the workers: a page that is seen twice has begun."""


def start(client: Client, path: Path) -> str:
    job_id: str = client.request("ocr/start", {"document": documents([path])[0]})["job_id"]
    return job_id


def terminal(client: Client, job_id: str) -> dict[str, Any] | None:
    """Return the last word on a job, None while there is none."""
    result: dict[str, Any] | None
    # No page is asked for, so that asking costs the daemon nothing.
    result = client.request("job/result", {"job_id": job_id, "pages": "1", "document": 0})[
        "terminal"
    ]
    return result


def kill_readers(client: Client, job_id: str, seen: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Kill every worker that still reads a page of that job which it read at the last look."""
    rows = [row for row in client.request("worker/list")["workers"] if row.get("job_id") == job_id]
    reads = {(row["worker_id"], row["page"]) for row in rows if "page" in row}
    for row in rows:
        if (row["worker_id"], row.get("page")) in seen:
            os.kill(row["pid"], signal.SIGKILL)
    return reads


def run(client: Client, document: Path, beside: Path | None, *, is_poison: bool) -> dict[str, Any]:
    """Return seconds and outcomes of a document and of the one beside it, if any."""
    started = time.perf_counter()
    job_id = start(client, document)
    neighbour = start(client, beside) if beside else None
    outcome: dict[str, Any] = {}
    seen: set[tuple[str, int]] = set()
    while "document" not in outcome or (neighbour and "neighbour" not in outcome):
        time.sleep(_LOOK_S)
        if "document" not in outcome and (last := terminal(client, job_id)):
            outcome["document"] = last
            outcome["seconds"] = time.perf_counter() - started
        if neighbour and "neighbour" not in outcome:
            if is_poison:
                seen = kill_readers(client, neighbour, seen)
            if last := terminal(client, neighbour):
                outcome["neighbour"] = last
    return outcome


def main() -> int:
    args = arguments(__doc__, runs=3).parse_args()
    report = Report("poison", args.runs, {"data": args.data.name})
    images = sorted(args.data.glob("*.jpg"))[:20]
    times: dict[str, list[float]] = {"alone": [], "healthy": [], "poison": []}
    with tempfile.TemporaryDirectory() as folder, daemon(report, open_client) as client:
        document, neighbour = Path(folder, "document.pdf"), Path(folder, "neighbour.pdf")
        write_pdf(images, document)
        write_pdf(images, neighbour)
        warm_up(client, images[0])
        for number in range(args.runs):
            for name in times:
                beside = None if name == "alone" else neighbour
                outcome = run(client, document, beside, is_poison=name == "poison")
                times[name].append(outcome["seconds"])
                state = outcome["document"]["state"]
                report.check("the document is complete", [] if state == "succeeded" else [state])
                if name == "poison":
                    n_failed = outcome["neighbour"]["pages"]["failed"]
                    lost = [] if n_failed == len(images) else [f"{n_failed} failed"]
                    report.check("every page of the poison is accounted for", lost)
                say(f"run {number + 1}, {name}: {outcome['seconds']:.1f} s")
            # Two more documents: the pool is whole when both slots read.
            extra = [start(client, document) for _ in range(2)]
            wait_slots(client, lambda slots: all(slot["state"] == "running" for slot in slots))
            while not all(terminal(client, job_id) for job_id in extra):
                time.sleep(_LOOK_S)
            broken = [row for row in client.request("worker/list")["workers"] if "message" in row]
            report.check("the pool is whole afterwards", [row["message"] for row in broken])
    for name, values in times.items():
        report.add(f"the document, {name}" + ("" if name == "alone" else " beside it"), "s", values)
    lost_s = [sick - well for sick, well in zip(times["poison"], times["healthy"], strict=True)]
    report.add("time lost to the poison", "s", lost_s)
    return report.finish(args.json)


if __name__ == "__main__":
    sys.exit(main())
