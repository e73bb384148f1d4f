"""Takes the invisible text of an earlier run off a page that gets new text, or each word is twice.

Everything that can be seen stays. A page without such text is not touched at all, and neither is
text within a form that the page shows, since other pages may show that too.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import pikepdf
from pikepdf import Array, Page, Pdf

from ocr_worker.outputs.searchable_pdf.glyphless_font import flate_stream

_INVISIBLE: Final = 3
_MAYBE: Final = re.compile(rb"(?<![\d.])3\s+Tr\b")
"""What content with invisible text has in it; only such content is worth being parsed."""
_SHOWS: Final = ("Tj", "TJ", "'")
_SHOWS_AND_SETS: Final = '"'
"""Shows text and sets spacings that hold for later text too, so it cannot just go."""

_Instruction: TypeAlias = pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage


def drop_invisible_text(pdf: Pdf, page: Page) -> None:
    """Show no more the invisible text of a page's content; content that is no such stays as it is.

    Only text objects go of which nothing can be seen: each is placed by itself, so nothing that
    stays can move.
    """
    try:
        if not _MAYBE.search(_content_of(page)):
            return
        instructions = pikepdf.parse_content_stream(page)
        dropped = set(_invisible(instructions))
        if dropped:
            kept = [one for index, one in enumerate(instructions) if index not in dropped]
            page.obj.Contents = flate_stream(pdf, pikepdf.unparse_content_stream(kept))
    except (pikepdf.PikepdfError, AttributeError, TypeError, ValueError):
        return  # it is damaged, and viewers show of it what they can


def _content_of(page: Page) -> bytes:
    contents = page.obj.Contents
    parts = contents if isinstance(contents, Array) else (contents,)
    return b"\n".join(part.read_bytes() for part in parts)


def _invisible(instructions: Sequence[_Instruction]) -> Iterator[int]:
    """Yield the indexes of what shows invisible text, in text objects that show no other."""
    mode, saved = 0, []
    shows: list[int] = []
    is_seen = False
    for index, instruction in enumerate(instructions):
        match str(instruction.operator):
            case "q":
                saved.append(mode)
            case "Q" if saved:
                mode = saved.pop()
            case "Tr":
                mode = int(instruction.operands[0])
            case "BT":
                shows, is_seen = [], False
            case "ET":
                if not is_seen:
                    yield from shows
                shows = []
            case operator if operator in _SHOWS or operator == _SHOWS_AND_SETS:
                shows.append(index)
                is_seen |= mode != _INVISIBLE or operator == _SHOWS_AND_SETS
