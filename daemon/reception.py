"""Requests for documents, until their paths have been looked at; part of the owner.

Paths are looked at on another thread, since a dead network mount can hang there, so these requests
are answered later: with what was found, or when the file system has had its time.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from loguru import logger

from daemon.admission import Submission, to_job
from daemon.clock import Moment
from daemon.deadlines import Deadlines
from daemon.errors import RpcError, invalid_params
from daemon.events import PathsChecked
from daemon.inspector import Inspector
from daemon.job_book import JobBook
from daemon.job_runner import JobRunner
from daemon.jobs import DocumentState, Job, JobId
from daemon.lifecycle import Lifecycle, Phase
from daemon.lines import Place
from daemon.messages import JobAccepted
from daemon.params import (
    DocumentInfoParams,
    DocumentParams,
    DocumentRenderParams,
    OverlayParams,
)
from daemon.ports import Files, Reply, is_same_id
from daemon.timers import Timer
from ocr_worker import wire

CHECK_TIMEOUT_S: Final = 2.0
"""A file system that has not answered by then does not hold up the reply any longer."""


Question: TypeAlias = DocumentInfoParams | DocumentRenderParams
"""What a host asks of a document, to be answered by the inspector."""


class _Check:
    """A request whose paths are being looked at: a question, or a submission."""

    def __init__(
        self,
        reply: Reply,
        question: Question | None = None,
        submission: Submission | None = None,
        overlay: bytes | Place | None = None,
    ) -> None:
        self.reply = reply
        self.overlay = overlay
        self.question = question
        self.submission = submission
        self.job_id: JobId | None = None
        """The job, once it was accepted without waiting for the file system."""

    @property
    def is_new_job(self) -> bool:
        """True while it may become a job that is not there yet."""
        return self.submission is not None and self.job_id is None

    @property
    def documents(self) -> tuple[DocumentParams, ...]:
        if self.question is not None:
            return (self.question.document,)
        assert self.submission is not None
        return self.submission.documents

    @property
    def output_dir(self) -> str | None:
        return None if self.submission is None else self.submission.output_dir


class Reception:
    """The requests whose paths are being looked at, by token."""

    def __init__(
        self,
        book: JobBook,
        inspector: Inspector,
        runner: JobRunner,
        deadlines: Deadlines[Timer],
        lifecycle: Lifecycle,
        files: Files,
        new_job_id: Callable[[], JobId],
    ) -> None:
        self._book = book
        self._inspector = inspector
        self._runner = runner
        self._deadlines = deadlines
        self._lifecycle = lifecycle
        self._files = files
        self._new_job_id = new_job_id
        self._next_token = 0
        self._checks: dict[int, _Check] = {}

    @property
    def n_new_jobs(self) -> int:
        """How many may become jobs that are not there yet."""
        return sum(one.is_new_job for one in self._checks.values())

    @property
    def is_busy(self) -> bool:
        """True while the file system is expected to answer."""
        return bool(self._checks)

    def submit(self, submission: Submission, reply: Reply, now: Moment) -> None:
        """Take a job in, once its paths have been looked at; answers with its id."""
        self._check(_Check(reply, submission=submission), now)

    def describe(self, params: DocumentInfoParams, reply: Reply, now: Moment) -> None:
        """Answer `document/info`."""
        self._check(_Check(reply, question=params), now)

    def render(self, params: DocumentRenderParams, reply: Reply, now: Moment) -> None:
        """Answer `document/render`. Raise `RpcError` when there are no words to be drawn."""
        overlay = None if params.overlay is None else self._told_page(params.overlay, params.page)
        self._check(_Check(reply, question=params, overlay=overlay), now)

    def cancel_request(self, request_id: str | int | float) -> None:
        """Answer the host that waits under this id."""
        for token, check in list(self._checks.items()):
            if check.job_id is None and is_same_id(check.reply.request_id, request_id):
                del self._checks[token]
                check.reply.fail(RpcError("cancelled", "The request was cancelled."))

    def fail_requests(self, error: RpcError) -> None:
        """Answer every host that still waits with an error: the daemon leaves."""
        for check in self._checks.values():
            if check.job_id is None:
                check.reply.fail(error)
        self._checks.clear()

    def drop_job(self, job_id: JobId) -> None:
        """Nothing more is to be found out about that job."""
        self._inspector.drop_job(job_id)
        for token in [token for token, check in self._checks.items() if check.job_id == job_id]:
            del self._checks[token]

    def on_timeout(self, token: int, now: Moment) -> None:
        """The file system has had its time: take the job in all the same, fail the question."""
        check = self._checks.get(token)
        if check is None:
            return
        if check.submission is not None:
            check.job_id = self._accept(check.submission, check.reply, now).job_id
        elif check.question is not None:
            del self._checks[token]
            message = f"The file system did not answer within {CHECK_TIMEOUT_S:g} s."
            check.reply.fail(RpcError("timeout", message, which="inspect"))

    def on_checked(self, event: PathsChecked, now: Moment) -> None:
        """The file system has answered: the question or the job goes on, or is refused."""
        check = self._checks.pop(event.token, None)
        self._deadlines.clear(Timer("check", event.token))
        if check is None:
            self._discard_copies(event)
            return
        first = event.documents[0]
        if check.question is not None:
            self._ask(check.question, event, check)
            return
        assert check.submission is not None
        if check.job_id is not None:
            job = self._book.get_active(check.job_id)
        else:
            refusal = event.output_failure
            if refusal is None and not check.submission.is_batch:
                refusal = first.failure
            if refusal is not None:
                check.reply.fail(refusal)
            job = None if refusal else self._accept(check.submission, check.reply, now)
        if job is None or job.is_over:
            self._discard_copies(event)
            return
        for document, checked in zip(job.documents, event.documents, strict=True):
            failure = checked.failure or event.output_failure
            document.path = checked.path
            document.has_own_text = self._inspector.has_own_text(checked.path)
            if document.state is not DocumentState.WAITING:
                continue
            if failure is not None:
                document.fail(failure)
            else:
                self._inspector.count(job.job_id, document)
        self._runner.settle(job, now)

    def _ask(self, question: Question, event: PathsChecked, check: _Check) -> None:
        reply = check.reply
        first = event.documents[0]
        failure = first.failure or event.output_failure
        if failure is not None:
            reply.fail(failure)
            self._discard_copies(event)
            return
        asked = question.document
        source = wire.Source(path=first.path, password=asked.password)
        if isinstance(question, DocumentRenderParams):
            self._inspector.render(source, question, event.output, check.overlay, reply)
        else:
            self._inspector.describe(source, asked.path, question.include_pages, reply)

    def _told_page(self, overlay: OverlayParams, page: int) -> bytes | Place:
        """Return a page as its job has told it, with the words that were asked for."""
        job = self._book.find(overlay.job_id)
        if not 0 <= overlay.document < len(job.documents):
            raise invalid_params("overlay.document", "the job has no such document")
        if job.options.inline != "words":
            message = 'no words are kept of that job: start it with inline "words"'
            raise invalid_params("overlay.job_id", message)
        told = self._book.pages.find(job.job_id, (overlay.document, page))
        if told is None:
            raise invalid_params("page", "the job has not read that page, or not yet")
        return told

    def _check(self, check: _Check, now: Moment) -> None:
        self._next_token += 1
        self._checks[self._next_token] = check
        self._deadlines.set(Timer("check", self._next_token), now.monotonic + CHECK_TIMEOUT_S)
        question = check.question
        if isinstance(question, DocumentRenderParams):
            self._files.check_picture(self._next_token, question.document, question.output)
        else:
            self._files.check(self._next_token, check.documents, check.output_dir)

    def _discard_copies(self, event: PathsChecked) -> None:
        """Refused, or cancelled meanwhile: copies of base64 data are not wanted any more."""
        self._files.discard([one.path for one in event.documents if one.is_copy])

    def _accept(self, submission: Submission, reply: Reply, now: Moment) -> Job:
        job = to_job(submission, self._new_job_id(), now)
        job.request_id = reply.request_id
        self._book.add(job)
        if job.timeouts.job_timeout_s is not None:
            at = now.monotonic + job.timeouts.job_timeout_s
            self._deadlines.set(Timer("job", job.job_id), at)
        logger.info("job {} accepted: {} document(s)", job.job_id, len(job.documents))
        reply.succeed(JobAccepted(job_id=job.job_id))
        if not self._lifecycle.accepts_work and self._lifecycle.phase is not Phase.DRAINING:
            self._runner.cancel(job, now)
        return job
