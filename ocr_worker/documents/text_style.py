"""What the characters of one text object of a PDF page share: how they are painted, and how they
stand. Asked once an object.
"""

import ctypes
import math
from typing import Final, NamedTuple

import pypdfium2.raw as pdfium_c

from ocr_worker.documents.page_view import Box, PageView
from ocr_worker.documents.pdfium_calls import Address, address_at, plain

PALE = 0.9
"""What all three colours of a letter reach, of 1, that cannot be seen on paper."""

_INVISIBLE_MODES = {pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP}
_LEVEL_DEGREES = 0.2
"""Less than that is how exactly programs write down a right angle."""

_get_matrix = plain(pdfium_c.FPDFText_GetMatrix, ctypes.c_int)
_get_loose_char_box = plain(pdfium_c.FPDFText_GetLooseCharBox, ctypes.c_int)
_get_render_mode = plain(pdfium_c.FPDFTextObj_GetTextRenderMode, ctypes.c_int)
_get_font = plain(pdfium_c.FPDFTextObj_GetFont, ctypes.c_size_t)
_get_fill_color = plain(pdfium_c.FPDFPageObj_GetFillColor, ctypes.c_int)

_colour: Final = (ctypes.c_uint * 4)()
_parts: Final = [ctypes.byref(_colour, 4 * part) for part in range(4)]


class Style(NamedTuple):
    """What the characters of a text object have in common; `Glyphs` tells what each member is."""

    line_height: float
    visible: bool
    angle: float
    font: int
    pale: bool


def style_of(page: Address, index: int, text_object: int, view: PageView) -> Style:
    """Return the style of a text object, 0 for none, of which the character at an index is one."""
    matrix = pdfium_c.FS_MATRIX()
    _get_matrix(page, index, ctypes.byref(matrix))
    # Not FPDFText_GetCharAngle, which takes the slant of italics for a direction.
    angle = view.angle(-math.degrees(math.atan2(matrix.b, matrix.a)))
    square = 90.0 * round(angle / 90)
    angle = view.angle(square - view.rotation) if abs(angle - square) < _LEVEL_DEGREES else angle
    left, top, right, bottom = view.box(*font_box(page, index))
    runs_across = abs(math.sin(math.radians(angle))) < 0.7
    line_height = bottom - top if runs_across else right - left
    if not text_object:
        return Style(line_height, True, angle, 0, False)
    where = address_at(text_object)
    is_known = _get_fill_color(where, *_parts)
    red, green, blue, alpha = _colour
    return Style(
        line_height,
        _get_render_mode(where) not in _INVISIBLE_MODES and not (is_known and alpha == 0),
        angle,
        _get_font(where),
        bool(is_known) and min(red, green, blue) >= PALE * 255,
    )


def font_box(page: Address, index: int) -> Box:
    """Return the box that its font reserves for a character, in the page's units, y upwards:
    left, bottom, right and top.
    """
    rect = pdfium_c.FS_RECTF()
    _get_loose_char_box(page, index, ctypes.byref(rect))
    return rect.left, rect.bottom, rect.right, rect.top
