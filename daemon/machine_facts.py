"""What is known of this machine: what stays as it is, and samples of what changes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What was found when the daemon started, limits of containers taken in."""

    cpu_count: int
    """Logical processors of the machine."""
    cpu_usable: int
    """Those that affinity and a container's quota leave to us."""
    cpu_physical: int | None
    """Cores that the usable ones belong to; None where the system does not tell."""
    memory_bytes: int
    memory_available_bytes: int
    """When the daemon started."""
    workers: int
    reason: str
    """Why there are that many workers, a sentence."""


@dataclass(frozen=True, slots=True)
class MachineSample:
    """The machine at one moment; None for what the system does not tell."""

    memory_available_bytes: int
    load_average: float | None = None
    """Over the last minute, our own work included."""
    foreign_load: float | None = None
    """Processors that other programs have kept busy since the sample before."""
    on_battery: bool | None = None
    battery_percent: float | None = None
