"""What this machine has, and how many workers that is good for."""

import os
from pathlib import Path
from typing import Final

import psutil

from daemon import cgroups
from daemon.health_messages import ProcessUsage
from daemon.machine_facts import MachineFacts

_RESERVE_BYTES: Final = 1024**3
"""Left to the desktop."""
_WORKER_BYTES: Final = int(0.8 * 1024**3)
"""What a worker takes with a page in hand, A4 at 300 dpi; between pages 0.6 GB, and 1.1 with a page
at 600 dpi. benchmarks/memory.py measures it."""
_MAX_WORKERS: Final = 8


def survey(workers: int | None) -> MachineFacts:
    """Return what the machine has; `workers` overrides how many OCR workers there are to be.

    Logical processors count, since a second thread of a core reads a good half as much again; what
    is to disturb nobody uses physical ones only, see `background_share`.
    """
    cpu_count = os.cpu_count() or 1
    usable = _affinity(cpu_count)
    cpu_usable = len(usable)
    quota = cgroups.cpu_quota()
    if quota is not None:
        cpu_usable = max(1, min(cpu_usable, int(quota)))
    total, available = memory()
    by_memory = max(1, (available - _RESERVE_BYTES) // _WORKER_BYTES)
    derived = max(1, min(cpu_usable, by_memory, _MAX_WORKERS))
    if workers is not None:
        reason = "As many as were configured."
    elif derived == cpu_usable:
        reason = f"One for each of {cpu_usable} usable processor(s)."
    elif derived == _MAX_WORKERS:
        reason = f"{_MAX_WORKERS} at most, unless more are configured."
    else:
        free, each = available // 1024**2, _WORKER_BYTES // 1024**2
        reason = f"{free} MiB of memory were available, and a worker takes {each}."
    cores = _physical_cores(usable)
    return MachineFacts(
        cpu_count=cpu_count,
        cpu_usable=cpu_usable,
        cpu_physical=None if cores is None else min(cores, cpu_usable),
        memory_bytes=total,
        memory_available_bytes=available,
        workers=workers or derived,
        reason=reason,
    )


def rss_of(pid: int) -> int:
    """Return the resident memory of a process in bytes, 0 when it is gone."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def usage_of(pid: int) -> ProcessUsage:
    """Return what a process takes; nothing when it is gone."""
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        cpu_s = round(times.user + times.system, 2)
        return ProcessUsage(rss_bytes=int(process.memory_info().rss), cpu_s=cpu_s)
    except psutil.Error:
        return ProcessUsage()


def memory() -> tuple[int, int]:
    """Return total and available memory in bytes, a container's limit taken in."""
    machine = psutil.virtual_memory()
    limited = cgroups.memory(machine.total)
    if limited is None:
        return machine.total, machine.available
    return limited.limit, min(machine.available, limited.available)


def _affinity(cpu_count: int) -> frozenset[int]:
    """Return the processors that we may run on; others may differ from the first so many."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(cpu_count))


def _physical_cores(
    usable: frozenset[int], root: Path = Path("/sys/devices/system/cpu")
) -> int | None:
    """Return how many cores these logical processors belong to; None where nobody tells."""
    cores = set()
    for number in usable:
        try:
            cores.add((root / f"cpu{number}/topology/thread_siblings_list").read_text("ascii"))
        except OSError:
            return psutil.cpu_count(logical=False)
    return len(cores)
