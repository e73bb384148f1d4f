"""What hosts are told of how the daemon is: results of `metrics/get` and `health/check`.

The rest of what hosts are told is in `messages`; shapes and units are those of protocol.md.
"""

from typing import Annotated, get_args

from msgspec import UNSET, UnsetType

from daemon.errors import ErrorKindName
from daemon.notifications import PageCounts
from daemon.params import HealthName, ProblemKind, RestartCause, SlotStateName, Struct, one_of
from daemon.units import ByteCount, Count, Duration, Rate, SlotNumber


class Latency(Struct, frozen=True, kw_only=True):
    """How long a stage took, in seconds, over its last `n` samples; null without any."""

    p50: Duration | None
    p95: Duration | None
    p99: Duration | None
    n: Count


class Latencies(Struct, frozen=True, kw_only=True):
    """Every stage that is measured."""

    queue: Latency
    render: Latency
    recognize: Latency
    assemble: Latency


class QueueSize(Struct, frozen=True, kw_only=True):
    """How much waits; `bytes` is 0 where it is not bytes that wait."""

    n: Count
    bytes: ByteCount = 0


class QueueSizes(Struct, frozen=True, kw_only=True):
    """Everything that can wait in the daemon."""

    replies: QueueSize
    notifications: QueueSize
    pages: QueueSize
    documents: QueueSize
    inspections: QueueSize


class ProcessUsage(Struct, frozen=True, kw_only=True):
    """What a process takes of the machine: memory now, processor time since its start."""

    rss_bytes: ByteCount = 0
    cpu_s: Duration = 0.0


class WorkerUsage(Struct, frozen=True, kw_only=True):
    """A living worker: what it takes, how long it lives, how many pages it has ended."""

    slot: SlotNumber
    rss_bytes: ByteCount
    cpu_s: Duration
    uptime_s: Duration
    pages: Count


class MetricsResult(Struct, frozen=True, kw_only=True):
    """Result of `metrics/get`; totals count from the daemon's start."""

    uptime_s: Duration
    events_per_s: Rate
    pages_per_min: Rate
    pages: PageCounts
    errors: dict[ErrorKindName, Count]
    restarts: dict[Annotated[str, one_of(*get_args(RestartCause))], Count]
    latency_s: Latencies
    queues: QueueSizes
    dropped: dict[str, Count]
    daemon: ProcessUsage
    workers: tuple[WorkerUsage, ...]


class WorkerHealth(Struct, frozen=True, kw_only=True):
    """A slot; `responsive` only where its worker was asked."""

    slot: SlotNumber
    state: SlotStateName
    responsive: bool | UnsetType = UNSET


class Problem(Struct, frozen=True, kw_only=True):
    """Something that is not as it should be; `message` is a sentence."""

    kind: ProblemKind
    message: str


class HealthResult(Struct, frozen=True, kw_only=True):
    """Result of `health/check`."""

    status: HealthName
    workers: tuple[WorkerHealth, ...]
    problems: tuple[Problem, ...]
