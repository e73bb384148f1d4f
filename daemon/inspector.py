"""What is asked of the inspector and what becomes of its answers; part of the owner.

The inspector opens and shows documents so that the daemon never does: a hostile file ends a process
that is replaced, not the daemon.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec import UNSET

from daemon.config import Config
from daemon.deadlines import Deadlines
from daemon.errors import ERROR_KINDS, RpcError
from daemon.inspections import Inspection, Inspections
from daemon.internal_errors import internal_error
from daemon.jobs import Document, JobId
from daemon.lifecycle import Lifecycle
from daemon.lines import Place
from daemon.messages import DocumentInfoResult, EngineListResult
from daemon.params import DocumentRenderParams
from daemon.pictures import Pictures
from daemon.pool import Pool
from daemon.ports import Files, Reply
from daemon.timers import Timer
from daemon.worker_slot import Death, InspectTask, SlotState
from ocr_worker import wire
from ocr_worker.languages import DEFAULT_ENGINE

INSPECT_TIMEOUT_S: Final = 10.0
"""A document that takes longer to open ends its inspector."""
MAX_OWN_TEXT: Final = 256
"""Documents of which it is remembered that all pages carry text, the newest."""

OnCounted = Callable[[JobId, int, wire.Inspected | RpcError], None]
"""Called with the job, the index of the document, and its count or why there is none."""


def error_of(failed: wire.Failed) -> RpcError:
    """Return the error that a worker reports; one it must not report is a bug of ours."""
    if failed.kind == "internal_error" or failed.kind not in ERROR_KINDS:
        return internal_error(f"a worker failed: {failed.kind}\n{failed.detail}")
    return RpcError(failed.kind, failed.message, **failed.data)


class Inspector:
    """Slot 0 and the queue before it."""

    def __init__(
        self,
        pool: Pool,
        deadlines: Deadlines[Timer],
        files: Files,
        config: Config,
        lifecycle: Lifecycle,
        pictures: Pictures,
        on_counted: OnCounted,
    ) -> None:
        self._pool = pool
        self._deadlines = deadlines
        self._files = files
        self._limits = config.limits
        self._warms_up = config.warm_up
        self._lifecycle = lifecycle
        self._pictures = pictures
        self._on_counted = on_counted
        self._own_text: dict[str, None] = {}
        self._inspections = Inspections()
        self._next_key = 0

    def describe(
        self, source: wire.Source, path_as_given: str | None, include_pages: bool, reply: Reply
    ) -> None:
        """Answer a host's `document/info`; a document without `path_as_given` is ours to remove."""
        self._inspections.add(
            Inspection(
                self._key(),
                source,
                include_pages=include_pages,
                reply=reply,
                path_as_given=path_as_given,
            )
        )

    def render(
        self,
        source: wire.Source,
        params: DocumentRenderParams,
        output: str | None,
        overlay: bytes | Place | None,
        reply: Reply,
    ) -> None:
        """Answer a host's `document/render`; `output` is the resolved path of its file.

        `overlay` is the page as a job has told it, where its words are to be shown.
        """
        self._inspections.add(
            Inspection(
                self._key(),
                source,
                reply=reply,
                path_as_given=params.document.path,
                picture=params,
                output=output,
                overlay=overlay,
            )
        )

    def list_engines(self, reply: Reply) -> None:
        """Answer a host's `engine/list`."""
        self._inspections.add(Inspection(self._key(), None, reply=reply))

    def count(self, job_id: JobId, document: Document) -> None:
        """Count the pages of a job's document."""
        source = wire.Source(path=document.path, password=document.password)
        self._inspections.add(
            Inspection(self._key(), source, job_id=job_id, document=document.index)
        )

    def has_own_text(self, path: str) -> bool:
        """Tell whether every page of a document was seen to carry text, when it was looked at."""
        return path in self._own_text

    def drop_job(self, job_id: JobId) -> None:
        """Nothing of that job needs counting any more."""
        self._inspections.drop_job(job_id)

    def fail_questions(self, error: RpcError) -> None:
        """Answer every host that waits, with an error."""
        for reply in self._inspections.drop_questions():
            reply.fail(error)
        self._pictures.fail_questions(error)

    def cancel_question(self, request_id: str | int | float) -> None:
        """Answer the host that waits under this id; a document being opened is not left."""
        for inspection in self._inspections.drop_question(request_id):
            self._fail(inspection, RpcError("cancelled", "The request was cancelled."))

    @property
    def n_waiting(self) -> int:
        """How many documents wait for the inspector."""
        return len(self._inspections)

    @property
    def has_questions(self) -> bool:
        """True while a host waits for an answer."""
        return self._inspections.has_questions or self._pictures.has_questions

    def hand_out(self, now: float) -> None:
        """Give the inspector its next task, starting it where needed."""
        slot = self._pool.inspector
        if not self._inspections:
            return
        if slot.state is SlotState.ERROR:
            self._fail_all(RpcError("workers_unavailable", "The inspector cannot be started."))
        elif slot.can_start:
            self._pool.start(slot, None, now)
        elif slot.can_take_task:
            inspection = self._inspections.take()
            task = InspectTask(inspection.key)
            if inspection.picture is not None:
                task = self._pictures.task(inspection)
            order = partial(self._command, inspection, task)
            self._pool.assign(slot, task, order, now)
            # From here on already: an inspector that hangs may never say that it has begun.
            self._deadlines.set(Timer("inspect", 0), now + INSPECT_TIMEOUT_S)

    def on_accepted(self, now: float) -> None:
        """The inspector has begun: its time counts from here."""
        self._deadlines.set(Timer("inspect", 0), now + INSPECT_TIMEOUT_S)

    def on_outcome(self, task: InspectTask, message: wire.Event, now: float) -> None:
        """The inspector has answered."""
        inspection = self._inspections.end(task.key)
        if inspection is None:
            self._pictures.discard(task)
            return
        reply, is_shown = inspection.reply, inspection.picture is not None
        match message:
            case wire.Rendered() if is_shown:
                self._pictures.on_rendered(inspection, task, message, now)
                self._warm_up(inspection, now)
            case wire.Inspected() if inspection.job_id is not None:
                self._on_counted(inspection.job_id, inspection.document, message)
            case wire.Inspected() if reply and inspection.source and not is_shown:
                reply.succeed(_description(inspection, message))
                self._note_own_text(inspection.source.path, message)
                self._warm_up(inspection, now)
            case wire.EnginesListed() if reply and not inspection.source:
                reply.succeed(EngineListResult(engines=message.engines))
            case _:
                self._pictures.discard(task)
                if isinstance(message, wire.Failed):
                    error = error_of(message)
                else:
                    error = internal_error("the inspector answered what it was not asked")
                self._fail(inspection, error)
                return
        self._remove_copy(inspection)

    def on_timeout(self, now: float) -> None:
        """The inspector has had its time."""
        slot = self._pool.inspector
        if isinstance(slot.task, InspectTask):
            inspection = self._inspections.end(slot.task.key)
            # One that never began is not the document's fault.
            may_retry = not slot.task_accepted
            self._pool.abandon_task(slot, now)
            if inspection is not None and not (may_retry and self._inspections.retry(inspection)):
                what = "document could not be opened"
                if inspection.picture is not None:
                    what = "page could not be shown"
                message = f"The {what} within {INSPECT_TIMEOUT_S:g} s."
                self._fail(inspection, RpcError("timeout", message, which="inspect"))

    def on_lost(self, task: InspectTask, death: Death, error: RpcError) -> None:
        """The inspector died under an inspection: try it once more, then fail it."""
        self._pictures.discard(task)
        inspection = self._inspections.end(task.key)
        if inspection is None:
            return
        if not death.task_accepted:
            inspection.attempts -= 1
        if not self._inspections.retry(inspection):
            self._fail(inspection, error)

    def on_left(self, task: InspectTask) -> None:
        """The inspector that had run out of its time is dead: it writes nothing any more."""
        self._pictures.discard(task)

    def _note_own_text(self, path: str, found: wire.Inspected) -> None:
        """Remember whether an engine will be needed, where the pages were asked for.

        Otherwise nobody knows: to look at pages that were not asked for would be to stake the
        answer on each of them.
        """
        if found.pages:
            self._own_text.pop(path, None)
            if all(page.has_text for page in found.pages):
                self._own_text[path] = None
                if len(self._own_text) > MAX_OWN_TEXT:
                    del self._own_text[next(iter(self._own_text))]

    def _warm_up(self, inspection: Inspection, now: float) -> None:
        """A host looks at a document that it may want to be read next: have an engine loaded.

        After the answer, which is what somebody waits for now.
        """
        source = inspection.source
        if not self._warms_up or not self._lifecycle.accepts_work:
            return
        if source is not None and not self.has_own_text(source.path):
            self._pool.warm_up(DEFAULT_ENGINE, now)

    def _remove_copy(self, inspection: Inspection) -> None:
        """Remove the scratch copy of base64 data that was only asked about."""
        source, is_question = inspection.source, inspection.job_id is None
        if source is not None and is_question and inspection.path_as_given is None:
            self._files.discard([source.path])

    def _fail(self, inspection: Inspection, error: RpcError) -> None:
        self._remove_copy(inspection)
        if inspection.reply is not None:
            inspection.reply.fail(error)
        elif inspection.job_id is not None:
            self._on_counted(inspection.job_id, inspection.document, error)

    def _fail_all(self, error: RpcError) -> None:
        while self._inspections:
            inspection = self._inspections.take()
            self._inspections.end(inspection.key)
            self._fail(inspection, error)

    def _command(self, inspection: Inspection, task: InspectTask, task_id: int) -> wire.Command:
        if inspection.source is None:
            return wire.ListEngines(task=task_id)
        if inspection.picture is not None:
            return self._pictures.order(inspection, task, self._limits, task_id)
        return wire.Inspect(
            task=task_id,
            source=inspection.source,
            limits=self._limits,
            include_pages=inspection.include_pages,
        )

    def _key(self) -> int:
        self._next_key += 1
        return self._next_key


def _description(inspection: Inspection, found: wire.Inspected) -> DocumentInfoResult:
    return DocumentInfoResult(
        format=found.format,
        page_count=found.page_count,
        encrypted=found.encrypted,
        size_bytes=found.size_bytes,
        warnings=found.warnings,
        path=inspection.path_as_given or UNSET,
        pages=found.pages if inspection.include_pages else UNSET,
    )
