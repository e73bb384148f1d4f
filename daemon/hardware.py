"""What this machine has, and how many workers that is good for."""

import os
from pathlib import Path
from typing import Final

import msgspec
import psutil

from daemon.health_messages import ProcessUsage
from daemon.messages import HardwareResult

_RESERVE_BYTES: Final = 1024**3
"""Left to the desktop."""
_WORKER_BYTES: Final = int(1.2 * 1024**3)
"""What a worker takes after dozens of pages of mixed sizes; benchmarks/accuracy.py measures it."""
_MAX_WORKERS: Final = 8
_CGROUP: Final = Path("/sys/fs/cgroup")


def survey(workers: int | None) -> HardwareResult:
    """Return the machine's figures; `workers` overrides how many OCR workers there are to be."""
    cpu_count = os.cpu_count() or 1
    cpu_usable = _usable_cpus(cpu_count)
    total, available = _memory()
    by_memory = max(1, (available - _RESERVE_BYTES) // _WORKER_BYTES)
    derived = max(1, min(cpu_usable, by_memory, _MAX_WORKERS))
    if workers is not None:
        reason = "as configured"
    elif derived == cpu_usable:
        reason = f"one for each of {cpu_usable} usable processor(s)"
    elif derived == _MAX_WORKERS:
        reason = f"{_MAX_WORKERS} at most"
    else:
        free, each = available // 1024**2, _WORKER_BYTES // 1024**2
        reason = f"{free} MiB of memory are available, a worker takes {each}"
    return HardwareResult(
        cpu_count=cpu_count,
        cpu_usable=cpu_usable,
        memory_bytes=total,
        memory_available_bytes=available,
        accelerators=(),
        workers=workers or derived,
        threads_per_worker=1,
        reason=reason,
    )


def refresh(known: HardwareResult) -> HardwareResult:
    """Return the figures as they are now; the number of workers stays."""
    total, available = _memory()
    return msgspec.structs.replace(known, memory_bytes=total, memory_available_bytes=available)


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


def _usable_cpus(cpu_count: int) -> int:
    """Return how many processors affinity and, on Linux, the container leave to us."""
    usable = cpu_count
    if hasattr(os, "sched_getaffinity"):
        usable = len(os.sched_getaffinity(0))
    quota = _read_numbers(_CGROUP / "cpu.max")  # "200000 100000", or "max 100000"
    if len(quota) == 2 and quota[1] > 0:
        usable = min(usable, max(1, quota[0] // quota[1]))
    return usable


def _memory() -> tuple[int, int]:
    """Return total and available memory in bytes, the container's limit taken in."""
    memory = psutil.virtual_memory()
    total, available = memory.total, memory.available
    limit = _read_numbers(_CGROUP / "memory.max")
    used = _read_numbers(_CGROUP / "memory.current")
    if len(limit) == 1 and len(used) == 1 and limit[0] < total:
        total = limit[0]
        available = min(available, max(0, limit[0] - used[0]))
    return total, available


def _read_numbers(path: Path) -> list[int]:
    """Return the numbers in a file of the cgroup file system; none where it says `max`."""
    try:
        return [int(word) for word in path.read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []
