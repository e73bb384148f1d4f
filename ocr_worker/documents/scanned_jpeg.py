"""The pixels of a PDF page that is nothing but a JPEG, from that itself.

So are the pages of most scanners. PDFium takes two to three times as long for the same pixels: it
decodes them, and then draws a picture that happens to be as large as what it draws on. It is left
to it wherever there is anything else to the page, or to how the image is shown on it.
"""

from io import BytesIO
from typing import Final, cast

import cv2
import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, UnidentifiedImageError

from ocr_worker.documents.base import Frame
from ocr_worker.documents.page_view import PageView
from ocr_worker.documents.pdf_images import PageObject, PlacedImage, data_of, filters_of
from ocr_worker.engines.base import Pixels

_JPEG: Final = ["DCTDecode"], ["DCT"]
_COLOURS: Final = {
    "L": (pdfium_c.FPDF_COLORSPACE_DEVICEGRAY, pdfium_c.FPDF_COLORSPACE_CALGRAY),
    "RGB": (pdfium_c.FPDF_COLORSPACE_DEVICERGB, pdfium_c.FPDF_COLORSPACE_CALRGB),
}
"""What Pillow calls the pixels of a JPEG to what the page may take them for; or else a profile."""
_END: Final = b"\xff\xd9"
_TAIL_BYTES: Final = 64
"""How far from the data's end the mark of its end may be."""


def pixels_of_scan(
    loaded: pdfium.PdfPage, image: PlacedImage, view: PageView, frame: Frame
) -> Pixels | None:
    """Return the frame's pixels, RGB of shape (height, width, 3), from the JPEG of an image.

    None where the page holds anything besides the image, or shows it larger or smaller than the
    frame does, turned, clipped or see-through, or where it is no whole JPEG of the usual colours.
    What an image's own dictionary may change, the caller has to know of.
    """
    if image.handle is None or image.size_px != frame.full_px or not _fills(image, view, frame):
        return None
    if not _stands_alone(loaded, image.handle) or filters_of(image.handle) not in _JPEG:
        return None
    data = data_of(image.handle)
    if _END not in data[-_TAIL_BYTES:] or not _is_usual(data, image, loaded):
        return None
    # Viewers do not turn it either, whatever the camera has noted.
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    if decoded is None:
        return None
    left, top, right, bottom = frame.crop
    shown = np.ascontiguousarray(decoded[top:bottom, left:right], dtype=np.uint8)
    return cast(Pixels, cv2.cvtColor(shown, cv2.COLOR_BGR2RGB, dst=shown))


def _fills(image: PlacedImage, view: PageView, frame: Frame) -> bool:
    """Tell whether an image lies upright and fills the page to half a pixel."""
    a, b, c, d, _, _ = image.matrix.get()
    if view.rotation or b or c or min(a, d) <= 0:
        return False
    sides = zip(image.box(view), (0.0, 0.0, *view.size), frame.pixels_per_pt * 2, strict=True)
    return all(abs(side - edge) * per_pt <= 0.5 for side, edge, per_pt in sides)


def _stands_alone(loaded: pdfium.PdfPage, handle: PageObject) -> bool:
    """Tell whether nothing else is on the page, and nothing hides a part of the image."""
    return (
        pdfium_c.FPDFPage_CountObjects(loaded) == 1
        and pdfium_c.FPDFPageObj_GetType(pdfium_c.FPDFPage_GetObject(loaded, 0))
        == pdfium_c.FPDF_PAGEOBJ_IMAGE
        and pdfium_c.FPDFPage_GetAnnotCount(loaded) == 0
        and pdfium_c.FPDFPageObj_CountMarks(handle) == 0
        and pdfium_c.FPDFClipPath_CountPaths(pdfium_c.FPDFPageObj_GetClipPath(handle)) <= 0
        and not pdfium_c.FPDFPageObj_HasTransparency(handle)
    )


def _is_usual(data: bytes, image: PlacedImage, loaded: pdfium.PdfPage) -> bool:
    """Tell whether a JPEG has the size and the colours that the page takes it to have.

    It has them before it is decoded: a small image may claim to be one, and be a bomb.
    """
    about = pdfium_c.FPDF_IMAGEOBJ_METADATA()
    pdfium_c.FPDFImageObj_GetImageMetadata(image.handle, loaded, about)
    try:
        with Image.open(BytesIO(data), formats=["JPEG"]) as header:
            mode, size_px = header.mode, header.size
    except (Image.DecompressionBombError, UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return False
    return (
        mode in _COLOURS
        and size_px == image.size_px
        and about.colorspace in (*_COLOURS[mode], pdfium_c.FPDF_COLORSPACE_ICCBASED)
    )
