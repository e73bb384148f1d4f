"""Ignores SIGTERM and the end of its input."""

import signal
import threading

from ocr_worker import wire
from tests.workers.wire_worker import claim

say, hear, _ = claim()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
say(wire.Ready())
threading.Event().wait()
