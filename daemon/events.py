"""Everything that can happen to the daemon: one closed list of frozen structs."""

from typing import TypeAlias

import msgspec

from daemon.errors import RpcError
from daemon.framing import TooLong
from daemon.jobs import JobId
from daemon.lines import Place
from daemon.machine_facts import MachineSample
from daemon.page_store import PageKey
from daemon.params import LogLevel
from daemon.worker_slot import WorkerId
from ocr_worker import wire


class LinesReceived(msgspec.Struct, frozen=True):
    """The host sent something that completed these lines; the reader owes one credit for it."""

    lines: list[bytes | TooLong]


class HostClosed(msgspec.Struct, frozen=True):
    """The host ended our stdin (`broken` False), or our stdout cannot be written any more."""

    broken: bool


class HostGone(msgspec.Struct, frozen=True):
    """The process that was watched as the host has ended, whoever still holds our pipes."""

    pid: int


class ChunkWritten(msgspec.Struct, frozen=True):
    """The writer has written what it was handed and can take more."""


class SignalReceived(msgspec.Struct, frozen=True):
    """The system asks us to stop."""

    number: int


class ThreadCrashed(msgspec.Struct, frozen=True):
    """A thread of ours ended by a bug; the daemon cannot be trusted any more."""

    name: str


class LogWritten(msgspec.Struct, frozen=True):
    """Something was logged that the host wants to be told."""

    level: LogLevel
    message: str


class WorkerSpawned(msgspec.Struct, frozen=True):
    """The process runs; it is not ready yet."""

    worker_id: WorkerId
    pid: int


class WorkerSpawnFailed(msgspec.Struct, frozen=True):
    """The system refused to start the process."""

    worker_id: WorkerId


class WorkerSaid(msgspec.Struct, frozen=True):
    """A worker sent a message."""

    worker_id: WorkerId
    message: wire.Event


class WorkerMeasured(msgspec.Struct, frozen=True):
    """A look at a worker and its children.

    `cpu_s` is the processor time all of them have used so far, `rss_bytes` the worker's memory.
    `is_held_up`: it would go on, but waits for a disk, or for a processor that others have.
    """

    worker_id: WorkerId
    cpu_s: float
    rss_bytes: int
    is_held_up: bool = False


class MachineSampled(msgspec.Struct, frozen=True):
    """The machine was looked at."""

    sample: MachineSample


class WorkerGone(msgspec.Struct, frozen=True):
    """A worker is dead and everything it had written has been handed over before this.

    `code` and `signal`: one of them is set, as the system tells it. `error_id` is where the log
    has its last words, of which `stderr_tail` is the end.
    """

    worker_id: WorkerId
    code: int | None = None
    signal: int | None = None
    error_id: str = ""
    stderr_tail: str = ""


class DocumentChecked(msgspec.Struct, frozen=True):
    """What the file system said about one document: its resolved path, or why not."""

    path: str
    failure: RpcError | None = None
    is_copy: bool = False
    """`path` is ours: base64 data put into scratch."""


class PathsChecked(msgspec.Struct, frozen=True):
    """The answer to a check of paths."""

    token: int
    documents: tuple[DocumentChecked, ...]
    output_failure: RpcError | None = None
    output: str | None = None
    """The resolved path of the file that is to be written, where there is one."""


class OutputsPublished(msgspec.Struct, frozen=True):
    """Temporary files were given their names (kind of output to path), or why not."""

    token: int
    outputs: dict[str, str]
    failure: RpcError | None = None


class PagesMoved(msgspec.Struct, frozen=True):
    """Pages of a job were written to its file; None for those that could not be."""

    job_id: JobId
    places: tuple[tuple[PageKey, Place | None], ...]


class FileReplaced(msgspec.Struct, frozen=True):
    """A temporary file was given its name, or why not."""

    token: int
    failure: RpcError | None = None


WorkerEvent: TypeAlias = (
    WorkerSpawned
    | WorkerSpawnFailed
    | WorkerSaid
    | WorkerMeasured
    | WorkerGone
    | MachineSampled
    | PathsChecked
    | OutputsPublished
    | PagesMoved
    | FileReplaced
)
"""What the supervisor handles: news of workers, of the machine and of the file system."""

Event: TypeAlias = (
    LinesReceived
    | HostClosed
    | HostGone
    | ChunkWritten
    | SignalReceived
    | ThreadCrashed
    | LogWritten
    | WorkerEvent
)
"""What arrives in the loop's inbox."""
