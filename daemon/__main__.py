"""The composition root: claim stdio, log, configure, build, run, and leave with an exit code."""

import argparse
import gc
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from daemon import __version__, guard

if TYPE_CHECKING:
    from daemon.composition import Daemon
    from daemon.config import Config

_FILES_S = 0.5
"""How long files that are to be removed may take, when we leave."""

_DESCRIPTION = """\
Local OCR behind one pipe. Without a command, serve JSON-RPC 2.0 on stdin and stdout, one message a
line, as protocol.md tells: this is how an application runs it. The commands are for people."""
_EPILOG = """\
examples:
  echo '{"jsonrpc":"2.0","id":1,"method":"ping"}' | ocr-sidecar
  ocr-sidecar recognize scan.pdf
  ocr-sidecar doctor

Each option of serving may also be given by the environment variable named in brackets."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code, where the process does not leave before."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == [guard.OPTION]:
        # Before anything of ours is imported: a guard is there as long as its daemon, and small.
        guard.main(*arguments[1:])
    from daemon.config import from_options

    options = _parser().parse_args(arguments)
    if options.run is not None:
        return int(options.run(options))
    return serve(from_options(options))


def _parser() -> argparse.ArgumentParser:
    from daemon import cli
    from daemon.config import add_options

    parser = argparse.ArgumentParser(
        prog="ocr-sidecar",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ocr-sidecar {__version__}")
    parser.set_defaults(run=None)
    add_options(parser)
    cli.add_subcommands(parser.add_subparsers(title="commands", metavar=""))
    return parser


def serve(config: "Config") -> int:
    """Serve the host on stdin and stdout until it leaves. Does not return: see below."""
    # First of all: once our parent has died this is some other process's number.
    parent = os.getppid()
    # Before anything heavy is imported: what libraries print must never meet the wire.
    from ocr_worker.stdio import claim_stdio

    wire_in, wire_out = claim_stdio()
    # What is imported stays as long as the process: looking for garbage in it delays the first
    # answer now, and would hold up others by 10 ms each time later.
    gc.disable()
    from daemon.lean_imports import import_lean

    import_lean()
    from daemon.composition import build

    daemon = build(config, wire_in, wire_out, parent)
    gc.freeze()
    gc.enable()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: daemon.loop.on_signal(number))
    exit_code = daemon.loop.run()
    _leave(exit_code, daemon)
    return exit_code


def _leave(exit_code: int, daemon: "Daemon") -> None:
    """Close what has something to finish, and go at once.

    Falling off `main` would join or abort on threads that are blocked in a read for ever.
    """
    daemon.page_files.close(_FILES_S)
    daemon.files.close(_FILES_S)
    if daemon.guard is not None:
        daemon.guard.close()
    for sink in daemon.sinks:
        sink.close(0.2)
    sys.stderr.flush()
    os._exit(exit_code)


if __name__ == "__main__":
    sys.exit(main())
