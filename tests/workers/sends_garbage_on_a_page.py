"""Sends on page 2 what is no message, a line of 100 MiB among it, and then the answer."""

from ocr_worker import wire
from tests.workers.wire_worker import result, serve


def babble(say, hear, order, wire_out):
    wire.write_all(wire_out, b"\xff\xfe\n[1]\nnull\n\n" + b'{"type":"recognized"}\n')
    for _ in range(100):
        wire.write_all(wire_out, b"x" * 1024 * 1024)
    wire.write_all(wire_out, b"\n")
    say(result(order))


serve(babble)
