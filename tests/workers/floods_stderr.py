"""Writes a megabyte to stderr before it is ready."""

import sys

from ocr_worker import wire
from tests.workers.wire_worker import claim

say, hear, _ = claim()
for number in range(10_000):
    sys.stderr.write(f"{number:08d} {'x' * 91}\n")
sys.stderr.flush()
say(wire.Ready())
hear()
