"""What waits for the host to read it: replies before notifications, nothing lost; pure.

Invariants: replies and terminal notifications are never dropped; of notifications of the same
`latest_of` only the newest waits, in the place of the first; of the log the newest messages wait;
`seq` is given when a line is handed to the writer, so that what was dropped leaves no gap.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final

import msgspec
import orjson

from daemon.messages import LogMessageParams
from daemon.params import Struct

CHUNK_BYTES: Final = 64 * 1024
"""How much is handed to the writer at a time: about what a pipe holds, so that what waits can
still be conflated and overtaken by replies."""
MAX_OUTBOUND_LINE_BYTES: Final = 48 * 1024
"""Longest line that is sent to a host which has not said that it takes longer ones."""
MAX_LOG_MESSAGES: Final = 100
"""How many messages of the log wait for the host; the oldest make room."""


@dataclass(slots=True)
class _Notification:
    method: str
    params: bytes
    job_id: str | None


class Outbox:
    """Two lanes towards the host, and a place for jobs whose reply is not out yet."""

    def __init__(self) -> None:
        self._replies: deque[bytes] = deque()
        self._notifications: OrderedDict[str | int, _Notification] = OrderedDict()
        self._held: dict[str, list[tuple[str | int, _Notification]]] = {}
        self._opted_out: frozenset[str] = frozenset()
        self._seq = 0
        self._next_key = 0
        self.reply_bytes = 0
        self.backlog_bytes = 0
        self._log_keys: deque[str | int] = deque()
        self.n_conflated = 0
        self.n_logs_dropped = 0
        self.max_line_bytes = MAX_OUTBOUND_LINE_BYTES

    @property
    def is_empty(self) -> bool:
        """True when nothing waits."""
        return not (self._replies or self._notifications)

    @property
    def n_replies(self) -> int:
        """How many responses wait."""
        return len(self._replies)

    @property
    def n_notifications(self) -> int:
        """How many notifications wait, those that are held back included."""
        return len(self._notifications) + sum(map(len, self._held.values()))

    def opt_out(self, methods: tuple[str, ...]) -> None:
        """Send no notification of these methods any more."""
        self._opted_out = frozenset(methods)

    def reply(self, line: bytes) -> None:
        """Queue a response, or a batch of them, LF included."""
        self._replies.append(line)
        self.reply_bytes += len(line)

    def notify(self, method: str, params: Struct, *, latest_of: str | None = None) -> None:
        """Queue a notification; one of the same `latest_of` that still waits is replaced."""
        if method in self._opted_out:
            return
        job_id = getattr(params, "job_id", None)
        notification = _Notification(method, msgspec.json.encode(params), job_id)
        self._next_key += 1
        key = latest_of or self._next_key
        if job_id in self._held:
            self._held[job_id].append((key, notification))
        else:
            self._put(key, notification)

    def notify_log(self, params: LogMessageParams) -> None:
        """Queue a message of the log; where too many wait, the oldest is dropped and counted."""
        if "log/message" in self._opted_out:
            return
        if len(self._log_keys) >= MAX_LOG_MESSAGES:
            dropped = self._notifications.pop(self._log_keys.popleft())
            self.backlog_bytes -= len(dropped.params)
            self.n_logs_dropped += 1
        self.notify("log/message", params)
        self._log_keys.append(self._next_key)

    def hold(self, job_id: str) -> None:
        """Keep a job's notifications back: the reply that names it is not queued yet."""
        self._held.setdefault(job_id, [])

    def release(self, job_id: str) -> None:
        """Let them go, in order: the reply is queued."""
        for key, notification in self._held.pop(job_id, []):
            self._put(key, notification)

    def next_chunk(self) -> list[bytes]:
        """Return the lines to write next, replies first; empty when nothing waits."""
        lines: list[bytes] = []
        size = 0
        while size < CHUNK_BYTES and self._replies:
            lines.append(self._replies.popleft())
            self.reply_bytes -= len(lines[-1])
            size += len(lines[-1])
        while size < CHUNK_BYTES and self._notifications:
            key, notification = self._notifications.popitem(last=False)
            if self._log_keys and self._log_keys[0] == key:
                self._log_keys.popleft()
            self.backlog_bytes -= len(notification.params)
            lines.append(self._line(notification))
            size += len(lines[-1])
        return lines

    def _put(self, key: str | int, notification: _Notification) -> None:
        replaced = self._notifications.get(key)
        if replaced is not None:
            self.backlog_bytes -= len(replaced.params)
            self.n_conflated += 1
        self._notifications[key] = notification
        self.backlog_bytes += len(notification.params)

    def _line(self, notification: _Notification) -> bytes:
        self._seq += 1
        # Spliced, since the params are encoded already and can be a hundred kilobytes.
        params = b'{"seq":%d,%b' % (self._seq, notification.params[1:])
        message = {
            "jsonrpc": "2.0",
            "method": notification.method,
            "params": orjson.Fragment(params),
        }
        return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
