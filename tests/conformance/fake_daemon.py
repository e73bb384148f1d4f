"""A daemon that plays a script, for hosts' own tests: `python -m tests.conformance.fake_daemon`.

Reads requests on stdin and answers on stdout as the script says, without any worker, document or
dependency. What is under way goes on while other requests are answered.
"""

import argparse
import heapq
import itertools
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.conformance import fake_script
from tests.conformance.fake_script import END_OF_STDIN, START, BadScript, Rule

LONGEST_LIFE_S = 600.0
"""A fake that is forgotten ends by itself."""
_SOFTWARE = 70


class Player:
    """Plays rules. Each request that a rule fits is a run, which pauses apart from the others."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._runs: list[tuple[float, int, Mapping[str, Any], Iterator[Mapping[str, Any]]]] = []
        self._order = itertools.count()
        self._seq = 0

    def begin(self, request: Mapping[str, Any]) -> None:
        """Do what the first rule that fits says, up to its first pause."""
        rule = next((one for one in self._rules if one.fits(request)), None)
        if rule is not None:
            rule.times -= 1
            self._go_on(request, iter(rule.actions))

    @property
    def next_at(self) -> float | None:
        """When a pause is over, by the monotonic clock; None when nothing pauses."""
        return self._runs[0][0] if self._runs else None

    def go_on(self) -> None:
        """Do what follows the pause that is over first."""
        _, _, request, actions = heapq.heappop(self._runs)
        self._go_on(request, actions)

    def _go_on(self, request: Mapping[str, Any], actions: Iterator[Mapping[str, Any]]) -> None:
        for action in actions:
            if "pause_ms" in action:
                at = time.monotonic() + action["pause_ms"] / 1000
                heapq.heappush(self._runs, (at, next(self._order), request, actions))
                return
            self._do(fake_script.fill(action, request), request)

    def _do(self, action: Mapping[str, Any], request: Mapping[str, Any]) -> None:
        match action:
            case {"result": _} | {"error": _}:
                if "id" in request:
                    _write_message({**action, "id": request["id"]})
            case {"notify": method}:
                self._notify(method, action.get("params", {}))
            case {"write": text}:
                _write(text.encode())
            case {"write_hex": digits}:
                _write(bytes.fromhex(digits))
            case {"write_line_of_bytes": size}:
                self._notify("log/message", {"level": "info", "message": ""}, size)
            case {"stop": method}:
                self._runs = [run for run in self._runs if run[2]["method"] != method]
                heapq.heapify(self._runs)
            case {"exit": code}:
                os._exit(code)
            case {"die": name}:
                os.kill(os.getpid(), getattr(signal, name))
            case {"hang_ms": duration}:
                time.sleep(duration / 1000)

    def _notify(self, method: str, params: Mapping[str, Any], size: int = 0) -> None:
        """Write a notification; its last member is padded until the line has `size` bytes."""
        self._seq += 1
        params = {"seq": self._seq, **params}
        missing = size - len(_line({"method": method, "params": params}))
        if missing > 0:
            params["message"] = "x" * missing
        _write_message({"method": method, "params": params})


def _line(message: Mapping[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode() + b"\n"


def _write_message(message: Mapping[str, Any]) -> None:
    _write(_line(message))


def _write(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError:
        os._exit(0)  # nobody reads any more


def _read(lines: "queue.SimpleQueue[bytes | None]") -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    lines.put(None)


def _request_on(line: bytes | None) -> Mapping[str, Any] | None:
    """Return what a line asks for; a broken one is answered here, and a response dropped."""
    if line is None:
        return {"method": END_OF_STDIN}
    if not line.strip():
        return None
    try:
        message = json.loads(line)
    except ValueError:
        _refuse(-32700, "parse_error")
        return None
    if isinstance(message, dict) and isinstance(message.get("method"), str):
        return message
    if not (isinstance(message, dict) and message.keys() & {"result", "error"}):
        _refuse(-32600, "invalid_request")
    return None


def _refuse(code: int, kind: str) -> None:
    error = {"code": code, "message": "No.", "data": {"kind": kind, "retryable": False}}
    _write_message({"error": error, "id": None})


def play(rules: Sequence[Rule]) -> None:
    """Play until a rule ends the process."""
    ends_at = time.monotonic() + LONGEST_LIFE_S
    lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    player = Player(rules)
    player.begin({"method": START})
    while (now := time.monotonic()) < ends_at:
        if player.next_at is not None and player.next_at <= now:
            player.go_on()
            continue
        try:
            request = _request_on(lines.get(timeout=(player.next_at or ends_at) - now))
        except queue.Empty:
            continue
        if request is not None:
            player.begin(request)
    os._exit(_SOFTWARE)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line; a script that is not in the format is a usage error."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance.fake_daemon", description="Play a script as a daemon."
    )
    parser.add_argument("script", type=Path)
    script: Path = parser.parse_args(argv).script
    try:
        rules = fake_script.parse(script.read_text(encoding="utf-8"))
    except OSError as error:
        parser.error(f"{script}: {error.strerror}")
    except BadScript as error:
        parser.error(f"{script}: {error}")
    play(rules)


if __name__ == "__main__":
    main()
