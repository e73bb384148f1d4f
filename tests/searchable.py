"""Searchable PDFs for tests: pages of words made by hand, the PDF made of them, what is in it."""

import contextlib
import math
from pathlib import Path

from ocr_worker import wire
from ocr_worker.documents import open_document
from ocr_worker.outputs.scratch import keep_page
from ocr_worker.outputs.writing import write_outputs

LINE_PT = 14.0
GAP_PT = 6.0
CHAR_PT = 8.0


def line_of(
    words, x, y, *, angle=0.0, thickness=LINE_PT, char_pt=CHAR_PT, gap_pt=GAP_PT, text=None
):
    """Return a line of words that runs from (x, y), the top left of its text, at an angle."""
    turn = math.radians(angle)
    cos, sin = math.cos(turn), math.sin(turn)

    def box(start, end):
        corners = [
            (x + along * cos - down * sin, y + along * sin + down * cos)
            for along in (start, end)
            for down in (0, thickness)
        ]
        xs, ys = zip(*corners, strict=True)
        return {"x": min(xs), "y": min(ys), "width": max(xs) - min(xs), "height": max(ys) - min(ys)}

    made, at = [], 0.0
    for word in words:
        length = char_pt * len(word)
        made.append(wire.Word(text=word, confidence=1.0, line=0, block=0, **box(at, at + length)))
        at += length + gap_pt
    return wire.Line(
        text=" ".join(words) if text is None else text,
        confidence=1.0,
        block=0,
        angle=angle,
        thickness=thickness if angle else None,
        words=tuple(made),
        **box(0.0, at - gap_pt),
    )


def page_of(*lines, number=1, size=(595.0, 842.0), state="recognized"):
    text = "\n".join(line.text for line in lines)
    return wire.Page(
        page=number, state=state, text=text, width_pt=size[0], height_pt=size[1], lines=lines
    )


def make_searchable(
    source: Path,
    *pages: wire.Page,
    page_count=1,
    password=None,
    limits=None,
    progress=lambda share: None,
):
    """Return the path of the searchable PDF of a document, beside it, and the warnings."""
    kept = []
    for page in pages:
        path = source.with_name(f"{source.name}.page{page.page}")
        keep_page(page, str(path))
        kept.append(str(path))
    output = source.with_name(f"{source.name}.ocr.pdf")
    output.unlink(missing_ok=True)
    found = source.stat()
    task = wire.Assemble(
        task=1,
        source=wire.Source(
            path=str(source),
            password=password,
            size_bytes=found.st_size,
            modified_ns=found.st_mtime_ns,
        ),
        limits=limits or wire.Limits(),
        file=source.name,
        page_count=page_count,
        outputs={"searchable_pdf": str(output)},
        pages=tuple(kept),
    )
    return output, write_outputs(task, progress)


def opened(path: Path, password=None):
    source = wire.Source(path=str(path), password=password)
    return contextlib.closing(open_document(source, wire.Limits()))


def size_of(path: Path, page=1):
    """Return the width and height of a page in points, as it is shown."""
    with opened(path) as document:
        info = document.describe(page)
    return info.width_pt, info.height_pt


def found_words(path: Path, page=1, password=None):
    """Return the words that PDFium finds on a page, with their boxes in points as it is shown."""
    with opened(path, password) as document:
        layer = document.text_layer(page)
    return [] if layer is None else [word for line in layer.lines for word in line.words]


def shown(path: Path, page=1, px=600, password=None):
    """Return the pixels of a page as PDFium shows it."""
    with opened(path, password) as document:
        return document.show(page, max_px=px, dpi=None)


def overlap(one, other):
    """Return the area that two boxes have in common, over that of both."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    common = max(width, 0) * max(height, 0)
    return common / (one.width * one.height + other.width * other.height - common)
