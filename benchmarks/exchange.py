"""A server on the bare pipe that does nothing but answer pings, and how many it answers a second.

The driver must not be what is measured: requests are built before, all of one length, and replies
are counted by their bytes, since all of them are of one length too. What was answered is looked at
afterwards, when the clock has stopped.
"""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

_READ_BYTES = 256 * 1024
_FIRST_ID = 10_000
_RING = 4096
"""Requests that are built; after the last comes the first again, answered long ago."""
_CLOSE_S = 5.0


@dataclass(frozen=True)
class Pace:
    """How many requests were answered a second, and the server's processor time for one."""

    per_s: float
    cpu_us: float | None


@dataclass(frozen=True)
class Framing:
    """How messages are told apart on a pipe."""

    pack: Callable[[bytes], bytes]
    unpack: Callable[[bytes], list[bytes]]


def _unpack_headers(data: bytes) -> list[bytes]:
    """Return the bodies behind `Content-Length` headers; what is cut off at the end is left out."""
    bodies = []
    while b"\r\n\r\n" in data:
        header, _, rest = data.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ") for line in header.split(b"\r\n"))
        size = int(fields[b"Content-Length"])
        if len(rest) < size:
            break
        bodies.append(rest[:size])
        data = rest[size:]
    return bodies


LINES = Framing(lambda body: body + b"\n", lambda data: data.split(b"\n")[:-1])
HEADERS = Framing(lambda body: b"Content-Length: %d\r\n\r\n%b" % (len(body), body), _unpack_headers)


class Exchange:
    """A spawned server, pinned to `core` where one is given, and a driver for one thread.

    `opening` is what it is told before it may be asked: messages with an id are answered. `ping` is
    the request, without its id.
    """

    def __init__(
        self,
        command: Sequence[str],
        framing: Framing,
        ping: dict[str, Any],
        opening: Sequence[dict[str, Any]] = (),
        core: int | None = None,
    ) -> None:
        self._framing = framing
        self._process = _spawn_on(core, command)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._write_fd = self._process.stdin.fileno()
        self._read_fd = self._process.stdout.fileno()
        if hasattr(os, "set_blocking"):  # not on Windows with Python 3.11
            os.set_blocking(self._read_fd, False)
        for message in opening:
            self._send(message)
            if "id" in message:
                self._receive_one()
        self._requests = [
            framing.pack(orjson.dumps({**ping, "id": number}))
            for number in range(_FIRST_ID, _FIRST_ID + _RING)
        ]
        os.write(self._write_fd, self._requests[0])
        self._reply_bytes = len(self._receive_one())
        self._chunks: list[bytes] = []
        self.faults: list[str] = []

    def strict(self, seconds: float) -> Pace:
        """Ask one after the other for so long."""
        requests, chunks, n = self._requests, self._chunks, 0
        cpu_s, started = self._cpu_s(), time.perf_counter()
        while time.perf_counter() < started + seconds:
            os.write(self._write_fd, requests[n % _RING])
            left = self._reply_bytes
            while left > 0:
                chunks.append(self._read())
                left -= len(chunks[-1])
            n += 1
        return self._pace(n, time.perf_counter() - started, cpu_s)

    def pipelined(self, seconds: float, window: int) -> Pace:
        """Keep so many unanswered for so long, then read the rest."""
        ring, size = b"".join(self._requests), len(self._requests[0])
        sent, answered, n_bytes = 0, 0, 0
        cpu_s, started = self._cpu_s(), time.perf_counter()
        more = window
        while answered < sent or not sent:
            while more:
                place = sent % _RING
                more_now = min(more, _RING - place)
                os.write(self._write_fd, ring[place * size : (place + more_now) * size])
                sent += more_now
                more -= more_now
            self._chunks.append(self._read())
            n_bytes += len(self._chunks[-1])
            more = n_bytes // self._reply_bytes - answered
            answered += more
            if time.perf_counter() >= started + seconds:
                more = 0
        return self._pace(answered, time.perf_counter() - started, cpu_s)

    def close(self) -> None:
        """End the server, by the end of its input where it understands that."""
        try:
            self._process.communicate(timeout=_CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _pace(self, n: int, took_s: float, cpu_s_before: float | None) -> Pace:
        cpu_s = self._cpu_s()
        self._audit(n)
        if cpu_s is None or cpu_s_before is None:
            return Pace(n / took_s, None)
        return Pace(n / took_s, 1e6 * (cpu_s - cpu_s_before) / n)

    def _cpu_s(self) -> float | None:
        """Return what the server's threads have used; Linux alone tells it finely enough."""
        tasks = Path(f"/proc/{self._process.pid}/task")
        try:
            stats = [(task / "schedstat").read_text() for task in tasks.iterdir()]
        except OSError:  # another system, or a thread that has just ended
            return None
        return sum(int(stat.split()[0]) for stat in stats) / 1e9

    def _audit(self, n: int) -> None:
        """Note what is wrong with the replies that were counted: each request wants one."""
        replies = [orjson.loads(one) for one in self._framing.unpack(b"".join(self._chunks))]
        self._chunks.clear()
        answered = Counter(reply.get("id") for reply in replies if "error" not in reply)
        asked = Counter(_FIRST_ID + number % _RING for number in range(n))
        if answered != asked:
            self.faults.append(f"{n} asked, {answered.total()} answered, not each once")

    def _send(self, message: dict[str, Any]) -> None:
        os.write(self._write_fd, self._framing.pack(orjson.dumps(message)))

    def _receive_one(self) -> bytes:
        """Return the bytes of one message, with its framing."""
        data = b""
        while not self._framing.unpack(data):
            data += self._read()
        return data

    def _read(self) -> bytes:
        """Return what there is as soon as there is anything.

        It is asked for again and again: to be woken up takes longer than most answers do.
        """
        while True:
            try:
                chunk = os.read(self._read_fd, _READ_BYTES)
            except BlockingIOError:
                continue
            if not chunk:
                raise EOFError(f"the server has ended: {self._process.args!r}")
            return chunk


def _spawn_on(core: int | None, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Spawn a process that runs on one core from its first instruction on: children inherit it."""
    before = None if core is None else os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
    finally:
        if before is not None:
            os.sched_setaffinity(0, before)
