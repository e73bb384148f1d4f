"""What the daemon counts about itself: totals, rates over the last minute, durations; pure.

Fed by the owner where things happen, and bounded whatever happens: a rate keeps one number a
second, a stage its last samples.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from math import ceil
from typing import Final, get_args

from daemon.health_messages import Latencies, Latency
from daemon.jobs import Job
from daemon.notifications import PageCounts
from daemon.params import RestartCause, Stage

WINDOW_S: Final = 60
"""What rates are taken over."""
MAX_SAMPLES: Final = 1000
"""How many durations of a stage are kept, the newest."""


class Rate:
    """How often something happened lately."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int]] = deque()
        """Whole second and how often in it, oldest first."""
        self._began_at: float | None = None

    def add(self, now: float) -> None:
        """It happened once."""
        if self._began_at is None:
            self._began_at = now
        second, n = int(now), 0
        if self._seconds and self._seconds[-1][0] == second:
            n = self._seconds.pop()[1]
        self._seconds.append((second, n + 1))
        self._forget(now)

    def per_second(self, now: float) -> float:
        """Return the rate over the window, or over less right after the first time."""
        if self._began_at is None:
            return 0.0
        self._forget(now)
        # A whole second at least: one event in the first millisecond is not a thousand a second.
        span_s = max(1.0, min(float(WINDOW_S), now - self._began_at))
        return sum(n for _, n in self._seconds) / span_s

    def _forget(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] <= now - WINDOW_S:
            self._seconds.popleft()


class Durations:
    """The last samples of how long something took."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=MAX_SAMPLES)

    def add(self, seconds: float) -> None:
        """Take a sample in; the oldest goes."""
        self._samples.append(seconds)

    def summary(self) -> Latency:
        """Return the quantiles, each a sample that was seen (nearest rank)."""
        ordered = sorted(self._samples)

        def quantile(share: float) -> float | None:
            return round(ordered[ceil(share * len(ordered)) - 1], 4) if ordered else None

        return Latency(p50=quantile(0.5), p95=quantile(0.95), p99=quantile(0.99), n=len(ordered))


class Metrics:
    """Everything that is counted, from the daemon's start on."""

    def __init__(self) -> None:
        self._events = Rate()
        self._pages_read = Rate()
        self._stages: dict[Stage, Durations] = {stage: Durations() for stage in get_args(Stage)}
        self._refusals: Counter[str] = Counter()
        self._ended_pages: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._restarts: Counter[RestartCause] = Counter()

    def on_event(self, now: float) -> None:
        """The loop has taken an event."""
        self._events.add(now)

    def on_refusal(self, kind: str) -> None:
        """A request was answered with an error."""
        self._refusals[kind] += 1

    def on_waited(self, seconds: float) -> None:
        """A page was handed out after so long."""
        self._stages["queue"].add(seconds)

    def on_page_read(self, seconds: Mapping[str, float], now: float) -> None:
        """A page was read; `seconds` are its worker's own figures by stage."""
        self._pages_read.add(now)
        for stage in ("render", "recognize"):
            # Pages with a text of their own are not rendered. A worker may claim anything.
            if seconds.get(stage, -1.0) >= 0:
                self._stages[stage].add(seconds[stage])

    def on_assembled(self, seconds: float) -> None:
        """A document's outputs were written."""
        self._stages["assemble"].add(seconds)

    def on_restart(self, cause: RestartCause) -> None:
        """A worker has died or was replaced."""
        self._restarts[cause] += 1

    def on_job_finished(self, job: Job) -> None:
        """The job is over, so what it adds to the totals stays as it is."""
        self._ended_pages.update(_ended_pages_of(job))
        self._failures.update(_failures_of(job))

    def events_per_s(self, now: float) -> float:
        """Return how many events the loop takes."""
        return round(self._events.per_second(now), 3)

    def pages_per_min(self, now: float) -> float:
        """Return how many pages are read."""
        return round(60 * self._pages_read.per_second(now), 3)

    def pages(self, active: Iterable[Job]) -> PageCounts:
        """Return ended pages by state, those of the unfinished jobs `active` included."""
        total = Counter(self._ended_pages)
        for job in active:
            total.update(_ended_pages_of(job))
        return PageCounts(**total)

    def errors(self, active: Iterable[Job]) -> dict[str, int]:
        """Return failed pages, failed documents and refused requests, by kind."""
        total = self._failures + self._refusals
        for job in active:
            total.update(_failures_of(job))
        return dict(total)

    def restarts(self) -> dict[str, int]:
        """Return how often workers were replaced, for every cause."""
        return {cause: self._restarts[cause] for cause in get_args(RestartCause)}

    def latencies(self) -> Latencies:
        """Return the quantiles of every stage."""
        return Latencies(**{stage: one.summary() for stage, one in self._stages.items()})


def _ended_pages_of(job: Job) -> Counter[str]:
    total: Counter[str] = Counter()
    for document in job.documents:
        total.update(document.counts)
    return total


def _failures_of(job: Job) -> Counter[str]:
    """Count failed pages, and documents that failed for a reason that none of their pages has."""
    total: Counter[str] = Counter()
    for document in job.documents:
        total.update(document.failures)
        if document.failure is not None and document.failure.kind.name not in document.failures:
            total[document.failure.kind.name] += 1
    return total
