"""Page selections such as `1-3,7,-1`: from text to page numbers; pure."""

import re
from collections.abc import Iterator
from typing import Final

from daemon.errors import RpcError, invalid_params

_PART: Final = re.compile(r"\s*(?:(\d{1,9})\s*(?:(-)\s*(\d{1,9})?)?|-\s*(\d{1,9}))\s*")


def parse_pages(text: str, path: str) -> list[tuple[int, int | None]]:
    """Return the parts of a selection as (first, last) pairs.

    `last` None is open-ended; a negative pair (-n, -n) is the nth page from the end. Raise
    `invalid_params`, naming `path`, when the text is not a selection.
    """
    parts: list[tuple[int, int | None]] = []
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise invalid_params(path, "expected pages such as 1-3,7,10-,-1")
        first, dash, last, from_end = match.groups()
        if from_end is not None:
            parts.append((-int(from_end), -int(from_end)))
        elif dash is None:
            parts.append((int(first), int(first)))
        else:
            parts.append((int(first), None if last is None else int(last)))
        low, high = parts[-1]
        if low == 0 or high == 0 or (high is not None and high < low):
            raise invalid_params(path, "pages count from 1 and ranges go upwards")
    return parts


def select_pages(text: str | None, page_count: int) -> list[int]:
    """Return the selected page numbers in document order, duplicates once; all pages for None.

    Raise `page_out_of_range` when a named page does not exist.
    """
    if text is None:
        return list(range(1, page_count + 1))
    for first, last in _ranges(text, page_count):
        if first < 1 or last > page_count:
            raise RpcError(
                "page_out_of_range",
                f"The document has {page_count} page(s); the selection asks for others.",
                page_count=page_count,
            )
    return select_existing(text, page_count)


def select_existing(text: str | None, page_count: int) -> list[int]:
    """Return like `select_pages`, but leave out what does not exist."""
    return sorted(named_pages(text or "1-", page_count))


def named_pages(text: str, page_count: int) -> list[int]:
    """Return the selected pages that exist in the order in which they are named, each once."""
    chosen: dict[int, None] = {}
    for first, last in _ranges(text, page_count):
        chosen.update(dict.fromkeys(range(max(first, 1), min(last, page_count) + 1)))
    return list(chosen)


def _ranges(text: str, page_count: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a selection as first and last page, which may lie outside."""
    for first, last in parse_pages(text, "pages"):
        if first < 0:
            yield page_count + 1 + first, page_count + 1 + first
        else:
            yield first, max(page_count, first) if last is None else last
