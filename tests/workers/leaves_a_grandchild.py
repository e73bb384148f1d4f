"""Leaves a child of its own that holds the pipe open, and dies."""

import os
import subprocess
import sys

from ocr_worker import wire
from tests.workers.wire_worker import claim

say, hear, wire_out = claim()
os.set_inheritable(wire_out, True)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], close_fds=False)
say(wire.Hello(wire_version=wire.WIRE_VERSION, pid=child.pid))
os._exit(7)
