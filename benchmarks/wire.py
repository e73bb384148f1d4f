"""How many messages a second the daemon answers beside other servers, and how soon under load.

    python -m benchmarks.wire [--runs 3] [--seconds 1] [--data DIR] [--json FILE]

Throughput: the daemon, a server of PyPI's `mcp` and one of `pygls` answer `ping`, one after the
other in each run, each pinned to one core and the driver to another (Linux). *strict* asks when the
last was answered, *pipelined* keeps 256 unanswered. `echo` is a loop that sends back what it reads:
the driver's own ceiling. A library that is not installed is skipped.

Latency: `ping` every 2 ms, one at a time, nothing pinned: of an idle daemon; with both slots busy
(null engine, and the real one with `--data`); while two workers tell 10,000 events a second; and
by a host that reads 256 KiB a second of more than that. Percentiles are those of one run.
"""

import argparse
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import dataset, flooding_worker, wire_peer
from benchmarks.chaos import make_document
from benchmarks.daemons import daemon, documents, wait_slots, warm_up
from benchmarks.exchange import HEADERS, LINES, Exchange, Framing, Pace
from benchmarks.harness import Report, arguments, percentile, say
from benchmarks.latency import sample
from benchmarks.pipe import Pipe
from daemon.client import default_command

OURS = "ocr-sidecar"
MIN_RATIO = 5
MAX_P99_MS = 5
WORKERS = 2
PING_EVERY_S = 0.002
FLOOD_PER_S = 10_000
MIN_FLOOD = 0.95
"""Of that much at least has to be told for the flood to count as one."""
SLOW_READ_BYTES = 4 * 1024
SLOW_READ_EVERY_S = SLOW_READ_BYTES / (256 * 1024)
PAGES = 60
"""Of a document; a job has as many of it as it takes to keep the slots busy."""
MAX_PAGES_PER_S = 600
"""More than two slots get through, so that no job is over before the measuring is."""
PERCENTS = (50, 99, 99.9)

PING = {"jsonrpc": "2.0", "method": "ping"}
PYGLS_PING = {**PING, "params": None}
"""A request without the member is an error to it."""
PYGLS_OPENING = [
    {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"capabilities": {}}},
    {"jsonrpc": "2.0", "method": "initialized", "params": {}},
]
MCP_OPENING = [
    {
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "benchmark", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
]

Server = tuple[list[str], Framing, dict[str, Any], Sequence[dict[str, Any]]]


def servers(folder: str) -> dict[str, Server]:
    """Return what can be measured here: command, framing, ping and opening by name."""
    ours = [*default_command(), "--log-dir", folder, "--scratch-dir", folder]
    peer = [sys.executable, "-m", "benchmarks.wire_peer"]
    found: dict[str, Server] = {
        OURS: (ours, LINES, PING, ()),
        "mcp": ([*peer, "mcp"], LINES, PING, MCP_OPENING),
        "pygls": ([*peer, "pygls"], HEADERS, PYGLS_PING, PYGLS_OPENING),
        "echo": ([*peer, "echo"], LINES, PING, ()),
    }
    for name in wire_peer.NAMES:
        if not wire_peer.is_installed(name):
            say(f"{name} is not installed, and is left out")
            del found[name]
    return found


def cores() -> tuple[int | None, set[int] | None]:
    """Return the core for servers and those for the driver; None where nothing can be pinned."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (usable[0], set(usable[1:])) if len(usable) > 1 else (None, None)


def throughput(report: Report, options: argparse.Namespace) -> None:
    core, rest = cores()
    report.settings["pinned"] = core is not None
    paces: dict[tuple[str, str], list[Pace]] = {}
    with tempfile.TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as folder:
        found = servers(folder)
        for number in range(1, options.runs + 1):
            for name, server in found.items():
                exchange = Exchange(*server, core=core)
                if rest is not None:
                    before = os.sched_getaffinity(0)
                    os.sched_setaffinity(0, rest)
                try:
                    exchange.strict(options.seconds / 4)  # the first messages import and allocate
                    strict = exchange.strict(options.seconds)
                    pipelined = exchange.pipelined(options.seconds, options.window)
                finally:
                    if rest is not None:
                        os.sched_setaffinity(0, before)
                    exchange.close()
                paces.setdefault(("strict", name), []).append(strict)
                paces.setdefault(("pipelined", name), []).append(pipelined)
                report.check(f"{name}: every request answered once", exchange.faults)
                say(f"run {number}: {name} {strict.per_s:.0f}, {pipelined.per_s:.0f} a second")
    for mode in ("strict", "pipelined"):
        tell_throughput(report, mode, {name: paces[mode, name] for name in found})


def tell_throughput(report: Report, mode: str, paces: dict[str, list[Pace]]) -> None:
    for name, runs in paces.items():
        report.add(f"{mode}, {name}", "1/s", [pace.per_s for pace in runs])
    for name in wire_peer.NAMES:
        if name in paces:
            pairs = zip(paces[OURS], paces[name], strict=True)
            ratios = [ours.per_s / theirs.per_s for ours, theirs in pairs]
            report.add(f"{mode}, {OURS} / {name}", "", ratios, (">=", MIN_RATIO))
    for name, runs in paces.items():
        if cpu := [pace.cpu_us for pace in runs if pace.cpu_us is not None]:
            report.add(f"{mode}, processor time of a request, {name}", "us", cpu)


def start(pipe: Pipe, document: str, seconds: float, engine: str = "null") -> str:
    """Start a job that is not over within that time; return its id once both slots read it."""
    n_documents = int(seconds * MAX_PAGES_PER_S / PAGES) + 1
    batch = documents([Path(document)] * n_documents)
    params = {"documents": batch, "options": {"engine": engine}}
    job_id: str = pipe.request("ocr/start_batch", params)["job_id"]
    wait_slots(pipe, lambda slots: all(slot.get("job_id") == job_id for slot in slots))
    return job_id


def pings_beside_a_job(
    report: Report,
    options: argparse.Namespace,
    document: str,
    env: Mapping[str, str],
    daemon_options: Sequence[str] = (),
) -> tuple[list[float], list[dict[str, Any]]]:
    """Ask while a job runs; return the milliseconds each took, and the pages read meanwhile."""
    seconds = options.latency_seconds
    with daemon(report, Pipe, workers=WORKERS, options=daemon_options, env=env) as pipe:
        job_id = start(pipe, document, seconds)
        took = sample(lambda: pipe.request("ping"), PING_EVERY_S, seconds)
        state = pipe.request("job/status", {"job_id": job_id})["state"]
        report.check("slots busy throughout", [] if state == "running" else [f"job {state}"])
        return took, pipe.request("job/result", {"job_id": job_id})["pages"]


def idle(report: Report, options: argparse.Namespace) -> list[float]:
    with daemon(report, Pipe, workers=WORKERS) as pipe:
        pipe.request("ping")
        return sample(lambda: pipe.request("ping"), PING_EVERY_S, options.latency_seconds)


def real(report: Report, options: argparse.Namespace, images: list[Path]) -> list[float]:
    with daemon(report, Pipe, workers=WORKERS) as pipe:
        warm_up(pipe, images[0], workers=WORKERS)
        job = pipe.request("ocr/start_batch", {"documents": documents(images)})
        wait_slots(pipe, lambda slots: all(slot.get("job_id") == job["job_id"] for slot in slots))
        took = sample(lambda: pipe.request("ping"), PING_EVERY_S, options.latency_seconds)
        state = pipe.request("job/status", job)["state"]
        report.check("slots busy throughout", [] if state == "running" else [f"job {state}"])
        return took


def flooded(
    report: Report, options: argparse.Namespace, document: str
) -> tuple[list[float], float]:
    """Return the milliseconds, and how many events a second both workers told."""
    command = shlex.join([sys.executable, "-m", "benchmarks.flooding_worker"])
    took, pages = pings_beside_a_job(
        report,
        options,
        document,
        {flooding_worker.RATE: str(FLOOD_PER_S / WORKERS)},
        ["--worker-command", command],
    )
    told = WORKERS * sum(float(page["text"]) for page in pages) / len(pages)
    is_flood = told >= MIN_FLOOD * FLOOD_PER_S
    report.check(
        f"flood of {FLOOD_PER_S} events a second", [] if is_flood else [f"{told:.0f} only"]
    )
    return took, told


def slow_host(report: Report, options: argparse.Namespace, document: str) -> list[float]:
    """Ask twenty times a second and read a little now and then; return the milliseconds."""
    seconds = options.latency_seconds
    env = {"OCR_SIDECAR_NULL_ENGINE": '{"text": "%s"}' % ("word " * 800)}
    sent: dict[int, float] = {}
    took: list[float] = []
    with daemon(report, Pipe, workers=WORKERS, env=env) as pipe:
        start(pipe, document, seconds)
        started = due = next_ping = time.perf_counter()
        while sent or due < started + seconds:
            time.sleep(max(0.0, due - time.perf_counter()))
            due += SLOW_READ_EVERY_S
            if next_ping <= due < started + seconds:
                sent[pipe.send("ping")] = time.perf_counter()
                next_ping += 0.05
            for message in pipe.take(SLOW_READ_BYTES):
                if message.get("id") in sent:
                    took.append(1000 * (time.perf_counter() - sent.pop(message["id"])))
    return took


def latency(report: Report, options: argparse.Namespace) -> None:
    images = dataset.load(options.data).images if options.data else []
    runs: dict[str, list[list[float]]] = {}
    floods = []
    with tempfile.TemporaryDirectory(prefix="ocr-sidecar-benchmark-") as folder:
        document = make_document(Path(folder) / "pages.pdf", PAGES)
        for number in range(1, options.runs + 1):
            found = {"idle": idle(report, options)}
            env = {"OCR_SIDECAR_NULL_ENGINE": '{"seconds": 0.05}'}
            found["null engine"], _ = pings_beside_a_job(report, options, document, env)
            if images:
                found["real engine"] = real(report, options, images)
            found["10,000 events/s"], told = flooded(report, options, document)
            floods.append(told)
            found["slow host"] = slow_host(report, options, document)
            for name, took in found.items():
                runs.setdefault(name, []).append(took)
            p99s = ", ".join(f"{name} {percentile(took, 99):.1f}" for name, took in found.items())
            say(f"run {number}: ping p99 in ms: {p99s}")
    for name, samples in runs.items():
        for percent in PERCENTS:
            target = ("<", MAX_P99_MS) if percent == 99 and name != "slow host" else None
            values = [percentile(took, percent) for took in samples]
            report.add(f"ping p{percent:g}, {name}", "ms", values, target)
    report.add("events told in the flood", "1/s", floods)


def main() -> int:
    parser = arguments(__doc__, runs=3, data=False)
    parser.add_argument("--data", type=Path, metavar="DIR", help="measure the real engine too")
    parser.add_argument("--seconds", type=float, default=1, help="each mode; default: %(default)s")
    parser.add_argument("--window", type=int, default=256, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--latency-seconds", type=float, default=4, help="each load; default: %(default)s"
    )
    parser.add_argument("--only", choices=("throughput", "latency"))
    options = parser.parse_args()
    settings = {"seconds": options.seconds, "window": options.window}
    report = Report("wire", options.runs, {**settings, "pinged_s": options.latency_seconds})
    if options.only != "latency":
        throughput(report, options)
    if options.only != "throughput":
        latency(report, options)
    return report.finish(options.json)


if __name__ == "__main__":
    sys.exit(main())
