"""What the owner of the state may do to the world: every method returns at once, none blocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from daemon.errors import RpcError
from daemon.jobs import JobId
from daemon.page_store import Move
from daemon.params import DocumentParams, Struct
from daemon.worker_slot import WorkerId
from ocr_worker import wire


class Workers(Protocol):
    """The worker processes. News of them comes back as events; unknown ids are ignored."""

    def spawn(self, worker_id: WorkerId, slot: int, engine: str | None) -> None:
        """Start a process; `engine` is loaded before it says that it is ready."""

    def send(self, worker_id: WorkerId, command: wire.Command) -> None:
        """Queue a command for the worker's stdin."""

    def measure(self, worker_id: WorkerId) -> None:
        """Look at the worker's processes; answered by `WorkerMeasured`, unless it is gone."""

    def dump(self, worker_id: WorkerId) -> None:
        """Have the worker write its stacks to its stderr, where the system has a way."""

    def end_input(self, worker_id: WorkerId) -> None:
        """Close the worker's stdin once what is queued has been written."""

    def terminate(self, worker_id: WorkerId) -> None:
        """Ask the process group to end (SIGTERM; a hard end on Windows)."""

    def kill(self, worker_id: WorkerId) -> None:
        """End the process group."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Temporary files of one document and how they are to be named."""

    temporary: dict[str, str]
    note: str
    """The scratch file that names them, of no use any more once they are named."""
    output_dir: str
    stem: str
    overwrite: bool
    inputs: tuple[str, ...]
    """Paths that are never replaced."""


class Files(Protocol):
    """The file system. It may hang, so the answers come back as events, or never."""

    def check(
        self, token: int, documents: Sequence[DocumentParams], output_dir: str | None
    ) -> None:
        """Check paths and put base64 data into scratch; answered by `PathsChecked`."""

    def check_picture(self, token: int, document: DocumentParams, output: str | None) -> None:
        """Check a document, and where a page of it is to be written; answered by `PathsChecked`."""

    def replace(self, token: int, temporary: str, target: str, note: str | None) -> None:
        """Give a file its name, in place of what has it; answered by `FileReplaced`.

        `note` is the scratch file that told of it until then.
        """

    def publish(self, token: int, publication: Publication) -> None:
        """Give temporary files their names; answered by `OutputsPublished`."""

    def discard(self, paths: Sequence[str]) -> None:
        """Remove files of ours, if they exist."""

    def scratch_path(self, name: str) -> str:
        """Return the path of a scratch file of that name; the folder is there."""


class Machine(Protocol):
    """The machine that all this runs on."""

    def sample(self, pids: Sequence[int]) -> None:
        """Look at it; `pids` are our workers. Answered by `MachineSampled`."""


class PageFiles(Protocol):
    """The files of pages that memory has no room for."""

    def keep(self, move: Move) -> None:
        """Write pages to their job's file; answered by `PagesMoved`."""

    def drop(self, job_id: JobId) -> None:
        """Remove a job's file."""


class Host(Protocol):
    """The host's end of the wire."""

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

    def forget(self, job_id: JobId) -> Sequence[str]:
        """Keep nothing of a job any more; returns the files of its notifications."""

    @property
    def max_line_bytes(self) -> int:
        """The longest line that the host takes."""

    @property
    def backlog_bytes(self) -> int:
        """Bytes of notifications that wait for the host to read."""


def is_same_id(one: str | int | float | None, other: str | int | float | None) -> bool:
    """Tell whether two request ids are the same: 1, 1.0 and "1" are three."""
    return (type(one), one) == (type(other), other)


class Reply(Protocol):
    """The one answer that a request is owed."""

    request_id: str | int | float | None
    """The request's id as the host gave it; None for a notification too."""

    def succeed(self, result: Struct) -> None:
        """Answer with a result."""

    def fail(self, error: RpcError) -> None:
        """Answer with an error."""
