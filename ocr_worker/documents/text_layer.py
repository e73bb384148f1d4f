"""The text that a PDF page itself carries: read from PDFium, judged, and cut into lines and words.

Only `read_glyphs` and `has_text_over_it` talk to PDFium; judging and cutting are functions of what
they return.
A text layer is kept in place of recognition only when it is certain to be what a reader sees,
because a wrong one is lost text that nobody is told about; a right one refused costs a second.
"""

import ctypes
import math
import statistics
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ocr_worker import wire

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom, in page points from the top left."""

PAGE_FILLING = 0.9
"""Share of a page that images cover when the page is taken for a scan."""

MIN_LETTERS = 10
"""Letters and digits in view that make a text layer; fewer are a page number or a stamp."""

ILLUSTRATED = 0.3
MIN_LETTERS_BESIDE_IMAGES = 200
"""Letters asked for where images cover more than `ILLUSTRATED`: under a mere letterhead, the
image is what there is to read."""

MAX_BROKEN = 0.1
"""Share of glyphs without a real character; bullets of symbol fonts make a few per cent."""

_NO_CHARACTER = {"Cc", "Cn", "Co"}  # control, unassigned, private use
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_INVISIBLE_MODES = {pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP}


@dataclass(frozen=True, slots=True)
class PageView:
    """The box of a page in PDF units, and how far a viewer turns it clockwise (0, 90, 180, 270)."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points as a viewer shows the page."""
        width, height = self.right - self.left, self.top - self.bottom
        return (width, height) if self.rotation in (0, 180) else (height, width)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Return a rectangle of PDF units, y upwards, as a viewer shows it."""
        match self.rotation:
            case 90:
                return (
                    bottom - self.bottom,
                    left - self.left,
                    top - self.bottom,
                    right - self.left,
                )
            case 180:
                return (
                    self.right - right,
                    bottom - self.bottom,
                    self.right - left,
                    top - self.bottom,
                )
            case 270:
                return (self.top - top, self.right - right, self.top - bottom, self.right - left)
            case _:
                return (left - self.left, self.top - top, right - self.left, self.top - bottom)


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character of a page: white space between words, a line feed between lines.

    `line_height` is what its font asks for, in points. `mapped` is false where the PDF does not
    tell which character it is.
    """

    text: str
    box: Box
    line_height: float
    visible: bool
    mapped: bool


@dataclass(frozen=True, slots=True)
class TextLayer:
    """The lines of a page's own text; `reason` says why it is trusted or not.

    Lines are in the order of the page's content, their confidence is 1.0 and their block 0.
    """

    lines: tuple[wire.Line, ...]
    trusted: bool
    reason: str


def make_text_layer(
    glyphs: Sequence[Glyph], image_coverage: float, text_over_it: bool
) -> TextLayer | None:
    """Return the text layer that the glyphs of a page make, or None when none of them is text.

    `image_coverage` is the share of the page, 0 to 1, that lies under images of a scan's
    resolution; `text_over_it` tells of text that is not among the glyphs.
    """
    if all(glyph.text.isspace() for glyph in glyphs):
        return None
    trusted, reason = judge(glyphs, image_coverage, text_over_it)
    # What cannot be seen is not part of what the page says, unless there is nothing else.
    seen = [glyph for glyph in glyphs if glyph.visible] if trusted else glyphs
    return TextLayer(tuple(make_lines(seen)), trusted, reason)


def judge(glyphs: Iterable[Glyph], image_coverage: float, text_over_it: bool) -> tuple[bool, str]:
    """Return whether the glyphs are what a reader of the page sees, and why."""
    text = [glyph for glyph in glyphs if not glyph.text.isspace()]
    seen = [glyph for glyph in text if glyph.visible]
    letters = sum(1 for glyph in seen if glyph.mapped and glyph.text.isalnum())
    if image_coverage >= PAGE_FILLING:
        if len(seen) < len(text) / 2:
            return False, "the text is an invisible layer over a scan"
        return False, "the page is an image"
    if text_over_it:
        return False, "the page has filled-in fields or notes over its text"
    if letters < MIN_LETTERS and len(seen) < len(text) / 2:
        return False, "the text is invisible"
    if sum(1 for glyph in seen if not glyph.mapped) > MAX_BROKEN * len(seen):
        return False, "the text does not map to real characters"
    needed = MIN_LETTERS_BESIDE_IMAGES if image_coverage > ILLUSTRATED else MIN_LETTERS
    if letters < needed:
        return False, "the page has too little text of its own"
    return True, "the page has text of its own"


def make_lines(glyphs: Iterable[Glyph]) -> list[wire.Line]:
    """Return the lines and words that the glyphs spell, with the boxes of their ink."""
    lines: list[wire.Line] = []
    words: list[wire.Word] = []
    word: list[Glyph] = []

    def end_word() -> None:
        text = _spell(word)
        if text:
            left, top, right, bottom = _around([glyph.box for glyph in word])
            words.append(
                wire.Word(
                    text=text,
                    confidence=1.0,
                    x=left,
                    y=top,
                    width=right - left,
                    height=bottom - top,
                    line=len(lines),
                    block=0,
                )
            )
        word.clear()

    def end_line() -> None:
        end_word()
        if words:
            left, top, right, bottom = _around(
                [(each.x, each.y, each.x + each.width, each.y + each.height) for each in words]
            )
            lines.append(
                wire.Line(
                    text=" ".join(each.text for each in words),
                    confidence=1.0,
                    x=left,
                    y=top,
                    width=right - left,
                    height=bottom - top,
                    block=0,
                    words=tuple(words),
                )
            )
        words.clear()

    for glyph in glyphs:
        if glyph.text == "\n":
            end_line()
        elif glyph.text.isspace():
            end_word()
        else:
            word.append(glyph)
    end_line()
    return lines


def median_line_height(glyphs: Iterable[Glyph]) -> float | None:
    """Return the height in points of the page's usual line, or None without enough text in view."""
    heights = [
        glyph.line_height
        for glyph in glyphs
        if glyph.visible and glyph.line_height > 0 and not glyph.text.isspace()
    ]
    return statistics.median(heights) if len(heights) >= MIN_LETTERS else None


def read_glyphs(textpage: pdfium.PdfTextPage, view: PageView) -> list[Glyph]:
    """Return the glyphs within the page's box, in the order of PDFium's text page."""
    width, height = view.size
    glyphs: list[Glyph] = []
    for index in range(max(0, pdfium_c.FPDFText_CountChars(textpage))):
        code = pdfium_c.FPDFText_GetUnicode(textpage, index)
        # 2 stands for a hyphen that PDFium found to break a word at the end of a line.
        if pdfium_c.FPDFText_IsHyphen(textpage, index) == 1:
            text = "-"
        else:
            text = chr(code) if code <= sys.maxunicode else _REPLACEMENT
        if text in "\r\n":
            glyphs.append(Glyph("\n", (0, 0, 0, 0), 0, visible=True, mapped=True))
            continue
        if text.isspace():
            glyphs.append(Glyph(" ", (0, 0, 0, 0), 0, visible=True, mapped=True))
            continue
        ink, font = _char_boxes(textpage, index, view)
        x, y = (ink[0] + ink[2]) / 2, (ink[1] + ink[3]) / 2
        if not (0 <= x <= width and 0 <= y <= height):
            continue  # cropped away: no viewer shows it
        mapped = (
            unicodedata.category(text) not in _NO_CHARACTER
            and text != _REPLACEMENT
            and pdfium_c.FPDFText_HasUnicodeMapError(textpage, index) != 1
        )
        upright = abs(math.sin(pdfium_c.FPDFText_GetCharAngle(textpage, index))) < 0.7
        if view.rotation in (90, 270):
            upright = not upright  # the boxes are turned already, the angle is not
        line_height = font[3] - font[1] if upright else font[2] - font[0]
        glyphs.append(Glyph(text, ink, line_height, _is_visible(textpage, index), mapped))
    return glyphs


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


def _char_boxes(textpage: pdfium.PdfTextPage, index: int, view: PageView) -> tuple[Box, Box]:
    """Return the box of a character's ink, and the box that its font reserves for it."""
    rect = pdfium_c.FS_RECTF()
    pdfium_c.FPDFText_GetLooseCharBox(textpage, index, rect)
    font = view.box(rect.left, rect.bottom, rect.right, rect.top)
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium_c.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
    if left.value == right.value or bottom.value == top.value:
        return font, font  # PDFium knows no ink of fonts that are drawings themselves
    return view.box(left.value, bottom.value, right.value, top.value), font


def _is_visible(textpage: pdfium.PdfTextPage, index: int) -> bool:
    text_object = pdfium_c.FPDFText_GetTextObject(textpage, index)
    if not text_object:
        return True
    if pdfium_c.FPDFTextObj_GetTextRenderMode(text_object) in _INVISIBLE_MODES:
        return False
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    known = pdfium_c.FPDFPageObj_GetFillColor(text_object, red, green, blue, alpha)
    return not known or alpha.value > 0


def _spell(word: Iterable[Glyph]) -> str:
    """Return the word's text without control characters, as valid Unicode."""
    text = "".join(glyph.text for glyph in word)
    # Where wchar_t has 16 bits, PDFium hands out characters beyond them as two surrogates.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join(char for char in text if unicodedata.category(char) != "Cc")


def _around(boxes: Sequence[Box]) -> Box:
    """Return the smallest box around all."""
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
