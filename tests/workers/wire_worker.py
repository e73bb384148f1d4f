"""What misbehaving workers share: speaking the real wire up to where they misbehave.

As an inspector each is the real worker, so that documents are counted. As an OCR worker it reads
every page as `read`, but for page 2, where it does what it is named for.
"""

import os
import runpy
import sys

from ocr_worker import wire
from ocr_worker.stdio import claim_stdio

BAD_PAGE = 2


def claim():
    """Claim stdio as a worker does; return functions to say and to hear a message."""
    if "--inspector" in sys.argv:
        runpy.run_module("ocr_worker", run_name="__main__", alter_sys=True)
    wire_in, wire_out = claim_stdio()
    pending = b""

    def hear():
        nonlocal pending
        while b"\n" not in pending:
            chunk = os.read(wire_in, 65536)
            if not chunk:
                os._exit(0)
            pending += chunk
        line, _, pending = pending.partition(b"\n")
        return wire.decode_command(line)

    def say(message):
        wire.write_all(wire_out, wire.encode(message))

    return say, hear, wire_out


def result(order):
    """The right answer to a page."""
    page = wire.Page(page=order.page, state="recognized", text="read", width_pt=100, height_pt=100)
    return wire.Recognized(task=order.task, page=page)


def serve(on_bad_page, *, knows_ping=True):
    """Be a good worker; `on_bad_page(say, hear, order, wire_out)` is called for page 2."""
    say, hear, wire_out = claim()
    say(wire.Hello(wire_version=wire.WIRE_VERSION, pid=os.getpid()))
    say(wire.Ready())
    while True:
        order = hear()
        match order:
            case wire.Ping(token=token) if knows_ping:
                say(wire.Pong(token=token, progress=0))
            case wire.Shutdown():
                os._exit(0)
            case wire.Recognize():
                say(wire.Accepted(task=order.task))
                if order.page == BAD_PAGE:
                    on_bad_page(say, hear, order, wire_out)
                else:
                    say(result(order))
