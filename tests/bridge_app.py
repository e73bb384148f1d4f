"""The app at the other end of the bridge dialect, as strict a reader as its Rust half."""

import os
import sys
from pathlib import Path
from typing import Any

import orjson

from tests.conformance.process import Daemon

ROOT = Path(__file__).parent.parent
WAIT_S = 20.0


def parse_event(line: bytes) -> dict[str, Any]:
    """Return the event on a line, which must be one to the letter."""
    assert line.endswith(b"\n")
    assert b"\r" not in line
    event = orjson.loads(line)
    assert list(event) == ["type", "data", "request_id"], line
    assert event["type"] in ("progress", "result", "error"), line
    assert isinstance(event["data"], dict), line
    if event["type"] == "progress":
        numbers = [event["data"][name] for name in ("current", "total", "percent")]
        assert all(type(number) in (int, float) for number in numbers), line
        assert sorted(event["data"]) == ["current", "message", "percent", "total"], line
    if event["type"] == "error":
        assert list(event["data"]) == ["message"], line
        assert event["data"]["message"], line
    return event


class App:
    """A host of a daemon that it has spawned with `--dialect bridge`; every wait is bounded."""

    def __init__(self, folder: Path, null_engine: str = "{}") -> None:
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OCR_SIDECAR_LOG_DIR": str(folder / "log"),
            "OCR_SIDECAR_SCRATCH_DIR": str(folder / "scratch"),
            "OCR_SIDECAR_NULL_ENGINE": null_engine,
        }
        command = [sys.executable, "-P", "-m", "daemon", "--workers", "1", "--dialect", "bridge"]
        self._daemon = Daemon(command, env, folder / "stderr")
        self.process = self._daemon.process
        self.close = self._daemon.close
        self.end_input = self._daemon.end_input

    def send(self, line: str) -> None:
        """Send a line as it is."""
        self._daemon.write(line.encode() + b"\n", WAIT_S)

    def ask(self, command: str, file_path=None, options=None, request_id=None) -> None:
        """Send a command as a Rust struct is written: every member there, null or not."""
        members = {"command": command, "file_path": file_path, "options": options}
        self.send(orjson.dumps({**members, "request_id": request_id}).decode())

    def next_event(self) -> dict[str, Any] | None:
        """Return the next event, None at the end of stdout."""
        line = self._daemon.next_line(WAIT_S)
        return None if line is None else parse_event(line)

    def events_until_last(self, request_id) -> list[dict[str, Any]]:
        """Return what comes up to the last event of a command, events of others included."""
        events = []
        while not events or (events[-1]["type"], events[-1]["request_id"]) not in (
            ("result", request_id),
            ("error", request_id),
        ):
            event = self.next_event()
            assert event is not None, "the daemon has ended"
            events.append(event)
        return events

    def answer(self, command: str, request_id="an id", **members) -> dict[str, Any]:
        """Return the last event of a command while nothing else runs."""
        self.ask(command, request_id=request_id, **members)
        return self.events_until_last(request_id)[-1]

    def leave(self) -> int:
        """Close stdin, read on to the end, and return the exit code."""
        self.end_input()
        while self.next_event() is not None:
            pass
        return self.process.wait(10)
