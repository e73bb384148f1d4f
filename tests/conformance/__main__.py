"""Judge a daemon: `python -m tests.conformance -- ocr-sidecar`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.replay import TIMEOUT_S, Mismatch, replay
from tests.conformance.transcript import BadTranscript, Transcript, in_folder, in_markdown

FOLDER = Path(__file__).parent / "transcripts"
PROTOCOL = Path(__file__).parents[2] / "protocol.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 when a transcript failed, 2 when none could be tried."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance",
        description="Replay conversations against a daemon and tell in which it does not do as"
        " protocol.md says.",
    )
    parser.add_argument("--only", metavar="NAME", action="append", help="may be repeated")
    parser.add_argument("--list", action="store_true", help="tell the names and leave")
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT_S, metavar="SECONDS", help="for each wait"
    )
    parser.add_argument("command", nargs="*", help="what starts the daemon, after --")
    options = parser.parse_args(argv)
    try:
        transcripts = _chosen(all_transcripts(), options.only)
    except (BadTranscript, KeyError) as error:
        parser.error(str(error.args[0]))
    if options.list:
        for transcript in transcripts:
            print(f"{transcript.name}: {transcript.about or 'see protocol.md'}")
        return 0
    if not options.command:
        parser.error("what starts the daemon? give it after --")
    if sys.platform == "win32":
        transcripts = [one for one in transcripts if not one.sends_signals]
    try:
        n_failed = sum(not _passes(one, options.command, options.timeout) for one in transcripts)
    except OSError as error:
        parser.error(f"{options.command[0]} cannot be started: {error.strerror}")
    print(f"{len(transcripts) - n_failed} passed, {n_failed} failed")
    return 1 if n_failed else 0


def all_transcripts() -> list[Transcript]:
    """Return those of the kit, and those of protocol.md where that is at hand.

    Raise `BadTranscript`.
    """
    document = PROTOCOL.read_text(encoding="utf-8") if PROTOCOL.exists() else ""
    return in_folder(FOLDER) + in_markdown(document)


def _chosen(transcripts: list[Transcript], names: Sequence[str] | None) -> list[Transcript]:
    if names is None:
        return transcripts
    by_name = {one.name: one for one in transcripts}
    for name in names:
        if name not in by_name:
            raise KeyError(f"there is no transcript {name}; --list tells which there are")
    return [by_name[name] for name in names]


def _passes(transcript: Transcript, command: Sequence[str], timeout_s: float) -> bool:
    try:
        replay(transcript, command, timeout_s)
    except Mismatch as mismatch:
        print(f"FAILED {transcript.name}: {mismatch}", flush=True)
        return False
    print(f"passed {transcript.name}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
