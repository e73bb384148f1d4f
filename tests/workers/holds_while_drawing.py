"""The real worker, but it stays where half of a picture is in its file, and says so through a FIFO.

`HOLD_FIFO` names the pipe that gets one byte once it is there. It holds as many times as there are
lines in the file `HOLD_TIMES`, of which each time takes one.
"""

import os
import signal
from pathlib import Path

from ocr_worker import __main__ as program
from ocr_worker import rendering

TIMES = Path(os.environ["HOLD_TIMES"])


def write_half(path, pieces, kind):
    times = TIMES.read_text().splitlines()
    if not times:
        write_new(path, pieces, kind)
        return
    TIMES.write_text("\n".join(times[1:]))
    content = b"".join(pieces)
    with path.open("xb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        # For reading too, so that opening does not wait for a reader.
        fifo = os.open(os.environ["HOLD_FIFO"], os.O_RDWR)
        os.write(fifo, b"!")
        while True:
            signal.pause()


write_new, rendering.write_new = rendering.write_new, write_half
program.main()
