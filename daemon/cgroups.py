"""What control groups, by which Linux limits containers and services, leave to us.

Both versions are read, since the second is not everywhere yet. A limit of any group on the way up
counts, and the files of groups that cannot be seen from within a container are those of its root.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROOT: Final = Path("/sys/fs/cgroup")
_OURS: Final = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class Memory:
    """The least limit, and what is left within the tightest group, caches not counted, in bytes."""

    limit: int
    available: int


def cpu_quota(root: Path = _ROOT, ours: Path = _OURS) -> float | None:
    """Return how many processors' worth of time we may use; None without a limit."""
    quotas = []
    for folder in _folders("cpu", root, ours):
        numbers = _numbers(folder / "cpu.max")  # "200000 100000", or "max 100000"
        if not numbers:
            numbers = _numbers(folder / "cpu.cfs_quota_us")  # -1 for none
            numbers += _numbers(folder / "cpu.cfs_period_us")
        if len(numbers) == 2 and min(numbers) > 0:
            quotas.append(numbers[0] / numbers[1])
    return min(quotas, default=None)


def memory(total: int, root: Path = _ROOT, ours: Path = _OURS) -> Memory | None:
    """Return what is left of a machine's `total` memory; None without a limit below that."""
    found = []
    for folder in _folders("memory", root, ours):
        for limit_name, used_name, cache_name in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit, used = _numbers(folder / limit_name), _numbers(folder / used_name)
            if len(limit) == len(used) == 1 and limit[0] < total:
                # What was read from files is given back before memory runs out.
                in_use = max(0, used[0] - _statistic(folder / "memory.stat", cache_name))
                found.append(Memory(limit[0], max(0, limit[0] - in_use)))
    if not found:
        return None
    return Memory(min(one.limit for one in found), min(one.available for one in found))


def _folders(controller: str, root: Path, ours: Path) -> Iterator[Path]:
    """Yield the folders of our groups, from the root's down, for one controller."""
    yield root
    for line in _text(ours).splitlines():
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        mount = root / controller if names else root
        yield mount
        for part in Path(path).parts[1:]:
            mount /= part
            yield mount


def _numbers(path: Path) -> list[int]:
    """Return the numbers in a file; none where it says `max`, or is not there."""
    try:
        return [int(word) for word in _text(path).split()]
    except ValueError:
        return []


def _statistic(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
