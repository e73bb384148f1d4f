"""When a slot may start its worker again: a budget of attempts with backoff; pure."""

from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True, slots=True)
class RestartIn:
    """Start again after this long."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Out of budget: the slot stays down until it is cleared."""


@dataclass(slots=True)
class RestartPolicy:
    """The budget of one slot.

    Only deaths before ready or while idle count: a death with a page in hand counts against the
    page, one that we caused counts against nobody. Stable life or a finished page clears it.
    """

    backoff_s: tuple[float, ...] = (0.25, 1.0, 4.0)
    jitter: float = 0.2
    stable_after_s: float = 60.0
    random: Random = field(default_factory=Random)
    deaths: int = 0

    def on_death(self, lived_s: float) -> RestartIn | GiveUp:
        """Count a death after `lived_s` seconds of life and say what follows."""
        if lived_s >= self.stable_after_s:
            self.deaths = 0
        self.deaths += 1
        if self.deaths > len(self.backoff_s):
            return GiveUp()
        delay = self.backoff_s[self.deaths - 1]
        return RestartIn(delay * (1 + self.jitter * self.random.random()))

    def clear(self) -> None:
        """Give the whole budget back."""
        self.deaths = 0
