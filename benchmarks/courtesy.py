"""What other programs keep of their speed while pages are read, normally and in the background.

    python -m benchmarks.courtesy [--runs 5] [--seconds 5] [--json FILE]

A foreign busy loop on each processor counts its rounds. A warm daemon with as many slots reads
samples/scan.pdf over and over: nothing, a normal job, nothing, a background job, in turn. What the
loops get done beside a job is held against what they got done just before it, so that what slows
the machine for a while slows both. Workers have loaded their engines before. `taken` is the share
of all processors that our own processes had. Each loop has a session of its own, as a program that
a desktop starts has.
"""

import mmap
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.daemons import daemon, documents, open_client, wait_slots, warm_up
from benchmarks.harness import Report, arguments, machine_facts, say
from daemon.client import Client

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "scan.pdf"
KEPT_TARGET = 95
_N_DOCUMENTS = 50
"""Of two pages each: more than are read in a round."""
_LOOP = """
import mmap, struct, sys
with open(sys.argv[1], "r+b") as file:
    counter = mmap.mmap(file.fileno(), 8)
n = 0
while True:
    sum(range(2000))
    n += 1
    counter[:] = struct.pack("=q", n)
"""


class Loops:
    """Foreign busy loops, one for each processor."""

    def __init__(self, folder: Path, n_loops: int) -> None:
        self._counters = []
        self.processes = []
        for number in range(n_loops):
            path = folder / f"loop-{number}"
            path.write_bytes(bytes(8))
            with path.open("r+b") as file:
                self._counters.append(mmap.mmap(file.fileno(), 8))
            command = [sys.executable, "-c", _LOOP, str(path)]
            self.processes.append(subprocess.Popen(command, start_new_session=True))

    @property
    def n_rounds(self) -> int:
        """How many rounds all of them have done."""
        return sum(int.from_bytes(counter[:], sys.byteorder) for counter in self._counters)


@contextmanager
def foreign_loops(n_loops: int) -> Iterator[Loops]:
    with tempfile.TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as folder:
        loops = Loops(Path(folder), n_loops)
        try:
            yield loops
        finally:
            for process in loops.processes:
                process.kill()
                process.wait()


def cpu_s_of(pid: int) -> float:
    """Return the processor time that a process and its children have used so far."""
    parent = psutil.Process(pid)
    times = [one.cpu_times() for one in (parent, *parent.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def measure(client: Client, loops: Loops, seconds: float, n_cpus: int) -> tuple[float, float]:
    """Return the rounds a second that the loops did, and the share in percent that we took."""
    began, cpu_s, n_rounds = time.perf_counter(), cpu_s_of(client.pid), loops.n_rounds
    time.sleep(seconds)
    took = time.perf_counter() - began
    taken = 100 * (cpu_s_of(client.pid) - cpu_s) / (took * n_cpus)
    return (loops.n_rounds - n_rounds) / took, taken


def reads_and_starts_none(slots: list[dict[str, Any]]) -> bool:
    """Tell whether pages are read, and no worker loads its engine, which gives way to nobody."""
    states = {slot["state"] for slot in slots}
    return "running" in states and "starting" not in states


@contextmanager
def job(client: Client, priority: str) -> Iterator[str]:
    """A job that is being read, cancelled at the end."""
    options = {"priority": priority, "mode": "force", "inline": "none"}
    params = {"documents": documents([SAMPLE] * _N_DOCUMENTS), "options": options}
    job_id = client.request("ocr/start_batch", params)["job_id"]
    # The inspector counts the documents of all jobs alike, since any host's question waits for it.
    while client.request("job/status", {"job_id": job_id})["total"] is None:
        time.sleep(0.05)
    wait_slots(client, reads_and_starts_none)
    try:
        yield job_id
    finally:
        client.request("job/cancel", {"job_id": job_id})
        wait_slots(client, lambda slots: all(slot["state"] != "running" for slot in slots))


def main() -> int:
    parser = arguments(__doc__, data=False)
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="of each round")
    options = parser.parse_args()
    n_cpus = machine_facts()["cores"]
    report = Report("courtesy", options.runs, {"seconds": options.seconds})
    kept: dict[str, list[float]] = {"background": [], "normal": []}
    taken: dict[str, list[float]] = {"background": [], "normal": []}
    with daemon(report, open_client, workers=n_cpus) as client:
        warm_up(client, SAMPLE, workers=n_cpus)
        with foreign_loops(n_cpus) as loops:
            for number in range(1, options.runs + 1):
                say(f"run {number} of {options.runs}")
                for priority in ("normal", "background"):
                    alone, _ = measure(client, loops, options.seconds, n_cpus)
                    with job(client, priority) as job_id:
                        beside, share = measure(client, loops, options.seconds, n_cpus)
                        state = client.request("job/status", {"job_id": job_id})["state"]
                    report.check("jobs ran", [] if state == "running" else [state])
                    kept[priority].append(100 * beside / alone)
                    taken[priority].append(share)
                    say(f"  {priority}: loops keep {kept[priority][-1]:.1f} %")
    report.add("kept beside a background job", "%", kept["background"], (">=", KEPT_TARGET))
    report.add("kept beside a normal job", "%", kept["normal"])
    report.add("taken by a background job", "%", taken["background"])
    report.add("taken by a normal job", "%", taken["normal"])
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
