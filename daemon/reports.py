"""From the owner's state to what a host is told: results and notifications; pure builders."""

from collections import Counter

from msgspec import UNSET

from daemon.errors import ErrorObject, RpcError
from daemon.events import WorkerGone
from daemon.job_book import JobBook
from daemon.jobs import Document, DocumentState, Job, PageRef
from daemon.messages import DocumentStatus, JobStatusResult, JobSummary, StatusResult, WorkerStatus
from daemon.notifications import (
    FailedDocument,
    FailedPage,
    PageCounts,
    PageParams,
    ProgressParams,
    SucceededDocument,
    TerminalParams,
    WorkerStateParams,
)
from daemon.params import JobStateName, OcrOptions, PageStateName, StatusName
from daemon.worker_slot import AssembleTask, PageTask, Slot
from ocr_worker import wire

_SIGKILL = 9
"""Its number on every POSIX system; on Windows nobody dies of a signal."""
_MAX_NAME_CHARS = 200
"""Of a name in a sentence."""
CANCELLED_BY_USER = "Processing cancelled by user"


def percent_of(job: Job) -> float | None:
    """Return how much of a job is done, 0 to 100; None until all documents are counted."""
    if not job.is_counted:
        return None
    return round(100 * job.current / job.total, 1) if job.total else 100.0


def job_summary(job: Job) -> JobSummary:
    """Return a row of `job/list`."""
    return JobSummary(
        job_id=job.job_id,
        state=job.state,
        current=job.current,
        total=job.total if job.is_counted else None,
        percent=percent_of(job),
        created_at=job.accepted.unix,
    )


def job_status(job: Job) -> JobStatusResult:
    """Return the result of `job/status`."""
    row = job_summary(job)
    return JobStatusResult(
        job_id=row.job_id,
        state=row.state,
        current=row.current,
        total=row.total,
        percent=row.percent,
        pages=job.counts,
        documents=tuple(_document_status(document) for document in job.documents),
        created_at=row.created_at,
        started_at=job.started_at or UNSET,
        finished_at=job.finished_at or UNSET,
        error=terminal_error(job) or UNSET,
    )


def _document_status(document: Document) -> DocumentStatus:
    state: JobStateName
    match document.state:
        case DocumentState.WAITING:
            state = "queued"
        case DocumentState.SUCCEEDED:
            state = "partial" if document.counts["failed"] else "succeeded"
        case DocumentState.FAILED:
            state = "failed"
        case DocumentState.CANCELLED:
            state = "cancelled"
        case _:
            state = "running"
    return DocumentStatus(
        document=document.index,
        file=document.file,
        state=state,
        page_count=None if document.page_count is None else len(document.pages),
        pages=PageCounts(**document.counts),
    )


def progress(job: Job, now_unix: float) -> ProgressParams:
    """Return the params of `job/progress`, told from the page that ended last.

    Where outputs were written since, they are told from the document that is being written.
    """
    ref = job.last_ended or PageRef(job.job_id, 0, 0)
    document = job.documents[ref.document]
    what, n_done, n_pages, page = "Processing", document.n_ended, len(document.pages), ref.page
    written = _being_written(job)
    if written is not None:
        document, n_pages = written, len(written.kept)
        what, n_done, page = "Writing outputs of", int(written.written * n_pages), 0
    current, total = job.current, job.total if job.is_counted else None
    eta_s = None
    if job.started_at is not None and total is not None and current and written is None:
        eta_s = round((total - current) * (now_unix - job.started_at) / current, 1)
    pages = f" (page {n_done}/{n_pages})" if n_pages else ""
    place = f"{document.index + 1}/{len(job.documents)}"
    return ProgressParams(
        job_id=job.job_id,
        current=current,
        total=total,
        percent=percent_of(job),
        message=f"{what} file {place}: {_cut(short_name(document.file))}{pages}",
        document=document.index,
        file=document.file,
        page=page or None,
        page_count=None if document.page_count is None else len(document.pages),
        eta_s=UNSET if eta_s is None else max(eta_s, 0.0),
    )


def _being_written(job: Job) -> Document | None:
    """Return the document whose outputs are the last that was heard of, until they are written."""
    document = None if job.writing is None else job.documents[job.writing]
    if document is None or document.state is not DocumentState.ASSEMBLING:
        return None
    return document


def _cut(name: str) -> str:
    """Return a name as people can read it, and as a line has room for besides the path."""
    return name if len(name) <= _MAX_NAME_CHARS else f"{name[:_MAX_NAME_CHARS]}…"


def short_name(file: str) -> str:
    """Return the last part of a path of either system."""
    return file.replace("\\", "/").rstrip("/").rpartition("/")[2] or file


def read_page(
    job: Job, ref: PageRef, page: wire.Page, duration_s: float, options: OcrOptions
) -> PageParams:
    """Return the params of `job/page` for a page that was read."""
    words = tuple(word for line in page.lines for word in line.words)
    return PageParams(
        job_id=job.job_id,
        document=ref.document,
        file=job.documents[ref.document].file,
        page=ref.page,
        state=page.state,
        duration_s=round(duration_s, 3),
        attempts=job.documents[ref.document].pages[ref.page].attempts,
        width_pt=page.width_pt,
        height_pt=page.height_pt,
        text=UNSET if options.inline == "none" else page.text,
        confidence=page.confidence,
        words=words if options.inline == "words" else UNSET,
        orientation=UNSET if page.orientation is None else page.orientation,
        skew=UNSET if page.skew is None else page.skew,
        preparation=page.preparation or UNSET,
        engine=page.engine or UNSET,
        reason=page.reason or UNSET,
        warnings=page.warnings or UNSET,
    )


def ended_page(
    job: Job, ref: PageRef, state: PageStateName, duration_s: float, failure: RpcError | None
) -> PageParams:
    """Return the params of `job/page` for a page that was tried in vain."""
    return PageParams(
        job_id=job.job_id,
        document=ref.document,
        file=job.documents[ref.document].file,
        page=ref.page,
        state=state,
        duration_s=round(duration_s, 3),
        attempts=job.documents[ref.document].pages[ref.page].attempts,
        error=failure.to_wire() if failure else UNSET,
    )


def terminal(job: Job, duration_s: float) -> TerminalParams:
    """Return the last word on a job that is over."""
    return TerminalParams(
        job_id=job.job_id,
        state=job.terminal_state,
        successful=tuple(
            SucceededDocument(
                document=document.index,
                file=document.file,
                pages=document.n_succeeded,
                output=next(iter(document.outputs.values()), None),
                outputs=document.outputs,
                warnings=document.output_warnings or UNSET,
            )
            for document in job.documents
            if document.state is DocumentState.SUCCEEDED
        ),
        failed=tuple(
            FailedDocument(
                document=document.index,
                file=document.file,
                error=document.failure.message,
                kind=document.failure.kind.name,
            )
            for document in job.documents
            if document.failure is not None
        ),
        total_files=len(job.documents),
        total_pages_processed=sum(document.n_succeeded for document in job.documents),
        duration_seconds=round(duration_s, 3),
        pages=job.counts,
        failed_pages=tuple(
            FailedPage(
                document=document.index,
                page=page.number,
                kind=page.failure.kind.name,
                attempts=page.attempts,
            )
            for document in job.documents
            for page in document.pages.values()
            if page.failure is not None
        ),
        error=terminal_error(job) or UNSET,
    )


def terminal_error(job: Job) -> ErrorObject | None:
    """Return the error object of a job that failed or was cancelled; None of any other."""
    if not job.is_over:
        return None
    if job.is_cancelled:
        return RpcError("cancelled", CANCELLED_BY_USER).to_wire()
    if job.state != "failed":
        return None
    first = job.failure or next(doc.failure for doc in job.documents if doc.failure)
    if job.failure or len(job.documents) == 1:
        return first.to_wire()
    message = f"None of the {len(job.documents)} documents succeeded; the first: {first.message}"
    return RpcError(first.kind.name, message, **first.data).to_wire()


def status(book: JobBook, exhausted: str | None) -> StatusResult:
    """Return the result of `status/get`; `exhausted` says why no worker is left, if so."""
    running = list(book.active)
    current = sum(job.current for job in running)
    is_counted = bool(running) and all(job.is_counted for job in running)
    total = sum(job.total for job in running) if is_counted else None
    last = book.last_finished
    message = exhausted
    state: StatusName
    if running:
        state = "running"
    elif exhausted:
        state = "error"
    elif last is not None and last.state == "cancelled":
        state = "cancelled"
    elif last is not None and last.state == "failed":
        state = "error"
        failure = terminal_error(last)
        message = failure.message if failure else ""
    else:
        state = "idle"
    return StatusResult(
        state=state,
        is_running=bool(running),
        current_page=current if running else None,
        total_pages=total,
        current_operation=progress(running[0], 0.0).message if running else None,
        progress_percent=round(100 * current / total, 1) if total else None,
        jobs=dict(Counter(job.state for job in book)),
        message=UNSET if message is None or state == "running" else message,
    )


def how_it_ended(event: WorkerGone, *, is_unasked: bool) -> str:
    """Return what became of a worker, for a sentence about it; `is_unasked`: we did not end it."""
    if event.signal == _SIGKILL and is_unasked:
        return "was killed, perhaps out of memory"
    if event.signal is not None:
        return f"died of signal {event.signal}"
    if event.code is not None:
        return f"ended with exit code {event.code}"
    return "could not be started"


def worker_state(slot: Slot, death: WorkerGone | None) -> WorkerStateParams:
    """Return the params of `worker/state`; with the death of its worker, where that is the news."""
    return WorkerStateParams(
        slot=slot.number,
        worker_id=death.worker_id if death else slot.worker_id,
        state=slot.state.value,
        message=slot.message or UNSET,
        exit_code=UNSET if death is None or death.code is None else death.code,
        signal=UNSET if death is None or death.signal is None else death.signal,
    )


def worker_status(slot: Slot, now: float, rss_bytes: int) -> WorkerStatus:
    """Return a row of `worker/list`; `now` is monotonic seconds."""
    task = slot.task
    where = task.ref if isinstance(task, PageTask) else None
    job_id = where.job_id if where else task.job_id if isinstance(task, AssembleTask) else None
    document = where.document if where else None
    if isinstance(task, AssembleTask):
        document = task.document
    return WorkerStatus(
        slot=slot.number,
        worker_id=slot.worker_id,
        pid=slot.pid,
        kind=slot.kind,
        state=slot.state.value,
        restarts=slot.restarts,
        uptime_s=round(now - slot.started_at, 3) if slot.is_up else 0.0,
        rss_bytes=rss_bytes,
        message=slot.message or UNSET,
        job_id=job_id or UNSET,
        document=UNSET if document is None else document,
        page=where.page if where else UNSET,
    )
