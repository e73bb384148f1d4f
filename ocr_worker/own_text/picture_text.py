"""Reads the text in the pictures of a page that has text of its own."""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np

from ocr_worker import wire
from ocr_worker.documents.base import Document, PageImage
from ocr_worker.documents.page_view import Box, around
from ocr_worker.documents.text_layer import Picture
from ocr_worker.engines.base import Checkpoint, Engine, Pixels, Quad, Reading, RecognizedLine
from ocr_worker.errors import TaskError
from ocr_worker.own_text.ink import Ink

MIN_DPI, MAX_DPI = 150.0, 300.0
"""Resolution at which pictures are read, where their own is not between these."""
LINE_PT: Final = 8.0
"""Height of a line in a picture, as far as one can tell before it is read."""
SAME_PLACE_PT: Final = 1.0
"""How far the middle of a word may be off the box of one of the page's own that it doubles."""
MAX_KNOWN: Final = 16
"""Pictures of a document that are remembered: its letterhead is on every page."""

_Key: TypeAlias = tuple[str, Reading, int, int, bytes]
_known: WeakKeyDictionary[Document, dict[_Key, list[RecognizedLine]]] = WeakKeyDictionary()
"""What was read in the latest pictures of the documents that are open."""


@dataclass(frozen=True, slots=True)
class PictureText:
    """What was found: lines in page points, how many pictures were read, how many could not be."""

    lines: tuple[RecognizedLine, ...] = ()
    n_read: int = 0
    n_failed: int = 0
    engine: str | None = None


def read_pictures(
    document: Document,
    task: wire.Recognize,
    pictures: Sequence[Picture],
    own_lines: Sequence[wire.Line],
    engine_of: Callable[[str], Engine],
    checkpoint: Checkpoint,
) -> PictureText:
    """Return the lines in a page's pictures that are not among its own lines.

    A picture that cannot be read costs its text, not the page's. Raise what `checkpoint` raises.
    """
    found: list[RecognizedLine] = []
    own_words = word_boxes(own_lines)
    n_read = n_failed = 0
    name: str | None = None
    for picture in pictures:
        checkpoint("render")
        try:
            image = _render(document, task, picture)
            line_px = LINE_PT * image.pixels_per_pt_y
            if not Ink(image.pixels, line_px).may_be_text():
                continue
            engine = engine_of(task.options.engine)
            reading = Reading(task.options.languages, task.options.rotate)
            lines = _read(document, image.pixels, engine, reading, checkpoint)
        except TaskError:
            n_failed += 1
            continue
        new = list(_not_doubled((_on_page(line, image) for line in lines), own_words))
        if new:
            n_read += 1
            name = engine.name
            found += new
    return PictureText(tuple(found), n_read, n_failed, name)


def _read(
    document: Document,
    pixels: Pixels,
    engine: Engine,
    reading: Reading,
    checkpoint: Checkpoint,
) -> list[RecognizedLine]:
    """Return the lines of a picture, from memory where it is the same as on an earlier page."""
    known = _known.setdefault(document, {})
    height, width, _ = pixels.shape
    digest = hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16).digest()
    key = (engine.name, reading, width, height, digest)
    lines = known.pop(key, None)
    if lines is None:
        lines = engine.recognize(pixels, reading, checkpoint)
    known[key] = lines  # the newest last
    if len(known) > MAX_KNOWN:
        del known[next(iter(known))]
    return lines


def _render(document: Document, task: wire.Recognize, picture: Picture) -> PageImage:
    left, top, right, bottom = picture.box
    region = wire.Region(x=left, y=top, width=right - left, height=bottom - top)
    dpi = task.options.dpi or min(max(picture.dpi, MIN_DPI), MAX_DPI)
    return document.render(task.page, dpi=dpi, region=region, scale=task.scale)


def _on_page(line: RecognizedLine, image: PageImage) -> RecognizedLine:
    """Return a line of a picture with its corners in page points."""
    scale = np.array([image.pixels_per_pt_x, image.pixels_per_pt_y], dtype=np.float32)
    origin = np.array([image.x_pt, image.y_pt], dtype=np.float32)
    words = tuple(
        type(word)(word.text, word.confidence, word.quad / scale + origin) for word in line.words
    )
    return RecognizedLine(line.text, line.confidence, line.quad / scale + origin, words)


def _not_doubled(
    lines: Iterator[RecognizedLine], own_words: Sequence[Box]
) -> Iterator[RecognizedLine]:
    """Yield what is left of the lines without the words that the page has as its own."""
    for line in lines:
        if not line.text.strip():
            continue
        words = [word for word in line.words if not _is_among(word.quad, own_words)]
        if len(words) == len(line.words):
            if line.words or not _is_among(line.quad, own_words):
                yield line
        elif words:
            left, top, right, bottom = around([_bounds(word.quad) for word in words])
            corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
            yield RecognizedLine(
                " ".join(word.text for word in words),
                math.fsum(word.confidence for word in words) / len(words),
                np.array(corners, dtype=np.float32),
                tuple(words),
            )


def _is_among(quad: Quad, boxes: Sequence[Box]) -> bool:
    x, y = quad.mean(axis=0)
    return is_in_one(float(x), float(y), boxes)


def is_in_one(x: float, y: float, boxes: Sequence[Box]) -> bool:
    """Tell whether a word with this middle doubles one of those with these boxes."""
    return any(
        left - SAME_PLACE_PT <= x <= right + SAME_PLACE_PT
        and top - SAME_PLACE_PT <= y <= bottom + SAME_PLACE_PT
        for left, top, right, bottom in boxes
    )


def _bounds(quad: Quad) -> Box:
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def word_boxes(lines: Sequence[wire.Line]) -> list[Box]:
    """Return where the words of lines lie."""
    return [
        (word.x, word.y, word.x + word.width, word.y + word.height)
        for line in lines
        for word in line.words
    ]
