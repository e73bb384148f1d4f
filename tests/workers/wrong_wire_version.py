"""Speaks a wire of the future, and claims to be ready."""

import os

from ocr_worker import wire
from tests.workers.wire_worker import claim

say, hear, _ = claim()
say(wire.Hello(wire_version=wire.WIRE_VERSION + 1, pid=os.getpid()))
say(wire.Ready())
hear()
