"""A PDF of the pages of an image file, in bounded memory.

A stream of a new PDF is held in memory until it is written. So the pages are made in parts, each
written to a file that has no name, from which the PDF that is returned reads them again.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream, StreamDecodeLevel

from ocr_worker.documents.image import ImageDocument, OriginalPage, damage_as_task_error
from ocr_worker.errors import TaskError
from ocr_worker.outputs.searchable_pdf.embedded_image import embed

PART_BYTES: Final = 32 * 1024 * 1024
"""Of image data, above which a part is written."""
MAX_SIDE_PT: Final = 14_400.0
"""The longest side of a page that is counted in points; larger ones have a larger unit."""

_ORIENTED: Final = {
    1: (1, 0, 0, 1, 0, 0),
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}
"""EXIF orientation to the matrix that shows an image upright in the unit square."""


@contextlib.contextmanager
def pdf_of_images(
    document: ImageDocument, path: str, folder: Path, progress: Callable[[float], None]
) -> Iterator[tuple[Pdf, list[int]]]:
    """Yield a PDF with every page of the document, and the numbers of those that came out blank.

    `path` is the document's file, `folder` has room for its images once more; `progress` is told
    the share of the pages. A page that cannot be decoded is blank. Raise what `progress` raises,
    `OSError` when the folder has no room, and `TaskError` as the document does.
    """
    blank: list[int] = []
    with contextlib.ExitStack() as opened:
        whole = opened.enter_context(Pdf.new())
        part = opened.enter_context(Pdf.new())
        n_bytes = 0
        for original in opened.enter_context(contextlib.closing(document.originals())):
            image = None
            try:
                with damage_as_task_error(original.page):
                    image = embed(part, original.image, path)
                    n_bytes += len(image.get_raw_stream_buffer())
            except TaskError:
                blank.append(original.page)
            _add_page(part, original, image)
            if n_bytes > PART_BYTES:
                file = opened.enter_context(tempfile.TemporaryFile(dir=folder))
                part.save(file, stream_decode_level=StreamDecodeLevel.none)
                whole.pages.extend(opened.enter_context(Pdf.open(file)).pages)
                part = opened.enter_context(Pdf.new())
                n_bytes = 0
            progress(original.page / document.page_count)
        whole.pages.extend(part.pages)
        yield whole, blank


def _add_page(pdf: Pdf, original: OriginalPage, image: Stream | None) -> None:
    width, height = original.size_pt
    unit = max(1.0, width / MAX_SIDE_PT, height / MAX_SIDE_PT)
    width, height = width / unit, height / unit
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, _decimal(width), _decimal(height)]),
        Resources=Dictionary(),
    )
    if unit > 1:
        page.UserUnit = _decimal(unit)
    if image is not None:
        page.Resources.XObject = Dictionary(Image=pdf.make_indirect(image))
        a, b, c, d, e, f = _ORIENTED[original.orientation]
        matrix = (a * width, b * height, c * width, d * height, e * width, f * height)
        shown = " ".join(str(_decimal(value)) for value in matrix)
        page.Contents = Stream(pdf, f"q {shown} cm /Image Do Q\n".encode("ascii"))
    pdf.pages.append(Page(pdf.make_indirect(page)))


def _decimal(value: float) -> Decimal:
    """Return a number as PDF takes it, without an exponent."""
    return Decimal(f"{value:.4f}")
