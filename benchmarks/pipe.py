"""A host on the bare pipe: one request, then reads until its reply; no thread, no queue.

The client's threads would add their own wake-ups to what is measured.
"""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

_READ_BYTES = 64 * 1024
_CLOSE_S = 10.0


class Pipe:
    """A spawned daemon; `spawned_at` is the `time.perf_counter()` just before."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.spawned_at = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._write_fd = self._process.stdin.fileno()
        self._read_fd = self._process.stdout.fileno()
        self._n_requests = 0
        self._rest = b""
        self._lines: list[bytes] = []
        self._events: list[dict[str, Any]] = []

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def write_fd(self) -> int:
        return self._write_fd

    def request(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the result; raise `RuntimeError` for an error reply."""
        number = self.send(method, params)
        while (reply := self._next()).get("id") != number:
            self._events.append(reply)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']}")
        return reply["result"]

    def send(self, method: str, params: Mapping[str, Any] | None = None) -> int:
        """Write a request and return its id; the reply is the caller's to `take`."""
        self._n_requests += 1
        message = {"jsonrpc": "2.0", "id": self._n_requests, "method": method}
        if params is not None:
            message["params"] = params
        os.write(self._write_fd, orjson.dumps(message) + b"\n")
        return self._n_requests

    def take(self, n_bytes: int = _READ_BYTES) -> list[dict[str, Any]]:
        """Read once, so many bytes at most; return the messages that are whole by then."""
        self._read(n_bytes)
        messages = [orjson.loads(line) for line in self._lines]
        self._lines.clear()
        return messages

    def wait_event(self, job_id: str, methods: Sequence[str]) -> dict[str, Any]:
        """Return the params of the job's next notification of these; earlier others are dropped."""
        while True:
            event = self._events.pop(0) if self._events else self._next()
            params: dict[str, Any] = event.get("params", {})
            if event.get("method") in methods and params.get("job_id") == job_id:
                return params

    def drop_events(self) -> None:
        """Forget the notifications that were read beside replies."""
        self._events.clear()

    def close(self) -> int:
        """Close stdin, read to the end, and return the exit code; kill what does not end."""
        try:
            # Closes stdin, and reads: a daemon whose last lines nobody takes would wait for that.
            self._process.communicate(timeout=_CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        return self._process.returncode

    def _next(self) -> dict[str, Any]:
        while not self._lines:
            self._read(_READ_BYTES)
        message: dict[str, Any] = orjson.loads(self._lines.pop(0))
        return message

    def _read(self, n_bytes: int) -> None:
        chunk = os.read(self._read_fd, n_bytes)
        if not chunk:
            raise EOFError("the daemon has ended")
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._lines += lines
