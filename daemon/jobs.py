"""Jobs, their documents and the page ledger: which transitions exist; pure.

Invariants: every page asked for ends in exactly one state, a state once ended never changes, and a
job is over exactly once. Nothing here knows of workers, slots or the wire.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, NewType

from daemon.clock import Moment
from daemon.config import Timeouts
from daemon.errors import RpcError
from daemon.notifications import PageCounts
from daemon.page_ranges import named_pages
from daemon.params import JobStateName, OcrOptions, TerminalStateName

JobId = NewType("JobId", str)

SUCCESSES = ("recognized", "native_text", "empty")
"""States of a page that was read."""

POISONOUS_AFTER = 3
"""Pages that used up their attempts by killing workers, after which a document is held back."""

MAX_WISHES = 100
"""Selections of pages to go first that are remembered for a document not counted yet; the newest
ones, so that a host that asks and asks fills nothing."""


class PageRef(NamedTuple):
    """One page of one document of one job; `document` counts from 0, `page` from 1."""

    job_id: JobId
    document: int
    page: int


class DocumentState(Enum):
    """Where a document is on its way; the last three are final."""

    WAITING = "waiting"
    READING = "reading"
    ASSEMBLING = "assembling"
    PUBLISHING = "publishing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


_FINAL = (DocumentState.SUCCEEDED, DocumentState.FAILED, DocumentState.CANCELLED)


@dataclass(slots=True)
class Page:
    """A row of the ledger. `state` is waiting or running, then one of protocol.md's five."""

    number: int
    state: str = "waiting"
    attempts: int = 0
    scale: float = 1.0
    """Resolution of the next attempt, relative to the first one's."""
    failure: RpcError | None = None
    gave_way_in_vain: bool = False
    """Its time ran out while it gave way to all else; from now on it does not."""


@dataclass(slots=True)
class Document:
    """A document of a job: what the host named, and how far its pages are.

    `path` is what workers open: the resolved file, or the scratch copy of base64 data.
    """

    index: int
    file: str
    path: str
    stem: str
    is_copy: bool = False
    """`path` is ours: base64 data put into scratch, removed with the job."""
    password: str | None = None
    selection: str | None = None
    state: DocumentState = DocumentState.WAITING
    failure: RpcError | None = None
    size_bytes: int | None = None
    modified_ns: int | None = None
    page_count: int | None = None
    """Pages in the file; `pages` holds those asked for."""
    pages: dict[int, Page] = field(default_factory=dict)
    waiting: deque[int] = field(default_factory=deque)
    suspects: deque[int] = field(default_factory=deque)
    """Waiting pages that have ended a worker before."""
    wishes: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_WISHES))
    """Selections of pages that are to go first, while it is not known which pages those are."""
    has_own_text: bool = False
    """Every page was seen to carry text, so that an engine may never be needed."""
    n_poison: int = 0
    """Pages that have failed because each attempt ended a worker."""
    counts: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    """Failed pages by kind."""
    counted_at: float = 0.0
    """When its pages began to wait, monotonic seconds."""
    kept: dict[int, str] = field(default_factory=dict)
    """Page number to the scratch file that holds what was read, for assembling."""
    n_assembled: int = 0
    """How often its outputs have been begun."""
    gave_way_in_vain: bool = False
    """The time of its outputs ran out while they gave way to all else; from now on they do not."""
    written: float = 0.0
    """Share of its outputs that is written, 0 to 1, as the worker tells."""
    outputs: dict[str, str] = field(default_factory=dict)
    output_warnings: tuple[str, ...] = ()
    """Sentences about what a reader of the outputs might miss."""

    @property
    def is_over(self) -> bool:
        """True once nothing about this document changes any more."""
        return self.state in _FINAL

    @property
    def n_ended(self) -> int:
        """How many of its pages have ended."""
        return sum(self.counts.values())

    @property
    def n_succeeded(self) -> int:
        """How many of its pages were read."""
        return sum(self.counts[state] for state in SUCCESSES)

    @property
    def is_poisonous(self) -> bool:
        """True when its pages are to be tried one at a time, and once."""
        return self.n_poison >= POISONOUS_AFTER

    @property
    def n_waiting(self) -> int:
        """How many of its pages wait for a slot."""
        return len(self.waiting) + len(self.suspects)

    def takes(self, *, suspects: bool) -> bool:
        """Tell whether a page could be handed out now; with `suspects`, one of those too."""
        if not (self.waiting or (suspects and self.suspects)):
            return False
        is_running = self.n_ended + self.n_waiting < len(self.pages)
        return not (self.is_poisonous and is_running)

    def is_fresh(self, number: int) -> bool:
        """Tell whether a page waits and has not ended a worker before."""
        page = self.pages.get(number)
        return page is not None and page.state == "waiting" and number not in self.suspects

    def take(self, wanted: int | None, *, suspects: bool) -> int:
        """Take a page out of the queue: a suspect where one may go, else `wanted` or the first."""
        if suspects and self.suspects:
            return self.suspects.popleft()
        if wanted is None:
            return self.waiting.popleft()
        self.waiting.remove(wanted)
        return wanted

    def drain(self) -> list[int]:
        """Take all waiting pages out of the queue."""
        numbers = [*self.suspects, *self.waiting]
        self.suspects.clear()
        self.waiting.clear()
        return numbers

    def counted(self, pages: Sequence[int], page_count: int) -> None:
        """Take the pages that were asked for into the ledger."""
        self.page_count = page_count
        self.pages = {number: Page(number) for number in pages}
        self.waiting.extend(pages)
        self.state = DocumentState.READING

    def fail(self, failure: RpcError) -> None:
        """End the document: it cannot be opened, or its outputs cannot be written."""
        self.state = DocumentState.FAILED
        self.failure = failure

    def end_page(self, number: int, state: str, failure: RpcError | None = None) -> None:
        """End one page; raise `ValueError` when it has ended already."""
        page = self.pages[number]
        if page.state not in ("waiting", "running"):
            raise ValueError(f"page {number} has ended as {page.state}")
        page.state = state
        page.failure = failure
        self.counts[state] += 1
        if failure is not None:
            self.failures[failure.kind.name] += 1

    def first_failure(self) -> RpcError | None:
        """Return why the first failed page failed."""
        return next((page.failure for page in self.pages.values() if page.failure), None)


@dataclass(slots=True)
class Job:
    """What a host submitted; it ends exactly once."""

    job_id: JobId
    documents: list[Document]
    options: OcrOptions
    timeouts: Timeouts
    engine: str
    accepted: Moment
    request_id: str | int | float | None = None
    """The id of the request that started it."""
    output_dir: str | None = None
    output_kinds: tuple[str, ...] = ()
    started_at: float | None = None
    finished_at: float | None = None
    is_cancelled: bool = False
    failure: RpcError | None = None
    """Why the whole job failed, where that is no single document's matter."""
    last_ended: PageRef | None = None
    writing: int | None = None
    """The document whose outputs got on, where that was after any page has ended."""
    first: dict[tuple[int, int], None] = field(default_factory=dict)
    """Pages, by document and number, that the host wants before all others, in this order; those
    that are running meanwhile are passed over."""

    @property
    def is_over(self) -> bool:
        """True once the terminal notification may go out, and ever after."""
        return all(document.is_over for document in self.documents)

    @property
    def state(self) -> JobStateName:
        """The job's state as on the wire."""
        if not self.is_over:
            return "queued" if self.started_at is None else "running"
        return self.terminal_state

    @property
    def terminal_state(self) -> TerminalStateName:
        """How a job that is over has ended."""
        if self.is_cancelled:
            return "cancelled"
        if self.failure:
            return "failed"
        n_failed = sum(document.state is DocumentState.FAILED for document in self.documents)
        if n_failed == len(self.documents):
            return "failed"
        return "partial" if n_failed or self.counts.failed else "succeeded"

    @property
    def is_counted(self) -> bool:
        """True once the number of pages of every document is known, or known not to matter."""
        return all(doc.is_over or doc.page_count is not None for doc in self.documents)

    @property
    def engine_ahead(self) -> str | None:
        """The engine that workers are to load before they get its pages; None to wait for need."""
        if self.options.mode != "force" and all(doc.has_own_text for doc in self.documents):
            return None
        return self.engine

    @property
    def total(self) -> int:
        """Pages asked for, of the documents counted so far."""
        return sum(len(document.pages) for document in self.documents)

    @property
    def current(self) -> int:
        """Pages that have ended."""
        return sum(document.n_ended for document in self.documents)

    @property
    def counts(self) -> PageCounts:
        """Ended pages by state."""
        total: Counter[str] = Counter()
        for document in self.documents:
            total.update(document.counts)
        return PageCounts(**total)

    def takes(self, *, suspects: bool) -> bool:
        """Tell whether a page could be handed out now; with `suspects`, one of those too."""
        return any(document.takes(suspects=suspects) for document in self.documents)

    def max_attempts(self, document: Document) -> int:
        """Return how often a page may be tried that ends its workers."""
        return 1 if document.is_poisonous else self.options.max_attempts

    def ref(self, document: Document, page: int) -> PageRef:
        """Return the name of a page."""
        return PageRef(self.job_id, document.index, page)

    def counted(self, document: Document, pages: Sequence[int], page_count: int) -> None:
        """Take a document's pages into the ledger, and those that were wished for to the front."""
        document.counted(pages, page_count)
        while document.wishes:
            self.put_first(document, document.wishes.popleft())

    def put_first(self, document: Document, selection: str) -> None:
        """Let the pages that a selection names go before all others of the job, in its order.

        Those that do not wait, or have ended a worker, stay where they are. Of a document that is
        not counted yet the wish is remembered.
        """
        if document.page_count is None:
            document.wishes.append(selection)
            return
        named = (
            (document.index, number)
            for number in named_pages(selection, document.page_count)
            if document.is_fresh(number)
        )
        self.first = dict.fromkeys([*named, *self.first])

    def take_page(self, *, suspects: bool) -> PageRef | None:
        """Hand out the next waiting page: one that is wanted first, else in document order.

        With `suspects`, those of a document go before its other pages.
        """
        document, wanted = self._next_wanted()
        if document is None:
            able = (one for one in self.documents if one.takes(suspects=suspects))
            document = next(able, None)
        if document is None:
            return None
        number = document.take(wanted, suspects=suspects)
        page = document.pages[number]
        page.state = "running"
        page.attempts += 1
        return self.ref(document, number)

    def _next_wanted(self) -> tuple[Document, int] | tuple[None, None]:
        for index, number in self.first:
            document = self.documents[index]
            if document.takes(suspects=False) and document.is_fresh(number):
                return document, number
        return None, None

    def put_back(self, ref: PageRef, *, counts_attempt: bool) -> None:
        """Let a running page wait again.

        With `counts_attempt` it is suspected of having ended its worker; without, the attempt
        never was: its worker died before it took the page.
        """
        document = self.documents[ref.document]
        page = document.pages[ref.page]
        page.state = "waiting"
        if counts_attempt:
            document.suspects.append(ref.page)
            self.first.pop((ref.document, ref.page), None)
        else:
            page.attempts -= 1
            document.waiting.appendleft(ref.page)

    def end_page(self, ref: PageRef, state: str, failure: RpcError | None = None) -> None:
        """End a page that was handed out."""
        self.documents[ref.document].end_page(ref.page, state, failure)
        self.first.pop((ref.document, ref.page), None)
        self.last_ended = ref
        self.writing = None

    def tried_pages(self) -> list[PageRef]:
        """Return the pages that have not ended but were in a slot, now or before."""
        return [
            self.ref(document, page.number)
            for document in self.documents
            for page in document.pages.values()
            if page.attempts and page.state in ("waiting", "running")
        ]

    def stop(self, state: str, failure: RpcError | None = None) -> None:
        """End all that is not over: pages as `state`, documents with them.

        A document whose files are being published is left to finish: the order to rename was
        given, so it counts as finished.
        """
        self.first.clear()
        for document in self.documents:
            document.drain()
            for page in document.pages.values():
                if page.state in ("waiting", "running"):
                    document.end_page(page.number, state, failure)
            if document.is_over or document.state is DocumentState.PUBLISHING:
                continue
            if failure is None:
                document.state = DocumentState.CANCELLED
            else:
                document.fail(failure)
