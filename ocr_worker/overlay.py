"""Draws what was read of a page over its picture: a thin frame round each word, for debugging."""

from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from ocr_worker import wire
from ocr_worker.engines.base import Pixels
from ocr_worker.errors import TaskError

COLOUR: Final = (214, 0, 92)
"""Seen on white paper and on black, and rarely found in print."""
PX_PER_LINE: Final = 1200
"""A frame is one pixel thick for so many of the picture's longer side, one at least."""


class _Box(msgspec.Struct, frozen=True):
    """Where a word is, in points; what else is told of it does not matter here."""

    x: float
    y: float
    width: float
    height: float


class _Page(msgspec.Struct, frozen=True):
    """What `job/page` told, as far as it matters here."""

    width_pt: float | None = None
    height_pt: float | None = None
    words: tuple[_Box, ...] | None = None


def frame_words(pixels: Pixels, told: wire.Told) -> Pixels:
    """Return a copy of a page's pixels with a frame round each word that was told of it.

    Raise `TaskError` of kind `invalid_params` when no words are kept of that page.
    """
    # Only now: an OCR worker that is never asked does without Pillow.
    from PIL import Image, ImageDraw

    page = _read(told)
    if page.words is None or not page.width_pt or not page.height_pt:
        raise TaskError("invalid_params", "No words are kept of that page.", path="page")
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    across, down = image.width / page.width_pt, image.height / page.height_pt
    thickness = max(1, round(max(image.size) / PX_PER_LINE))
    for word in page.words:
        left, top = round(word.x * across), round(word.y * down)
        right = max(left, round((word.x + word.width) * across) - 1)
        bottom = max(top, round((word.y + word.height) * down) - 1)
        draw.rectangle((left, top, right, bottom), outline=COLOUR, width=thickness)
    return np.asarray(image)


def _read(told: wire.Told) -> _Page:
    content: str | bytes | None = told.content
    if content is None:
        try:
            with Path(told.path).open("rb") as file:
                file.seek(told.offset)
                content = file.read(told.size_bytes)
        except OSError:
            # Its job was forgotten while the picture waited for its turn.
            raise TaskError("job_not_found", "The words of that job are no longer kept.") from None
    return msgspec.json.decode(content, type=_Page)
