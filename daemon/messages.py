"""What hosts are answered: the result of every request, typed once.

Shapes and units are those of protocol.md; a test holds the two to each other. Members that may be
absent are `UNSET` by default; a member that is null on the wire is typed `| None`.
"""

from typing import Annotated, Any, get_args

import msgspec
from msgspec import UNSET, UnsetType

from daemon.errors import ErrorObject
from daemon.notifications import PageCounts, PageParams, TerminalParams
from daemon.params import (
    DocumentFormat,
    JobStateName,
    SlotStateName,
    StatusName,
    Struct,
    WorkerKindName,
    one_of,
)
from daemon.units import (
    ByteCount,
    Count,
    Duration,
    Index,
    Ordinal,
    Percent,
    Rate,
    SlotNumber,
    UnixTime,
)
from ocr_worker.wire import EngineInfo, PageInfo


class Empty(Struct, frozen=True, kw_only=True):
    """The result `{}`."""


class ServerInfo(Struct, frozen=True, kw_only=True):
    """Which daemon answers; `instance_id` is new with each start."""

    name: str
    version: str
    pid: int
    instance_id: str
    log_path: str | None


class ServerLimits(Struct, frozen=True, kw_only=True):
    """The daemon's limits, so that a host need not guess."""

    max_line_bytes: ByteCount
    max_batch: Count
    max_jobs: Count
    kept_jobs: Count
    kept_job_s: Duration


class InitializeResult(Struct, frozen=True, kw_only=True):
    """Result of `initialize`."""

    protocol_version: int
    server: ServerInfo
    limits: ServerLimits
    methods: tuple[str, ...]
    notifications: tuple[str, ...]
    engines: tuple[str, ...]
    host_watched: bool


class OpenRpcDocument(Struct, frozen=True, kw_only=True):
    """Result of `rpc.discover`: an OpenRPC document, with what OpenRPC has no place for in `x-`."""

    openrpc: str
    info: dict[str, Any]
    methods: tuple[dict[str, Any], ...]
    components: dict[str, Any]
    x_notifications: tuple[dict[str, Any], ...] = msgspec.field(name="x-notifications")
    x_what_to_do: dict[str, str] = msgspec.field(name="x-what-to-do")


class OverflowFile(Struct, frozen=True, kw_only=True):
    """Where a result lies that no line has room for, as JSON."""

    path: str
    size_bytes: Count


class Overflow(Struct, frozen=True, kw_only=True):
    """In place of a result that no line has room for."""

    overflow: OverflowFile


class DocumentInfoResult(Struct, frozen=True, kw_only=True):
    """Result of `document/info`."""

    format: DocumentFormat
    page_count: Count
    encrypted: bool
    size_bytes: ByteCount
    warnings: tuple[str, ...]
    path: str | UnsetType = UNSET
    pages: tuple[PageInfo, ...] | UnsetType = UNSET


class DocumentRenderResult(Struct, frozen=True, kw_only=True):
    """Result of `document/render`: either `path` or `data`, in base64, is there."""

    page: Ordinal
    width_px: Count
    height_px: Count
    path: str | UnsetType = UNSET
    data: str | UnsetType = UNSET


class JobAccepted(Struct, frozen=True, kw_only=True):
    """Result of `ocr/start` and `ocr/start_batch`."""

    job_id: str


class JobStateResult(Struct, frozen=True, kw_only=True):
    """Result of `job/cancel` and `job/prioritize`."""

    job_id: str
    state: JobStateName


class DocumentStatus(Struct, frozen=True, kw_only=True):
    """A document of a job; `page_count` is how many of its pages were asked for."""

    document: Index
    file: str
    state: JobStateName
    page_count: Count | None
    pages: PageCounts


class JobSummary(Struct, frozen=True, kw_only=True):
    """A row of `job/list`."""

    job_id: str
    state: JobStateName
    current: Count
    total: Count | None
    percent: Percent | None
    created_at: UnixTime


class JobStatusResult(Struct, frozen=True, kw_only=True):
    """Result of `job/status`."""

    job_id: str
    state: JobStateName
    current: Count
    total: Count | None
    percent: Percent | None
    pages: PageCounts
    documents: tuple[DocumentStatus, ...]
    created_at: UnixTime
    started_at: UnixTime | UnsetType = UNSET
    finished_at: UnixTime | UnsetType = UNSET
    error: ErrorObject | UnsetType = UNSET


class JobListResult(Struct, frozen=True, kw_only=True):
    """Result of `job/list`."""

    jobs: tuple[JobSummary, ...]


class StatusResult(Struct, frozen=True, kw_only=True):
    """Result of `status/get`: the daemon in one word, for a status bar."""

    state: StatusName
    is_running: bool
    current_page: Count | None
    total_pages: Count | None
    current_operation: str | None
    progress_percent: Percent | None
    jobs: dict[Annotated[str, one_of(*get_args(JobStateName))], Count]
    message: str | UnsetType = UNSET


class WorkerStatus(Struct, frozen=True, kw_only=True):
    """A row of `worker/list`."""

    slot: SlotNumber
    worker_id: str | None
    pid: int | None
    kind: WorkerKindName
    state: SlotStateName
    restarts: Count
    uptime_s: Duration
    rss_bytes: ByteCount
    message: str | UnsetType = UNSET
    job_id: str | UnsetType = UNSET
    document: Index | UnsetType = UNSET
    page: Ordinal | UnsetType = UNSET


class WorkerListResult(Struct, frozen=True, kw_only=True):
    """Result of `worker/list`."""

    workers: tuple[WorkerStatus, ...]


class EngineListResult(Struct, frozen=True, kw_only=True):
    """Result of `engine/list`."""

    engines: tuple[EngineInfo, ...]


class LanguageInfo(Struct, frozen=True, kw_only=True):
    """A row of `language/list`."""

    code: str
    name: str
    script: str
    engines: tuple[str, ...]


class LanguageListResult(Struct, frozen=True, kw_only=True):
    """Result of `language/list`."""

    languages: tuple[LanguageInfo, ...]


class HardwareResult(Struct, frozen=True, kw_only=True):
    """Result of `hardware/get`: what there is, what is used of it, and a sentence why for each."""

    cpu_count: Count
    cpu_usable: Count
    cpu_physical: Count | None
    memory_bytes: ByteCount
    memory_available_bytes: ByteCount
    accelerators: tuple[str, ...]
    load_average: Rate | None
    foreign_load: Rate | None
    on_battery: bool | None
    battery_percent: Percent | None
    workers: Count
    threads_per_worker: Count
    background_workers: Count
    reason: str
    threads_reason: str
    background_reason: str


class ReplayResult(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Result of `events/replay`: the numbers about to be sent, and how many are lost."""

    from_: Ordinal | None
    to: Ordinal | None
    missed: Count


class JobResultResult(Struct, frozen=True, kw_only=True):
    """Result of `job/result`: the terminal notification's params, and the pages there are."""

    terminal: TerminalParams | None
    pages: tuple[PageParams, ...]
