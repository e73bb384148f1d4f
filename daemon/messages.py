"""What hosts are told: results and notifications, typed once.

Shapes and units are those of protocol.md; a test holds the two to each other. Members that may be
absent are `UNSET` by default; a member that is null on the wire is typed `| None`.
"""

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from daemon.params import (
    JobStateName,
    LogLevel,
    PageStateName,
    SlotStateName,
    StatusName,
    Struct,
    TerminalStateName,
)
from ocr_worker.wire import EngineInfo, PageInfo, Word

# Results.


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

    max_line_bytes: int
    max_batch: int
    max_jobs: int
    kept_jobs: int
    kept_job_s: float


class InitializeResult(Struct, frozen=True, kw_only=True):
    """Result of `initialize`."""

    protocol_version: int
    server: ServerInfo
    limits: ServerLimits
    methods: tuple[str, ...]
    notifications: tuple[str, ...]
    engines: tuple[str, ...]
    host_watched: bool


class DocumentInfoResult(Struct, frozen=True, kw_only=True):
    """Result of `document/info`."""

    format: str
    page_count: int
    encrypted: bool
    size_bytes: int
    warnings: tuple[str, ...]
    path: str | UnsetType = UNSET
    pages: tuple[PageInfo, ...] | UnsetType = UNSET


class DocumentRenderResult(Struct, frozen=True, kw_only=True):
    """Result of `document/render`: either `path` or `data`, in base64, is there."""

    page: int
    width_px: int
    height_px: int
    path: str | UnsetType = UNSET
    data: str | UnsetType = UNSET


class JobAccepted(Struct, frozen=True, kw_only=True):
    """Result of `ocr/start` and `ocr/start_batch`."""

    job_id: str


class JobStateResult(Struct, frozen=True, kw_only=True):
    """Result of `job/cancel` and `job/prioritize`."""

    job_id: str
    state: JobStateName


class PageCounts(Struct, frozen=True, kw_only=True):
    """How many pages ended in each state."""

    recognized: int = 0
    native_text: int = 0
    empty: int = 0
    failed: int = 0
    cancelled: int = 0


class DocumentStatus(Struct, frozen=True, kw_only=True):
    """A document of a job; `page_count` is how many of its pages were asked for."""

    document: int
    file: str
    state: JobStateName
    page_count: int | None
    pages: PageCounts


class JobSummary(Struct, frozen=True, kw_only=True):
    """A row of `job/list`."""

    job_id: str
    state: JobStateName
    current: int
    total: int | None
    percent: float | None
    created_at: float


class JobStatusResult(Struct, frozen=True, kw_only=True):
    """Result of `job/status`."""

    job_id: str
    state: JobStateName
    current: int
    total: int | None
    percent: float | None
    pages: PageCounts
    documents: tuple[DocumentStatus, ...]
    created_at: float
    started_at: float | UnsetType = UNSET
    finished_at: float | UnsetType = UNSET
    error: dict[str, Any] | UnsetType = UNSET


class JobListResult(Struct, frozen=True, kw_only=True):
    """Result of `job/list`."""

    jobs: tuple[JobSummary, ...]


class StatusResult(Struct, frozen=True, kw_only=True):
    """Result of `status/get`: the daemon in one word, for a status bar."""

    state: StatusName
    is_running: bool
    current_page: int | None
    total_pages: int | None
    current_operation: str | None
    progress_percent: float | None
    jobs: dict[str, int]
    message: str | UnsetType = UNSET


class WorkerStatus(Struct, frozen=True, kw_only=True):
    """A row of `worker/list`."""

    slot: int
    worker_id: str | None
    pid: int | None
    kind: Literal["ocr", "inspector"]
    state: SlotStateName
    restarts: int
    uptime_s: float
    rss_bytes: int
    message: str | UnsetType = UNSET
    job_id: str | UnsetType = UNSET
    document: int | UnsetType = UNSET
    page: int | UnsetType = UNSET


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
    """Result of `hardware/get`; `reason` says why there are that many workers."""

    cpu_count: int
    cpu_usable: int
    memory_bytes: int
    memory_available_bytes: int
    accelerators: tuple[str, ...]
    workers: int
    threads_per_worker: int
    reason: str


# Notifications.


class ProgressParams(Struct, frozen=True, kw_only=True):
    """Params of `job/progress`."""

    job_id: str
    current: int
    total: int | None
    percent: float | None
    message: str
    document: int
    file: str
    page: int | None
    page_count: int | None
    eta_s: float | UnsetType = UNSET


class PageParams(Struct, frozen=True, kw_only=True):
    """Params of `job/page`, and a row of `job/result`'s `pages`."""

    job_id: str
    document: int
    file: str
    page: int
    state: PageStateName
    duration_s: float
    attempts: int
    width_pt: float | None = None
    height_pt: float | None = None
    text: str | UnsetType = UNSET
    confidence: float | UnsetType | None = UNSET
    words: tuple[Word, ...] | UnsetType = UNSET
    skew: float | UnsetType = UNSET
    engine: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    warnings: tuple[str, ...] | UnsetType = UNSET
    error: dict[str, Any] | UnsetType = UNSET


class SucceededDocument(Struct, frozen=True, kw_only=True):
    """A document with at least one page that succeeded and its files written."""

    document: int
    file: str
    pages: int
    output: str | None
    outputs: dict[str, str]


class FailedDocument(Struct, frozen=True, kw_only=True):
    """A document none of whose pages succeeded; `error` is a sentence."""

    document: int
    file: str
    error: str
    kind: str


class FailedPage(Struct, frozen=True, kw_only=True):
    """A page that failed; `attempts` 0 means that it was never tried."""

    document: int
    page: int
    kind: str
    attempts: int


class TerminalParams(Struct, frozen=True, kw_only=True):
    """Params of `job/result` and, with `error`, of `job/error`: the last word on a job."""

    job_id: str
    state: TerminalStateName
    successful: tuple[SucceededDocument, ...]
    failed: tuple[FailedDocument, ...]
    total_files: int
    total_pages_processed: int
    duration_seconds: float
    pages: PageCounts
    failed_pages: tuple[FailedPage, ...]
    error: dict[str, Any] | UnsetType = UNSET


class JobResultResult(Struct, frozen=True, kw_only=True):
    """Result of `job/result`: the terminal notification's params, and the pages there are."""

    terminal: TerminalParams | None
    pages: tuple[PageParams, ...]


class WorkerStateParams(Struct, frozen=True, kw_only=True):
    """Params of `worker/state`."""

    slot: int
    worker_id: str | None
    state: SlotStateName
    message: str | UnsetType = UNSET
    exit_code: int | UnsetType = UNSET
    signal: int | UnsetType = UNSET


class LogMessageParams(Struct, frozen=True, kw_only=True):
    """Params of `log/message`."""

    level: LogLevel
    message: str


NOTIFICATIONS: dict[str, type[Struct]] = {
    "job/progress": ProgressParams,
    "job/page": PageParams,
    "job/result": TerminalParams,
    "job/error": TerminalParams,
    "worker/state": WorkerStateParams,
    "log/message": LogMessageParams,
}
"""Every notification the daemon sends; each also carries `seq`."""
