"""What waits for the host to read it: replies before notifications, nothing lost; pure.

Invariants: replies and terminal notifications are never dropped; of notifications of the same
`latest_of` only the newest waits, in the place of the first; of the log the newest messages wait;
`seq` is given when a line is handed to the writer, so that what was dropped leaves no gap; no line
of a notification is longer than the host takes.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import orjson

from daemon.lines import (
    MAX_OUTBOUND_LINE_BYTES,
    Line,
    Overflow,
    StoredLine,
    memory_of,
    shorten,
)
from daemon.messages import ReplayResult
from daemon.notifications import LogMessageParams
from daemon.params import Struct
from daemon.replay import Replay

CHUNK_BYTES: Final = 64 * 1024
"""How much is handed to the writer at a time: about what a pipe holds, so that what waits can
still be conflated and overtaken by replies."""
MAX_LOG_MESSAGES: Final = 100
"""How many messages of the log wait for the host; the oldest make room."""


@dataclass(slots=True)
class _Notification:
    method: str
    params: bytes
    job_id: str | None


class Outbox:
    """The lanes towards the host, and a place for jobs whose reply is not out yet.

    `scratch_path` returns the path of a file of that name, for what a line has no room for.
    """

    def __init__(self, scratch_path: Callable[[str], str]) -> None:
        self._scratch_path = scratch_path
        self._replies: deque[Line] = deque()
        self._again: deque[bytes] = deque()
        """Notifications that the host wants once more, before any new one."""
        self._notifications: OrderedDict[str | int, _Notification] = OrderedDict()
        self._held: dict[str, list[tuple[str | int, _Notification]]] = {}
        self._opted_out: frozenset[str] = frozenset()
        self._seq = 0
        self._replay = Replay()
        self._overflows: dict[str, list[str]] = {}
        """By job, the files of notifications that were too long for a line."""
        self._n_result_files = 0
        self.max_line_bytes = MAX_OUTBOUND_LINE_BYTES
        """How long a line may be, LF included; batches and the schema may be longer."""
        self._next_key = 0
        self.reply_bytes = 0
        self.backlog_bytes = 0
        self._log_keys: deque[str | int] = deque()
        self.n_conflated = 0
        self.n_logs_dropped = 0

    @property
    def is_empty(self) -> bool:
        """True when nothing waits."""
        return not (self._replies or self._again or self._notifications)

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

    def reply(self, line: Line) -> None:
        """Queue a response, or a batch of them, LF included."""
        self._replies.append(line)
        self.reply_bytes += memory_of(line)

    def new_result_path(self) -> str:
        """Return the path of a new file, for a result that no line has room for."""
        self._n_result_files += 1
        return self._scratch_path(f"result-{self._n_result_files}.json")

    def what_came_after(self, seq: int) -> ReplayResult:
        """Tell which notifications after that number can be sent once more."""
        seqs = [kept.seq for kept in self._replay.since(seq)]
        return ReplayResult(
            from_=seqs[0] if seqs else None,
            to=seqs[-1] if seqs else None,
            missed=self._replay.n_missed(seq),
        )

    def send_again(self, result: ReplayResult) -> None:
        """Queue these notifications once more; what is left of an earlier wish is dropped."""
        self._again.clear()
        if result.from_ is None or result.to is None:
            return
        for kept in self._replay.since(result.from_ - 1):
            if kept.seq > result.to:
                break
            params = b'{"replayed":true,%b' % kept.params[1:]
            self._again.append(_encode(kept.method, params))

    def forget(self, job_id: str) -> Sequence[str]:
        """Keep nothing of a job any more; returns the files of its notifications."""
        self._replay.forget(job_id)
        return self._overflows.pop(job_id, ())

    def notify(
        self,
        method: str,
        params: Struct,
        *,
        latest_of: str | None = None,
        encoded: bytes | None = None,
    ) -> None:
        """Queue a notification; one of the same `latest_of` that still waits is replaced.

        `encoded` are the params as JSON, from whoever needs that as well.
        """
        if method in self._opted_out:
            return
        job_id = getattr(params, "job_id", None)
        content = msgspec.json.encode(params) if encoded is None else encoded
        notification = _Notification(method, content, job_id)
        self._next_key += 1
        key = latest_of or self._next_key
        if job_id in self._held:
            self._held[job_id].append((key, notification))
        else:
            self._put(key, notification)

    def post(self, line: bytes, *, latest_of: str | None = None) -> None:
        """Queue a line as it is, LF included, among the notifications; it gets no `seq`."""
        self._next_key += 1
        self._put(latest_of or self._next_key, _Notification("", line, None))

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

    def next_chunk(self) -> list[Line]:
        """Return the lines to write next, replies first; empty when nothing waits."""
        lines: list[Line] = []
        size = 0
        while size < CHUNK_BYTES and self._replies:
            lines.append(self._replies.popleft())
            self.reply_bytes -= memory_of(lines[-1])
            size += memory_of(lines[-1])
        while size < CHUNK_BYTES and self._again:
            lines.append(self._again.popleft())
            size += memory_of(lines[-1])
        while size < CHUNK_BYTES and self._notifications:
            key, notification = self._notifications.popitem(last=False)
            if self._log_keys and self._log_keys[0] == key:
                self._log_keys.popleft()
            self.backlog_bytes -= len(notification.params)
            lines.append(self._line(notification))
            size += memory_of(lines[-1])
        return lines

    def _put(self, key: str | int, notification: _Notification) -> None:
        replaced = self._notifications.get(key)
        if replaced is not None:
            self.backlog_bytes -= len(replaced.params)
            self.n_conflated += 1
        self._notifications[key] = notification
        self.backlog_bytes += len(notification.params)

    def _line(self, notification: _Notification) -> Line:
        if not notification.method:
            return notification.params  # a line that was posted
        self._seq += 1
        method, job_id = notification.method, notification.job_id
        # Spliced, since the params are encoded already and can be a hundred kilobytes.
        params = b'{"seq":%d,%b' % (self._seq, notification.params[1:])
        line: Line = _encode(method, params)
        if memory_of(line) > self.max_line_bytes:
            path = self._scratch_path(f"notification-{self._seq}.json")
            if job_id is not None:
                self._overflows.setdefault(job_id, []).append(path)
            room = self.max_line_bytes - (memory_of(line) - len(params))
            whole, content = orjson.loads(params), params
            params = orjson.dumps(shorten(whole, path, room))
            fallback = _encode(method, orjson.dumps(shorten(whole, None, room)))
            overflow = Overflow(path, (content,), is_passing=job_id is None)
            line = StoredLine((_encode(method, params),), fallback, overflow)
        self._replay.add(self._seq, method, params, job_id)
        return line


def _encode(method: str, params: bytes) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, "params": orjson.Fragment(params)}
    return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
