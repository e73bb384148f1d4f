"""The host's wire, typed once: params, results and notifications of every method.

Shapes and units are those of protocol.md; a test holds the two to each other. Members that may be
absent are `UNSET` by default; a member that is null on the wire is typed `| None`.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ocr_worker.wire import EngineInfo, PageInfo, Region, Word

PROTOCOL_VERSION = 1

OutputKind = Literal["text", "json"]
Priority = Literal["interactive", "normal", "background"]
PageStateName = Literal["recognized", "native_text", "empty", "failed", "cancelled"]
TerminalStateName = Literal["succeeded", "partial", "failed", "cancelled"]
JobStateName = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
StatusName = Literal["idle", "running", "cancelled", "error"]
SlotStateName = Literal["starting", "idle", "running", "cancelled", "error", "stopped"]


Seconds = Annotated[float, Meta(gt=0, le=1e9)]


class Struct(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything on this wire; unknown members are ignored, as protocol.md says.

    Subclasses repeat `frozen` and `kw_only`, which type checkers do not inherit.
    """


# Params.


class NoParams(Struct, frozen=True, kw_only=True):
    """Of methods that take none."""


class ClientInfo(Struct, frozen=True, kw_only=True):
    """Who the host is, for the log."""

    name: str = ""
    version: str = ""


class Capabilities(Struct, frozen=True, kw_only=True):
    """What the host can take."""

    max_line_bytes: int | None = None
    progress_interval_ms: int | None = None
    opt_out_notifications: tuple[str, ...] = ()
    diagnostics: bool = False


class InitializeParams(Struct, frozen=True, kw_only=True):
    """Params of `initialize`."""

    protocol_version: int = PROTOCOL_VERSION
    client: ClientInfo | None = None
    host_pid: int | None = None
    capabilities: Capabilities = Capabilities()


class DocumentParams(Struct, frozen=True, kw_only=True):
    """A document as the host names it: by path, or by its bytes in base64."""

    path: str | None = None
    data: str | None = None
    name: str | None = None
    password: str | None = None
    pages: str | None = None


class OcrOptions(Struct, frozen=True, kw_only=True):
    """How a job is to be done; every member has a default."""

    engine: str = "auto"
    languages: Annotated[tuple[str, ...], Meta(min_length=1)] = ("en",)
    mode: Literal["auto", "force", "skip_text"] = "auto"
    dpi: Annotated[float, Meta(ge=20, le=1200)] | None = None
    rotate: bool = True
    deskew: bool = True
    region: Region | None = None
    inline: Literal["text", "words", "none"] = "text"
    priority: Priority = "normal"
    page_timeout_s: Seconds = 300.0
    job_timeout_s: Seconds | None = None
    silence_timeout_s: Seconds = 30.0
    max_attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    overwrite: bool = False


class OcrStartParams(Struct, frozen=True, kw_only=True):
    """Params of `ocr/start`."""

    document: DocumentParams
    output_dir: str | None = None
    outputs: tuple[str, ...] | None = None
    options: OcrOptions = OcrOptions()


class OcrStartBatchParams(Struct, frozen=True, kw_only=True):
    """Params of `ocr/start_batch`."""

    documents: Annotated[tuple[DocumentParams, ...], Meta(min_length=1)]
    output_dir: str | None = None
    outputs: tuple[str, ...] | None = None
    options: OcrOptions = OcrOptions()


class DocumentInfoParams(Struct, frozen=True, kw_only=True):
    """Params of `document/info`."""

    document: DocumentParams
    include_pages: bool = False


class JobParams(Struct, frozen=True, kw_only=True):
    """Params of the methods that name a job and nothing else."""

    job_id: str


class JobListParams(Struct, frozen=True, kw_only=True):
    """Params of `job/list`."""

    state: JobStateName | None = None


class JobResultParams(Struct, frozen=True, kw_only=True):
    """Params of `job/result`."""

    job_id: str
    document: int | None = None
    pages: str | None = None


class LanguageListParams(Struct, frozen=True, kw_only=True):
    """Params of `language/list`."""

    engine: str | None = None


class ShutdownParams(Struct, frozen=True, kw_only=True):
    """Params of `shutdown`."""

    mode: Literal["now", "drain"] = "now"
    timeout_s: Annotated[float, Meta(ge=0, le=1e9)] = 600.0


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


class JobAccepted(Struct, frozen=True, kw_only=True):
    """Result of `ocr/start` and `ocr/start_batch`."""

    job_id: str


class JobStateResult(Struct, frozen=True, kw_only=True):
    """Result of `job/cancel`."""

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


NOTIFICATIONS: dict[str, type[Struct]] = {
    "job/progress": ProgressParams,
    "job/page": PageParams,
    "job/result": TerminalParams,
    "job/error": TerminalParams,
    "worker/state": WorkerStateParams,
}
"""Every notification the daemon sends; each also carries `seq`."""
