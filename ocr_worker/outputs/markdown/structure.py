"""What the blocks of a page are: headings, lists, tables or paragraphs. Judged by rows and cells.

Only what is plain becomes a heading, a list or a table; anything else is a paragraph, in which
nothing is lost. Distances are in heights of a line, so the unit is no matter.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from ocr_worker.outputs.markdown.rows import Block, Row, text_of, usual_height
from ocr_worker.outputs.markdown.tables import Table, table_at
from ocr_worker.scripts import is_word_by_itself

HEADING_RATIO = 1.3
"""A heading is this much higher than the usual line of its page; boxes vary by less."""
TITLE_RATIO = 1.8
"""One this much higher is a title."""
MAX_HEADING_ROWS = 3
MAX_HEADING_CHARACTERS = 120

PROSE_CHARACTERS = 20
"""Rows shorter than this are no running text: their ends are kept."""
ROOM = 0.3
"""A row of running text that leaves less of its block's width free has ended at its margin."""
INDENT = 0.8
"""A row that begins this far inside its block, after one that was not full, begins a paragraph."""
HANGING = 0.4
"""What goes on an item of a list begins this far inside the item's own first row."""

_BULLET = re.compile(r"([•◦▪▫■□●○‣∙➢➤►▶✓✔✗❖])\s*")
_DASH = re.compile(r"([-\N{EN DASH}*·])(?:\s+|$)")
_NUMBER = re.compile(r"(\d{1,3})([.)])(?:\s+|$)")
_HYPHENS = "-\N{HYPHEN}\N{SOFT HYPHEN}"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `level` is 1 for a title, else 2."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list; `marker` is "-", or a number with its dot or bracket."""

    marker: str
    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list. Numbers, where it has them, go up by one."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: the lines that it must keep apart, each joined of rows."""

    lines: tuple[str, ...]


Element: TypeAlias = Heading | Items | Table | Paragraph


def elements_of(blocks: list[Block]) -> Iterator[Element]:
    """Yield what the blocks of a page consist of, in reading order."""
    usual = usual_height(blocks)
    last: Items | None = None
    for block in blocks:
        for element in _elements_of(block, usual, last):
            yield element
            last = element if isinstance(element, Items) else last


def _elements_of(block: Block, usual: float, last: Items | None) -> Iterator[Element]:
    heading = _heading(block, usual)
    if heading is not None:
        yield heading
        return
    rows = list(block)
    extent = _extent(block)
    paragraph: list[Row] = []
    while rows:
        element: Element | None
        n_taken, element = _list_at(rows, extent, last)
        if element is None:
            n_taken, element = table_at(rows)
        if element is None:
            paragraph.append(rows.pop(0))
            continue
        yield from _paragraphs(paragraph)
        paragraph = []
        yield element
        last = element if isinstance(element, Items) else last
        del rows[:n_taken]
    yield from _paragraphs(paragraph)


def join(above: str, below: str) -> str:
    """Return the text of two rows as one: a word that was divided between them is whole again."""
    if above and above[-1] in _HYPHENS and above[-2:-1].isalpha() and below[:1].isalnum():
        divided = below[0].islower() or above[-1] == "\N{SOFT HYPHEN}"
        return (above[:-1] if divided else above) + below
    if above and below and is_word_by_itself(above[-1]) and is_word_by_itself(below[0]):
        return above + below
    return f"{above} {below}"


def _heading(block: Block, usual_height: float) -> Heading | None:
    if len(block) > MAX_HEADING_ROWS or any(len(row) > 1 for row in block):
        return None
    lowest = min(row[0].height for row in block)
    text = block[0][0].text
    for row in block[1:]:
        text = join(text, row[0].text)
    has_words = sum(character.isalpha() for character in text) >= 2
    if lowest < HEADING_RATIO * usual_height or not has_words:
        return None
    if len(text) > MAX_HEADING_CHARACTERS:
        return None
    return Heading(1 if lowest >= TITLE_RATIO * usual_height else 2, text)


def _list_at(
    rows: list[Row], extent: tuple[float, float], last: Items | None
) -> tuple[int, Items | None]:
    """Return how many rows from the first on are a list, and that; None when they are none.

    `extent` is that of their block, `last` the last list before them on the page.
    """
    items: list[Item] = []
    is_list = False
    position = 0
    while position < len(rows):
        marked = _marked(rows[position])
        if marked is None or (items and not _follows(items[-1], marked.marker)):
            break
        text, start = marked.text, rows[position][0].start
        position += 1
        while position < len(rows) and _goes_on(rows[position - 1], rows[position], start, extent):
            text = join(text, text_of(rows[position]))
            position += 1
        items.append(Item(marked.marker, text))
        is_list = is_list or marked.is_certain or len(items) > 1
    if not items:
        return 0, None
    if not is_list and items[0].marker != "-":
        # The paragraphs of a contract are numbered too, each in a block of its own.
        is_list = items[0].marker in ("1.", "1)")
        is_list |= last is not None and _follows(last.items[-1], items[0].marker)
    return (position, Items(tuple(items))) if is_list else (0, None)


@dataclass(frozen=True, slots=True)
class _Marked:
    """A row that begins like an item: its marker, the rest, and whether one alone is a list."""

    marker: str
    text: str
    is_certain: bool


def _marked(row: Row) -> _Marked | None:
    for kind in (_BULLET, _DASH, _NUMBER):
        found = kind.match(row[0].text)
        if found is None:
            continue
        rest = row[0].text[found.end() :]
        # The marker may be a cell of its own; whatever has more cells is a table.
        texts = [text for text in (rest, *(cell.text for cell in row[1:])) if text]
        if len(texts) != 1:
            return None
        marker = "".join(found.groups()) if kind is _NUMBER else "-"
        return _Marked(marker, texts[0], is_certain=kind is _BULLET)
    return None


def _follows(last: Item, marker: str) -> bool:
    """Tell whether an item with that marker goes on the list that `last` was in."""
    if "-" in (marker, last.marker):
        return marker == last.marker
    return marker == f"{int(last.marker[:-1]) + 1}{last.marker[-1]}"


def _goes_on(above: Row, row: Row, start: float, extent: tuple[float, float]) -> bool:
    """Tell whether a row goes on the item that begins at `start`."""
    if len(row) > 1 or _marked(row) is not None:
        return False
    is_inside = row[0].start > start + HANGING * row[0].height
    return is_inside or _is_full(above, row, extent)


def _paragraphs(rows: list[Row]) -> Iterator[Paragraph]:
    """Cut rows into paragraphs, and join those that a line's end alone had parted."""
    if not rows:
        return
    extent = _extent(rows)
    lines = [text_of(rows[0])]
    for above, row in pairwise(rows):
        is_indented = row[0].start > extent[0] + INDENT * row[0].height
        if is_indented and len(row) == 1 and _is_prose(above) and _had_room(above, row, extent[1]):
            yield Paragraph(tuple(lines))
            lines = [text_of(row)]
        elif _is_full(above, row, extent):
            lines[-1] = join(lines[-1], text_of(row))
        else:
            lines.append(text_of(row))
    yield Paragraph(tuple(lines))


def _is_full(above: Row, row: Row, extent: tuple[float, float]) -> bool:
    """Tell whether a row ended at its margin only, and the text goes on in the next.

    Where lines are not justified, it had a little more room than the widths of words say.
    """
    if len(row) > 1 or not _is_prose(above):
        return False
    start, end = extent
    is_long = end - above[0].end < ROOM * (end - start)
    return is_long or above[0].text[-1] in _HYPHENS or not _had_room(above, row, end)


def _had_room(above: Row, row: Row, end: float) -> bool:
    """Tell whether the first word of a row would have had room at the end of the row above."""
    following = row[0]
    first = following.text.split()[0]
    width = (following.end - following.start) * len(first) / len(following.text)
    if is_word_by_itself(first[0]):
        width = following.height
    return above[0].end + width + following.height / 4 < end


def _extent(rows: Iterable[Row]) -> tuple[float, float]:
    """Return where rows begin and where they end, in reading direction."""
    return min(row[0].start for row in rows), max(row[-1].end for row in rows)


def _is_prose(row: Row) -> bool:
    return len(row) == 1 and len(row[0].text) >= PROSE_CHARACTERS
