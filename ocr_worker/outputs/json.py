"""JSON: everything known about the pages, as one object of a documented shape.

The types below are the shape; `schema/output.schema.json` is made from them. Every member is
always there, null where there is nothing to say. `version` grows when a member changes its meaning
or goes; members may be added without.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from ocr_worker import wire

VERSION: Final = 1

Points = Annotated[float, Meta(description="PDF points, from the page's top left")]
Length = Annotated[float, Meta(ge=0, description="PDF points")]
Confidence = Annotated[float, Meta(ge=0, le=1)]
Index = Annotated[int, Meta(ge=0, description="From 0")]
Degrees = Annotated[float, Meta(description="Degrees clockwise")]


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A word and its upright box."""

    text: str
    confidence: Confidence
    x: Points
    y: Points
    width: Length
    height: Length


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of text, its upright box, the direction it is read in, and the block it is in."""

    text: str
    confidence: Confidence
    x: Points
    y: Points
    width: Length
    height: Length
    block: Index
    angle: Degrees
    words: tuple[Word, ...]


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A block of text: the upright box round its lines, and which of the page's lines they are."""

    x: Points
    y: Points
    width: Length
    height: Length
    first_line: Index
    line_count: Annotated[int, Meta(ge=1)]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page that was read: its text, its blocks and its lines in reading order."""

    page: Annotated[int, Meta(ge=1, description="From 1")]
    state: Literal["recognized", "native_text", "empty"]
    width_pt: Length
    height_pt: Length
    text: str
    confidence: Confidence | None
    engine: str | None
    orientation: wire.Orientation | None
    skew: Degrees | None
    preparation: tuple[wire.Preparation, ...]
    reason: str | None
    warnings: tuple[str, ...]
    blocks: tuple[Block, ...]
    lines: tuple[Line, ...]


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds: the pages that were read, in document order."""

    version: Literal[1]
    file: Annotated[str, Meta(description="The document's path or name as the host gave it")]
    page_count: Annotated[int, Meta(ge=0, description="Pages of the document")]
    pages: tuple[Page, ...]


def render(task: wire.Assemble, pages: Iterable[wire.Page]) -> Iterator[bytes]:
    """Yield the file in pieces, so that a long document is never held twice."""
    encode = msgspec.json.encode
    head = encode(Output(version=VERSION, file=task.file, page_count=task.page_count, pages=()))
    yield head.removesuffix(b"]}")
    for position, page in enumerate(pages):
        yield (b",\n" if position else b"\n") + encode(_page(page))
    yield b"\n]}\n"


def _page(page: wire.Page) -> Page:
    return Page(
        page=page.page,
        state=page.state,
        width_pt=page.width_pt,
        height_pt=page.height_pt,
        text=page.text,
        confidence=page.confidence,
        engine=page.engine,
        orientation=page.orientation,
        skew=page.skew,
        preparation=page.preparation,
        reason=page.reason,
        warnings=page.warnings,
        blocks=tuple(_blocks(page.lines)),
        lines=tuple(_line(line) for line in page.lines),
    )


def _blocks(lines: tuple[wire.Line, ...]) -> Iterator[Block]:
    first = 0
    for _, members in groupby(lines, key=lambda line: line.block):
        block = tuple(members)
        x, y = min(line.x for line in block), min(line.y for line in block)
        yield Block(
            x=x,
            y=y,
            width=round(max(line.x + line.width for line in block) - x, 2),
            height=round(max(line.y + line.height for line in block) - y, 2),
            first_line=first,
            line_count=len(block),
        )
        first += len(block)


def _line(line: wire.Line) -> Line:
    return Line(
        text=line.text,
        confidence=line.confidence,
        x=line.x,
        y=line.y,
        width=line.width,
        height=line.height,
        block=line.block,
        angle=line.angle,
        words=tuple(_word(word) for word in line.words),
    )


def _word(word: wire.Word) -> Word:
    return Word(
        text=word.text,
        confidence=word.confidence,
        x=word.x,
        y=word.y,
        width=word.width,
        height=word.height,
    )
