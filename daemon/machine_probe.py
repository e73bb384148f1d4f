"""Takes samples of the machine on a thread of its own: a driver may be slow to tell of a battery.

What other programs do is what all processors did, less what our own processes did; the load average
would count our pages too.
"""

import os
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Final

import psutil

from daemon.clock import read_clock
from daemon.events import Event, MachineSampled
from daemon.hardware import memory
from daemon.machine_facts import MachineSample
from daemon.threads import start_thread

_MIN_SPAN_S: Final = 0.5
"""Over less, the system's clocks, which tick in hundredths, tell little."""
_BUSY: Final = ("user", "nice", "system", "irq", "softirq", "steal")


class MachineProbe:
    """The port through which the owner asks for samples."""

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self._orders: SimpleQueue[tuple[int, ...]] = SimpleQueue()
        self._is_started = False
        self._taken_at = read_clock().monotonic
        self._busy_s = _busy_s()
        self._ours_s = {os.getpid(): _cpu_s(os.getpid())}
        self._foreign_load: float | None = None

    def sample(self, pids: Sequence[int]) -> None:
        """Take a sample; `pids` are our workers. Answered by `MachineSampled`."""
        if not self._is_started:
            self._is_started = True
            start_thread("machine", self._sample_forever, self._post)
        self._orders.put(tuple(pids))

    def _sample_forever(self) -> None:
        while True:
            self._post(MachineSampled(self._take(self._orders.get())))

    def _take(self, pids: Sequence[int]) -> MachineSample:
        self._measure_load((os.getpid(), *pids))
        on_battery, percent = battery()
        return MachineSample(
            memory_available_bytes=memory()[1],
            load_average=_load_average(),
            foreign_load=self._foreign_load,
            on_battery=on_battery,
            battery_percent=percent,
        )

    def _measure_load(self, pids: Sequence[int]) -> None:
        now, busy_s = read_clock().monotonic, _busy_s()
        span_s = now - self._taken_at
        if span_s < _MIN_SPAN_S:
            return
        ours_s = {pid: _cpu_s(pid) for pid in pids}
        # A new worker began after the sample before; what a dead one did last is taken for others'.
        ours = sum(cpu_s - self._ours_s.get(pid, 0.0) for pid, cpu_s in ours_s.items())
        self._foreign_load = max(0.0, (busy_s - self._busy_s - ours) / span_s)
        self._taken_at, self._busy_s, self._ours_s = now, busy_s, ours_s


def battery() -> tuple[bool | None, float | None]:
    """Return whether we run on battery, and what is left in percent; None for what is not told."""
    try:
        found = psutil.sensors_battery()
    except Exception:  # noqa: BLE001  a driver that tells nonsense must not end the daemon
        return None, None
    if found is None:
        return False, None
    on_battery = None if found.power_plugged is None else not found.power_plugged
    return on_battery, min(100.0, max(0.0, float(found.percent)))


def _load_average() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except (AttributeError, OSError):
        return None  # Windows has none


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(getattr(times, name, 0.0) for name in _BUSY))


def _cpu_s(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
