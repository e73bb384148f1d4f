"""Markdown as GitHub has it: headings, lists, tables and paragraphs, for people and for models.

Each page begins with the comment `<!-- page N -->`: it is not shown, and says where a passage is
from. A comment rather than a line across, since a paragraph may go on over the page's end.
"""

from collections.abc import Iterable, Iterator

from ocr_worker import wire
from ocr_worker.outputs.markdown.escaping import escaped_cell, escaped_heading, escaped_lines
from ocr_worker.outputs.markdown.rows import blocks_of
from ocr_worker.outputs.markdown.structure import Element, Heading, Items, Paragraph, elements_of
from ocr_worker.outputs.markdown.tables import Table

_BREAK = "  \n"
"""Two spaces keep the end of a line, and unlike a backslash do not show where it is read raw."""


def render(task: wire.Assemble, pages: Iterable[wire.Page]) -> Iterator[bytes]:
    """Yield the file in pieces, a page each."""
    for position, page in enumerate(pages):
        pieces = [f"<!-- page {page.page} -->", *_pieces(page)]
        yield ("\n" * bool(position) + "\n\n".join(pieces) + "\n").encode()


def _pieces(page: wire.Page) -> Iterator[str]:
    for element in elements_of(blocks_of(page)):
        yield _written(element)


def _written(element: Element) -> str:
    match element:
        case Heading(level, text):
            return f"{'#' * level} {escaped_heading(text)}"
        case Items(items):
            return "\n".join(f"{item.marker} {escaped_lines(item.text)}" for item in items)
        case Table():
            return _table(element)
        case Paragraph(lines):
            return escaped_lines("\n".join(lines)).replace("\n", _BREAK)


def _table(table: Table) -> str:
    header = table.header or ("",) * len(table.figures)
    rule = ["---:" if figures else "---" for figures in table.figures]
    rows = [[escaped_cell(text) for text in row] for row in (header, *table.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], rule, *rows[1:]])
