"""The methods of the wire: what answers each request of the catalog."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from daemon import __version__, reports
from daemon.admission import ENGINES, judge, judge_document, judge_picture
from daemon.catalog import NOTIFICATIONS, REQUESTS
from daemon.config import Config
from daemon.dispatch import Call, Handler, Method
from daemon.errors import invalid_params
from daemon.health_methods import HealthMethods
from daemon.job_book import KEPT_JOB_S, KEPT_JOBS
from daemon.jobs import Job
from daemon.language_lists import LanguageReply, language_list
from daemon.lines import MAX_OUTBOUND_LINE_BYTES, Part
from daemon.log import Log
from daemon.messages import (
    Empty,
    InitializeResult,
    JobListResult,
    JobStateResult,
    ServerInfo,
    ServerLimits,
    WorkerListResult,
)
from daemon.outbox import Outbox
from daemon.page_ranges import parse_pages, select_existing
from daemon.params import (
    PROTOCOL_VERSION,
    CancelRequestParams,
    DocumentInfoParams,
    DocumentRenderParams,
    InitializeParams,
    JobListParams,
    JobParams,
    JobPrioritizeParams,
    JobResultParams,
    LanguageListParams,
    NoParams,
    OcrStartBatchParams,
    OcrStartParams,
    ReplayParams,
    ShutdownParams,
    Struct,
)
from daemon.responses import AnyLength, EncodedResult
from daemon.supervisor import Supervisor

MAX_BATCH: Final = 100
MAX_LINE_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Methods:
    """The handlers. They run on the loop's thread and return at once."""

    supervisor: Supervisor
    outbox: Outbox
    config: Config
    instance_id: str
    logs: Log
    rss_of: Callable[[int], int]
    """Resident memory of a process in bytes, 0 when it is gone."""
    watch_host: Callable[[int | None], bool]
    """Watch this process as the host, where one is named; tells whether the host is watched."""
    health: HealthMethods

    def handlers(self) -> dict[str, Handler]:
        """Return what answers each request of the catalog."""
        return {
            "initialize": self._initialize,
            "ping": self._ping,
            "rpc.discover": self._discover,
            "shutdown": self._shutdown,
            "exit": self._exit,
            "document/info": self._document_info,
            "document/render": self._document_render,
            "ocr/start": self._ocr_start,
            "ocr/start_batch": self._ocr_start_batch,
            "job/status": self._job_status,
            "job/list": self._job_list,
            "job/result": self._job_result,
            "job/cancel": self._job_cancel,
            "job/prioritize": self._job_prioritize,
            "$/cancelRequest": self._cancel_request,
            "job/forget": self._job_forget,
            "events/replay": self._events_replay,
            "status/get": self._status_get,
            "worker/list": self._worker_list,
            "engine/list": self._engine_list,
            "language/list": self._language_list,
            "hardware/get": self._hardware_get,
            **self.health.handlers(),
        }

    def table(self) -> dict[str, Method]:
        """Return every method by its name on the wire."""
        handlers = self.handlers()
        return {
            name: Method(request.params, request.result, handlers[name])
            for name, request in REQUESTS.items()
        }

    # The daemon itself.

    def _initialize(self, params: InitializeParams, call: Call) -> Struct:
        if params.protocol_version != PROTOCOL_VERSION:
            error = invalid_params("protocol_version", "this version is not spoken here")
            error.data["supported"] = [PROTOCOL_VERSION]
            raise error
        wishes = params.capabilities
        if wishes.progress_interval_ms is not None:
            interval_s = max(wishes.progress_interval_ms, 0) / 1000
            self.supervisor.runner.progress_interval_s = interval_s
        self.outbox.max_line_bytes = wishes.max_line_bytes or MAX_OUTBOUND_LINE_BYTES
        self.outbox.opt_out(wishes.opt_out_notifications)
        self.supervisor.tells_stderr = wishes.diagnostics
        self.logs.tell_host(wishes.log_level)
        return InitializeResult(
            protocol_version=PROTOCOL_VERSION,
            server=ServerInfo(
                name="ocr-sidecar",
                version=__version__,
                pid=os.getpid(),
                instance_id=self.instance_id,
                log_path=self.logs.path,
            ),
            limits=ServerLimits(
                max_line_bytes=MAX_LINE_BYTES,
                max_batch=MAX_BATCH,
                max_jobs=self.config.max_jobs,
                kept_jobs=KEPT_JOBS,
                kept_job_s=KEPT_JOB_S,
            ),
            methods=tuple(REQUESTS),
            notifications=tuple(NOTIFICATIONS),
            engines=ENGINES,
            host_watched=self.watch_host(params.host_pid),
        )

    def _ping(self, params: NoParams, call: Call) -> Struct:
        return Empty()

    def _discover(self, params: NoParams, call: Call) -> None:
        # Not before somebody asks: few hosts do, and every daemon starts.
        from daemon import openrpc

        call.reply.succeed_encoded(AnyLength(msgspec.to_builtins(openrpc.document())))

    def _shutdown(self, params: ShutdownParams, call: Call) -> None:
        # Answered first: leaving queues the notifications of what it ends.
        call.reply.succeed(Empty())
        self.supervisor.shutdown(params.mode, params.timeout_s, call.now)

    def _exit(self, params: NoParams, call: Call) -> None:
        call.reply.succeed(Empty())
        self.supervisor.exit(call.now)

    # Documents and jobs.

    def _document_info(self, params: DocumentInfoParams, call: Call) -> None:
        judge_document(params.document, "document", self.config)
        self.supervisor.describe(params, call.reply, call.now)

    def _document_render(self, params: DocumentRenderParams, call: Call) -> None:
        judge_picture(params, self.config)
        self.supervisor.render(params, call.reply, call.now)

    def _ocr_start(self, params: OcrStartParams, call: Call) -> None:
        self._submit((params.document,), params, call, is_batch=False)

    def _ocr_start_batch(self, params: OcrStartBatchParams, call: Call) -> None:
        self._submit(params.documents, params, call, is_batch=True)

    def _submit(
        self,
        documents: tuple[Any, ...],
        params: OcrStartParams | OcrStartBatchParams,
        call: Call,
        *,
        is_batch: bool,
    ) -> None:
        submission = judge(
            documents,
            params.output_dir,
            params.outputs,
            params.options,
            is_batch=is_batch,
            config=self.config,
        )
        self.supervisor.submit(submission, call.reply, call.now)

    def _job_status(self, params: JobParams, call: Call) -> Struct:
        return reports.job_status(self.supervisor.book.find(params.job_id))

    def _job_list(self, params: JobListParams, call: Call) -> Struct:
        rows = (reports.job_summary(job) for job in self.supervisor.book)
        return JobListResult(
            jobs=tuple(row for row in rows if params.state in (None, row.state)),
        )

    def _job_result(self, params: JobResultParams, call: Call) -> None:
        book = self.supervisor.book
        job = book.find(params.job_id)
        _judge_place(job, params.document, params.pages)
        wanted = {
            document.index: select_existing(params.pages, document.page_count)
            for document in job.documents
            if params.document in (None, document.index) and document.page_count
        }
        pages: list[Part] = []
        for (document, number), content in book.pages.pages(job.job_id):
            if number in wanted.get(document, ()):
                pages += [b",", content]
        terminal = msgspec.json.encode(book.terminal(job))
        parts = (b'{"terminal":', terminal, b',"pages":[', *pages[1:], b"]}")
        call.reply.succeed_encoded(EncodedResult(parts))

    def _job_cancel(self, params: JobParams, call: Call) -> None:
        job = self.supervisor.book.find(params.job_id)
        # Answered first, so that the terminal notification does not overtake the reply.
        state = job.state if job.is_over else "cancelled"
        call.reply.succeed(JobStateResult(job_id=job.job_id, state=state))
        self.supervisor.cancel(job, call.now)

    def _events_replay(self, params: ReplayParams, call: Call) -> None:
        result = self.outbox.what_came_after(params.since)
        call.reply.succeed(result, then=lambda: self.outbox.send_again(result))

    def _job_prioritize(self, params: JobPrioritizeParams, call: Call) -> Struct:
        if params.priority is None and params.pages is None:
            raise invalid_params("", "give priority, pages or both")
        job = self.supervisor.book.find(params.job_id)
        _judge_place(job, params.document, params.pages)
        self.supervisor.book.prioritize(job, params.priority, params.document, params.pages)
        return JobStateResult(job_id=job.job_id, state=job.state)

    def _cancel_request(self, params: CancelRequestParams, call: Call) -> Struct:
        self.supervisor.cancel_request(params.id, call.now)
        return Empty()

    def _job_forget(self, params: JobParams, call: Call) -> Struct:
        job = self.supervisor.book.find(params.job_id)
        if job.finished_at is None:
            raise invalid_params("job_id", "the job is not finished; cancel it first")
        self.supervisor.runner.forget(job)
        return Empty()

    # What there is, and how it is.

    def _status_get(self, params: NoParams, call: Call) -> Struct:
        exhausted = "No OCR worker can be started." if self.supervisor.pool.is_exhausted else None
        return reports.status(self.supervisor.book, exhausted)

    def _worker_list(self, params: NoParams, call: Call) -> Struct:
        return WorkerListResult(
            workers=tuple(
                reports.worker_status(
                    slot, call.now.monotonic, self.rss_of(slot.pid) if slot.pid else 0
                )
                for slot in self.supervisor.pool.slots
            )
        )

    def _engine_list(self, params: NoParams, call: Call) -> None:
        self.supervisor.list_engines(call.reply, call.now)

    def _language_list(self, params: LanguageListParams, call: Call) -> None:
        if params.engine is not None and params.engine not in ENGINES:
            known = ", ".join(ENGINES)
            raise invalid_params("engine", f"unknown engine; known are {known}")
        reply = LanguageReply(call.reply, partial(language_list, engine=params.engine))
        self.supervisor.list_engines(reply, call.now)

    def _hardware_get(self, params: NoParams, call: Call) -> None:
        self.supervisor.tell_hardware(call.reply, call.now)


def _judge_place(job: Job, document: int | None, pages: str | None) -> None:
    """Raise `invalid_params` for a document that the job has not, or a selection that is none."""
    if document is not None and not 0 <= document < len(job.documents):
        raise invalid_params("document", "the job has no such document")
    if pages is not None:
        parse_pages(pages, "pages")
