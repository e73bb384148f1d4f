"""A PDF of the pages of an image file, in bounded memory: by way of a file that has no name."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from pikepdf import Pdf

from ocr_worker import wire
from ocr_worker.documents.image import ImageDocument
from ocr_worker.errors import TaskError
from ocr_worker.outputs.searchable_pdf.embedded_image import EmbeddedImage, embedded
from ocr_worker.outputs.searchable_pdf.growing_pdf import GrowingPdf

A4_PT: Final = (595.28, 841.89)
"""Of a blank page whose size cannot be read, nor was any before it."""
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
    document: ImageDocument,
    task: wire.Assemble,
    folder: Path,
    progress: Callable[[float], None],
) -> Iterator[tuple[Pdf, list[int]]]:
    """Yield a PDF with every page of the document, and the numbers of those that came out blank.

    `folder` has room for its images once more; `progress` is told the share of the pages. A page
    that cannot be decoded, or is too large for it, is blank. Raise what `progress` raises,
    `OSError` when the folder has no room, and `TaskError` as the document does.
    """
    blank: list[int] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        growing = GrowingPdf(file)
        size_pt, orientation = A4_PT, 1
        for page in range(1, document.page_count + 1):
            image = None
            try:
                with document.original(page) as original:
                    size_pt, orientation = original.size_pt, original.orientation
                    image = embedded(original.image, task.source.path, task.limits)
            except TaskError:
                blank.append(page)
            # Not among what is taken for damage: here it is the disk that may be full.
            _add_page(growing, size_pt, orientation, image)
            progress(page / document.page_count)
        growing.finish()
        with Pdf.open(file) as pdf:
            yield pdf, blank


def _add_page(
    pdf: GrowingPdf,
    size_pt: tuple[float, float],
    orientation: int,
    image: EmbeddedImage | None,
) -> None:
    width, height = size_pt
    unit = max(1.0, width / MAX_SIDE_PT, height / MAX_SIDE_PT)
    width, height = width / unit, height / unit
    entries = f"/MediaBox [0 0 {width:.4f} {height:.4f}]"
    if unit > 1:
        entries += f" /UserUnit {unit:.6f}"
    if image is None:
        pdf.add_page(f"{entries} /Resources << >>")
        return
    a, b, c, d, e, f = _ORIENTED[orientation]
    matrix = (a * width, b * height, c * width, d * height, e * width, f * height)
    shown = " ".join(f"{value:.4f}" for value in matrix)
    content = pdf.add_stream("", f"q {shown} cm /Image Do Q".encode("ascii"))
    resources = f"/Resources << /XObject << /Image {image.add_to(pdf)} 0 R >> >>"
    pdf.add_page(f"{entries} {resources} /Contents {content} 0 R")
