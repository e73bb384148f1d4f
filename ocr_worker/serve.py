"""What works: one task at a time, each to exactly one outcome; see `courtesy` for the thread."""

import traceback
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty
from typing import Final, NoReturn

import msgspec

from ocr_worker import wire
from ocr_worker.control import Control
from ocr_worker.courtesy import Courtesy
from ocr_worker.documents import open_document
from ocr_worker.documents.base import Document
from ocr_worker.engines import list_engines, load_engine
from ocr_worker.engines.base import Engine
from ocr_worker.errors import EngineUnavailable, TaskError, TaskStopped
from ocr_worker.heap import Heap
from ocr_worker.outputs.scratch import keep_page
from ocr_worker.recognition import read_page
from ocr_worker.rendering import render_page

PAUSE_S: Final = 0.05
"""Without a task for so long, what the next one may need is loaded."""
IDLE_S: Final = 2.0
"""Without one for so long, memory is given back, which the next page has to take again."""


@dataclass(slots=True)
class Server:
    """Does what the daemon asks. Keeps the last document open and every engine once loaded."""

    control: Control
    _engines: dict[str, Engine] = field(default_factory=dict)
    _opened: tuple[wire.Source, wire.Limits, Document] | None = None
    _courtesy: Courtesy[wire.Event] = field(default_factory=Courtesy)
    _heap: Heap = field(default_factory=Heap)

    def serve(self) -> NoReturn:
        """Take tasks for ever; the control thread ends the process."""
        while True:
            task = self._next_task()
            self.control.say(wire.Accepted(task=task.task))
            gives_way = isinstance(task, wire.Recognize | wire.Assemble) and task.gives_way
            work = partial(self._outcome, task)
            outcome = self._courtesy.call(work, gives_way=gives_way)
            self.control.say(outcome)
            if isinstance(outcome, wire.Recognized) and outcome.page.engine is not None:
                self._heap.tidy()  # pages with text of their own take little

    def _next_task(self) -> wire.Task:
        """Return the next task; where that takes a while, do meanwhile what can be done ahead."""
        for wait_s, use_time in ((PAUSE_S, self._load_ahead), (IDLE_S, self._give_back)):
            with suppress(Empty):
                return self.control.tasks.get(timeout=wait_s)
            use_time()
        return self.control.tasks.get()

    def _load_ahead(self) -> None:
        """Load what reads PDFs, and what engines need for some pages.

        The first page that needs it would be waited for, and nobody waits now. Not as we start,
        since then every first page is waited for, of whatever it is.
        """
        import ocr_worker.documents.pdf  # noqa: F401  it is here for the next who wants it

        for engine in self._engines.values():
            # What cannot be loaded is told by the page that needs it.
            with suppress(Exception):
                engine.load_ahead()

    def _give_back(self) -> None:
        self._heap.tidy(held_bytes=0)

    def preload(self, name: str) -> None:
        """Load an engine ahead of the first page.

        One that is not there is no reason not to start: the page that needs it says so.
        """
        with suppress(EngineUnavailable):
            self.engine_of(name)

    def engine_of(self, name: str) -> Engine:
        """Return an engine, loading it once. Raise `EngineUnavailable`."""
        if name not in self._engines:
            self._engines[name] = load_engine(name)
        return self._engines[name]

    def _outcome(self, task: wire.Task) -> wire.Event:
        try:
            match task:
                case wire.Inspect():
                    return self._inspect(task)
                case wire.Recognize():
                    return self._recognize(task)
                case wire.Assemble():
                    return self._assemble(task)
                case wire.Render():
                    return self._render(task)
                case wire.ListEngines():
                    return wire.EnginesListed(task=task.task, engines=list_engines())
        except TaskStopped:
            return wire.Stopped(task=task.task)
        except TaskError as error:
            return wire.Failed(
                task=task.task, kind=error.kind, message=error.message, data=error.data
            )
        except MemoryError:
            self._close()
            text = "There was not enough memory for the page."
            return wire.Failed(
                task=task.task, kind="limit_exceeded", message=text, data={"which": "memory"}
            )
        except Exception as error:  # noqa: BLE001  one task's trouble is not the worker's
            self._close()
            # Where it happened, without the exception's own text, which may quote the document.
            where = "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
            return wire.Failed(task=task.task, kind="internal_error", message="", detail=where)

    def _inspect(self, task: wire.Inspect) -> wire.Inspected:
        document = open_document(task.source, task.limits)
        try:
            pages: tuple[wire.PageInfo, ...] = ()
            if task.include_pages:
                pages = tuple(
                    document.describe(number) for number in range(1, document.page_count + 1)
                )
            return wire.Inspected(
                task=task.task,
                format=document.format,
                page_count=document.page_count,
                encrypted=document.encrypted,
                size_bytes=document.size_bytes,
                modified_ns=document.modified_ns,
                pages=pages,
                warnings=document.warnings,
            )
        finally:
            document.close()

    def _render(self, task: wire.Render) -> wire.Rendered:
        # Opened for this page alone: on Windows an open file can be neither changed nor removed,
        # and the next question may be a long time off.
        with closing(open_document(task.source, task.limits)) as document:
            return render_page(document, task)

    def _assemble(self, task: wire.Assemble) -> wire.Assembled:
        # Only now: a worker is ready sooner without what writes files.
        from ocr_worker.outputs.writing import write_outputs

        progress = partial(self.control.advance, task.task, "write")
        return wire.Assembled(task=task.task, warnings=write_outputs(task, progress))

    def _recognize(self, task: wire.Recognize) -> wire.Recognized:
        document = self._document(task.source, task.limits)
        page = read_page(
            document,
            task,
            self.engine_of,
            partial(self.control.checkpoint, task.task),
        )
        if document.warnings:
            # Who follows the pages may never ask about the document.
            warnings = (*document.warnings, *page.warnings)
            page = msgspec.structs.replace(page, warnings=warnings)
        if task.keep is not None:
            keep_page(page, task.keep)
        if not task.with_lines:
            page = msgspec.structs.replace(page, lines=())
        return wire.Recognized(task=task.task, page=page)

    def _document(self, source: wire.Source, limits: wire.Limits) -> Document:
        """Return the document, opened once for many pages, closed when another one comes."""
        if self._opened is None or self._opened[:2] != (source, limits):
            self._close()
            self._opened = (source, limits, open_document(source, limits))
        return self._opened[2]

    def _close(self) -> None:
        if self._opened is not None:
            self._opened[2].close()
            self._opened = None
