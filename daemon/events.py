"""Everything that can happen to the daemon: one closed list of frozen dataclasses."""

from dataclasses import dataclass
from typing import TypeAlias

from daemon.errors import RpcError
from daemon.framing import TooLong
from daemon.jobs import JobId
from daemon.lines import Place
from daemon.machine_facts import MachineSample
from daemon.page_store import PageKey
from daemon.params import LogLevel
from daemon.worker_slot import WorkerId
from ocr_worker import wire


@dataclass(frozen=True, slots=True)
class LinesReceived:
    """The host sent something that completed these lines; the reader owes one credit for it."""

    lines: list[bytes | TooLong]


@dataclass(frozen=True, slots=True)
class HostClosed:
    """The host ended our stdin (`broken` False), or our stdout cannot be written any more."""

    broken: bool


@dataclass(frozen=True, slots=True)
class HostGone:
    """The process that was watched as the host has ended, whoever still holds our pipes."""

    pid: int


@dataclass(frozen=True, slots=True)
class ChunkWritten:
    """The writer has written what it was handed and can take more."""


@dataclass(frozen=True, slots=True)
class SignalReceived:
    """The system asks us to stop."""

    number: int


@dataclass(frozen=True, slots=True)
class ThreadCrashed:
    """A thread of ours ended by a bug; the daemon cannot be trusted any more."""

    name: str


@dataclass(frozen=True, slots=True)
class LogWritten:
    """Something was logged that the host wants to be told."""

    level: LogLevel
    message: str


@dataclass(frozen=True, slots=True)
class WorkerSpawned:
    """The process runs; it is not ready yet."""

    worker_id: WorkerId
    pid: int


@dataclass(frozen=True, slots=True)
class WorkerSpawnFailed:
    """The system refused to start the process."""

    worker_id: WorkerId


@dataclass(frozen=True, slots=True)
class WorkerSaid:
    """A worker sent a message."""

    worker_id: WorkerId
    message: wire.Event


@dataclass(frozen=True, slots=True)
class WorkerMeasured:
    """A look at a worker and its children.

    `cpu_s` is the processor time all of them have used so far, `rss_bytes` the worker's memory.
    `is_held_up`: it would go on, but waits for a disk, or for a processor that others have.
    """

    worker_id: WorkerId
    cpu_s: float
    rss_bytes: int
    is_held_up: bool = False


@dataclass(frozen=True, slots=True)
class MachineSampled:
    """The machine was looked at."""

    sample: MachineSample


@dataclass(frozen=True, slots=True)
class WorkerGone:
    """A worker is dead and everything it had written has been handed over before this.

    `code` and `signal`: one of them is set, as the system tells it. `error_id` is where the log
    has its last words, of which `stderr_tail` is the end.
    """

    worker_id: WorkerId
    code: int | None = None
    signal: int | None = None
    error_id: str = ""
    stderr_tail: str = ""


@dataclass(frozen=True, slots=True)
class DocumentChecked:
    """What the file system said about one document: its resolved path, or why not."""

    path: str
    failure: RpcError | None = None
    is_copy: bool = False
    """`path` is ours: base64 data put into scratch."""


@dataclass(frozen=True, slots=True)
class PathsChecked:
    """The answer to a check of paths."""

    token: int
    documents: tuple[DocumentChecked, ...]
    output_failure: RpcError | None = None
    output: str | None = None
    """The resolved path of the file that is to be written, where there is one."""


@dataclass(frozen=True, slots=True)
class OutputsPublished:
    """Temporary files were given their names (kind of output to path), or why not."""

    token: int
    outputs: dict[str, str]
    failure: RpcError | None = None


@dataclass(frozen=True, slots=True)
class PagesMoved:
    """Pages of a job were written to its file; None for those that could not be."""

    job_id: JobId
    places: tuple[tuple[PageKey, Place | None], ...]


@dataclass(frozen=True, slots=True)
class FileReplaced:
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
