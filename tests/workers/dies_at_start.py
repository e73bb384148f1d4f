"""Says a few last words and dies before it is ready."""

import os
import sys

from tests.workers.wire_worker import claim

claim()
sys.stderr.write("dies_at_start: last words\n")
sys.stderr.flush()
os._exit(3)
