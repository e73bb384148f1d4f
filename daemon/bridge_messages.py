"""The bridge dialect's commands and events, typed once; data.

The shapes are those of protocol.md, section "The bridge dialect"; a test holds the two to each
other. Hosts of this dialect write null where they mean nothing, so what may be absent may be null.
"""

from typing import Annotated, Any, Final, Literal, NamedTuple

from msgspec import Meta

from daemon.messages import Empty, HardwareResult
from daemon.params import NoParams, Struct

EventType = Literal["progress", "result", "error"]
ProcessingMode = Literal["hybrid", "selective", "full"]
"""Which pages are read: those whose text cannot be trusted, those without text, all."""


class Event(Struct, frozen=True, kw_only=True):
    """One line to the host; `request_id` is the command's, null included."""

    type: EventType
    data: Struct
    request_id: Any


# Commands, without the members that all have.


class AnalyzeCommand(Struct, frozen=True, kw_only=True):
    """What `analyze` is given."""

    file_path: str


class OcrConfig(Struct, frozen=True, kw_only=True):
    """How to read; what such hosts also send, of batches and graphics memory, is ignored."""

    engine: str | None = None
    languages: Annotated[tuple[str, ...], Meta(min_length=1)] | None = None
    dpi: Annotated[float, Meta(ge=20, le=1200)] | None = None
    processing_mode: ProcessingMode | None = None


class ProcessOptions(Struct, frozen=True, kw_only=True):
    """Options of `process`; `force_ocr` outranks `processing_mode`."""

    force_ocr: bool | None = None
    output_dir: str | None = None
    ocr_config: OcrConfig | None = None


class ProcessCommand(Struct, frozen=True, kw_only=True):
    """What `process` is given."""

    file_path: str
    options: ProcessOptions | None = None


class BatchOptions(Struct, frozen=True, kw_only=True):
    """Options of `ocr_batch`."""

    files: Annotated[tuple[str, ...], Meta(min_length=1)]
    output_dir: str
    ocr_config: OcrConfig | None = None


class BatchCommand(Struct, frozen=True, kw_only=True):
    """What `ocr_batch` is given."""

    options: BatchOptions


class LanguageOptions(Struct, frozen=True, kw_only=True):
    """Options of the commands that are about one language."""

    language_code: str


class LanguageCommand(Struct, frozen=True, kw_only=True):
    """What `get_language_status` and `download_language_pack` are given."""

    options: LanguageOptions


# Data of events.


class ProgressData(Struct, frozen=True, kw_only=True):
    """Data of a progress; `total` and `percent` are 0 until all files are counted."""

    current: int
    total: int
    percent: float
    message: str


class ErrorData(Struct, frozen=True, kw_only=True):
    """Data of an error: a sentence for people."""

    message: str


class AnalyzeResult(Struct, frozen=True, kw_only=True):
    """Result of `analyze`."""

    total_pages: int
    format: str
    encrypted: bool
    size_bytes: int
    warnings: tuple[str, ...]


class SuccessfulFile(Struct, frozen=True, kw_only=True):
    """A file that was read; `output` is null where nothing was to be written."""

    file: str
    pages: int
    output: str | None


class FailedFile(Struct, frozen=True, kw_only=True):
    """A file that was not, and a sentence why."""

    file: str
    error: str


class OcrResult(Struct, frozen=True, kw_only=True):
    """Result of `process` and `ocr_batch`."""

    successful: tuple[SuccessfulFile, ...]
    failed: tuple[FailedFile, ...]
    total_files: int
    total_pages_processed: int
    duration_seconds: float


class HardwareCapabilities(HardwareResult, frozen=True, kw_only=True):
    """Result of `get_hardware_capabilities`: `hardware/get`, and the names such hosts know.

    `recommended_batch_size` is how many pages are read at a time.
    """

    gpu_available: bool
    cuda_available: bool
    gpu_memory_gb: float
    system_memory_gb: float
    platform: str
    recommended_batch_size: int
    recommended_dpi: int


class LanguageStatus(Struct, frozen=True, kw_only=True):
    """A language; `total_size_mb` is what would have to be downloaded."""

    code: str
    name: str
    installed: bool
    script_name: str
    script_description: str
    total_size_mb: float
    detection_installed: bool
    recognition_installed: bool


class AvailableLanguages(Struct, frozen=True, kw_only=True):
    """Result of `list_available_languages`."""

    languages: tuple[LanguageStatus, ...]
    count: int


class InstalledLanguages(Struct, frozen=True, kw_only=True):
    """Result of `list_installed_languages`."""

    installed_languages: tuple[str, ...]
    count: int


class Shape(NamedTuple):
    """What a command is given and what its result holds."""

    members: type[Struct]
    result: type[Struct]


COMMANDS: Final = {
    "analyze": Shape(AnalyzeCommand, AnalyzeResult),
    "process": Shape(ProcessCommand, OcrResult),
    "ocr_batch": Shape(BatchCommand, OcrResult),
    "cancel": Shape(NoParams, Empty),
    "get_hardware_capabilities": Shape(NoParams, HardwareCapabilities),
    "list_available_languages": Shape(NoParams, AvailableLanguages),
    "list_installed_languages": Shape(NoParams, InstalledLanguages),
    "get_language_status": Shape(LanguageCommand, LanguageStatus),
    "download_language_pack": Shape(LanguageCommand, Empty),
}
"""Every command by its name on the wire; `cancel` and `download_language_pack` have no result."""
