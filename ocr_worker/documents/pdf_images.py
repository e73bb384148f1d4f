"""The images on a PDF page: where they lie, how fine they are, how much of the page they fill."""

import ctypes
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ocr_worker.documents.base import POINTS_PER_INCH
from ocr_worker.documents.text_layer import Box, PageView

MIN_SCAN_DPI = 50.0
"""Images below it are backgrounds: nobody can read a scan so coarse."""

LARGE_SHARE = 0.05
"""Share of the page from which on an image counts for the resolution; smaller ones are logos."""

MAX_FORM_DEPTH = 15
"""PDFium itself leaves a form out that draws itself, and stops at some more levels than these."""
_GRID = 64

PageObject: TypeAlias = pdfium_c.FPDF_PAGEOBJECT


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """An image on a page: its size in pixels and the matrix from the unit square to PDF units.

    `unit` is how many points such a unit is.
    """

    size_px: tuple[int, int]
    matrix: pdfium.PdfMatrix
    handle: PageObject | None = None
    unit: float = 1.0

    @property
    def dpi(self) -> float:
        """Resolution in the better resolved of the image's two directions."""
        a, b, c, d, _, _ = self.matrix.get()
        sides_pt = self.unit * math.hypot(a, b), self.unit * math.hypot(c, d)
        if min(sides_pt) == 0:
            return 0.0
        return POINTS_PER_INCH * max(px / pt for px, pt in zip(self.size_px, sides_pt, strict=True))

    def box(self, view: PageView) -> Box:
        """Return the image's upright box in page points, which may reach beyond the page."""
        return view.box(*self.matrix.on_rect(0, 0, 1, 1))


def coverage(images: Sequence[PlacedImage], view: PageView) -> float:
    """Return the share of the page, 0 to 1, that lies under images of a scan's resolution.

    Counted on a grid, so that strips add up and layers of one scan do not count twice.
    """
    width, height = view.size
    covered = np.zeros((_GRID, _GRID), dtype=bool)
    xs, ys = ((np.arange(_GRID) + 0.5) * side / _GRID for side in (width, height))
    for image in images:
        if image.dpi >= MIN_SCAN_DPI:
            left, top, right, bottom = image.box(view)
            covered |= np.outer((ys >= top) & (ys < bottom), (xs >= left) & (xs < right))
    return float(covered.mean())


def images_on(loaded: pdfium.PdfPage, unit: float = 1.0) -> list[PlacedImage]:
    """Return the images on a page, those within form objects too.

    `unit` is how many points the page's unit is. By raw calls: a drawing has a hundred thousand
    paths, and a wrapper for each takes seconds.
    """
    return list(
        _images_in(
            loaded,
            pdfium_c.FPDFPage_CountObjects,
            pdfium_c.FPDFPage_GetObject,
            pdfium.PdfMatrix(),
            unit,
            0,
        )
    )


def _images_in(
    parent: pdfium.PdfPage | PageObject,
    count: Callable[..., int],
    get: Callable[..., PageObject],
    outer: pdfium.PdfMatrix,
    unit: float,
    depth: int,
) -> Iterator[PlacedImage]:
    for index in range(count(parent)):
        handle = get(parent, index)
        match pdfium_c.FPDFPageObj_GetType(handle):
            case pdfium_c.FPDF_PAGEOBJ_IMAGE:
                width, height = ctypes.c_uint(), ctypes.c_uint()
                pdfium_c.FPDFImageObj_GetImagePixelSize(handle, width, height)
                matrix = _matrix(handle).multiply(outer)
                yield PlacedImage((width.value, height.value), matrix, handle, unit)
            case pdfium_c.FPDF_PAGEOBJ_FORM if depth < MAX_FORM_DEPTH:
                yield from _images_in(
                    handle,
                    pdfium_c.FPDFFormObj_CountObjects,
                    pdfium_c.FPDFFormObj_GetObject,
                    _matrix(handle).multiply(outer),
                    unit,
                    depth + 1,
                )


def _matrix(handle: PageObject) -> pdfium.PdfMatrix:
    raw = pdfium_c.FS_MATRIX()
    pdfium_c.FPDFPageObj_GetMatrix(handle, raw)
    return pdfium.PdfMatrix.from_raw(raw)
