"""Logging: the only place that configures loguru; nothing here may ever block the daemon.

A rotating file per daemon, and warnings on stderr for people. Both are written by threads of their
own behind bounded queues that drop and count, because an unread stderr pipe stops whoever writes
to it after some 64 KiB.
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

_QUEUE_LINES: Final = 1000
_FILE_BYTES: Final = 5_000_000
_N_ROTATED: Final = 4
_N_KEPT: Final = 10
"""How many daemons' logs are kept, the newest."""
_FORMAT: Final = (
    "{time:YYYY-MM-DDTHH:mm:ss.SSSZZ} {level: <7} {name} {extra} {message}"  # read by people
)


class BoundedSink:
    """A loguru sink that never blocks: what does not fit is dropped and counted."""

    def __init__(self, name: str, write: Callable[[str], None]) -> None:
        self._write = write
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

    def _drain(self) -> None:
        """Nobody can be told any more: let the queue stay empty."""
        while True:
            try:
                if self._lines.get(timeout=1.0) is None:
                    return
            except Empty:
                continue


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


def configure(log_dir: Path, instance_id: str, level: str) -> tuple[str | None, list[BoundedSink]]:
    """Send logs to a file in `log_dir` and warnings to stderr; return the file and the sinks.

    Called once, by `__main__`. A folder that cannot be written to costs the file, not the start.
    """
    logger.remove()
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.WARNING, force=True)
    stderr = sys.stderr
    sinks = [BoundedSink("log-stderr", lambda line: _write_now(stderr, line))]
    # `diagnose` would print the values of variables, which are people's documents.
    logger.add(sinks[0], level="WARNING", format=_FORMAT, diagnose=False)
    path = log_dir / f"ocr-sidecar-{instance_id}.log"
    try:
        log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = _PrivateFileHandler(path, maxBytes=_FILE_BYTES, backupCount=_N_ROTATED)
    except OSError as error:
        logger.warning("no log file: {}", error.strerror)
        return None, sinks
    sinks.append(BoundedSink("log-file", lambda line: _append(handler, line)))
    logger.add(sinks[1], level=level.upper(), format=_FORMAT, diagnose=False)
    _remove_old(log_dir)
    return str(path), sinks


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
