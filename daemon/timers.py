"""The names of the deadlines that the owner sets."""

from typing import Literal, NamedTuple

TimerName = Literal[
    # of a slot
    "start",
    "restart",
    "page",
    "inspect",
    "stop_task",
    "silence",
    "measure",
    "heartbeat",
    "pong",
    "idle",
    "successor",
    # of a worker that holds no slot any more
    "retire",
    "terminate",
    "kill",
    # of a job
    "job",
    "progress",
    "forget",
    # of a request
    "check",
    "replace",
    "health",
    "hardware",
    # of the daemon
    "sample",
    "drain",
    "pending",
]


class Timer(NamedTuple):
    """One deadline: what is due, and for which slot, job or request."""

    what: TimerName
    subject: int | str = 0
