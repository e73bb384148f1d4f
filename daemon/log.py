"""Logging: the only place that configures loguru; nothing here may ever block the daemon.

A rotating file per daemon, and warnings on stderr for people. Both are written by threads of their
own behind bounded queues that drop and count, because an unread stderr pipe stops whoever writes
to it after some 64 KiB. A host that asks for it is told as well, through the loop's inbox.
"""

import logging
import os
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Thread
from typing import Any, Final

from loguru import logger

from daemon.events import Event, LogWritten
from daemon.params import LogLevel

_QUEUE_LINES: Final = 1000
_FILE_BYTES: Final = 5_000_000
_N_ROTATED: Final = 4
_N_KEPT: Final = 10
"""How many daemons' logs are kept, the newest."""
_FORMAT: Final = (
    "{time:YYYY-MM-DDTHH:mm:ss.SSSZZ} {level: <7} {name} {extra} {message}"  # read by people
)
_HOST_MESSAGE_CHARS: Final = 1000
_LEVELS: Final[tuple[tuple[int, LogLevel], ...]] = ((40, "error"), (30, "warning"), (20, "info"))
"""loguru's numbers, of which it has more than we have names; what is below is debug."""


class BoundedSink:
    """A loguru sink that never blocks: what does not fit is dropped and counted."""

    def __init__(
        self, name: str, write: Callable[[str], None], end: Callable[[], None] = lambda: None
    ) -> None:
        self.name = name
        self._write = write
        self._end = end
        self._lines: Queue[str | None] = Queue(_QUEUE_LINES)
        self.n_dropped = 0
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def __call__(self, line: Any) -> None:
        """Take a line; called by loguru on any thread."""
        try:
            self._lines.put_nowait(str(line))
        except Full:
            self.n_dropped += 1

    def close(self, timeout_s: float) -> None:
        """Write what is queued, if that is possible in time."""
        try:
            self._lines.put(None, timeout=timeout_s)
        except Full:
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._write(line)
            except (OSError, ValueError):
                self._drain()
                return
        self._end()

    def _drain(self) -> None:
        """Nobody can be told any more: let the queue stay empty."""
        while True:
            try:
                if self._lines.get(timeout=1.0) is None:
                    return
            except Empty:
                continue


class HostSink:
    """A loguru sink that hands what is logged to the loop, which tells the host.

    Called by loguru on any thread. Where the loop has too much to do already, the log is what it
    does without: what comes then is dropped and counted. Nothing may be logged on the way from
    here to the host, or a message would make more of them.
    """

    def __init__(self, post: Callable[[Event], None], has_room: Callable[[], bool]) -> None:
        self._post = post
        self._has_room = has_room
        self.n_dropped = 0

    def __call__(self, line: Any) -> None:
        """Take a line."""
        if not self._has_room():
            self.n_dropped += 1
            return
        # The message alone: a traceback quotes whatever library has raised.
        record, text = line.record, line.record["message"]
        if len(text) > _HOST_MESSAGE_CHARS:
            text = text[:_HOST_MESSAGE_CHARS] + "…"
        self._post(LogWritten(_level_name(record["level"].no), text))


class Log:
    """What was configured, and what of it may be changed while the daemon runs."""

    def __init__(
        self, path: str | None, sinks: list[BoundedSink], file_id: int | None, to_host: HostSink
    ) -> None:
        self.path = path
        self.sinks = sinks
        self.to_host = to_host
        self._file_id = file_id
        self._host_id: int | None = None

    def set_level(self, level: LogLevel) -> None:
        """Log to the file from this level on."""
        if self._file_id is not None:
            # The new one first: other threads are logging, and a line twice is better than none.
            old, self._file_id = self._file_id, _add(self.sinks[-1], level)
            logger.remove(old)

    def tell_host(self, level: LogLevel | None) -> None:
        """Tell the host what is logged from this level on; None for nothing."""
        if self._host_id is not None:
            logger.remove(self._host_id)
        self._host_id = None if level is None else _add(self.to_host, level)


class _PrivateFileHandler(RotatingFileHandler):
    """A rotating file that only its owner may read."""

    def _open(self) -> Any:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return open(descriptor, "a", encoding="utf-8")


class _ToLoguru(logging.Handler):
    """Forwards the standard library's logging, which jsonrpcserver uses, at debug."""

    def emit(self, record: logging.LogRecord) -> None:
        # The message only: a traceback of a handler's failure is logged where it is caught.
        logger.debug("{}: {}", record.name, record.msg)


def configure(log_dir: Path, instance_id: str, level: LogLevel, to_host: HostSink) -> Log:
    """Send logs to a file in `log_dir` and warnings to stderr; to the host when it asks.

    Called once, by `composition`. A folder that cannot be written to costs the file, not the start.
    """
    logger.remove()
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.WARNING, force=True)
    stderr = sys.stderr
    sinks = [BoundedSink("log-stderr", lambda line: _write_now(stderr, line))]
    _add(sinks[0], "warning")
    path = log_dir / f"ocr-sidecar-{instance_id}.log"
    try:
        log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = _PrivateFileHandler(path, maxBytes=_FILE_BYTES, backupCount=_N_ROTATED)
    except OSError as error:
        logger.warning("no log file: {}", error.strerror)
        return Log(None, sinks, None, to_host)
    sinks.append(BoundedSink("log-file", lambda line: _append(handler, line), handler.close))
    file_id = _add(sinks[1], level)
    _remove_old(log_dir)
    return Log(str(path), sinks, file_id, to_host)


def _add(sink: BoundedSink | HostSink, level: LogLevel) -> int:
    # `diagnose` would print the values of variables, which are people's documents.
    return logger.add(sink, level=level.upper(), format=_FORMAT, diagnose=False)


def _level_name(number: int) -> LogLevel:
    return next((name for least, name in _LEVELS if number >= least), "debug")


def _append(handler: RotatingFileHandler, line: str) -> None:
    record = logging.LogRecord("daemon", logging.INFO, "", 0, line.rstrip("\n"), None, None)
    handler.emit(record)


def _write_now(stream: Any, line: str) -> None:
    stream.write(line)
    stream.flush()


def _remove_old(log_dir: Path) -> None:
    """Keep the newest logs; others' daemons may be cleaning at the same time."""
    logs = []
    for path in log_dir.glob("ocr-sidecar-*.log"):
        try:
            logs.append((path.stat().st_mtime, path))
        except OSError:
            continue
    for _, path in sorted(logs, reverse=True)[_N_KEPT:]:
        for each in [path, *log_dir.glob(f"{path.name}.*")]:
            each.unlink(missing_ok=True)
