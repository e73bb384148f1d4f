"""What `hardware/get` answers: facts, the last sample, and what follows from them; pure."""

from typing import Final

from daemon.background_share import Share
from daemon.machine_facts import MachineFacts, MachineSample
from daemon.messages import HardwareResult

THREADS_PER_WORKER: Final = 1
THREADS_REASON: Final = "Pages are read side by side, which is faster."


def hardware(facts: MachineFacts, sample: MachineSample | None, share: Share) -> HardwareResult:
    """Return what the machine has, and how it is used."""
    return HardwareResult(
        cpu_count=facts.cpu_count,
        cpu_usable=facts.cpu_usable,
        cpu_physical=facts.cpu_physical,
        memory_bytes=facts.memory_bytes,
        memory_available_bytes=(sample or facts).memory_available_bytes,
        accelerators=(),
        load_average=sample.load_average if sample else None,
        foreign_load=_rounded(sample.foreign_load) if sample else None,
        on_battery=sample.on_battery if sample else None,
        battery_percent=_rounded(sample.battery_percent) if sample else None,
        workers=facts.workers,
        reason=facts.reason,
        threads_per_worker=THREADS_PER_WORKER,
        threads_reason=THREADS_REASON,
        background_workers=share.slots,
        background_reason=share.reason,
    )


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 2)
