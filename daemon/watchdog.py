"""Silence is not death: what tells a worker that works from one that never will again.

Part of the owner: no I/O, no clock. A busy worker that has said nothing for its time is asked and
looked at: it is dead when, over some seconds, no sign of progress came, and its processes neither
used any processor nor wanted to. A ping alone would kill a page that holds Python's lock in native
code, and would trust a worker whose working thread is deadlocked. An idle worker has to answer
pings.
"""

from dataclasses import dataclass
from typing import Final

from daemon.deadlines import Deadlines
from daemon.events import WorkerMeasured
from daemon.ports import Workers
from daemon.timers import Timer
from daemon.worker_slot import Slot, SlotState
from ocr_worker import wire

PROBE_S: Final = 5.0
"""How long a silent worker is looked at, at most; less where its silence timeout is short."""
MIN_CPU_SHARE: Final = 0.02
"""Of one processor, over the probe: less is sleep, as a waiting process wakes up now and then."""
PONG_S: Final = 10.0
"""How long an idle worker may take to answer; less where it is asked more often."""


@dataclass(slots=True)
class _Probe:
    """A silent worker being looked at. `cpu_s` is None until the first look is in."""

    token: int
    began_at: float
    cpu_s: float | None = None
    is_over: bool = False


@dataclass(slots=True)
class _Watch:
    silence_s: float
    heard_at: float
    probe: _Probe | None = None


class Watchdog:
    """Watches the workers of all slots, by slot number."""

    def __init__(self, workers: Workers, deadlines: Deadlines[Timer], heartbeat_s: float) -> None:
        self._workers = workers
        self._deadlines = deadlines
        self._heartbeat_s = heartbeat_s
        self._pong_s = min(PONG_S, heartbeat_s)
        self._busy: dict[int, _Watch] = {}
        self._asked: dict[int, int] = {}
        self._next_token = 0

    def watch_busy(self, slot: Slot, silence_s: float, now: float) -> None:
        """A task has begun: its worker is to be heard of every `silence_s` seconds."""
        self.forget(slot)
        self._busy[slot.number] = _Watch(silence_s, now)
        self._deadlines.set(Timer("silence", slot.number), now + silence_s)

    def watch_idle(self, slot: Slot, now: float) -> None:
        """The worker waits for a task: it is to answer a ping now and then."""
        self.forget(slot)
        self._deadlines.set(Timer("heartbeat", slot.number), now + self._heartbeat_s)

    def forget(self, slot: Slot) -> None:
        """There is nothing to watch any more."""
        self._busy.pop(slot.number, None)
        self._asked.pop(slot.number, None)
        for what in ("silence", "heartbeat", "pong"):
            self._deadlines.clear(Timer(what, slot.number))

    def on_heard(self, slot: Slot, message: wire.Event, now: float) -> None:
        """The worker has said something."""
        if isinstance(message, wire.Pong):
            if self._asked.get(slot.number) == message.token:
                self.watch_idle(slot, now)
            return
        watch = self._busy.get(slot.number)
        if watch is not None:
            watch.heard_at = now

    def on_measured(self, slot: Slot, event: WorkerMeasured, now: float) -> bool:
        """A look at a worker's processes is in; True when it tells that the worker is dead."""
        watch = self._busy.get(slot.number)
        if watch is None or watch.probe is None:
            return False
        probe = watch.probe
        if probe.cpu_s is None:
            probe.cpu_s = event.cpu_s
            return False
        if not probe.is_over:
            return False
        used_s = event.cpu_s - probe.cpu_s
        works = used_s > MIN_CPU_SHARE * (now - probe.began_at)
        if works or event.is_held_up or watch.heard_at > probe.began_at:
            watch.probe = None
            watch.heard_at = now
            self._deadlines.set(Timer("silence", slot.number), now + watch.silence_s)
            return False
        return True

    def on_timer(self, timer: Timer, slot: Slot, now: float) -> bool:
        """A deadline has passed; True when the worker is dead and is to be killed."""
        if slot.worker_id is None:
            return False
        match timer.what:
            case "silence":
                self._on_silence(slot, now)
            case "heartbeat" if slot.state is SlotState.IDLE:
                self._asked[slot.number] = self._ping(slot)
                self._deadlines.set(Timer("pong", slot.number), now + self._pong_s)
            case "pong" if slot.state is SlotState.IDLE:
                return True
        return False

    def on_overslept(self, now: float) -> None:
        """The machine was asleep: nobody could be heard, so every silence begins anew."""
        for number, watch in self._busy.items():
            watch.heard_at = now
            watch.probe = None
            self._deadlines.set(Timer("silence", number), now + watch.silence_s)
        for number in self._asked:
            self._deadlines.set(Timer("pong", number), now + self._pong_s)

    def _on_silence(self, slot: Slot, now: float) -> None:
        watch = self._busy.get(slot.number)
        if watch is None:
            return
        if watch.probe is not None:
            watch.probe.is_over = True
            self._measure(slot)
        elif now < watch.heard_at + watch.silence_s:
            self._deadlines.set(Timer("silence", slot.number), watch.heard_at + watch.silence_s)
        else:
            watch.probe = _Probe(self._ping(slot), now)
            self._measure(slot)
            probe_s = min(PROBE_S, watch.silence_s)
            self._deadlines.set(Timer("silence", slot.number), now + probe_s)

    def _ping(self, slot: Slot) -> int:
        assert slot.worker_id is not None
        self._next_token += 1
        self._workers.send(slot.worker_id, wire.Ping(token=self._next_token))
        return self._next_token

    def _measure(self, slot: Slot) -> None:
        assert slot.worker_id is not None
        self._workers.measure(slot.worker_id)
