"""How threads are started: named, as daemons, and never ending unnoticed."""

from collections.abc import Callable
from threading import Thread

from loguru import logger

from daemon.events import Event, ThreadCrashed


def start_thread(name: str, target: Callable[[], None], post: Callable[[Event], None]) -> Thread:
    """Start a thread; should it end by an exception, the loop hears of it."""

    def guarded() -> None:
        try:
            target()
        except BaseException:  # noqa: BLE001  a thread that ends silently is a daemon that hangs
            logger.exception("thread {} crashed", name)
            post(ThreadCrashed(name))

    thread = Thread(target=guarded, name=name, daemon=True)
    thread.start()
    return thread
