"""The real worker, but it stays where the kill matrix wants it, and says so through a FIFO.

`MATRIX_STATE` names the state, `MATRIX_FIFO` the pipe that gets one byte once it is there. SIGUSR2
breaks its stdout, after which there is a file `….broken` beside the FIFO. Imports nothing of
`tests`, so that the installed packages are what runs.
"""

import os
import signal
import sys
import threading

from ocr_worker import __main__ as program
from ocr_worker import control, wire
from ocr_worker.engines.null import NullEngine
from ocr_worker.outputs import writing

STATE = os.environ["MATRIX_STATE"]
wire_out = sys.stdout.fileno()


def claim_stdio():
    global wire_out
    wire_in, wire_out = claim()
    return wire_in, wire_out


def break_stdout(*_):
    # No plain close: whatever is opened next would get the number, and the messages.
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, wire_out)
    open(os.environ["MATRIX_FIFO"] + ".broken", "w").close()


def announce():
    # For reading too, so that opening does not wait for a reader.
    fifo = os.open(os.environ["MATRIX_FIFO"], os.O_RDWR)
    os.write(fifo, b"!")
    os.close(fifo)


def hold():
    while True:
        signal.pause()


def recognize(self, pixels, reading, checkpoint):
    announce()
    if STATE == "shutting_down":
        hold()  # without a checkpoint, as native code does
    return recognize_slowly(self, pixels, reading, checkpoint)


def render(task, pages):
    yield b"half of it" * 10_000  # more than any buffer, so that it is in the file
    announce()
    hold()


def read_until_a_task(self):
    """Read commands as a worker does, and nothing after the first task."""
    pending = b""
    while chunk := os.read(self._wire_in, 65536):
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            command = wire.decode_command(line)
            self._obey(command)
            if isinstance(command, wire.Task):
                threading.Event().wait()
    os._exit(0)


signal.signal(signal.SIGUSR2, break_stdout)
claim, program.claim_stdio = program.claim_stdio, claim_stdio
if STATE == "shutting_down":
    # Deaf to its orders, to the end of its stdin and to SIGTERM, so that the state lasts.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    control.Control._read = read_until_a_task
if "--inspector" not in sys.argv:
    recognize_slowly = NullEngine.recognize
    if STATE == "starting":
        announce()
        hold()
    if STATE in ("recognizing", "shutting_down"):
        NullEngine.recognize = recognize
    if STATE == "assembling":
        writing.RENDERERS["text"] = render
program.main()
