"""PDF documents, read by PDFium through pypdfium2.

PDFium is not thread-safe: everything here runs on one thread. It repairs what it can without
telling, so a file that was cut off is recognized here, before pages go missing in silence.
Annotations and filled-in form fields are rendered, as a viewer shows them.
"""

import contextlib
import math
import os
import re
from collections.abc import Iterator, Sequence

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ocr_worker import wire
from ocr_worker.documents.base import (
    POINTS_PER_INCH,
    Frame,
    PageImage,
    SourceFile,
    cannot_be_read,
    check_page,
    check_page_count,
    check_pixels,
    picture_frame,
)
from ocr_worker.documents.glyphs import has_text_over_it, median_line_height, read_glyphs
from ocr_worker.documents.missing_images import is_missing
from ocr_worker.documents.page_view import PageView
from ocr_worker.documents.pdf_drawing import MAX_DRAWN, PageDrawing
from ocr_worker.documents.pdf_images import (
    LARGE_SHARE,
    PlacedImage,
    contents_of,
    coverage,
    images_on,
    pictures_among,
)
from ocr_worker.documents.pdf_scan import look_at
from ocr_worker.documents.text_layer import (
    PAGE_FILLING,
    Surroundings,
    TextLayer,
    make_text_layer,
)
from ocr_worker.engines.base import Pixels
from ocr_worker.errors import TaskError

LINE_HEIGHT_PX = 30.0
"""Height of a line that recognizers read best; more pixels cost time and gain nothing."""

MIN_TEXT_DPI, MAX_TEXT_DPI = 150.0, 300.0
DEFAULT_DPI = 200.0

_TAIL_BYTES = 1024 * 1024
"""How far from the end the last cross-reference is looked for; garbage may follow it."""

_START_OF_XREF = re.compile(rb"startxref\s+\d+")

_ROUNDED_SIZE = 0.002
"""Share by which a page's size differs from its scan's by being rounded to whole points."""


class PdfDocument:
    """An open PDF. Raises as `open_document` says."""

    format = "pdf"

    def __init__(self, file: SourceFile, password: str | None, limits: wire.Limits) -> None:
        self._file = file
        self._limits = limits
        self.size_bytes = file.size_bytes
        self.modified_ns = file.modified_ns
        _check_tail(file)
        findings = look_at(file, limits.max_page_pixels)
        if findings.is_encrypted:
            from ocr_worker.documents.pdf_structure import check_streams

            check_streams(file.path, password)
        self._pdf, repaired = _load(file, password)
        try:
            self.page_count = len(self._pdf)
            check_page_count(self.page_count, limits)
            self._may_change_images = findings.may_change_images
            self.encrypted = pdfium_c.FPDF_GetSecurityHandlerRevision(self._pdf) >= 0
            self.warnings = _warnings(self._pdf, repaired is not None)
            self._units: dict[int, float] = {}
            if findings.may_have_user_units:
                from ocr_worker.documents.pdf_structure import user_units

                self._units = user_units(repaired or file.path, password, self.page_count)
            self._structure = None
            if findings.may_draw_too_much:
                from ocr_worker.documents.pdf_structure import Structure

                self._structure = Structure(repaired or file.path, password)
            if self._pdf.get_formtype() in (
                pdfium_c.FORMTYPE_ACRO_FORM,
                pdfium_c.FORMTYPE_XFA_FOREGROUND,
            ):
                self._pdf.init_forms()
        except BaseException:
            self._pdf.close()
            raise

    def describe(self, page: int) -> wire.PageInfo:
        """Return a page's size, rotation and whether it carries text; see `Document`."""
        with self._file.read_unchanged(), self._page(page) as loaded:
            view = self._view(loaded, page)
            with _textpage(loaded, page) as textpage:
                has_text = bool(textpage.get_text_bounded().strip())
        return wire.PageInfo(
            page=page,
            width_pt=round(view.size[0], 2),
            height_pt=round(view.size[1], 2),
            rotation=view.rotation,
            has_text=has_text,
        )

    def render(
        self, page: int, *, dpi: float | None, region: wire.Region | None, scale: float
    ) -> PageImage:
        """Return a page's pixels; see `Document`.

        Without `dpi`, a page that is an image comes at that image's own resolution, another at
        one that suits its text, lowered where a very large page would exceed the pixel limit.
        """
        with self._file.read_unchanged(), self._page(page) as loaded:
            view = self._view(loaded, page)
            images = self._images_on(loaded, page)
            if dpi is None:
                with _textpage(loaded, page) as textpage:
                    line_height = median_line_height(read_glyphs(textpage, view))
                wanted = scale * suitable_dpi(images, view, line_height)
            else:
                wanted = scale * dpi
            frame = _frame(wanted, view, images, page, region)
            need = frame.size_px[0] * frame.size_px[1] / self._limits.max_page_pixels
            if dpi is None and need > 1:
                # The margin makes up for sides rounded up to whole pixels.
                frame = _frame(0.99 * wanted / math.sqrt(need), view, images, page, region)
            check_pixels(
                *frame.size_px, self._limits, f"Ask for a lower dpi for page {page}, or a region."
            )
            pixels = self._scan(loaded, images, view, frame)
            if pixels is not None:
                return frame.image(pixels)
            pixels = _draw(frame, loaded)
            if any(is_missing(image, loaded, pixels, frame, view) for image in images):
                raise TaskError(
                    "document_unreadable",
                    f"The image on page {page} is damaged. Scan or download the document again.",
                    page=page,
                )
        return frame.image(pixels)

    def show(self, page: int, *, max_px: int | None, dpi: float | None) -> Pixels:
        """Return a page's pixels as a viewer shows it; see `Document`.

        As a viewer does, it leaves out what cannot be decoded.
        """
        with self._file.read_unchanged(), self._page(page) as loaded:
            view = self._view(loaded, page)
            self._images_on(loaded, page)
            px_per_pt = dpi / POINTS_PER_INCH if dpi else (max_px or 1) / max(view.size)
            return _draw(picture_frame(view.size, px_per_pt, page, self._limits), loaded)

    def text_layer(self, page: int) -> TextLayer | None:
        """Return the text that the page carries, or None; see `Document`."""
        with self._file.read_unchanged(), self._page(page) as loaded:
            view = self._view(loaded, page)
            with _textpage(loaded, page) as textpage:
                glyphs = read_glyphs(textpage, view)
            contents = contents_of(loaded, view.unit)
            around_it = Surroundings(
                image_coverage=coverage(contents.images, view),
                text_over_it=has_text_over_it(loaded),
                drawn_letters=contents.drawn_letters,
                pictures=pictures_among(contents.images, view),
            )
            return make_text_layer(glyphs, view.size, around_it)

    def close(self) -> None:
        """Release the file and PDFium's memory."""
        self._pdf.close()
        if self._structure is not None:
            self._structure.close()

    def _images_on(self, loaded: pdfium.PdfPage, page: int) -> list[PlacedImage]:
        """Return the images on a page, none of which would take too much memory to decode."""
        images = images_on(loaded, self._units.get(page, 1.0))
        sizes = [image.size_px for image in images]
        if (drawing := self._drawing_of(page)) is not None:
            sizes.append(drawing.largest_mask_px)
        for size_px in sizes:
            check_pixels(*size_px, self._limits, f"Scan page {page} at a lower resolution.")
        return images

    def _scan(
        self, loaded: pdfium.PdfPage, images: list[PlacedImage], view: PageView, frame: Frame
    ) -> Pixels | None:
        """Return the frame's pixels where the page is a scan of which they can be had sooner."""
        if len(images) != 1 or loaded.formenv or self._may_change_images:
            return None
        # Only now: pages that have text need nothing that decodes pictures.
        from ocr_worker.documents.scanned_jpeg import pixels_of_scan

        return pixels_of_scan(loaded, images[0], view, frame)

    def _drawing_of(self, page: int) -> PageDrawing | None:
        return None if self._structure is None else self._structure.drawing_of(page)

    def _view(self, loaded: pdfium.PdfPage, page: int) -> PageView:
        left, bottom, right, top = loaded.get_bbox()
        unit = self._units.get(page, 1.0)
        return PageView(left, bottom, right, top, loaded.get_rotation(), unit)

    @contextlib.contextmanager
    def _page(self, page: int) -> Iterator[pdfium.PdfPage]:
        check_page(page, self.page_count)
        drawing = self._drawing_of(page)
        if drawing is not None and drawing.n_drawn > MAX_DRAWN:
            raise TaskError(
                "limit_exceeded",
                f"Page {page} draws more than {MAX_DRAWN} forms and images. Print it to a new PDF.",
                which="drawn_objects",
                limit=MAX_DRAWN,
                page=page,
            )
        try:
            loaded = self._pdf.get_page(page - 1)
        except pdfium.PdfiumError:
            raise _damaged_page(page) from None
        with contextlib.closing(loaded):
            yield loaded


def suitable_dpi(
    images: Sequence[PlacedImage], view: PageView, line_height_pt: float | None
) -> float:
    """Return the resolution at which the page is best read; the line height is that of its text."""
    text_dpi = None
    if line_height_pt is not None:
        ideal = LINE_HEIGHT_PX * POINTS_PER_INCH / line_height_pt
        text_dpi = min(max(ideal, MIN_TEXT_DPI), MAX_TEXT_DPI)
    if coverage(images, view) < PAGE_FILLING:
        return text_dpi or DEFAULT_DPI
    # The layers of one scan differ: a coarse background under a fine mask that holds the text.
    scans = [each.dpi for each in images if coverage([each], view) >= LARGE_SHARE]
    # Strips are each too small to count; they are alike.
    own_dpi = max(scans or [each.dpi for each in images])
    return max(own_dpi, text_dpi or 0.0)


def _frame(
    dpi: float,
    view: PageView,
    images: Sequence[PlacedImage],
    page: int,
    region: wire.Region | None,
) -> Frame:
    """Return the frame of a page at a resolution, or at that of a scan that it nearly meets.

    Pages of scans are rounded to whole points; a pixel more than the scan has would resample it.
    """
    full_px = tuple(max(1, round(side * dpi / POINTS_PER_INCH)) for side in view.size)
    for image in images:
        for size_px in (image.size_px, image.size_px[::-1]):
            if all(abs(a - b) <= _ROUNDED_SIZE * b for a, b in zip(full_px, size_px, strict=True)):
                full_px = size_px
    return Frame.of(view.size, (full_px[0], full_px[1]), page, region)


def _draw(frame: Frame, loaded: pdfium.PdfPage) -> Pixels:
    """Return the frame's pixels.

    pypdfium2's own `render` rounds sides up, which resamples a scan to one pixel more than it
    has; whole numbers of pixels are told to PDFium here instead.
    """
    bitmap = pdfium.PdfBitmap.new_native(
        *frame.size_px, pdfium_c.FPDFBitmap_BGR, rev_byteorder=True
    )
    with contextlib.closing(bitmap):
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, *frame.size_px)
        place = (-frame.crop[0], -frame.crop[1], *frame.full_px, 0)
        flags = pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_REVERSE_BYTE_ORDER
        pdfium_c.FPDF_RenderPageBitmap(bitmap, loaded, *place, flags)
        if loaded.formenv:
            pdfium_c.FPDF_FFLDraw(loaded.formenv, bitmap, loaded, *place, flags)
        # The array keeps the buffer alive; closing frees only PDFium's shell around it.
        pixels: Pixels = bitmap.to_numpy()
    return pixels


def _check_tail(file: SourceFile) -> None:
    """Raise `TaskError` of kind `document_unreadable` for a PDF that was cut off."""
    try:
        with open(file.path, "rb") as stream:
            stream.seek(max(0, file.size_bytes - _TAIL_BYTES))
            tail = stream.read(_TAIL_BYTES)
    except OSError:
        raise cannot_be_read() from None
    end = _last_end(tail)
    # An end with further objects behind it is that of an earlier revision or of a first part.
    if end < 0 or re.search(rb"\d\s+\d+\s+obj\b", tail[end:]):
        raise TaskError(
            "document_unreadable", "The PDF is cut off: its end is missing. Download it again."
        )


def _last_end(tail: bytes) -> int:
    """Return where the last mark of a PDF's end is over; -1 where there is none."""
    mark = tail.rfind(b"%%EOF")
    end = mark + len(b"%%EOF") if mark >= 0 else -1
    # From behind: there it is, and of a scan the rest is a megabyte of pixels.
    place = len(tail)
    while (place := tail.rfind(b"startxref", max(end, 0), place)) >= 0:
        if mark_and_number := _START_OF_XREF.match(tail, place):
            return mark_and_number.end()
    return end


def _load(file: SourceFile, password: str | None) -> tuple[pdfium.PdfDocument, bytes | None]:
    """Return the open document, and the repaired file where PDFium could not open it as it is.

    Raise `TaskError` of kind `document_unreadable`, `password_required` or `password_wrong`.
    """
    try:
        return _load_path(file.path, password), None
    except _Damaged as damage:
        from ocr_worker.documents.pdf_structure import repaired

        content = repaired(file.path, file.size_bytes, password)
        if content is not None:
            with contextlib.suppress(pdfium.PdfiumError):
                return pdfium.PdfDocument(content), content
        raise TaskError("document_unreadable", damage.message) from None


class _Damaged(Exception):
    """PDFium finds no document, or no page of one; `message` is for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def _load_path(path: str, password: str | None) -> pdfium.PdfDocument:
    # Not by pypdfium2's constructor: for a PDF without pages that reads PDFium's last error, which
    # is then one of an earlier document.
    handle = pdfium_c.FPDF_LoadDocument(os.fsencode(path), password.encode() if password else None)
    if handle:
        pdf = pdfium.PdfDocument(handle)
        if len(pdf) > 0:
            return pdf
        pdf.close()
        raise _Damaged("The PDF has no pages. Create or download it again.")
    code = pdfium_c.FPDF_GetLastError()
    if code == pdfium_c.FPDF_ERR_PASSWORD and password:
        raise TaskError("password_wrong", "The password does not open the document.")
    if code == pdfium_c.FPDF_ERR_PASSWORD:
        raise TaskError("password_required", "The document is encrypted. Give its password.")
    if code == pdfium_c.FPDF_ERR_SECURITY:
        raise TaskError(
            "document_unreadable",
            "The PDF is encrypted in a way that is not supported. Save it without encryption.",
        )
    raise _Damaged("The PDF is damaged and cannot be opened. Download it again.")


def _warnings(pdf: pdfium.PdfDocument, is_repaired: bool) -> tuple[str, ...]:
    found = []
    if is_repaired or not pdfium_c.FPDF_DocumentHasValidCrossReferenceTable(pdf):
        found.append("The PDF is damaged and was repaired; pages may be missing.")
    if pdf.get_formtype() in (pdfium_c.FORMTYPE_XFA_FULL, pdfium_c.FORMTYPE_XFA_FOREGROUND):
        found.append("The PDF holds an XFA form; what is filled in there may be missing.")
    return tuple(found)


def _damaged_page(page: int) -> TaskError:
    return TaskError(
        "document_unreadable",
        f"Page {page} of the PDF is damaged. Download the document again.",
        page=page,
    )


@contextlib.contextmanager
def _textpage(loaded: pdfium.PdfPage, page: int) -> Iterator[pdfium.PdfTextPage]:
    try:
        textpage = loaded.get_textpage()
    except pdfium.PdfiumError:
        raise _damaged_page(page) from None
    with contextlib.closing(textpage):
        yield textpage
