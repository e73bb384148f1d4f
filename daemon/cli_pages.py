"""What the command line says about pages and jobs: their order and their wording; pure.

Pages come in the order in which they end. Here they are held until those before them are in, so
that text leaves in reading order; what never comes is passed over once its document is complete,
or when the job has ended.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from daemon.page_ranges import parse_pages

Params: TypeAlias = dict[str, Any]

_COUNTED = ("recognized", "native_text", "empty", "failed", "cancelled")


@dataclass(slots=True)
class _Document:
    """The pages of one document: how many were asked for, how many came, which are held."""

    page_count: int | None = None
    n_seen: int = 0
    last_released: int = 0
    held: dict[int, Params] = field(default_factory=dict)


class PageOrder:
    """Puts the `job/page` params of a job into order; `pages` is the selection, if there is one.

    Raise `RpcError` when the selection is none.
    """

    def __init__(self, n_documents: int, pages: str | None = None) -> None:
        parts = [(1, None)] if pages is None else parse_pages(pages, "pages")
        self._parts = parts
        # Which page is the nth from the end is not told: then a document is held until complete.
        self._streams = all(first > 0 for first, _ in parts)
        self._documents = [_Document() for _ in range(n_documents)]
        self._current = 0

    def page_count(self, document: int) -> int | None:
        """Return how many pages of a document were asked for, None while that is not known."""
        return self._documents[document].page_count

    def learn(self, document: int, page_count: int) -> None:
        """Take note of how many pages of a document were asked for."""
        self._documents[document].page_count = page_count

    def add(self, page: Params) -> list[Params]:
        """Take a page that ended and return those whose turn has come, in order."""
        document = self._documents[page["document"]]
        document.n_seen += 1
        document.held[page["page"]] = page
        return list(self._release())

    def rest(self) -> list[Params]:
        """Return what is still held, in order: the job has ended."""
        left = [page for document in self._documents for page in _drain(document)]
        self._current = len(self._documents)
        return left

    def _release(self) -> Iterator[Params]:
        while self._current < len(self._documents):
            document = self._documents[self._current]
            while self._streams and (turn := self._next_page(document)) in document.held:
                document.last_released = turn
                yield document.held.pop(turn)
            if document.page_count is None or document.n_seen < document.page_count:
                return
            yield from _drain(document)
            self._current += 1

    def _next_page(self, document: _Document) -> int:
        """Return the first selected page after the last that was released; 0 if there is none."""
        candidates = [
            max(first, document.last_released + 1)
            for first, last in self._parts
            if last is None or last > document.last_released
        ]
        return min(candidates, default=0)


def _drain(document: _Document) -> Iterator[Params]:
    for number in sorted(document.held):
        yield document.held.pop(number)


def page_text(page: Params) -> str:
    """Return a page's text; one too long for a line lies in the file that `path` names."""
    if "text" not in page and "path" in page:
        with open(page["path"], "rb") as file:
            page = orjson.loads(file.read())
    text = page.get("text")
    return text if isinstance(text, str) else ""


def page_header(page: Params, page_count: int | None) -> str:
    """Return the line above a page, such as `── scan.pdf · page 1 of 3 · recognized ──`."""
    of = f" of {page_count}" if page_count is not None else ""
    state = page["state"].replace("_", " ")
    return f"── {os.path.basename(page['file'])} · page {page['page']}{of} · {state} ──"


def page_failure(page: Params, file: str) -> str | None:
    """Return the sentence about a page of `file` that failed, None for any other page."""
    if page["state"] != "failed":
        return None
    return f"{file}, page {page['page']}: {page.get('error', {}).get('message', 'failed')}"


def job_failures(terminal: Params, files: list[str], told: set[tuple[int, int]]) -> list[str]:
    """Return a sentence for each failure of a job that was not `told` as (document, page) yet."""
    lines = [
        f"{files[page['document']]}, page {page['page']}: "
        + ("not tried" if page["attempts"] == 0 else "failed")
        + f" ({page['kind']})"
        for page in terminal["failed_pages"]
        if (page["document"], page["page"]) not in told
    ]
    lines += [f"{files[each['document']]}: {each['error']}" for each in terminal["failed"]]
    # The error of a job is often that of its only document.
    message = terminal["error"]["message"] if terminal["state"] == "failed" else ""
    if not any(line.endswith(message) for line in lines):
        lines.append(message)
    return [line for line in lines if line]


def written_files(terminal: Params) -> list[str]:
    """Return the paths of the files a job wrote, document by document."""
    return [path for document in terminal["successful"] for path in document["outputs"].values()]


def output_warnings(terminal: Params, files: list[str]) -> list[str]:
    """Return a sentence for each warning about the files that a job wrote."""
    return [
        f"{files[document['document']]}: {warning}"
        for document in terminal["successful"]
        for warning in document.get("warnings", ())
    ]


def summary(terminal: Params) -> str:
    """Return the last line about a job, such as `3 pages: 2 recognized, 1 empty · 4.2 s`."""
    counts = {name: terminal["pages"].get(name, 0) for name in _COUNTED}
    total = sum(counts.values())
    parts = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items() if n)
    pages = f"{total} page{'' if total == 1 else 's'}"
    return f"{pages}{': ' if parts else ''}{parts} · {terminal['duration_seconds']:.1f} s"
