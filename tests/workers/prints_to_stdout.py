"""Prints from Python, from descriptor 1 and from a child, between messages of the wire."""

import os
import subprocess
import sys

from ocr_worker import wire
from tests.workers.wire_worker import claim

say, hear, _ = claim()
print("stray from Python", flush=True)
os.write(1, b"stray from descriptor 1\n")
subprocess.run([sys.executable, "-c", "print('stray from a child')"], check=True)
say(wire.Ready())
hear()
