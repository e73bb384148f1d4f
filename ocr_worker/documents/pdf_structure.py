"""What PDFium does not tell or cannot mend of a PDF, by qpdf through pikepdf: units, what is drawn,
and repairs.

Imported where a file needs it only. Without pikepdf a page's unit is a point, and what PDFium
cannot open stays unreadable.
"""

import contextlib
import io
import math
from pathlib import Path
from typing import Any, Final

from ocr_worker.documents.pdf_drawing import PageDrawing
from ocr_worker.documents.pdf_scan import is_unpacked_whole
from ocr_worker.documents.unpacking import MAX_STREAM_BYTES, StreamBudget, pieces_of
from ocr_worker.errors import TaskError

try:
    import pikepdf
except ImportError:  # there is no wheel for every system
    pikepdf = None

MAX_REPAIRED_BYTES: Final = 256 * 1024**2
"""A repaired file lies in memory, so a larger one is not repaired."""

MAX_USER_UNIT: Final = 75_000.0
"""What other readers take at most; a larger one, or none above 0, is a mistake."""


def user_units(content: str | bytes, password: str | None, page_count: int) -> dict[int, float]:
    """Return how many points the unit of a page is, for the pages where it is not one.

    `content` is a path, or a PDF in memory. Empty for a file that qpdf reads otherwise than PDFium.
    """
    if pikepdf is None:
        return {}
    try:
        with _open(content, password) as pdf:
            if len(pdf.pages) != page_count:
                return {}
            found = {
                number: _unit(page.obj.get("/UserUnit", 1))
                for number, page in enumerate(pdf.pages, 1)
            }
    except _errors():
        return {}
    return {number: unit for number, unit in found.items() if unit != 1}


class Structure:
    """A PDF that stays open to be asked what its pages draw; nothing where qpdf cannot read it."""

    def __init__(self, content: str | bytes, password: str | None) -> None:
        self._pdf: Any = None
        self._latest: tuple[int, PageDrawing | None] = (0, None)
        if pikepdf is not None:
            with contextlib.suppress(*_errors()):
                self._pdf = _open(content, password)

    def drawing_of(self, page: int) -> PageDrawing | None:
        """Return what a page draws, or None where that cannot be told."""
        if self._pdf is None:
            return None
        if self._latest[0] != page:  # a page is asked about several times in a row
            drawing = None
            with contextlib.suppress(*_errors()):
                drawing = PageDrawing(self._pdf.pages[page - 1].obj)
            self._latest = page, drawing
        return self._latest[1]

    def close(self) -> None:
        """Release the file."""
        if self._pdf is not None:
            self._pdf.close()


def repaired(path: str, size_bytes: int, password: str | None) -> bytes | None:
    """Return the file as qpdf mends it, without encryption, or None when it cannot.

    Raise `TaskError` of kind `password_required` or `password_wrong`.
    """
    if pikepdf is None or size_bytes > MAX_REPAIRED_BYTES:
        return None
    try:
        with _open(path, password) as pdf:
            if len(pdf.pages) == 0:
                return None
            mended = io.BytesIO()
            pdf.save(mended)
    except pikepdf.PasswordError:
        if password:
            raise TaskError("password_wrong", "The password does not open the document.") from None
        raise TaskError(
            "password_required", "The document is encrypted. Give its password."
        ) from None
    except _errors():
        return None
    return mended.getvalue()


def check_streams(path: str, password: str | None) -> None:
    """Raise `TaskError` of kind `limit_exceeded` for a bomb in an encrypted file.

    Nothing is raised for what qpdf cannot read: PDFium says what is wrong with it.
    """
    if pikepdf is None:
        return
    budget = StreamBudget()
    try:
        with _open(path, password) as pdf:
            for each in pdf.objects:
                if isinstance(each, pikepdf.Stream) and is_unpacked_whole(_names(each)):
                    content = each.read_raw_bytes()
                    budget.check(pieces_of(content, 0, len(content)), len(content))
    except _errors():
        return


def _names(stream: Any) -> bytes:
    """Return the part of a stream's dictionary that tells how it is unpacked."""
    about = (f"{key} {stream.get(key, '')}" for key in ("/Subtype", "/Filter"))
    return " ".join(about).encode()


def _open(content: str | bytes, password: str | None) -> Any:
    limit = getattr(pikepdf.settings, "set_qpdf_limits", None)
    if limit is not None:  # older ones know none
        limit(
            flate_max_memory=MAX_STREAM_BYTES,
            png_max_memory=MAX_STREAM_BYTES,
            run_length_max_memory=MAX_STREAM_BYTES,
            tiff_max_memory=MAX_STREAM_BYTES,
        )
    source = io.BytesIO(content) if isinstance(content, bytes) else Path(content)
    # Not by a memory map: a file that shrinks under it kills the process.
    mode = pikepdf.AccessMode.stream
    return pikepdf.open(source, password=password or "", access_mode=mode)


def _unit(value: object) -> float:
    try:
        unit = float(value)  # type: ignore[arg-type]  # whatever stands there
    except (TypeError, ValueError, ArithmeticError):
        return 1.0
    return unit if math.isfinite(unit) and 0 < unit <= MAX_USER_UNIT else 1.0


def _errors() -> tuple[type[Exception], ...]:
    """Return what pikepdf raises for a file that it cannot read."""
    return (
        pikepdf.PasswordError,
        pikepdf.PdfError,
        pikepdf.DataDecodingError,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RuntimeError,
    )
