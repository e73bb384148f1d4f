"""The characters of a PDF page as PDFium finds them: what they say, where and how they stand.

This and `has_text_over_it` are all that is asked of PDFium about text. A page has thousands of
characters and every question is a call through ctypes, so what all characters of one text object
share is asked once for each object: how it is painted, its font, direction and height.
"""

import ctypes
import math
import statistics
import sys
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ocr_worker.documents.page_view import Box, PageView

MIN_LETTERS = 10
"""Letters and digits in view that make a text layer; fewer are a page number or a stamp."""

PALE = 0.9
"""What all three colours of a letter reach, of 1, that cannot be seen on paper."""

_NO_CHARACTER = {"Cc", "Cn", "Co"}  # control, unassigned, private use
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_INVISIBLE_MODES = {pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP}
_BROKEN_HYPHEN = 2
"""What PDFium has for a hyphen that breaks a word at the end of a line."""
_WHITE_SPACE = frozenset(code for code in range(0x3001) if chr(code).isspace())
_LINE_ENDS = frozenset(b"\r\n")
_LEVEL_DEGREES = 0.2
"""Less than that is how exactly programs write down a right angle."""


class Glyph(NamedTuple):
    """A character of a page: white space between words, a line feed between lines.

    `line_height` is what its font asks for, in points. `mapped` is false where the PDF does not
    tell which character it is. `angle` is the direction it is read in, in degrees clockwise from
    rightwards. `font` tells fonts of the page apart; `pale` is text as white as paper.
    """

    text: str
    box: Box
    line_height: float
    visible: bool
    mapped: bool
    angle: float = 0.0
    font: int = 0
    pale: bool = False


class _Style(NamedTuple):
    """What the characters of a text object have in common."""

    line_height: float
    visible: bool
    angle: float
    font: int
    pale: bool


_SPACE = Glyph(" ", (0, 0, 0, 0), 0, visible=True, mapped=True)
_LINE_FEED = Glyph("\n", (0, 0, 0, 0), 0, visible=True, mapped=True)


def _plain(function: Callable[..., Any], result: type, *arguments: type) -> Callable[..., int]:
    """Return a function of PDFium that takes addresses as numbers and keeps Python's lock.

    These are called for every character and take less time than ctypes needs to wrap a pointer.
    """
    address = ctypes.cast(function, ctypes.c_void_p).value  # type: ignore[arg-type]  # a pointer
    return ctypes.PYFUNCTYPE(result, *arguments)(address or 0)


_POINTER, _INT = ctypes.c_void_p, ctypes.c_int
_get_unicode = _plain(pdfium_c.FPDFText_GetUnicode, ctypes.c_uint, _POINTER, _INT)
_get_text_object = _plain(pdfium_c.FPDFText_GetTextObject, _POINTER, _POINTER, _INT)
_get_char_box = _plain(pdfium_c.FPDFText_GetCharBox, _INT, _POINTER, _INT, *(4 * [_POINTER]))


def read_glyphs(textpage: pdfium.PdfTextPage, view: PageView) -> list[Glyph]:
    """Return the glyphs within the page's box, in the order of PDFium's text page."""
    width, height = view.size
    glyphs: list[Glyph] = []
    styles: dict[int, tuple[_Style, dict[int, tuple[str, bool]]]] = {}
    characters: dict[int, dict[int, tuple[str, bool]]] = {}
    raw = textpage.raw
    page = ctypes.cast(raw, ctypes.c_void_p).value
    sides = (ctypes.c_double * 4)()
    places = [ctypes.addressof(sides) + 8 * index for index in range(4)]
    to_box = view.box
    handle = -1
    for index in range(max(0, pdfium_c.FPDFText_CountChars(raw))):
        code = _get_unicode(page, index)
        if code in _WHITE_SPACE:
            glyphs.append(_LINE_FEED if code in _LINE_ENDS else _SPACE)
            continue
        text_object = _get_text_object(page, index) or 0
        if text_object != handle:
            handle = text_object
            if handle not in styles:
                style = _style(raw, index, view)
                styles[handle] = style, characters.setdefault(style.font, {})
            (line_height, visible, angle, font, pale), known = styles[handle]
        if code not in known or code == _BROKEN_HYPHEN:
            known[code] = _character(raw, index, code)
        text, mapped = known[code]
        _get_char_box(page, index, *places)
        left, right, bottom, top = sides[:]
        if left == right or bottom == top:
            # PDFium knows no ink of fonts that are drawings themselves.
            box = _font_box(raw, index, view)
        else:
            box = to_box(left, bottom, right, top)
        x, y, right, bottom = box
        if 0 <= x + right <= 2 * width and 0 <= y + bottom <= 2 * height:
            glyphs.append(Glyph(text, box, line_height, visible, mapped, angle, font, pale))
        # Otherwise it is cropped away: no viewer shows it.
    return glyphs


def _character(raw: pdfium_c.FPDF_TEXTPAGE, index: int, code: int) -> tuple[str, bool]:
    """Return which character it is, and whether the PDF tells that."""
    if code == _BROKEN_HYPHEN and pdfium_c.FPDFText_IsHyphen(raw, index) == 1:
        text = "-"
    else:
        text = chr(code) if code <= sys.maxunicode else _REPLACEMENT
    mapped = (
        unicodedata.category(text) not in _NO_CHARACTER
        and text != _REPLACEMENT
        and pdfium_c.FPDFText_HasUnicodeMapError(raw, index) != 1
    )
    return text, mapped


def median_line_height(glyphs: Iterable[Glyph]) -> float | None:
    """Return the height in points of the page's usual line, or None without enough text in view."""
    heights = [
        glyph.line_height
        for glyph in glyphs
        if glyph.visible and glyph.line_height > 0 and not glyph.text.isspace()
    ]
    return statistics.median(heights) if len(heights) >= MIN_LETTERS else None


def has_text_over_it(loaded: pdfium.PdfPage) -> bool:
    """Return whether a filled-in field or a note shows text that is not in the page's content."""
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(loaded)):
        annotation = pdfium_c.FPDFPage_GetAnnot(loaded, index)
        try:
            if _text_bytes(annotation, loaded.formenv) > 2:  # an empty string is its two NULs
                return True
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)
    return False


def _text_bytes(annotation: pdfium_c.FPDF_ANNOTATION, formenv: pdfium.PdfFormEnv | None) -> int:
    kind = pdfium_c.FPDFAnnot_GetSubtype(annotation)
    if kind == pdfium_c.FPDF_ANNOT_FREETEXT:
        return int(pdfium_c.FPDFAnnot_GetStringValue(annotation, b"Contents", None, 0))
    if kind == pdfium_c.FPDF_ANNOT_WIDGET and formenv:
        field = pdfium_c.FPDFAnnot_GetFormFieldType(formenv, annotation)
        if field in (
            pdfium_c.FPDF_FORMFIELD_TEXTFIELD,
            pdfium_c.FPDF_FORMFIELD_COMBOBOX,
            pdfium_c.FPDF_FORMFIELD_LISTBOX,
        ):
            return int(pdfium_c.FPDFAnnot_GetFormFieldValue(formenv, annotation, None, 0))
    return 0


def _font_box(raw: pdfium_c.FPDF_TEXTPAGE, index: int, view: PageView) -> Box:
    """Return the box that its font reserves for a character."""
    rect = pdfium_c.FS_RECTF()
    pdfium_c.FPDFText_GetLooseCharBox(raw, index, rect)
    return view.box(rect.left, rect.bottom, rect.right, rect.top)


def _style(raw: pdfium_c.FPDF_TEXTPAGE, index: int, view: PageView) -> _Style:
    """Return what the characters of the text object that this one is of have in common."""
    text_object = pdfium_c.FPDFText_GetTextObject(raw, index)
    matrix = pdfium_c.FS_MATRIX()
    pdfium_c.FPDFText_GetMatrix(raw, index, matrix)
    # Not FPDFText_GetCharAngle, which takes the slant of italics for a direction.
    angle = view.angle(-math.degrees(math.atan2(matrix.b, matrix.a)))
    square = 90.0 * round(angle / 90)
    angle = view.angle(square - view.rotation) if abs(angle - square) < _LEVEL_DEGREES else angle
    left, top, right, bottom = _font_box(raw, index, view)
    runs_across = abs(math.sin(math.radians(angle))) < 0.7
    line_height = bottom - top if runs_across else right - left
    if not text_object:
        return _Style(line_height, True, angle, 0, False)
    mode = pdfium_c.FPDFTextObj_GetTextRenderMode(text_object)
    font = pdfium_c.FPDFTextObj_GetFont(text_object)
    colour = [ctypes.c_uint() for _ in range(4)]
    known = pdfium_c.FPDFPageObj_GetFillColor(text_object, *colour)
    return _Style(
        line_height,
        mode not in _INVISIBLE_MODES and not (known and colour[3].value == 0),
        angle,
        ctypes.cast(font, ctypes.c_void_p).value or 0,
        bool(known) and min(each.value for each in colour[:3]) >= PALE * 255,
    )
