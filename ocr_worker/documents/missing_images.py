"""Finds images of a PDF page that PDFium has drawn nothing for, which would pass for an empty page.

An image that cannot be decoded is left out. One whose packed data breaks off is filled with zeros
without a word, so that a scan comes out black.
"""

import zlib
from typing import Final

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ocr_worker.documents.base import Frame
from ocr_worker.documents.page_view import PageView
from ocr_worker.documents.pdf_images import (
    LARGE_SHARE,
    PageObject,
    PlacedImage,
    coverage,
    data_of,
    filters_of,
)
from ocr_worker.documents.unpacking import is_packed
from ocr_worker.engines.base import Pixels

_CHUNK_BYTES: Final = 64 * 1024
_FLATE: Final = ("FlateDecode", "Fl")


def is_missing(
    image: PlacedImage, loaded: pdfium.PdfPage, pixels: Pixels, frame: Frame, view: PageView
) -> bool:
    """Return whether most of an image is not on the page because it cannot be decoded.

    An ornament is not worth failing a page for.
    """
    if image.handle is None or coverage([image], view) < LARGE_SHARE:
        return False
    left, top, right, bottom = image.box(view)
    (per_pt_x, per_pt_y), (crop_x, crop_y, _, _) = frame.pixels_per_pt, frame.crop
    place = pixels[
        max(0, int(top * per_pt_y) - crop_y) : max(0, int(bottom * per_pt_y) - crop_y),
        max(0, int(left * per_pt_x) - crop_x) : max(0, int(right * per_pt_x) - crop_x),
    ]
    if place.size == 0:
        return False
    if place.min() == place.max():
        bitmap = pdfium_c.FPDFImageObj_GetBitmap(image.handle)
        if not bitmap:
            return True
        pdfium_c.FPDFBitmap_Destroy(bitmap)
    return _is_garbage(image, image.handle, loaded)


def _is_garbage(image: PlacedImage, handle: PageObject, loaded: pdfium.PdfPage) -> bool:
    """Return whether less than half of what the image's rows need at least is in its data."""
    about = pdfium_c.FPDF_IMAGEOBJ_METADATA()
    pdfium_c.FPDFImageObj_GetImageMetadata(handle, loaded, about)
    width, height = image.size_px
    # PDFium tells of a pixel as it unpacks it: of two bits or more it makes eight.
    bits = 1 if about.bits_per_pixel <= 1 else 2 if about.bits_per_pixel <= 8 else 3
    needed = height * ((width * bits + 7) // 8)
    filters = filters_of(handle)
    n_packed = int(pdfium_c.FPDFImageObj_GetImageDataRaw(handle, None, 0))
    if n_packed == 0:
        return needed > 0
    if not filters:
        return n_packed < needed / 2
    if len(filters) > 1 or filters[0] not in _FLATE:
        return False  # these decoders do tell, but for CCITT, where any data is some picture
    return _unpacked_bytes(data_of(handle), needed) < needed / 2


def _unpacked_bytes(packed: bytes, needed: int) -> int:
    """Return how many bytes a zlib stream unpacks to before it breaks, or `needed` and some."""
    if not is_packed(packed):
        return 0
    # Without header and checksum: a wrong sum at the end would take the last piece with it.
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    packed, total = packed[2:], 0
    while packed and total < needed and not inflater.eof:
        try:
            total += len(inflater.decompress(packed, _CHUNK_BYTES))
        except zlib.error:
            break
        packed = inflater.unconsumed_tail
    return total
