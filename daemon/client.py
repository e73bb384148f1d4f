"""A small host in Python: spawn the daemon, ask it, follow its jobs, close it.

    with Client() as client:
        for event in client.recognize(["scan.pdf"]):
            if event.method == "job/page":
                text = event.params.get("text")

Imports the standard library and orjson only. A client belongs to one thread. It is strict: a line
on the daemon's stdout that is no message, or a gap in `seq`, raises `ProtocolViolation`, once, in
whichever call meets it; the client may be used further.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, TypeAlias

from daemon.client_messages import (
    ClientError,
    DaemonGone,
    Message,
    Notification,
    ProtocolViolation,
    RequestError,
)
from daemon.client_session import Session
from daemon.frozen import is_frozen

__all__ = [
    "Client",
    "ClientError",
    "DaemonGone",
    "Document",
    "Message",
    "Notification",
    "ProtocolViolation",
    "RequestError",
    "default_command",
]

Document: TypeAlias = str | os.PathLike[str] | Mapping[str, Any]
"""A path, or a document as protocol.md has it: `path` or `data`, `password`, `pages`."""

TERMINAL_METHODS = ("job/result", "job/error")


def default_command() -> list[str]:
    """Return the command that starts the daemon this module was installed with."""
    if is_frozen():
        return [sys.executable]
    # -P: a folder called `daemon` where the host happens to run must not be taken for it.
    return [sys.executable, "-P", "-m", "daemon"]


class Client(Session):
    """A daemon of one's own, by default the one installed beside this module; see `Session`."""

    def __init__(
        self,
        command: Sequence[str] | None = None,
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        stderr: int | IO[Any] | None = None,
    ) -> None:
        super().__init__(command or default_command(), env=env, cwd=cwd, stderr=stderr)

    def job_events(self, job_id: str, *, timeout_s: float | None = None) -> Iterator[Notification]:
        """Yield a job's notifications, its terminal one last; others are kept for others.

        Each wait is bounded by `timeout_s`. Raise `DaemonGone`, `TimeoutError`.
        """
        while True:
            event = self._next_notification(lambda message: _job_of(message) == job_id, timeout_s)
            yield event
            if event.method in TERMINAL_METHODS:
                return

    def start(
        self,
        documents: Sequence[Document],
        *,
        output_dir: str | os.PathLike[str] | None = None,
        outputs: Sequence[str] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> str:
        """Start a job and return its id; relative paths count from the working directory.

        Raise as `request` does.
        """
        wanted = [_document(document) for document in documents]
        params: dict[str, Any] = {"documents": wanted}
        method = "ocr/start_batch"
        if len(wanted) == 1:
            method, params = "ocr/start", {"document": wanted[0]}
        if output_dir is not None:
            params["output_dir"] = os.path.abspath(output_dir)
        if outputs is not None:
            params["outputs"] = list(outputs)
        if options is not None:
            params["options"] = dict(options)
        job_id: str = self.request(method, params)["job_id"]
        return job_id

    def recognize(
        self,
        documents: Sequence[Document],
        *,
        output_dir: str | os.PathLike[str] | None = None,
        outputs: Sequence[str] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Iterator[Notification]:
        """Start a job and return its notifications, the terminal one last. Raise as `start`."""
        job_id = self.start(documents, output_dir=output_dir, outputs=outputs, options=options)
        return self.job_events(job_id)


def _job_of(message: Message) -> object:
    if not isinstance(message, dict) or "method" not in message:
        return None
    return message.get("params", {}).get("job_id")


def _document(document: Document) -> dict[str, Any]:
    wanted = dict(document) if isinstance(document, Mapping) else {"path": os.fspath(document)}
    if "path" in wanted:
        wanted["path"] = os.path.abspath(wanted["path"])
    return wanted
