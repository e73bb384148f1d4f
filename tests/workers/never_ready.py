"""Says hello and never that it is ready."""

import os

from ocr_worker import wire
from tests.workers.wire_worker import claim

say, hear, _ = claim()
say(wire.Hello(wire_version=wire.WIRE_VERSION, pid=os.getpid()))
while True:
    hear()
