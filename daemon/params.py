"""What hosts ask for: the params of every method, typed once, and the words of the wire.

Shapes and units are those of protocol.md; a test holds the two to each other. What has a name here
and is one of several words has that name in the schema and in the types of other languages too.
"""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from ocr_worker.wire import PictureFormat, Region

PROTOCOL_VERSION = 1
MIN_LINE_BYTES = 4096
"""What a host has to take at least; the members that are never cut need room."""


def one_of(*words: str) -> Meta:
    """Return what makes the schema list the words that a `str` may be.

    For where the type does not check it: code does, with a better sentence, or nobody needs to.
    """
    return Meta(extra_json_schema={"enum": list(words)})


OutputKind = Literal[
    "text",
    "json",
    "hocr",
    "alto",
    "markdown",
    "searchable_pdf",
]
DocumentFormat = Annotated[
    str,
    one_of("pdf", "png", "jpeg", "tiff", "webp", "bmp", "gif", "jp2", "heic", "avif"),
]
OcrMode = Literal["auto", "force", "skip_text"]
InlineName = Literal["text", "words", "none"]
Priority = Literal["interactive", "normal", "background"]
PageStateName = Literal["recognized", "native_text", "empty", "failed", "cancelled"]
TerminalStateName = Literal["succeeded", "partial", "failed", "cancelled"]
ResultStateName = Literal["succeeded", "partial"]
"""How a job ends that `job/result` tells of."""
ErrorStateName = Literal["failed", "cancelled"]
"""How a job ends that `job/error` tells of."""
JobStateName = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]
StatusName = Literal["idle", "running", "cancelled", "error"]
SlotStateName = Literal["starting", "idle", "running", "cancelled", "error", "stopped"]
WorkerKindName = Literal["ocr", "inspector"]
ShutdownMode = Literal["now", "drain"]
LogLevel = Literal["debug", "info", "warning", "error"]
Stage = Literal["queue", "render", "recognize", "assemble"]
"""A part of a page's way, or a document's, whose duration is measured."""
RestartCause = Literal[
    "crash", "start_failed", "timeout", "silence", "cancel", "recycle", "requested"
]
"""Why a worker had to be replaced."""
HealthName = Literal["ok", "degraded", "failed"]
ProblemKind = Literal[
    "inspector_unavailable",
    "workers_unavailable",
    "worker_unavailable",
    "worker_unresponsive",
    "host_not_reading",
]


OutputName = Annotated[str, one_of(*get_args(OutputKind))]
Seconds = Annotated[float, Meta(gt=0, le=1e9)]
Dpi = Annotated[float, Meta(ge=20, le=1200)]


class Struct(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything on this wire; unknown members are ignored, as protocol.md says.

    Subclasses repeat `frozen` and `kw_only`, which type checkers do not inherit.
    """


class NoParams(Struct, frozen=True, kw_only=True):
    """Of methods that take none."""


class ClientInfo(Struct, frozen=True, kw_only=True):
    """Who the host is, for the log."""

    name: str = ""
    version: str = ""


class Capabilities(Struct, frozen=True, kw_only=True):
    """What the host can take."""

    max_line_bytes: Annotated[int, Meta(ge=MIN_LINE_BYTES)] | None = None
    progress_interval_ms: int | None = None
    opt_out_notifications: tuple[str, ...] = ()
    diagnostics: bool = False
    log_level: LogLevel | None = None


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
    """How a job is to be done; every member has a default, a timeout that of the configuration."""

    engine: str = "auto"
    languages: Annotated[tuple[str, ...], Meta(min_length=1)] = ("en",)
    mode: OcrMode = "auto"
    dpi: Dpi | None = None
    rotate: bool = True
    deskew: bool = True
    contrast: bool = True
    skip_blank: bool = True
    region: Region | None = None
    inline: InlineName = "text"
    priority: Priority = "normal"
    page_timeout_s: Seconds | None = None
    job_timeout_s: Seconds | None = None
    silence_timeout_s: Seconds | None = None
    max_attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    overwrite: bool = False


class OcrStartParams(Struct, frozen=True, kw_only=True):
    """Params of `ocr/start`."""

    document: DocumentParams
    output_dir: str | None = None
    outputs: tuple[OutputName, ...] | None = None
    options: OcrOptions = OcrOptions()


class OcrStartBatchParams(Struct, frozen=True, kw_only=True):
    """Params of `ocr/start_batch`."""

    documents: Annotated[tuple[DocumentParams, ...], Meta(min_length=1)]
    output_dir: str | None = None
    outputs: tuple[OutputName, ...] | None = None
    options: OcrOptions = OcrOptions()


class DocumentInfoParams(Struct, frozen=True, kw_only=True):
    """Params of `document/info`."""

    document: DocumentParams
    include_pages: bool = False


class OverlayParams(Struct, frozen=True, kw_only=True):
    """Whose words are drawn over a page: those that a job has read of it."""

    job_id: str
    document: int = 0


class DocumentRenderParams(Struct, frozen=True, kw_only=True):
    """Params of `document/render`; `max_px` and `dpi` exclude each other."""

    document: DocumentParams
    page: Annotated[int, Meta(ge=1)]
    max_px: Annotated[int, Meta(ge=16, le=8192)] | None = None
    dpi: Dpi | None = None
    format: PictureFormat = "png"
    output: str | None = None
    overlay: OverlayParams | None = None


class JobParams(Struct, frozen=True, kw_only=True):
    """Params of the methods that name a job and nothing else."""

    job_id: str


class CancelRequestParams(Struct, frozen=True, kw_only=True):
    """Params of `$/cancelRequest`."""

    id: str | int | float


class JobListParams(Struct, frozen=True, kw_only=True):
    """Params of `job/list`."""

    state: JobStateName | None = None


class JobPrioritizeParams(Struct, frozen=True, kw_only=True):
    """Params of `job/prioritize`; one of `priority` and `pages` is there."""

    job_id: str
    priority: Priority | None = None
    document: int = 0
    pages: str | None = None


class JobResultParams(Struct, frozen=True, kw_only=True):
    """Params of `job/result`."""

    job_id: str
    document: int | None = None
    pages: str | None = None


class ReplayParams(Struct, frozen=True, kw_only=True):
    """Params of `events/replay`: the last `seq` that the host has seen."""

    since: Annotated[int, Meta(ge=0, le=1 << 62)]


class LanguageListParams(Struct, frozen=True, kw_only=True):
    """Params of `language/list`."""

    engine: str | None = None


class ShutdownParams(Struct, frozen=True, kw_only=True):
    """Params of `shutdown`."""

    mode: ShutdownMode = "now"
    timeout_s: Annotated[float, Meta(ge=0, le=1e9)] = 600.0


class HealthCheckParams(Struct, frozen=True, kw_only=True):
    """Params of `health/check`."""

    deep: bool = False


class WorkerRestartParams(Struct, frozen=True, kw_only=True):
    """Params of `worker/restart`; without `slot`, all of them."""

    slot: int | None = None


class LogSetLevelParams(Struct, frozen=True, kw_only=True):
    """Params of `log/set_level`."""

    level: LogLevel
