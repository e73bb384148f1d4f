"""The methods that tell how the daemon is, and set right what is not; the rest is in `methods`."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daemon.dispatch import Call, Handler
from daemon.errors import invalid_params
from daemon.health_messages import (
    MetricsResult,
    ProcessUsage,
    QueueSize,
    QueueSizes,
    WorkerUsage,
)
from daemon.log import Log
from daemon.messages import Empty
from daemon.outbox import Outbox
from daemon.params import (
    HealthCheckParams,
    LogSetLevelParams,
    NoParams,
    Struct,
    WorkerRestartParams,
)
from daemon.supervisor import Supervisor
from daemon.worker_slot import Slot


@dataclass(frozen=True, slots=True)
class HealthMethods:
    """The handlers. They run on the loop's thread and return at once."""

    supervisor: Supervisor
    outbox: Outbox
    logs: Log
    started_at: float
    """When the daemon was put together, monotonic seconds."""
    usage_of: Callable[[int], ProcessUsage]
    """What a process takes; nothing when it is gone."""

    def handlers(self) -> dict[str, Handler]:
        """Return what answers these requests of the catalog."""
        return {
            "health/check": self._health_check,
            "metrics/get": self._metrics_get,
            "worker/restart": self._worker_restart,
            "log/set_level": self._log_set_level,
        }

    def _health_check(self, params: HealthCheckParams, call: Call) -> None:
        self.supervisor.checkups.check(params.deep, call.reply, call.now.monotonic)

    def _metrics_get(self, params: NoParams, call: Call) -> Struct:
        supervisor, now = self.supervisor, call.now.monotonic
        metrics, active = supervisor.metrics, tuple(supervisor.book.active)
        living = [slot for slot in supervisor.pool.slots if slot.is_up]
        return MetricsResult(
            uptime_s=round(now - self.started_at, 3),
            events_per_s=metrics.events_per_s(now),
            pages_per_min=metrics.pages_per_min(now),
            pages=metrics.pages(active),
            errors=metrics.errors(active),
            restarts=metrics.restarts(),
            latency_s=metrics.latencies(),
            queues=self._queues(),
            dropped=self._dropped(),
            daemon=self.usage_of(os.getpid()),
            workers=tuple(self._worker(slot, now) for slot in living),
        )

    def _queues(self) -> QueueSizes:
        supervisor, outbox = self.supervisor, self.outbox
        return QueueSizes(
            replies=QueueSize(n=outbox.n_replies, bytes=outbox.reply_bytes),
            notifications=QueueSize(n=outbox.n_notifications, bytes=outbox.backlog_bytes),
            pages=QueueSize(n=supervisor.book.n_waiting),
            documents=QueueSize(n=supervisor.runner.n_assembling),
            inspections=QueueSize(n=supervisor.inspector.n_waiting),
        )

    def _dropped(self) -> dict[str, int]:
        return {
            "notifications": self.outbox.n_conflated,
            "log_messages": self.outbox.n_logs_dropped + self.logs.to_host.n_dropped,
            **{sink.name.replace("-", "_"): sink.n_dropped for sink in self.logs.sinks},
        }

    def _worker(self, slot: Slot, now: float) -> WorkerUsage:
        usage = self.usage_of(slot.pid) if slot.pid is not None else ProcessUsage()
        return WorkerUsage(
            slot=slot.number,
            rss_bytes=usage.rss_bytes,
            cpu_s=usage.cpu_s,
            uptime_s=round(now - slot.started_at, 3),
            pages=slot.n_pages,
        )

    def _worker_restart(self, params: WorkerRestartParams, call: Call) -> None:
        slots: Sequence[Slot] = self.supervisor.pool.slots
        if params.slot is not None:
            if not 0 <= params.slot < len(slots):
                raise invalid_params("slot", f"there are the slots 0 to {len(slots) - 1}")
            slots = (slots[params.slot],)
        call.reply.succeed(Empty())
        self.supervisor.restart(slots, call.now)

    def _log_set_level(self, params: LogSetLevelParams, call: Call) -> Struct:
        self.logs.set_level(params.level)
        return Empty()
