"""What misbehaving workers share: speaking the real wire up to where they misbehave."""

import os
import sys

from ocr_worker import wire


def claim():
    """Claim stdio as a worker does; return functions to say and to hear a message."""
    wire_in, wire_out = wire.claim_stdio()
    pending = b""

    def hear():
        nonlocal pending
        while b"\n" not in pending:
            chunk = os.read(wire_in, 65536)
            if not chunk:
                sys.exit(0)
            pending += chunk
        line, _, pending = pending.partition(b"\n")
        return wire.decode_command(line)

    def say(message):
        wire.write_all(wire_out, wire.encode(message))

    return say, hear, wire_out
