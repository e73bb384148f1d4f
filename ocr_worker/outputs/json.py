"""JSON: everything known about the pages, as one object of a documented shape.

    {"version": 1, "file": str, "page_count": int, "pages": [PAGE, ...]}
    PAGE  {"page": int, "state": "recognized" | "native_text" | "empty",
           "width_pt": float, "height_pt": float, "text": str, "confidence": float | null,
           "engine": str | null, "orientation": 0 | 90 | 180 | 270 | null, "skew": float | null,
           "preparation": ["rotated" | "deskewed" | "contrast", ...],
           "reason": str | null, "warnings": [str, ...], "lines": [LINE, ...]}
    LINE  {"text": str, "confidence": float, "x": float, "y": float, "width": float,
           "height": float, "block": int, "angle": float, "words": [WORD, ...]}
    WORD  {"text": str, "confidence": float, "x": float, "y": float, "width": float,
           "height": float}

Every member is always there. Boxes are in points from the page's top left, confidences from 0 to
1, `orientation`, `skew` and `angle` in degrees clockwise. `version` grows when a member changes
its meaning or goes; members may be added without.
"""

from collections.abc import Iterable, Iterator

import msgspec

from ocr_worker import wire

VERSION = 1


def render(task: wire.Assemble, pages: Iterable[wire.Page]) -> Iterator[bytes]:
    """Yield the file in pieces, so that a long document is never held twice."""
    encode = msgspec.json.encode
    head = encode({"version": VERSION, "file": task.file, "page_count": task.page_count})
    yield head[:-1] + b',"pages":['
    for position, page in enumerate(pages):
        yield (b",\n" if position else b"\n") + encode(_page(page))
    yield b"\n]}\n"


def _page(page: wire.Page) -> dict[str, object]:
    return {
        "page": page.page,
        "state": page.state,
        "width_pt": page.width_pt,
        "height_pt": page.height_pt,
        "text": page.text,
        "confidence": page.confidence,
        "engine": page.engine,
        "orientation": page.orientation,
        "skew": page.skew,
        "preparation": page.preparation,
        "reason": page.reason,
        "warnings": page.warnings,
        "lines": [_line(line) for line in page.lines],
    }


def _line(line: wire.Line) -> dict[str, object]:
    return {
        **_boxed(line),
        "block": line.block,
        "angle": line.angle,
        "words": [_boxed(word) for word in line.words],
    }


def _boxed(item: wire.Line | wire.Word) -> dict[str, object]:
    return {
        "text": item.text,
        "confidence": item.confidence,
        "x": item.x,
        "y": item.y,
        "width": item.width,
        "height": item.height,
    }
