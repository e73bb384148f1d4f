"""The clocks: the only import of `time` in the daemon."""

import time
from typing import NamedTuple


class Moment(NamedTuple):
    """One reading of both clocks, in seconds: `monotonic` for durations, `unix` for `*_at`."""

    monotonic: float
    unix: float


def read_clock() -> Moment:
    """Return the present moment."""
    return Moment(time.monotonic(), time.time())
