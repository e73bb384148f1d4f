"""Shows one page: its pixels as a viewer has them, encoded and answered, or written to a file."""

import base64
import io
from pathlib import Path
from typing import Final

from ocr_worker import wire
from ocr_worker.documents.base import Document
from ocr_worker.engines.base import Pixels
from ocr_worker.new_file import take_note, write_new
from ocr_worker.overlay import frame_words

JPEG_QUALITY: Final = 85
"""Where letters still have no visible halo, at half the bytes of 95."""
PNG_LEVEL: Final = 3
"""Half the time of zlib's usual 6, for three bytes in a hundred more."""


def render_page(document: Document, task: wire.Render) -> wire.Rendered:
    """Answer with the picture of a page, or write it, complete and flushed to disk, or not at all.

    Raise `TaskError` as the document does, as `frame_words` does, and of kind `output_failed`.
    """
    pixels = document.show(task.page, max_px=task.max_px, dpi=task.dpi)
    if task.overlay is not None:
        pixels = frame_words(pixels, task.overlay)
    height, width, _ = pixels.shape
    content = encode(pixels, task.format)
    data = None
    if 4 * -(-len(content) // 3) <= task.inline_bytes:
        data = base64.b64encode(content).decode()
    else:
        if task.note is not None:
            take_note(task.note, (task.path,))
        write_new(Path(task.path), (content,), task.format)
    return wire.Rendered(
        task=task.task, width_px=width, height_px=height, size_bytes=len(content), data=data
    )


def encode(pixels: Pixels, format_: wire.PictureFormat) -> bytes:
    """Return the pixels as a file without metadata."""
    # Only now: an OCR worker that is never asked does without Pillow.
    from PIL import Image

    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    if format_ == "jpeg":
        image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    else:
        image.save(buffer, "PNG", compress_level=PNG_LEVEL)
    return buffer.getvalue()
