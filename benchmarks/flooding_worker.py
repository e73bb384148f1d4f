"""A worker that says far more than it does, for `benchmarks.wire`: it floods the loop with events.

While it "reads" a page it tells of stages, each in a write of its own, so many a second as the
environment says; the page's text is how many it told of a second. As an inspector it is the real
worker.
"""

import os
import time

from ocr_worker import wire
from tests.workers.wire_worker import claim

RATE = "OCR_SIDECAR_FLOOD_PER_S"
"""Environment variable: events a second."""
PAGE_S = 1.0
TICK_S = 0.001
"""The events are spread as evenly as a sleep allows."""


def flood(say, task: int) -> float:
    """Tell of stages for as long as a page takes; return how many were told a second."""
    rate = float(os.environ[RATE])
    message = wire.Stage(task=task, name="recognize")
    n_told = 0
    started = time.monotonic()
    while (elapsed := time.monotonic() - started) < PAGE_S:
        while n_told < rate * elapsed:
            say(message)
            n_told += 1
        time.sleep(TICK_S)
    return n_told / elapsed


def main() -> None:
    say, hear, _ = claim()
    say(wire.Hello(wire_version=wire.WIRE_VERSION, pid=os.getpid()))
    say(wire.Ready())
    while True:
        order = hear()
        match order:
            case wire.Ping(token=token):
                say(wire.Pong(token=token, progress=0))
            case wire.Shutdown():
                os._exit(0)
            case wire.Recognize():
                say(wire.Accepted(task=order.task))
                page = wire.Page(
                    page=order.page,
                    state="recognized",
                    text=f"{flood(say, order.task):.0f}",
                    width_pt=100,
                    height_pt=100,
                )
                say(wire.Recognized(task=order.task, page=page))


if __name__ == "__main__":
    main()
