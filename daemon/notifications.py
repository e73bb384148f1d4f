"""What hosts are told without having asked: the params of every notification, typed once.

Shapes and units are those of protocol.md; a test holds the two to each other. Members that may be
absent are `UNSET` by default; a member that is null on the wire is typed `| None`.
"""

from msgspec import UNSET, UnsetType

from daemon.errors import ErrorKindName, ErrorObject
from daemon.params import (
    ErrorStateName,
    LogLevel,
    PageStateName,
    ResultStateName,
    SlotStateName,
    Struct,
    TerminalStateName,
)
from daemon.units import (
    Confidence,
    Count,
    Duration,
    Index,
    Ordinal,
    Percent,
    Points,
    QuarterTurn,
    SlotNumber,
)
from ocr_worker.wire import Preparation, Word


class PageCounts(Struct, frozen=True, kw_only=True):
    """How many pages ended in each state."""

    recognized: Count = 0
    native_text: Count = 0
    empty: Count = 0
    failed: Count = 0
    cancelled: Count = 0


class ProgressParams(Struct, frozen=True, kw_only=True):
    """Params of `job/progress`."""

    job_id: str
    current: Count
    total: Count | None
    percent: Percent | None
    message: str
    document: Index
    file: str
    page: Ordinal | None
    page_count: Count | None
    eta_s: Duration | UnsetType = UNSET


class PageParams(Struct, frozen=True, kw_only=True):
    """Params of `job/page`, and a row of `job/result`'s `pages`."""

    job_id: str
    document: Index
    file: str
    page: Ordinal
    state: PageStateName
    duration_s: Duration
    attempts: Count
    width_pt: Points | None = None
    height_pt: Points | None = None
    text: str | UnsetType = UNSET
    confidence: Confidence | UnsetType | None = UNSET
    words: tuple[Word, ...] | UnsetType = UNSET
    orientation: QuarterTurn | UnsetType = UNSET
    skew: float | UnsetType = UNSET
    preparation: tuple[Preparation, ...] | UnsetType = UNSET
    engine: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    warnings: tuple[str, ...] | UnsetType = UNSET
    path: str | UnsetType | None = UNSET
    error: ErrorObject | UnsetType = UNSET


class SucceededDocument(Struct, frozen=True, kw_only=True):
    """A document with at least one page that succeeded and its files written."""

    document: Index
    file: str
    pages: Count
    output: str | None
    outputs: dict[str, str]
    warnings: tuple[str, ...] | UnsetType = UNSET


class FailedDocument(Struct, frozen=True, kw_only=True):
    """A document none of whose pages succeeded; `error` is a sentence."""

    document: Index
    file: str
    error: str
    kind: ErrorKindName


class FailedPage(Struct, frozen=True, kw_only=True):
    """A page that failed; `attempts` 0 means that it was never tried."""

    document: Index
    page: Ordinal
    kind: ErrorKindName
    attempts: Count


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a job's documents and pages."""

    job_id: str
    state: TerminalStateName
    successful: tuple[SucceededDocument, ...]
    failed: tuple[FailedDocument, ...]
    total_files: Count
    total_pages_processed: Count
    duration_seconds: Duration
    pages: PageCounts
    failed_pages: tuple[FailedPage, ...]
    path: str | UnsetType | None = UNSET


class TerminalParams(Outcome, frozen=True, kw_only=True):
    """The last word on a job, whichever it is: what `job/result` or `job/error` has told."""

    error: ErrorObject | UnsetType = UNSET


class TerminalResult(Outcome, frozen=True, kw_only=True):
    """Params of `job/result`: the last word on a job that has read something."""

    state: ResultStateName


class TerminalError(Outcome, frozen=True, kw_only=True):
    """Params of `job/error`: the last word on a job that has read nothing, or was cancelled."""

    state: ErrorStateName
    error: ErrorObject


class WorkerStateParams(Struct, frozen=True, kw_only=True):
    """Params of `worker/state`."""

    slot: SlotNumber
    worker_id: str | None
    state: SlotStateName
    message: str | UnsetType = UNSET
    exit_code: int | UnsetType = UNSET
    signal: int | UnsetType = UNSET


class LogMessageParams(Struct, frozen=True, kw_only=True):
    """Params of `log/message`."""

    level: LogLevel
    message: str


class Numbered(Struct, frozen=True, kw_only=True):
    """What every notification carries besides: its number, given in the order in which lines leave.

    One that is sent again keeps its number and says so.
    """

    seq: Ordinal
    replayed: bool | UnsetType = UNSET
