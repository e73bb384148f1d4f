"""A daemon under trial: a spawned program and its pipes, every wait bounded."""

import contextlib
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

_STDERR_CHARS = 1000
_READER_S = 1.0


class Daemon:
    """A spawned program; what it writes to stderr is kept in `stderr`.

    Raise `OSError` when it cannot be started. `close` ends it, whatever state it is in.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str], stderr: Path) -> None:
        self._stderr = stderr
        with stderr.open("wb") as file:
            self.process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env=dict(env),
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def write(self, data: bytes, timeout_s: float) -> None:
        """Write all of it. Raise `OSError` when nobody reads it; who is too slow is killed."""
        executioner = threading.Timer(timeout_s, self.process.kill)
        executioner.start()
        try:
            self._stdin.write(data)
            self._stdin.flush()
        finally:
            executioner.cancel()

    def end_input(self) -> None:
        """Close its stdin."""
        self._stdin.close()

    def next_line(self, timeout_s: float) -> bytes | None:
        """Return the next line with its LF, None after the last. Raise `queue.Empty`."""
        return self._lines.get(timeout=timeout_s)

    def last_words(self) -> str:
        """Return the end of what it wrote to stderr."""
        return self._stderr.read_text(encoding="utf-8", errors="replace").strip()[-_STDERR_CHARS:]

    def close(self) -> None:
        """Kill it, if it still runs, and free what it held."""
        self.process.kill()
        self.process.wait()
        self._reader.join(_READER_S)
        for pipe in (self._stdin, self._stdout):
            # A child of the daemon's may hold stdout open, and then the reader holds it too.
            if pipe is self._stdin or not self._reader.is_alive():
                with contextlib.suppress(OSError):  # unwritten bytes, and nobody to read them
                    pipe.close()

    def _read(self) -> None:
        for line in self._stdout:
            self._lines.put(line)
        self._lines.put(None)
