"""From a document whose pages have ended to its outputs under their names; part of the owner.

A worker writes temporary files beside the target, then the file system is ordered to rename them.
A cancel before that order leaves no file; after it the document counts as finished.
"""

from collections import deque
from functools import partial
from typing import Final

from daemon import work_orders
from daemon.errors import RpcError
from daemon.events import OutputsPublished
from daemon.guard import UNFINISHED
from daemon.inspector import error_of
from daemon.job_book import JobBook
from daemon.jobs import Document, DocumentState, Job, JobId
from daemon.page_attempts import Loss, gives_way
from daemon.pool import Pool
from daemon.ports import Files, Publication
from daemon.worker_slot import AssembleTask, Death, Slot
from ocr_worker import wire

TIMEOUT_S: Final = 600.0
"""For a worker to get on, rather than to end: a long document on a slow disk may take longer."""
MIN_ADVANCE: Final = 0.001
"""Share of the outputs that counts as getting on; a worker that creeps is not waited for ever."""
MAX_ATTEMPTS: Final = 2


class Assembling:
    """The documents that wait for a slot, and those that wait for their names.

    What may have ended a document returns its job, which is then to be settled.
    """

    def __init__(self, book: JobBook, pool: Pool, files: Files, limits: wire.Limits) -> None:
        self._book = book
        self._limits = limits
        self._pool = pool
        self._files = files
        self._waiting: deque[tuple[JobId, int]] = deque()
        self._publications: dict[int, tuple[JobId, int]] = {}
        self._next_token = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, job: Job, document: Document) -> None:
        """Let a document whose pages have all ended wait for a slot."""
        document.state = DocumentState.ASSEMBLING
        self._waiting.append((job.job_id, document.index))

    def hand_out(self, slot: Slot, now: float) -> bool:
        """Give an idle slot the next document; False when none waits."""
        while self._waiting:
            job_id, index = self._waiting.popleft()
            job = self._book.get_active(job_id)
            if job is None or job.documents[index].is_over:
                continue
            self._next_token += 1
            name = f"{job_id}-{self._next_token}"
            note = self._files.scratch_path(f"{self._next_token}{UNFINISHED}")
            temporary = work_orders.temporary_names(job, name)
            task = AssembleTask(
                job_id,
                index,
                temporary,
                note,
                gives_way=gives_way(job, index),
                is_background=job.options.priority == "background",
            )
            job.documents[index].n_assembled += 1
            job.documents[index].written = 0.0
            order = partial(work_orders.assemble, job, task, self._limits)
            self._pool.assign(slot, task, order, now)
            return True
        return False

    def on_share(self, task: AssembleTask, share: float) -> tuple[Job, bool]:
        """A worker tells how much is written; return the job, and whether that is any further."""
        job, document = self._place(task.job_id, task.document)
        job.writing = document.index
        if share < document.written + MIN_ADVANCE:
            return job, False
        document.written = min(share, 1.0)
        return job, True

    def on_outcome(self, task: AssembleTask, message: wire.Event) -> Job:
        """A worker has written the files, or says why not."""
        job, document = self._place(task.job_id, task.document)
        if isinstance(message, wire.Assembled):
            document.output_warnings = message.warnings
            self._publish(job, document, task)
            return job
        self.on_left(task)
        error = RpcError("output_failed", "The outputs could not be written.")
        document.fail(error_of(message) if isinstance(message, wire.Failed) else error)
        return job

    def on_left(self, task: AssembleTask) -> None:
        """Nothing writes these files any more, and nobody wants them."""
        self._files.discard((*task.temporary.values(), task.note))

    def on_lost(self, task: AssembleTask, death: Death, loss: Loss, error: RpcError) -> Job:
        """A worker died while writing: try once more, then fail the document."""
        self.on_left(task)
        job, document = self._place(task.job_id, task.document)
        if self._gave_way_in_vain(task, document, loss):
            return job
        if not death.task_accepted:
            document.n_assembled -= 1
        if document.n_assembled < MAX_ATTEMPTS:
            self._waiting.append((task.job_id, task.document))
        else:
            document.fail(error)
        return job

    def on_timeout(self, task: AssembleTask) -> Job:
        """The worker has had its time and is being ended."""
        job, document = self._place(task.job_id, task.document)
        if not self._gave_way_in_vain(task, document, "timeout"):
            message = f"Writing the outputs did not get on for {TIMEOUT_S:g} s."
            document.fail(RpcError("timeout", message, which="page"))
        return job

    def _gave_way_in_vain(self, task: AssembleTask, document: Document, loss: Loss) -> bool:
        """Have outputs written again that ran out of time because they gave way to all else."""
        if not task.gives_way or loss == "crash":
            return False
        document.gave_way_in_vain = True
        document.n_assembled -= 1
        self._waiting.append((task.job_id, task.document))
        return True

    def on_published(self, event: OutputsPublished) -> Job | None:
        """A document's outputs have their names, or cannot be given them."""
        job_id, index = self._publications.pop(event.token)
        job = self._book.get_active(job_id)
        if job is None or job.documents[index].state is not DocumentState.PUBLISHING:
            return None
        document = job.documents[index]
        if event.failure is not None:
            document.fail(event.failure)
        else:
            document.outputs = event.outputs
            document.state = DocumentState.SUCCEEDED
        return job

    def _publish(self, job: Job, document: Document, task: AssembleTask) -> None:
        assert job.output_dir is not None
        document.state = DocumentState.PUBLISHING
        self._next_token += 1
        self._publications[self._next_token] = (job.job_id, document.index)
        self._files.publish(
            self._next_token,
            Publication(
                temporary=task.temporary,
                note=task.note,
                output_dir=job.output_dir,
                stem=document.stem,
                overwrite=job.options.overwrite,
                inputs=tuple(document.path for document in job.documents),
            ),
        )

    def _place(self, job_id: JobId, index: int) -> tuple[Job, Document]:
        job = self._book.find(job_id)
        return job, job.documents[index]
