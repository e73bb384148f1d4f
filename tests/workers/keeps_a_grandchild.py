"""Has a child of its own, and ignores every kind request to leave."""

import os
import signal
import subprocess
import sys
import threading

from ocr_worker import wire
from tests.workers.wire_worker import claim

say, hear, _ = claim()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
say(wire.Hello(wire_version=wire.WIRE_VERSION, pid=os.getpid()))
say(wire.Ready())
threading.Event().wait()
