"""Sends lines that are no messages, then half of one, and leaves."""

import os

from ocr_worker import wire
from tests.workers.wire_worker import claim

say, hear, wire_out = claim()
wire.write_all(wire_out, b"\xff\xfe\n[]\n{}\n" + b'{"type":"ready"\n')
say(wire.Ready())
wire.write_all(wire_out, b'{"type":"ready"')
os._exit(3)
