"""The worker's entry: claim stdio, say hello, load the engine, say ready, serve."""

import argparse
import faulthandler
import logging
import os
import signal
import sys
from contextlib import suppress

from ocr_worker import wire
from ocr_worker.control import Control
from ocr_worker.stdio import claim_stdio

_PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""
_OOM_SCORE = 500
"""Of 1000: before whatever takes less than half of the memory more than we do."""


def main() -> None:
    """Serve the daemon until it ends us; does not return."""
    parser = argparse.ArgumentParser(
        prog="ocr-sidecar-worker",
        description="Internal: run by the daemon, speaks its private wire.",
    )
    version = f"%(prog)s, wire {wire.WIRE_VERSION}"
    parser.add_argument("--version", action="version", version=version)
    parser.add_argument("--parent", type=int, required=True, help="the daemon's process id")
    parser.add_argument("--engine", help="engine to load before ready")
    parser.add_argument("--inspector", action="store_true", help="opens documents, reads no page")
    options = parser.parse_args()

    wire_in, wire_out = claim_stdio()
    faulthandler.enable()
    if sys.platform != "win32":
        # The daemon asks for our stacks before it kills a worker that hangs.
        faulthandler.register(signal.SIGUSR1, all_threads=True)
    die_with(options.parent)
    die_first()
    go_home()
    # The daemon decides when we go; a Ctrl-C in its terminal is not meant for us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    control = Control(wire_in, wire_out)
    control.start()
    control.say(wire.Hello(wire_version=wire.WIRE_VERSION, pid=os.getpid()))
    try:
        # Only now the heavy imports: the daemon knows already that we are alive.
        from ocr_worker.serve import Server
    except ImportError:
        logging.exception("the worker's packages are not installed")
        control.leave(wire.WorkerExit.CANNOT_START)
    server = Server(control)
    if options.engine is not None:
        server.preload(options.engine)
    control.say(wire.Ready())
    server.serve()


def go_home() -> None:
    """Leave the host's working directory for the folder of our executable.

    OpenVINO looks for plug-ins that it does not have by their bare names, and a library that lies
    among somebody's documents is not to be taken for one. A folder that may not be read even ends
    the process there. Paths on the wire are absolute.
    """
    with suppress(OSError):
        os.chdir(os.path.dirname(sys.executable))


def die_with(parent: int) -> None:
    """On Linux, have the kernel kill us when the daemon dies, even inside native code."""
    if sys.platform != "linux":
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # It died before the order was in place.
        os._exit(wire.WorkerExit.OK)


def die_first() -> None:
    """On Linux, have the kernel take us rather than the daemon or its host when memory runs out.

    We are replaced, and hold what takes the memory. A limit on it was rejected: docs/adr/0017.
    """
    with suppress(OSError, ValueError), open("/proc/self/oom_score_adj", "r+") as file:
        if int(file.read()) < _OOM_SCORE:
            file.seek(0)
            file.write(str(_OOM_SCORE))


if __name__ == "__main__":
    main()
