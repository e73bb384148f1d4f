"""What lies on a PDF page besides its text: images, and shapes that could be letters.

Where the images lie, how fine they are, how much of the page they fill, and which of them are
large enough to hold text that somebody would miss.
"""

import ctypes
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ocr_worker.documents.base import POINTS_PER_INCH
from ocr_worker.documents.page_view import Box, PageView, around
from ocr_worker.documents.text_layer import Picture

MIN_SCAN_DPI = 50.0
"""Images below it are backgrounds: nobody can read a scan so coarse."""

LARGE_SHARE = 0.05
"""Share of the page from which on an image counts for the resolution; smaller ones are logos."""

MIN_PICTURE_PT = (40.0, 10.0)
MIN_PICTURE_SHARE = 0.01
"""Smaller images on a page of text are logos and ornaments; this is a line of text 15 cm long."""
MAX_PICTURES = 6
"""Images of a page that are read, the largest first: a page of thumbnails is no page of letters."""
TOUCHING_PT = 2.0
"""Programs cut one image into strips that lie side by side."""
FILLED = 0.8
"""Share of the box around touching images that they fill when they are parts of one."""

NEIGHBOURS = 30
"""Images before one of which it may be a part; a map has ten thousand."""

LETTER_PT = (3.0, 40.0)
"""Height of a filled shape that could be a letter."""
LETTER_SEGMENTS = 12
"""Lines and curves that draw a letter, where one shape holds a whole line of them."""
MAX_SHAPES = 3000
"""Shapes that are looked at: a drawing has a hundred thousand."""

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
    if not images:
        return 0.0
    width, height = view.size
    covered = np.zeros((_GRID, _GRID), dtype=bool)
    xs, ys = ((np.arange(_GRID) + 0.5) * side / _GRID for side in (width, height))
    for image in images:
        if image.dpi >= MIN_SCAN_DPI:
            left, top, right, bottom = image.box(view)
            covered |= np.outer((ys >= top) & (ys < bottom), (xs >= left) & (xs < right))
    return float(covered.mean())


@dataclass(frozen=True, slots=True)
class Contents:
    """The images on a page, and how many letters its filled shapes could be."""

    images: list[PlacedImage]
    drawn_letters: int


def images_on(loaded: pdfium.PdfPage, unit: float = 1.0) -> list[PlacedImage]:
    """Return the images on a page, those within form objects too.

    `unit` is how many points the page's unit is.
    """
    return [
        PlacedImage(_size_px(handle), _matrix(handle).multiply(outer), handle, unit)
        for kind, handle, outer in _objects_on(loaded)
        if kind == pdfium_c.FPDF_PAGEOBJ_IMAGE
    ]


def contents_of(loaded: pdfium.PdfPage, unit: float = 1.0) -> Contents:
    """Return what a page holds besides text, by one walk through its objects.

    `unit` is how many points the page's unit is.
    """
    images: list[PlacedImage] = []
    letters = shapes = 0
    for kind, handle, outer in _objects_on(loaded):
        if kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            matrix = _matrix(handle).multiply(outer)
            images.append(PlacedImage(_size_px(handle), matrix, handle, unit))
        elif kind == pdfium_c.FPDF_PAGEOBJ_PATH and shapes < MAX_SHAPES:
            shapes += 1
            letters += _letters_in(handle)
    return Contents(images, letters)


def pictures_among(images: Sequence[PlacedImage], view: PageView) -> tuple[Picture, ...]:
    """Return the images that could hold text of their own, those that touch as one."""
    width, height = view.size
    found: list[Picture] = []
    for image in images:
        left, top, right, bottom = image.box(view)
        box = max(0.0, left), max(0.0, top), min(width, right), min(height, bottom)
        if image.dpi >= MIN_SCAN_DPI and box[0] < box[2] and box[1] < box[3]:
            picture = Picture(box, image.dpi)
            while (part := _part_of(picture, found[-NEIGHBOURS:])) is not None:
                found.remove(part)
                picture = _joined(picture, part)
            found.append(picture)
    large = [each for each in found if _is_large(each, width * height)]
    large.sort(key=lambda each: -_area(each.box))
    return tuple(large[:MAX_PICTURES])


def _is_large(picture: Picture, page_area: float) -> bool:
    left, top, right, bottom = picture.box
    least_width, least_height = MIN_PICTURE_PT
    return (
        right - left >= least_width
        and bottom - top >= least_height
        and _area(picture.box) >= MIN_PICTURE_SHARE * page_area
    )


def _part_of(picture: Picture, others: Sequence[Picture]) -> Picture | None:
    """Return another picture that makes one box with this one."""
    for other in others:
        gaps = [
            max(picture.box[side], other.box[side])
            - min(picture.box[side + 2], other.box[side + 2])
            for side in (0, 1)
        ]
        joined = _area(_joined(picture, other).box)
        parts = _area(picture.box) + _area(other.box)
        if max(gaps) <= TOUCHING_PT and parts >= FILLED * joined:
            return other
    return None


def _joined(first: Picture, second: Picture) -> Picture:
    return Picture(around([first.box, second.box]), max(first.dpi, second.dpi))


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _objects_on(
    loaded: pdfium.PdfPage,
) -> Iterator[tuple[int, PageObject, pdfium.PdfMatrix]]:
    """Yield the objects of a page with their kind and their matrix within the page.

    By raw calls: a drawing has a hundred thousand paths, and a wrapper for each takes seconds.
    """
    count, get = pdfium_c.FPDFPage_CountObjects, pdfium_c.FPDFPage_GetObject
    return _objects_in(loaded.raw, count, get, pdfium.PdfMatrix(), 0)


def _objects_in(
    parent: PageObject,
    count: Callable[..., int],
    get: Callable[..., PageObject],
    outer: pdfium.PdfMatrix,
    depth: int,
) -> Iterator[tuple[int, PageObject, pdfium.PdfMatrix]]:
    for index in range(count(parent)):
        handle = get(parent, index)
        kind = pdfium_c.FPDFPageObj_GetType(handle)
        if kind != pdfium_c.FPDF_PAGEOBJ_FORM:
            yield kind, handle, outer
        elif depth < MAX_FORM_DEPTH:
            yield from _objects_in(
                handle,
                pdfium_c.FPDFFormObj_CountObjects,
                pdfium_c.FPDFFormObj_GetObject,
                _matrix(handle).multiply(outer),
                depth + 1,
            )


def _letters_in(path: PageObject) -> int:
    """Return how many letters a filled shape could be: of the right height, curved or many."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDFPath_GetDrawMode(path, fill, stroke)
    if fill.value == pdfium_c.FPDF_FILLMODE_NONE:
        return 0
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium_c.FPDFPageObj_GetBounds(path, left, bottom, right, top)
    width, height = right.value - left.value, top.value - bottom.value
    if not LETTER_PT[0] <= min(height, width) or min(height, width) > LETTER_PT[1]:
        return 0
    segments = int(pdfium_c.FPDFPath_CountSegments(path))
    if max(height, width) <= LETTER_PT[1]:
        # A rectangle, or the marker of a chart, has five; an l or an i is lost, an o is not.
        return int(segments > 6)
    return segments // LETTER_SEGMENTS


def filters_of(image: PageObject) -> list[str]:
    """Return the names of the filters by which an image's data is packed, the outermost first."""
    names = []
    for index in range(pdfium_c.FPDFImageObj_GetImageFilterCount(image)):
        name = ctypes.create_string_buffer(64)
        pdfium_c.FPDFImageObj_GetImageFilter(image, index, name, len(name))
        names.append(name.value.decode("latin-1"))
    return names


def data_of(image: PageObject) -> bytes:
    """Return an image's data as it is in the file, packed by its filters."""
    n_bytes = int(pdfium_c.FPDFImageObj_GetImageDataRaw(image, None, 0))
    data = (ctypes.c_ubyte * n_bytes)()
    pdfium_c.FPDFImageObj_GetImageDataRaw(image, data, n_bytes)
    return bytes(data)


def _size_px(image: PageObject) -> tuple[int, int]:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    pdfium_c.FPDFImageObj_GetImagePixelSize(image, width, height)
    return width.value, height.value


def _matrix(handle: PageObject) -> pdfium.PdfMatrix:
    raw = pdfium_c.FS_MATRIX()
    pdfium_c.FPDFPageObj_GetMatrix(handle, raw)
    return pdfium.PdfMatrix.from_raw(raw)
