"""How many slots background jobs may use at a time: a decision on facts and a sample; pure.

There is always one, or a job would never end. Everything else has all slots at any time.
"""

from dataclasses import dataclass
from typing import Final

from daemon.machine_facts import MachineFacts, MachineSample

LOW_MEMORY_BYTES: Final = 1024**3
"""With less left to the desktop, no further worker is to grow."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many slots, and why so many, in a sentence."""

    slots: int
    reason: str


def share_of(facts: MachineFacts, sample: MachineSample | None) -> Share:
    """Return what background jobs may use; without a sample, as on a machine with nothing to do."""
    found = [Share(facts.workers, "Background jobs may use every worker.")]
    cores = facts.cpu_physical
    if cores is not None:
        found.append(Share(cores, f"One for each of {cores} physical core(s)."))
    if sample is not None:
        found += _by_sample(facts, sample)
    # Of those that allow the least, the first.
    least = min(found, key=lambda share: share.slots)
    return Share(max(1, least.slots), least.reason)


def _by_sample(facts: MachineFacts, sample: MachineSample) -> list[Share]:
    found = []
    if sample.on_battery:
        found.append(Share(1, "One, since the machine runs on battery."))
    if sample.memory_available_bytes < LOW_MEMORY_BYTES:
        free = sample.memory_available_bytes // 1024**2
        found.append(Share(1, f"One, since only {free} MiB of memory are available."))
    if sample.foreign_load is not None:
        # Rounded, so that half a processor's worth of small programs costs no slot.
        left = max(1, round(facts.cpu_count - sample.foreign_load))
        busy = f"{sample.foreign_load:.1f} of {facts.cpu_count} processors"
        found.append(Share(left, f"As many as other programs, which keep {busy} busy, leave free."))
    return found
